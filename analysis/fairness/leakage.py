"""Does it give the group away? What a stranger could read of a person's group from a recommender's traces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import ndtr

from analysis.document import Chart, Column, Section, Series, Table
from analysis.fairness.disclose import build_disclosed, hidden_groups
from analysis.fairness.drawing import gap_row
from analysis.fairness.infer import SAME, smallest_detectable
from analysis.fairness.judge import Comparison, judged
from analysis.fairness.partition import partition
from analysis.fairness.probe import CHANCE, FEWEST, Features, Kind, Leak, leak
from analysis.fairness.ranking import Ranking
from analysis.finding import Finding, Verdict, sentence
from words import Fact, Phrase, Refusal, phrase

Tell = Callable[..., None]
LEVEL = 0.95


class LeakageSettings(BaseModel):
    """Which attributes are read, and what counts as next to nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attributes: tuple[str, ...] = ()
    """Sensitive attributes; none named: all of the data."""
    margin: float = Field(0.03, gt=0, lt=0.5)
    """An AUC within 0.5 +- this gives next to nothing away (0.03: three pairs of 100 more than a coin)."""


@dataclass(frozen=True)
class _Source:
    """Something a probe reads: `name` as in keys and texts, one row of features a user."""

    name: str
    features: Features
    kind: Kind


@dataclass(frozen=True)
class _People:
    """The users of an attribute whose groups are shown: rows int [users], their group codes and the groups' names."""

    attribute: str
    rows: npt.NDArray[np.intp]
    group: npt.NDArray[np.intp]
    names: tuple[str, ...]


def leakage_section(
    ranking: Ranking,
    vectors: npt.NDArray[np.float32] | None,
    settings: LeakageSettings,
    k: int,
    seed: int,
    tell: Tell = lambda *news, **figures: None,
) -> Section:
    """Section `leakage`: AUC of fresh probes for each attribute, from the lists, the vectors and the profile.

    vectors: [users, d] of the recommender, None for kinds without. Groups that disclosure hides (threshold `k`), of
    unknown value or of fewer than FEWEST users are left out. Raises Refusal where a named attribute is not in the data.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    sources, comparisons = _sources(ranking, vectors), []
    known = _attributes(ranking, settings)
    with threadpool_limits(1):  # small fits: a second thread costs more than it does
        for at, name in enumerate(known):
            people = _people(ranking, name, k)
            for number, source in enumerate(sources):
                tell((at + number / len(sources)) / len(known), "leakage.progress", attribute=name)
                comparisons.append(_compared(people, source, settings, seed))
    tell(1.0, "leakage.done")
    return build_disclosed(judged(comparisons), k, lambda shown: _drawn(shown, vectors is not None))


def _attributes(ranking: Ranking, settings: LeakageSettings) -> tuple[str, ...]:
    known = tuple(str(name) for name in ranking.attributes.columns)
    missing = [name for name in settings.attributes if name not in known]
    if missing:
        raise Refusal("fairness.refusal.attribute", name=missing[0], known=", ".join(known))
    if not known:
        raise Refusal("leakage.no_attribute")
    return settings.attributes or known


def list_features(ranking: Ranking) -> sp.csr_matrix:
    """What a probe sees of each user's list: its items, and the share of each item group among them."""
    users, items = len(ranking.user_ids), len(ranking.item_ids)
    row, place = np.nonzero(ranking.listed)
    listed = sp.csr_matrix((np.ones(row.size), (row, ranking.lists[row, place])), shape=(users, items))
    return _with_shares(listed, ranking)


def _sources(ranking: Ranking, vectors: npt.NDArray[np.float32] | None) -> list[_Source]:
    sources = [_Source("list", list_features(ranking), "linear")]
    if vectors is not None:
        dense = np.asarray(vectors, np.float64)
        sources += [_Source("vectors", dense, "linear"), _Source("vectors[network]", dense, "network")]
    if ranking.profile is not None:
        taken = (ranking.profile > 0).astype(np.float64).tocsr()
        sources.append(_Source("profile", _with_shares(taken, ranking), "linear"))
    return sources


def _with_shares(marks: sp.csr_matrix, ranking: Ranking) -> sp.csr_matrix:
    """0/1 marks [users, items], and beside them the share of each item group among a user's marks."""
    total = np.maximum(np.asarray(marks.sum(axis=1)).ravel(), 1)
    shares = []
    for name in ranking.item_groups.columns:
        code, values = ranking.item_groups[name].factorize(sort=True)
        member = sp.csr_matrix((np.ones(code.size), (np.arange(code.size), code)), shape=(code.size, len(values)))
        shares.append(sp.diags(1 / total) @ marks @ member)
    return sp.csr_matrix(sp.hstack([marks, *shares]))


def _people(ranking: Ranking, attribute: str, k: int) -> _People:
    """The users of the groups that may be shown and are large enough for a probe; possibly of no group."""
    groups = partition(ranking.attributes, (attribute,))
    hidden = hidden_groups(groups, (), k)
    kept = [c for c in groups.known if groups.names[c] not in hidden and groups.size[c] >= FEWEST]
    rows = np.flatnonzero(np.isin(groups.code, kept))
    code = np.searchsorted(np.array(kept, np.intp), groups.code[rows]).astype(np.intp)
    return _People(attribute, rows, code, tuple(groups.names[c] for c in kept))


