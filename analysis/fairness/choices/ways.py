"""Every defensible way to put one fairness question: metric, K, who is compared, what is judged, of which recommender.

A way is one value of each choice. All ways of one variation (lists and held-out items) read the same users, so their
differences come from a few matrix products, and so do those under random re-dealings of the attribute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from analysis.fairness.choices.settings import ChoiceSettings
from analysis.fairness.infer import SAME
from analysis.fairness.ranking import Ranking
from analysis.fairness.utility import accuracy_measures
from analysis.log import COHORT, UNKNOWN
from words import Phrase, phrase

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
BLOCK = 4_000_000
"""Labels held at once while the attribute is dealt out anew."""


@dataclass(frozen=True)
class Variation:
    """Lists and held-out items of one way to judge; choices: name of the choice -> what was chosen, in words."""

    ranking: Ranking
    choices: dict[str, Phrase | str]
    main: bool = True
    """Of the recommender under audit; others stand beside it and are not counted with it."""


@dataclass(frozen=True)
class Definition:
    """Who is compared: the values that count as the first and the second group, among `users`."""

    name: Phrase | str
    first: frozenset[str]
    second: frozenset[str]
    users: Mask


@dataclass(frozen=True)
class Way:
    """One way and its answer, second group minus first, as a share of the mean of both.

    n: users of (first, second) that count. value, low, high, t: None where too few count or nothing varies in a group.
    """

    choices: dict[str, Phrase | str]
    main: bool
    n: tuple[int, int]
    value: float | None
    low: float | None = None
    high: float | None = None
    t: float | None = None

    @property
    def verdict(self) -> str:
        """``less``, ``more``, ``open`` (for the second group) or ``none`` where there is no answer."""
        if self.low is None or self.high is None:
            return "none"
        return "less" if self.high < 0 else "more" if self.low > 0 else "open"


@dataclass(frozen=True)
class Answers:
    """All ways, and the joint test over those of the audited recommender: the permutation p of their median t."""

    ways: tuple[Way, ...]
    p: float | None


def definitions(ranking: Ranking, attribute: str, first: str, second: str, k: int, counted: Mask) -> list[Definition]:
    """Defensible ways to say who is compared.

    As recorded; against everybody else; people of unknown value counted on either side; among users of a long past;
    among each cohort, and among each value of each other attribute. counted: the users whom every figure counts. What
    two ways differ by has at least `k` of them: everybody else beside the two groups, the unknown, and of both groups
    those inside and outside a part (of an attribute, in every value).
    """
    values = ranking.attributes[attribute].astype(str).to_numpy()
    everybody = np.ones(len(values), bool)
    pair = (frozenset({first}), frozenset({second}))
    found = [Definition(phrase("choices.who.recorded"), *pair, everybody)]
    known = frozenset(map(str, np.unique(values))) - {UNKNOWN}
    others = np.isin(values, list(known - pair[0] - pair[1]))
    if (others & counted).sum() >= k:
        found.append(Definition(phrase("choices.who.rest", group=second), known - pair[1], pair[1], everybody))
    if ((values == UNKNOWN) & counted).sum() >= k:
        for side, group in ((0, first), (1, second)):
            sides = [set(pair[0]), set(pair[1])]
            sides[side].add(UNKNOWN)
            name = phrase("choices.who.unknown", group=group)
            found.append(Definition(name, frozenset(sides[0]), frozenset(sides[1]), everybody))
    groups = [(values == name) & counted for name in (first, second)]
    return found + [Definition(name, *pair, users) for name, users in _parts(ranking, attribute, groups, k)]


def _parts(ranking: Ranking, attribute: str, groups: Sequence[Mask], k: int) -> list[tuple[Phrase, Mask]]:
    """Parts of the users that leave at least `k` of both groups inside and outside."""
    found: list[tuple[Phrase, Mask]] = []
    if ranking.profile is not None:
        past = np.diff(ranking.profile.tocsr().indptr)
        found.append((phrase("choices.who.long", least=int(np.median(past))), past >= np.median(past)))
    for name in map(str, ranking.attributes.columns):
        column = ranking.attributes[name].astype(str).to_numpy()
        values = [value for value in pd.unique(column) if value != UNKNOWN]
        if name == attribute or len(values) < 2:
            continue
        if name.startswith(COHORT):
            inside = name.removeprefix(COHORT)
            found.append((phrase("choices.who.cohort", name=inside), column == inside))
        elif all((group & (column == value)).sum() >= k for group in groups for value in pd.unique(column)):
            found += [(phrase("choices.who.among", attribute=name, value=value), column == value) for value in values]
    return [
        (name, users)
        for name, users in found
        if all((group & users).sum() >= k and (group & ~users).sum() >= k for group in groups)
    ]


def answers(
    variations: Sequence[Variation],
    found: Sequence[Definition],
    attribute: str,
    settings: ChoiceSettings,
    k: int,
    seed: int,
) -> Answers:
    """Every way's difference with its interval, and the joint test."""
    rng = np.random.default_rng([seed, 71])
    values = variations[0].ranking.attributes[attribute].astype(str).to_numpy()
    names, code = np.unique(values, return_inverse=True)
    ways: list[Way] = []
    dealt: list[Array] = []
    for variation in variations:
        columns, counted, chosen = _columns(variation, settings)
        for definition in found:
            side = np.array([(name in definition.second) * 1 - (name in definition.first) * 1 for name in names])
            users = counted & definition.users
            value = _compared(columns[users], side[code[users]][None])
            made, kept = _ways(variation, definition, chosen, value, users, side[code], settings, k)
            ways += made
            if variation.main and kept.any():
                # the same shuffles for every way: one labelling of all users, read under each definition
                shuffles = np.random.default_rng([seed, 72])
                dealt.append(_dealt(columns[users][:, kept], side, code, users, settings.permutations, shuffles))
    return _jointly(_sampled(ways, settings.most, rng), ways, dealt)


