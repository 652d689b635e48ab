"""The changes that one mitigation made, as findings and comparisons: accuracy by group, decisions."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np

from analysis.fairness.bygroup import levels, resample
from analysis.fairness.decisions import decision_measures, selected
from analysis.fairness.disclose import hidden_by_figure
from analysis.fairness.gaps import margin_of
from analysis.fairness.infer import InferenceSettings, limits
from analysis.fairness.judge import Comparison, Measure, measured
from analysis.fairness.paired import Changes, changes, judgeable_change, judgeable_gap_change
from analysis.fairness.partition import Partition, everyone
from analysis.fairness.ranking import Decisions, Ranking
from analysis.fairness.utility import accuracy_measures
from analysis.finding import JSON, Finding
from analysis.mitigation.naming import BEFORE, title_of
from words import Fact, Phrase, phrase


@dataclass(frozen=True)
class Terms:
    """By what changes are judged: groups of one attribute, accuracy figure, item grouping, list length, disclosure."""

    group: Partition
    figure: str
    grouping: str
    K: int
    k: int
    settings: InferenceSettings
    seed: int


Both = tuple[list[Finding], list[Comparison]]


def user_changes(before: Ranking, after: Ranking, name: str, terms: Terms) -> Both:
    """One accuracy figure overall, by group, and its gap: levels after, and changes."""
    one, two = (accuracy_measure(ranking, terms) for ranking in (before, after))
    return measure_changes(one, two, name, terms)


def decision_changes(before: Decisions, after: Decisions, name: str, terms: Terms) -> Both:
    """Selection rate, equal opportunity and accuracy of decisions: levels after, and changes."""
    found: list[Finding] = []
    comparisons: list[Comparison] = []
    users = len(terms.group.code)
    for one, two in zip(_decision_figures(before, users), _decision_figures(after, users), strict=True):
        some, more = measure_changes(one, two, name, terms)
        found += some
        comparisons += more
    return found, comparisons


def who_gained(before: Ranking, after: Ranking, name: str, terms: Terms) -> list[Finding]:
    """Share of the users of each group whose own figure rose, and whose fell."""
    one, two = (accuracy_measure(ranking, terms) for ranking in (before, after))
    moved = two.numerator - one.numerator
    measures = [
        replace(
            one,
            name=f"{name}.{which}",
            label=phrase(f"mitigation.figure.{which}", figure=one.label, name=title_of(name)),
            unit="share",
            numerator=(sign * moved > 1e-9).astype(np.float64) * (one.denominator > 0),
            method=phrase("mitigation.method.gained", figure=one.method),
        )
        for which, sign in (("better", 1), ("worse", -1))
    ]
    found = [*levels(resample(measures, terms.group, terms.settings, terms.seed))]
    return [f.model_copy(update={"key": f"mitigation.{f.key}"}) for f in found]


def measure_changes(one: Measure, two: Measure, name: str, terms: Terms) -> Both:
    """Levels before and after, overall and by group; changes overall and by group; the gap and its change."""
    group, settings, seed = terms.group, terms.settings, terms.seed
    margin = margin_of(one, settings)
    whole = everyone(len(group.code))
    found: list[Finding] = []
    for which, measure in ((BEFORE, one), (name, two)):
        for over in (whole, group):
            found += [_renamed(f, which) for f in levels(resample([measure], over, settings, seed))]
    rng = _rng(seed, f"{name} {one.name}")
    total, by_group = (changes(one, two, over, settings, rng) for over in (whole, group))
    comparisons = [judgeable_change(_blank(one, name, None, total, terms), total, 0, margin)]
    for at in range(len(group.names)):
        comparisons.append(judgeable_change(_blank(one, name, at, by_group, terms), by_group, at, margin))
    hidden = hidden_by_figure(found, terms.k).get(one.name, frozenset())
    lost = {name for attribute, name in hidden if attribute == group.attribute}
    shown = [g for g in group.known if by_group.n[g] >= 2 and group.names[g] not in lost]
    gap_levels, gap_changes = _gap_change(one, name, by_group, shown, terms)
    return found + gap_levels, comparisons + gap_changes


def _gap_change(one: Measure, name: str, found: Changes, shown: list[int], terms: Terms) -> Both:
    """The signed gap of two groups before, after, and its change; of more groups the widest gap, without interval."""
    if len(shown) < 2:
        return [], []
    sides = (
        _Side(BEFORE, found.before, found.error_before, found.replicate_before),
        _Side(name, found.after, found.error_after, found.replicate_after),
    )
    results = [_gap_level(one, side, found.n, shown, terms) for side in sides]
    if len(shown) > 2:
        return results, []
    a, b = shown
    group = terms.group
    label = phrase("mitigation.label.gap_change", figure=one.label, attribute=group.attribute, name=title_of(name))
    blank = Comparison(
        key=f"mitigation.{name}.{group.attribute}.{one.name}.gap.change",
        label=label,
        unit=one.gap_unit,
        n=int(found.n[shown].sum()),
        method=_paired(one, terms.settings),
        groups={group.names[g]: int(found.n[g]) for g in shown},
        settings={"attribute": group.attribute, "figure": one.name, "variant": name},
        seed=terms.seed,
        level=terms.settings.level,
    )
    margin, permutations = margin_of(one, terms.settings), terms.settings.permutations
    return results, [judgeable_gap_change(blank, found, a, b, margin, permutations)]


@dataclass(frozen=True)
class _Side:
    """A figure by group without or with the mitigation: value, error [G]; replicate [B, G]."""

    which: str
    value: np.ndarray
    error: np.ndarray
    replicate: np.ndarray

    def gap_limits(self, pair: list[int], n: np.ndarray, level: float) -> tuple[float, float] | None:
        """The interval of the signed gap of two groups, as the disparity step gives it; None where none has spread."""
        if not self.error[pair].any():
            return None
        a, b = pair
        return limits(self.replicate[:, a] - self.replicate[:, b], self.error[pair], n[pair], level)


def _gap_level(one: Measure, side: _Side, n: np.ndarray, shown: list[int], terms: Terms) -> Finding:
    """The gap with or without the mitigation; a level, because the disparity step has judged it."""
    value, which = side.value, side.which
    two, group, level = len(shown) == 2, terms.group, terms.settings.level
    size = value[shown[0]] - value[shown[1]] if two else np.ptp(value[shown])
    ends = side.gap_limits(shown, n, level) if two else None
    why = None if ends is not None else "fairness.reason.no_spread" if two else "mitigation.reason.widest"
    label: dict[str, Fact] = {"figure": one.label, "attribute": group.attribute, "name": title_of(which)}
    if two:
        label |= {"first": group.label(shown[0]), "second": group.label(shown[1])}
    return measured(
        f"mitigation.{which}.{group.attribute}.{one.name}.gap",
        phrase("mitigation.label.gap", **label),
        one.gap_unit,
        float(size),
        ends,
        int(n[shown].sum()),
        _paired(one, terms.settings),
        groups={group.names[g]: int(n[g]) for g in shown},
        settings={"attribute": group.attribute, "figure": one.name, "variant": which},
        reason=None if why is None else phrase(why),
        seed=terms.seed,
        level=level,
    )


def _blank(one: Measure, name: str, at: int | None, found: Changes, terms: Terms) -> Comparison:
    """The change of one group (or, at None, of all users) before it has a value."""
    group, n = terms.group, int(found.n[at or 0])
    facts: dict[str, JSON] = {"figure": one.name, "variant": name}
    label, where, sizes = phrase("mitigation.label.change", figure=one.label, name=title_of(name)), "all", {}
    if at is not None:
        where, sizes = f"{group.attribute}.{group.names[at]}", {group.names[at]: n}
        facts |= {"attribute": group.attribute, "group": group.names[at], "parts": dict(group.parts[at])}
        own: dict[str, Fact] = {"attribute": group.attribute, "group": group.label(at)}
        label = phrase("mitigation.label.group_change", figure=one.label, name=title_of(name), **own)
    return Comparison(
        key=f"mitigation.{name}.{where}.{one.name}.change",
        label=label,
        unit=one.gap_unit,
        n=n,
        method=_paired(one, terms.settings),
        groups=sizes,
        settings=facts,
        seed=terms.seed,
        level=terms.settings.level,
    )


def _renamed(finding: Finding, which: str) -> Finding:
    label = phrase("mitigation.label.level", figure=finding.label, name=title_of(which))
    return finding.model_copy(update={"key": f"mitigation.{which}.{finding.key}", "label": label})


def _paired(measure: Measure, settings: InferenceSettings) -> Phrase:
    return phrase("fairness.method.paired", figure=measure.method, replicates=settings.replicates)


def accuracy_measure(ranking: Ranking, terms: Terms) -> Measure:
    """The accuracy figure by which users are compared."""
    name = f"{terms.figure}@{terms.K}"
    return next(measure for measure in accuracy_measures(ranking, terms.K) if measure.name == name)


def decision_accuracy(decisions: Decisions, users: int) -> Measure:
    """Held-out rows decided rightly over all held-out rows."""
    right = selected(decisions) == (decisions.label > 0)
    return Measure(
        name="accuracy",
        label=phrase("mitigation.figure.accuracy"),
        unit="share",
        numerator=np.bincount(decisions.user[right], minlength=users).astype(np.float64),
        denominator=np.bincount(decisions.user, minlength=users).astype(np.float64),
        method=phrase("mitigation.what.accuracy"),
    )


def _decision_figures(decisions: Decisions, users: int) -> list[Measure]:
    return [*decision_measures(decisions, users), decision_accuracy(decisions, users)]


def _rng(seed: int, purpose: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(f"mitigation {purpose}".encode())])
