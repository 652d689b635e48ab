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
    """Share of the rows of each group that the rule treats, and the signed gaps; p of a gap beside it."""

    attribute: str
    labels: tuple[str, ...]
    users: tuple[int, ...]
    share: tuple[Estimate | None, ...]
    gaps: dict[Pair, Estimate | None]


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

    Gaps by Newcombe's (1998, method 10) combination of the two intervals, which stays inside -1..1 where a rule treats
    all or none of a group; groups must not share users.
    """
    count = len(split.labels)
    members = [split.codes == code for code in range(count)]
    users = tuple(len(np.unique(scores.user[member])) for member in members)
    shares = tuple(_share(scores, chosen, member) for member in members)
    known = [code for code, label in enumerate(split.labels) if label != UNKNOWN]
    gaps = {(a, b): _gap(shares[a], shares[b], (users[a], users[b])) for a, b in against_largest(known, users)}
    return Treated(split.name, split.labels, users, shares, gaps)


def _share(scores: Scores, chosen: Marks, member: Marks) -> Estimate | None:
    rows = int(member.sum())
    if rows == 0:
        return None
    share = float(chosen[member].mean())
    by_user = np.bincount(scores.user[member], weights=chosen[member] - share)
    people = len(np.unique(scores.user[member]))
    return clustered_wilson(share, float(rows), float(by_user @ by_user), people)


def _gap(a: Estimate | None, b: Estimate | None, users: tuple[int, int]) -> Estimate | None:
    if a is None or b is None:
        return None
    value = a.value - b.value

    def limits(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
        below = np.hypot(a.value - one[0], other[1] - b.value)
        above = np.hypot(one[1] - a.value, b.value - other[0])
        return float(value - below), float(value + above)

    low, high = limits((a.low, a.high), (b.low, b.high))
    errors = np.array([a.error, b.error])
    p = welch_p(value, errors, np.array(users))
    return Estimate(value, low, high, limits(a.inner, b.inner), float(np.hypot(*errors)), p)
