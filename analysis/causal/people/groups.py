"""The effect in each group of an attribute, and whether the groups differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.encoded import constant_within
from analysis.causal.estimate import Estimate
from analysis.causal.people.scores import Part, Scores, difference, estimated, mean_over
from analysis.causal.propensity import SUPPORT, WITHHELD
from analysis.causal.study import Codes, Numbers, Stratified, Study
from analysis.fairness.infer import permutation_p
from analysis.log import UNKNOWN

Pair = tuple[int, int]
FEWEST = 10
"""Users of each kind, treated and not, that a group needs."""


@dataclass(frozen=True)
class Gains:
    """Effects within the groups of one attribute.

    codes: int64 [rows].
    users: people of each group; effect: None where a group lacks support (`lacking` above the limit) or either kind of
    row. pairs: each known group minus the largest known one; people: users of both. differ: p-value that no two known
    groups differ; None for fewer than three; tested: users of all these groups. shared: whether users have rows in
    several groups, so that these cannot be shuffled; whoever has counts once in `people` and `tested`.
    """

    attribute: str
    labels: tuple[str, ...]
    codes: Codes
    users: tuple[int, ...]
    lacking: tuple[float, ...]
    effect: tuple[Estimate | None, ...]
    pairs: dict[Pair, Estimate | None]
    people: dict[Pair, int]
    differ: float | None
    tested: int
    shared: bool
    least: int
    """Users of either arm that a group needs."""


def gains(
    study: Study, scores: Scores, propensity: Numbers, split: Stratified, permutations: int, seed: int, k: int = 0
) -> Gains:
    """Mean score in each group of `split` (codes int64 [rows]), clustered by user; k: disclosure threshold."""
    least = max(FEWEST, k)
    count = len(split.labels)
    members = [split.codes == code for code in range(count)]
    outside = (propensity < SUPPORT) | (propensity > 1 - SUPPORT)
    users = tuple(split.users(study.user, code) for code in range(count))
    lacking = tuple(float(outside[member].mean()) for member in members)
    usable = [
        lacking[code] <= WITHHELD
        and min(len(np.unique(study.user[member & (study.treated == arm)])) for arm in (0, 1)) >= least
        for code, member in enumerate(members)
    ]
    parts = [
        mean_over(scores.gain, member, scores.user) if ok else None for member, ok in zip(members, usable, strict=True)
    ]
    known = [code for code, label in enumerate(split.labels) if label != UNKNOWN]
    pairs = {
        (a, b): difference(parts[a], parts[b], scores.user, scores.users) for a, b in against_largest(known, users)
    }
    effect = tuple(estimated(part, scores.user, scores.users) for part in parts)
    tested = [code for code in known if effect[code] is not None]
    shared = not constant_within(split.codes, study.user)
    differ = None
    if len(tested) > 2:
        held = [part for code in tested if (part := parts[code]) is not None]
        differ = unequal(held, scores) if shared else _shuffled(scores, split, tested, permutations, seed)
    return Gains(
        split.name,
        split.labels,
        split.codes,
        users,
        lacking,
        effect,
        pairs,
        {pair: split.users(study.user, *pair) for pair in pairs},
        differ,
        split.users(study.user, *tested),
        shared,
        least,
    )


def against_largest(known: list[int], users: tuple[int, ...]) -> list[Pair]:
    """(group, largest group) for every known group but the largest."""
    if len(known) < 2:
        return []
    largest = max(known, key=lambda code: (users[code], -code))
    return [(code, largest) for code in known if code != largest]


def unequal(parts: list[Part], scores: Scores) -> float:
    """p of Wald's F that all means are equal; clustered by user, whichever groups the user has rows in."""
    from scipy import stats

    last = parts[-1]
    gaps = np.array([one.value - last.value for one in parts[:-1]])
    pulls = [
        np.bincount(scores.user, weights=one.influence - last.influence, minlength=scores.users) for one in parts[:-1]
    ]
    spread = scores.users / (scores.users - 1) * np.inner(pulls, pulls) / len(scores.user) ** 2
    statistic = float(gaps @ np.linalg.pinv(spread, hermitian=True) @ gaps) / len(gaps)
    return max(float(stats.f.sf(statistic, len(gaps), scores.users - 1)), float(np.finfo(float).tiny))


def _shuffled(scores: Scores, split: Stratified, tested: list[int], permutations: int, seed: int) -> float:
    """p by shuffling users, each in one group, among the groups."""
    first = np.unique(scores.user, return_index=True)[1]
    place = np.full(len(split.labels), -1, np.int64)
    place[tested] = np.arange(len(tested))
    top = np.bincount(scores.user, weights=scores.gain, minlength=scores.users)[:, None]
    bottom = np.bincount(scores.user, minlength=scores.users).astype(float)[:, None]
    rng = np.random.default_rng(seed)
    p = permutation_p(top, bottom, place[split.codes[first]], len(tested), permutations, rng)  # type: ignore[arg-type]
    return float(p[0])
