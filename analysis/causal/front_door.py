"""The effect by the front door: through recorded ways in between, however treatment and outcome are confounded."""

from __future__ import annotations

import numpy as np

from analysis.causal.cells import Cells, Estimand, naive
from analysis.causal.doubly_robust import clustered_error
from analysis.causal.estimate import Adjusted, Estimate, from_error, from_replicates
from analysis.causal.regression import units
from analysis.causal.study import Numbers, Rows


def front_door(n: Numbers, y: Numbers, estimand: Estimand) -> Numbers:
    """Pearl's (1995) front-door formula on cells, [..., mediator strata, 2] -> [...].

    sum over m of (P(m | treated) - P(m | not)) * sum over t of P(t) E[y | m, t], with P(t) of all rows (ATE) or of the
    treated (ATT: Fulcher et al. 2020). NaN where a mediator value that one kind of rows takes was never seen with a
    kind that has weight.
    """
    arms = n.sum(axis=-2, keepdims=True)
    weight = arms / arms.sum(axis=-1, keepdims=True) if estimand == "ATE" else np.zeros_like(arms) + [0.0, 1.0]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = n / arms  # P(m | t)
        moved = share[..., 1] - share[..., 0]
        mean = np.where(weight > 0, weight * (y / n), 0.0).sum(axis=-1)
        return np.where(n.sum(axis=-1) > 0, moved * mean, 0.0).sum(axis=-1)


def lone(cells: Cells, k: int) -> list[int]:
    """Strata (mediator values) of at least `k` users that occur with one kind of treatment only."""
    users = np.asarray(cells.n.getnnz(axis=0)).reshape(cells.shape)[0]  # [strata, 2]
    return [int(code) for code in np.flatnonzero((users == 0).any(axis=-1) & (users.sum(axis=-1) >= k))]


def by_front_door(cells: Cells, estimand: Estimand, replicates: int, seed: int) -> Adjusted | None:
    """The formula with an interval by resampling users; None where it or its interval is undefined.

    Strata are the mediators' values. One that the formula needs and cannot have is not left out, however few its rows:
    the effect may run through just that value, and what is left would then be called none.
    """
    n, y = (each[0] for each in cells.totals())
    point, raw = float(front_door(n, y, estimand)), float(naive(n, y))
    if not np.isfinite(point):
        return None
    drawn = [
        (naive(rows[:, 0], sums[:, 0]), front_door(rows[:, 0], sums[:, 0], estimand))
        for rows, sums in cells.resampled(replicates, seed)
    ]
    plain, through = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    effect, crude, rest = (
        from_replicates(value, replicate, cells.users)
        for value, replicate in ((point, through), (raw, plain), (raw - point, plain - through))
    )
    if effect is None or crude is None or rest is None:
        return None
    return Adjusted(effect, crude, rest, None)


def linear_front_door(rows: Rows, treatment: Numbers) -> Estimate | None:
    """Product of two regressions, summed over mediators: mediators on treatment, outcome on mediators and treatment.

    The mediators are the study's confounder columns: categories as indicators, numbers as they are. Holds where no
    effect depends on another variable's value. The interval (delta method on both stages, clustered by user) allows
    for both regressions. None where a mediator does not vary within the treatment.
    """
    alike = units(rows)
    m = alike.design[:, 1:][alike.unit]
    n = rows.rows
    first = np.column_stack([np.ones(n), treatment])
    second = np.column_stack([m, first])
    bread = [np.linalg.pinv(design.T @ design, hermitian=True) for design in (first, second)]
    if np.linalg.matrix_rank(second.T @ second, hermitian=True) < second.shape[1]:
        return None
    to = bread[0] @ (first.T @ m)  # [2, mediators]
    onto = bread[1] @ (second.T @ rows.outcome)  # [mediators + 2]
    k = m.shape[1]
    reach, push = to[1], onto[:k]
    # influences of push' reach: d = push' d reach + reach' d push
    moved = ((m - first @ to) @ push) * (first @ bread[0][:, 1])
    pushed = (rows.outcome - second @ onto) * (second @ bread[1][:, :k] @ reach)
    value = float(push @ reach)
    return from_error(value, clustered_error(n * (moved + pushed), rows.user, rows.users), rows.users)