def _compared(people: _People, source: _Source, settings: LeakageSettings, seed: int) -> Comparison:
    """One attribute read from one source, not yet judged."""
    base = Comparison(
        key=f"{people.attribute}.leakage.{source.name}",
        label=phrase(f"leakage.label.{_plain(source.name)}", attribute=people.attribute),
        unit="auc",
        n=people.rows.size,
        method=phrase(f"leakage.method_{source.kind}"),
        groups={},
        settings={"leakage_of": people.attribute, "source": source.name},
        seed=seed,
        null=CHANCE,
        margin=settings.margin,
    )
    if len(people.names) < 2:
        return replace(base, reason=phrase("leakage.groups", least=FEWEST, attribute=people.attribute))
    found = leak(source.features[people.rows], people.group, source.kind, seed)
    if found is None:
        return replace(base, reason=phrase(f"leakage.same.{_plain(source.name)}"))
    return replace(base, **_figures(found, people))


def _figures(found: Leak, people: _People) -> dict[str, Any]:
    """AUC, limits and p; a probe that does worse than a coin has read nothing, so its p is 1."""
    under = found.auc < CHANCE
    apart = (found.auc - CHANCE) / found.error if found.error > SAME else np.inf  # every pair told right
    return {
        "value": found.auc,
        "limits": found.limits(LEVEL),
        "inner": found.limits(0.90),
        "p": 1.0 if under else max(float(2 * ndtr(-apart)), float(np.finfo(float).tiny)),
        "corrected": under,
        "reason": phrase("leakage.under") if under else None,
        "smallest": min(1.0, CHANCE + smallest_detectable(np.array([found.error]), LEVEL)),
        "n": int(found.tested.sum()),
        "groups": dict(zip(people.names, found.tested.tolist(), strict=True)),
    }


def _plain(source: str) -> str:
    return "network" if source.endswith("[network]") else source


def _drawn(findings: tuple[Finding, ...], vectors: bool) -> Section:
    shown = [finding for finding in findings if finding.low is not None]
    return Section(
        step="leakage",
        summary=tuple(_summary(findings)),
        findings=findings,
        charts=(_chart(shown),) if shown else (),
        tables=(_table(findings),),
        notes=_notes(vectors),
    )


def _summary(findings: tuple[Finding, ...]) -> list[Phrase]:
    """One sentence an attribute and source, the list first and the profile beside it as the yardstick."""
    by_key = {finding.key: finding for finding in findings}
    said = []
    for finding in findings:
        name, source = str(finding.settings.get("leakage_of")), str(finding.settings.get("source"))
        if source == "profile":
            continue
        said.append(_said(finding, _plain(source), name))
        profile = by_key.get(f"{name}.leakage.profile")
        if source == "list" and profile is not None and profile.value is not None:
            said.append(phrase("leakage.yardstick", **_facts(profile, name)))
    return said


def _said(finding: Finding, source: str, attribute: str) -> Phrase:
    if finding.value is None:
        return phrase("leakage.nothing", label=finding.label, reason=finding.reason or "")
    verdict = {Verdict.GAP: "told", Verdict.EQUIVALENT: "equivalent"}.get(finding.verdict, "cannot_tell")
    return phrase(f"leakage.said.{source}.{verdict}", **_facts(finding, attribute))


def _facts(finding: Finding, attribute: str) -> dict[str, Fact]:
    assert finding.value is not None and finding.low is not None and finding.high is not None
    names = list(finding.groups)
    whom = phrase("leakage.more", attribute=attribute)
    if len(names) == 2:
        whom = phrase("leakage.two", first=names[0], second=names[1])
    ends = {"pairs": finding.value, "low": finding.low, "high": finding.high}
    return {"whom": whom, **{name: f"{100 * end:.0f}" for name, end in ends.items()}}


def _chart(shown: list[Finding]) -> Chart:
    points = Series(
        name=phrase("leakage.auc"),
        x=tuple(finding.value for finding in shown),
        y=tuple(finding.label for finding in shown),
        low=tuple(finding.low for finding in shown),
        high=tuple(finding.high for finding in shown),
        text=tuple(sentence(finding) for finding in shown),
    )
    return Chart(
        key="leakage.auc",
        kind="interval",
        title=phrase("leakage.chart"),
        x_title=phrase("leakage.auc"),
        y_title=phrase("leakage.from"),
        n=min(finding.n for finding in shown),
        series=(points,),
        alt=phrase("leakage.chart_alt", count=len(shown)),
        zero_line=CHANCE,
    )


def _table(findings: tuple[Finding, ...]) -> Table:
    names = ("comparison", "value", "interval", "p", "n", "smallest", "verdict")
    columns = tuple(
        Column(key=name, title=phrase(f"fairness.column.{name}"), unit="count" if name == "n" else "text")
        for name in names
    )
    return Table(key="leakage.auc", title=phrase("leakage.chart"), columns=columns, rows=tuple(map(gap_row, findings)))


def _notes(vectors: bool) -> tuple[Phrase, ...]:
    notes = ("how", "lower", "profile", "groups") + (() if vectors else ("no_vectors",))
    return tuple(phrase(f"leakage.note_{name}") for name in notes)