def counted_by_each(variations: Sequence[Variation], settings: ChoiceSettings) -> list[Mask]:
    """The users whom the figures of each variation count, bool [users] each."""
    return [_columns(one, settings)[1] for one in variations]


def _columns(variation: Variation, settings: ChoiceSettings) -> tuple[Array, Mask, list[dict[str, Phrase | str]]]:
    """float64 [users, metrics x K], who counts, and the choices of each column."""
    depth = variation.ranking.lists.shape[1]
    columns: list[Array] = []
    chosen: list[dict[str, Phrase | str]] = []
    counted: Mask = np.zeros(len(variation.ranking.user_ids), bool)
    for K in sorted({min(K, depth) for K in settings.tops}):
        by_name = {one.name.split("@")[0]: one for one in accuracy_measures(variation.ranking.top(K), K)}
        for metric in settings.metrics:
            columns.append(by_name[metric].numerator)
            counted = np.asarray(by_name[metric].denominator > 0)
            chosen.append({"metric": phrase(f"choices.metric.{metric}"), "K": str(K)})
    return np.column_stack(columns), counted, chosen


@dataclass(frozen=True)
class _Differences:
    """[labellings, columns]: second minus first, its standard error, degrees of freedom; varied: neither side is all
    alike, or its spread would be taken for none. mean of both [columns]."""

    value: Array
    error: Array
    freedom: Array
    varied: npt.NDArray[np.bool_]
    mean: Array


def _compared(columns: Array, side: npt.NDArray[np.int64]) -> _Differences:
    """Welch's comparison of every column under every labelling `side` [labellings, users] of -1, 0, 1."""
    means, errors, spreads, varied = [], [], [], []
    squares = columns**2
    for sign in (1, -1):
        own = (side == sign).astype(np.float64)
        n = np.maximum(own.sum(axis=1), 2.0)[:, None]
        mean = own @ columns / n
        square = own @ squares / n
        variance = np.maximum(square - mean**2, 0.0) / (n - 1)
        varied.append(square - mean**2 > SAME * square)
        means.append(mean)
        errors.append(variance)
        spreads.append(variance**2 / (n - 1))
    total, spread = errors[0] + errors[1], spreads[0] + spreads[1]
    freedom = np.divide(total**2, spread, out=np.ones_like(total), where=spread > 0)
    both = (side[0] != 0).astype(np.float64)
    mean_of_both = both @ columns / max(both.sum(), 1.0)
    return _Differences(means[0] - means[1], np.sqrt(total), freedom, varied[0] & varied[1], mean_of_both)


