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
    """A rule learnt from all rows, and five like it, each learnt without a fifth of the users and tried on them.

    share: of the rows that the rule treats. treated, left: effect among the rows that the five rules treat and leave,
    each on its own fifth. lift: gain per row over treating the same share at random, 0 where the rule knows nothing.
    net: gain per row over treating nobody, less `worth` for each treated row; over_all: the same over treating
    everybody. All None where undefined. held_out bool [rows]: whom the five treat; agree: share of rows on which they
    do as the rule does.
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
    """Learn the rule, and judge it out of fold. worth: what a treatment must bring; None: the average of those learnt
    from."""
    everyone = np.ones(len(scores.gain), bool)
    price = float(scores.gain.mean()) if worth is None else worth
    rule = best_rule(scores.gain - price, asked, everyone, depth)
    held_out = np.zeros(len(scores.gain), bool)
    share = np.zeros(len(scores.gain))
    for part in scores.folds:
        held = scores.fold == part
        own = float(scores.gain[~held].mean()) if worth is None else worth
        held_out[held] = asked.treated(best_rule(scores.gain - own, asked, ~held, depth))[held]
        share[held] = held_out[held].mean()
    chosen = asked.treated(rule)

    def over_rows(values: Numbers) -> Estimate | None:
        return estimated(mean_over(values, everyone, scores.user), scores.user, scores.users)

    return Judged(
        rule=rule,
        worth=price,
        chosen=chosen,
        share=float(chosen.mean()),
        treated=estimated(mean_over(scores.gain, held_out, scores.user), scores.user, scores.users),
        left=estimated(mean_over(scores.gain, ~held_out, scores.user), scores.user, scores.users),
        lift=_lift(scores, held_out - share),
        net=over_rows(held_out * (scores.gain - price)),
        over_all=over_rows((held_out - 1.0) * (scores.gain - price)),
        held_out=held_out,
        agree=float((held_out == chosen).mean()),
    )


def _lift(scores: Scores, apart: Numbers) -> Estimate | None:
    """Covariance of treating and score within folds; apart: treated (0/1) less the share treated in the fold."""
    count = np.maximum(np.bincount(scores.fold), 1)
    level = (np.bincount(scores.fold, weights=scores.gain) / count)[scores.fold]
    products = apart * (scores.gain - level)
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
