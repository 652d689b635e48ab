"""How much of the attribute a fresh probe still reads, before and after a mitigation."""

from __future__ import annotations

from typing import Literal

import numpy as np

from analysis.fairness.judge import measured
from analysis.fairness.leakage import list_features
from analysis.fairness.probe import FEWEST, Leak, leak
from analysis.fairness.ranking import Ranking
from analysis.finding import Finding
from analysis.mitigation.before_after import Terms
from analysis.mitigation.naming import title_of
from words import phrase

Half = Literal["tuning", "judging"]
TUNING: Half = "tuning"
"""Half of the users, drawn at random, on whom a choice is tuned; on the others, `judging`, it is judged."""


def leak_of(ranking: Ranking, vectors: np.ndarray | None, terms: Terms, half: Half) -> tuple[Leak, str] | None:
    """The AUC of a linear probe on the users of one half, and what it reads: `vectors` if there are any, else `list`.

    None where fewer than two groups have enough users, or all users look the same.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    group = terms.group
    drawn = np.random.default_rng([terms.seed, len(group.code)]).random(len(group.code)) < 0.5
    mine = drawn if half == TUNING else ~drawn
    least = max(FEWEST, terms.k)
    kept = [code for code in group.known if (mine & (group.code == code)).sum() >= least]
    if len(kept) < 2:
        return None
    rows = np.flatnonzero(mine & np.isin(group.code, kept))
    code = np.searchsorted(np.array(kept), group.code[rows]).astype(np.intp)
    features = list_features(ranking) if vectors is None else np.asarray(vectors, np.float64)
    with threadpool_limits(1):
        found = leak(features[rows], code, "linear", terms.seed)
    return None if found is None else (found, "list" if vectors is None else "vectors")


def leak_level(ranking: Ranking, vectors: np.ndarray | None, name: str, terms: Terms) -> list[Finding]:
    """The AUC on the judging half as a finding, |AUC - 0.5| as the disparity; nothing where it cannot be read."""
    read = leak_of(ranking, vectors, terms, "judging")
    if read is None:
        return []
    found, source = read
    label = phrase(f"mitigation.figure.leak_{source}", attribute=terms.group.attribute)
    return [
        measured(
            f"mitigation.{name}.{terms.group.attribute}.leak",
            phrase("mitigation.label.level", figure=label, name=title_of(name)),
            "auc",
            found.auc,
            found.limits(terms.settings.level),
            int(found.tested.sum()),
            phrase("mitigation.method.leak"),
            settings={"variant": name, "figure": "leak", "source": source, "attribute": terms.group.attribute},
            seed=terms.seed,
            level=terms.settings.level,
        )
    ]
