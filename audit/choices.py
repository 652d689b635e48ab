"""Step `choices`: the fairness question put to every variation that needs no training of the audited recommender."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from analysis.causal.strata import label
from analysis.document import Section
from audit.cohorts import cohort_columns, of_scope
from audit.compose import Composed, compose, positive_from
from audit.kept import Scored, kept_lists
from audit.recommend import trained
from words import Phrase, phrase

if TYPE_CHECKING:
    from analysis.fairness.choices.ways import Variation
    from audit.run import Run

DROPPED = 0.1
"""A stricter bound of what counts as wanted drops at least this share of the held-out positives."""


def choices_section_of(run: Run) -> Section:
    """Metric, K, who is compared, which held-out items, what counts as wanted, candidates, recommender."""
    from analysis.fairness.choices.section import choices_section

    settings = run.settings
    return choices_section(_variations(run), settings.choices, settings.k, settings.seed, run.tell)


def _variations(run: Run) -> list[Variation]:
    """The audit's own way first; every combination of lists, bound and part of the held-out items."""
    from analysis.fairness.choices.ways import Variation

    composed = run.composed
    made = []
    for (lists, named, main), (relevant, wanted) in product(_lists(run), _wanted(run)):
        for part, items in _halves(relevant, run.settings.seed):
            ranking = composed.ranking("choices", lists, None)
            ranking = replace(
                ranking, relevant=part, attributes=ranking.attributes.assign(**cohort_columns(run, ranking))
            )
            users = of_scope(run, ranking)
            judged = ranking if users is None else ranking.among(users)
            made.append(Variation(judged, {**named, **wanted, "items": items}, main))
    return made


def _lists(run: Run) -> list[tuple[np.ndarray, dict[str, Phrase | str], bool]]:
    """Lists of the audited recommender, over its candidates and over the rated ones alone, and of popularity."""
    from models.config import PopularitySettings

    composed, kept = run.composed, kept_lists(run)
    depth = max(run.settings.choices.tops)
    usual = phrase("choices.candidates.all" if composed.candidates is None else "choices.candidates.rated")
    audited = phrase("choices.model.audited")
    found: list[tuple[np.ndarray, dict[str, Phrase | str], bool]] = [
        (kept.codes[:, :depth], {"candidates": usual, "model": audited}, True)
    ]
    if composed.candidates is None and kept.test is not None:
        rated = phrase("choices.candidates.rated")
        found.append((_rated(composed, kept, depth), {"candidates": rated, "model": audited}, True))
    if run.settings.recommender.lists is None:
        _, popular = trained(composed, PopularitySettings(), run.settings.seed)
        model = phrase("choices.model.popularity")
        found.append((popular.codes[:, :depth], {"candidates": usual, "model": model}, False))
    return found


def _rated(composed: Composed, kept: Scored, depth: int) -> np.ndarray:
    """int32 [users, depth]: each user's held-out rated items by score, ties by item; -1 where there is no more."""
    assert kept.test is not None
    rows = composed.test.assign(score=kept.test).sort_values(["user", "score", "item"], ascending=[True, False, True])
    rows = rows.drop_duplicates(["user", "item"])
    place = rows.groupby("user").cumcount().to_numpy()
    lists = np.full((composed.data.n_users, depth), -1, np.int32)
    inside = place < depth
    lists[rows["user"].to_numpy()[inside], place[inside]] = rows["item"].to_numpy()[inside]
    return lists


def _wanted(run: Run) -> list[tuple[sp.csr_matrix, dict[str, Phrase | str]]]:
    """Held-out positives at the audit's bound, and at the next stricter one that drops a tenth of them."""
    settings, dataset = run.settings.recommender, run.dataset
    relevant = run.composed.relevant
    if "outcome" not in dataset.log:
        return [(relevant, {})]
    bound = positive_from(dataset, settings)
    usual = phrase("choices.wanted", bound=label(bound))
    for stricter in sorted(value for value in dataset.log["outcome"].dropna().unique() if value > bound):
        if (run.composed.test["label"].sum() == 0) or stricter == dataset.log["outcome"].min():
            continue
        other = _relevant_from(run, float(stricter))
        if other is not None and 0 < other.nnz <= (1 - DROPPED) * relevant.nnz:
            return [(relevant, {"wanted": usual}), (other, {"wanted": phrase("choices.wanted", bound=label(stricter))})]
    return [(relevant, {})]


def _relevant_from(run: Run, bound: float) -> sp.csr_matrix | None:
    """Held-out positives from another bound, over the same users and items."""
    return compose(run.dataset, run.settings.recommender.model_copy(update={"positive_from": bound})).relevant


def _halves(relevant: sp.csr_matrix, seed: int) -> list[tuple[sp.csr_matrix, Phrase]]:
    """All held-out items, and either half of them drawn at random."""
    whole = relevant.tocsr()
    first = np.random.default_rng([seed, 73]).random(whole.nnz) < 0.5
    parts = [(whole, phrase("choices.items.all"))]
    for number, inside in enumerate((first, ~first), 1):
        half = whole.copy()
        half.data = np.where(inside, half.data, 0).astype(whole.data.dtype)
        half.eliminate_zeros()
        parts.append((half, phrase("choices.items.half", number=number)))
    return parts
