"""What a rule brings, on people it was not learnt from, and whom it treats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.doubly_robust import clustered_error
from analysis.causal.estimate import Estimate, from_error
from analysis.causal.people.groups import Pair, against_largest
from analysis.causal.people.rule import Questions, Rule, best_rule
from analysis.causal.people.scores import Scores, estimated, mean_over
from analysis.causal.propensity import clustered_wilson
from analysis.causal.study import Marks, Numbers, Stratified
from analysis.fairness.infer import welch_p
from analysis.log import UNKNOWN


@dataclass(frozen=True)
class Judged:
    """A rule learnt from all rows, and trials: rules learnt from the folds before a fold and tried on it.

    share: of the rows that the rule treats. treated, left: effect among the rows that the trials treat and leave.
    lift: gain per row over treating the same share at random, 0 where the rule knows nothing. net: gain per row over
    treating nobody, less `worth` for each treated row; over_all: the same over treating everybody. All None where
    undefined. tried: bool [rows], rows of the trials; held_out: those that they treat; agree: share of tried rows on
    which they do as the rule does.
    """

    rule: Rule
    worth: float
    chosen: Marks
    share: float
    treated: Estimate | None
    left: Estimate | None
    lift: Estimate | None
    net: Estimate | None
    over_all: Estimate | None
    tried: Marks
    held_out: Marks
    agree: float


@dataclass(frozen=True)
class Treated:
    """Share of the rows of each group that the rule treats, and the signed gaps; p of a gap beside it.

    users: of each group; people: of both groups of a gap, each counted once.
    """

    attribute: str
    labels: tuple[str, ...]
    users: tuple[int, ...]
    share: tuple[Estimate | None, ...]
    gaps: dict[Pair, Estimate | None]
    people: dict[Pair, int]


def judged(scores: Scores, asked: Questions, worth: float | None, depth: int) -> Judged:
    """Learn the rule and try its like. worth: what a treatment must bring; None: the average of those learnt from."""
    everyone = np.ones(len(scores.gain), bool)
    price = float(scores.gain.mean()) if worth is None else worth
    rule = best_rule(scores.gain - price, asked, everyone, depth)
    tried, held_out = scores.fold > 0, np.zeros(len(scores.gain), bool)
    for part in scores.later:
        held, learn = scores.fold == part, scores.fold < part
        own = float(scores.gain[learn].mean()) if worth is None else worth
        held_out[held] = asked.treated(best_rule(scores.gain - own, asked, learn, depth))[held]
    chosen = asked.treated(rule)
    tested, treats = scores.of(tried), held_out[tried]

    def mean(values: Numbers, member: Marks) -> Estimate | None:
        return estimated(mean_over(values, member, tested.user), tested.user, tested.users)

    return Judged(
        rule=rule,
        worth=price,
        chosen=chosen,
        share=float(chosen.mean()),
        treated=mean(tested.gain, treats),
        left=mean(tested.gain, ~treats),
        lift=_lift(tested, treats),
        net=mean(treats * (tested.gain - price), np.ones(len(treats), bool)),
        over_all=mean((treats - 1.0) * (tested.gain - price), np.ones(len(treats), bool)),
        tried=tried,
        held_out=held_out,
        agree=float((treats == chosen[tried]).mean()),
    )


def _lift(scores: Scores, treats: Marks) -> Estimate | None:
    """Covariance of treating and score within folds: gain per row over treating as many of the fold at random."""
    count = np.maximum(np.bincount(scores.fold), 1)

    def apart(values: Numbers) -> Numbers:
        return values - (np.bincount(scores.fold, weights=values) / count)[scores.fold]

    products = apart(treats.astype(float)) * apart(scores.gain)
    value = float(products.mean())
    people = len(np.unique(scores.user))
    return from_error(value, clustered_error(products - value, scores.user, scores.users), people)


def treated_by_group(scores: Scores, chosen: Marks, split: Stratified) -> Treated:
    """Share treated in each group with Wilson's interval, allowing for several rows of one user.

    Gaps by Newcombe's combination of the two intervals, which stays inside -1..1 where a rule treats all or none of a
    group: method 10 for independent (1998, p. 873), and with the correlation of the two shares where users have rows in
    both groups, that for paired ones (1998, p. 2635).
    """
    count = len(split.labels)
    users = tuple(split.users(scores.user, code) for code in range(count))
    shares = tuple(_share(scores, chosen, split.codes == code) for code in range(count))
    known = [code for code, label in enumerate(split.labels) if label != UNKNOWN]
    pairs = against_largest(known, users)
    people = {pair: split.users(scores.user, *pair) for pair in pairs}
    gaps = {(a, b): _gap(shares[a], shares[b], (users[a], users[b])) for a, b in pairs}
    return Treated(split.name, split.labels, users, tuple(share.estimate for share in shares), gaps, people)


@dataclass(frozen=True)
class _Share:
    """A share of rows; pull: float64 [users], each user's sum of rows less the share."""

    estimate: Estimate | None
    pull: Numbers


def _share(scores: Scores, chosen: Marks, member: Marks) -> _Share:
    share = float(chosen[member].mean()) if member.any() else 0.0
    pull = np.zeros(scores.users)
    np.add.at(pull, scores.user[member], chosen[member] - share)
    people = len(np.unique(scores.user[member]))
    return _Share(clustered_wilson(share, float(member.sum()), float(pull @ pull), people), pull)


def _gap(first: _Share, second: _Share, users: tuple[int, int]) -> Estimate | None:
    a, b = first.estimate, second.estimate
    if a is None or b is None:
        return None
    value, together = a.value - b.value, _correlation(first.pull, second.pull)

    def apart(one: float, other: float) -> float:
        return float(np.sqrt(max(one**2 + other**2 - 2 * together * one * other, 0.0)))

    def limits(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
        return value - apart(a.value - one[0], other[1] - b.value), value + apart(one[1] - a.value, b.value - other[0])

    low, high = limits((a.low, a.high), (b.low, b.high))
    p = welch_p(value, np.array([a.error, b.error]), np.array(users), together)
    return Estimate(value, low, high, limits(a.inner, b.inner), apart(a.error, b.error), p)


def _correlation(one: Numbers, other: Numbers) -> float:
    """Of two shares by what each user adds to them; 0 where they share no user, or one has no spread."""
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / size if size else 0.0