def _ways(
    variation: Variation,
    definition: Definition,
    chosen: Sequence[dict[str, Phrase | str]],
    found: _Differences,
    users: Mask,
    side: npt.NDArray[np.int64],
    settings: ChoiceSettings,
    k: int,
) -> tuple[list[Way], Mask]:
    """The ways of one variation and definition, and which columns have an answer."""
    n = (int((side[users] == -1).sum()), int((side[users] == 1).sum()))
    kept = found.varied[0] & (found.mean > 0) & (min(n) >= max(k, 2))
    ways = []
    for at, own in enumerate(chosen):
        choices = own | {"who": definition.name} | variation.choices
        if not kept[at]:
            ways.append(Way(choices, variation.main, n if min(n) >= k else (0, 0), None))
            continue
        value, error, mean = found.value[0, at], found.error[0, at], found.mean[at]
        reach = float(stdtrit(max(1.0, found.freedom[0, at]), (1 + settings.level) / 2)) * error
        middle, low, high = (float(end / mean) for end in (value, value - reach, value + reach))
        ways.append(Way(choices, variation.main, n, middle, low, high, float(value / error)))
    return ways, kept


def _dealt(
    columns: Array, side: npt.NDArray[np.int64], code: npt.NDArray[np.intp], users: Mask, times: int,
    rng: np.random.Generator,
) -> Array:  # fmt: skip
    """t [times, columns] when the attribute is dealt out at random among all users."""
    block = max(1, BLOCK // len(code))
    found = []
    for start in range(0, times, block):
        labels = rng.permuted(np.tile(code, (min(block, times - start), 1)), axis=1)[:, users]
        one = _compared(columns, side[labels])
        found.append(np.divide(one.value, one.error, out=np.zeros_like(one.value), where=one.error > 0))
    return np.vstack(found)


def _sampled(ways: Sequence[Way], most: int, rng: np.random.Generator) -> list[int]:
    """Places of the ways that are kept: all, or a random `most` with the first (the audit's own)."""
    if len(ways) <= most:
        return list(range(len(ways)))
    return sorted({0, *rng.choice(np.arange(1, len(ways)), most - 1, replace=False).tolist()})


def _jointly(kept: list[int], ways: Sequence[Way], dealt: Sequence[Array]) -> Answers:
    """The kept ways, and how rarely chance gives the median t of the audited recommender's.

    dealt: one array a variation and definition, its columns the ways with an answer, in the order of `ways`.
    """
    answered = [at for at, way in enumerate(ways) if way.main and way.t is not None]
    chosen = [place for place, at in enumerate(answered) if at in set(kept)]
    taken = tuple(ways[at] for at in kept)
    if not chosen:
        return Answers(taken, None)
    median = float(np.median([ways[answered[place]].t for place in chosen]))
    null = np.median(np.hstack(list(dealt))[:, chosen], axis=1)
    p = (1 + int((np.abs(null) >= abs(median) * (1 - 1e-9)).sum())) / (1 + len(null))
    return Answers(taken, p)


def moved(ways: Sequence[Way]) -> dict[str, float]:
    """For each choice the share of the spread of answers that lies between its values (0..1); only what varies."""
    told = [way for way in ways if way.value is not None]
    values = np.array([way.value for way in told], dtype=np.float64)
    total = float(((values - values.mean()) ** 2).sum()) if told else 0.0
    if total <= 0:
        return {}
    shares = {}
    for name in told[0].choices:
        chosen = [str(way.choices[name]) for way in told]
        if len(set(chosen)) > 1:
            means = pd.Series(values).groupby(chosen).transform("mean").to_numpy()
            shares[name] = float(((means - values.mean()) ** 2).sum()) / total
    return dict(sorted(shares.items(), key=lambda one: -one[1]))
