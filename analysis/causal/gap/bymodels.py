"""The rungs from cross-fitted regressions, each with its influence: right when either of its two models is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from analysis.causal.doubly_robust import CLIP, FOLDS, user_folds
from analysis.causal.gap.sample import Column, Sample
from analysis.causal.propensity import SUPPORT
from analysis.causal.study import Marks, Numbers

REPEATS = 5
"""Times that the folds are drawn; rungs and influences are averaged, so that no one split of few users decides."""
LARGE = 20_000
"""From so many rows on one split is enough: what it adds is far inside the interval."""
BENDS = (1000.0, 100.0, 10.0, 1.0)
"""Penalties tried for squares and products in the model of who belongs to which arm, straightest first."""
STEPS = 40
LEAP = 5.0
"""Newton's steps, and the longest that a coefficient may go in one."""
RARE = 0.02
FEW = 10
WIDEST = 6
"""Categories of more values enter without products."""
PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0)
"""Ridge penalties among which leave-one-out error chooses."""


@dataclass(frozen=True)
class Nested:
    """Cross-fitted predictions for 0..m mediators, float64 [n, m + 1] each.

    share: P(x1 | Z, W_1..W_j), before clipping. mean: E[Y | x1, Z, W_1..W_j].
    control: float64 [n], E[Y | x0, Z]. carried: float64 [n, m + 1], E[mean_j | x0, Z] (column 0: mean_0 itself).
    columns: of the finest design.
    """

    share: Numbers
    mean: Numbers
    control: Numbers
    carried: Numbers
    columns: int

    @property
    def odds(self) -> Numbers:
        """(1 - e) / e within the clipping, [n, m + 1]."""
        e = np.clip(self.share, CLIP, 1 - CLIP)
        return np.asarray((1 - e) / e, dtype=float)


def nested(rows: Sample, seed: int, effect: bool) -> tuple[Nested, ...]:
    """Every row predicted by models that never saw its user, once a split; `effect`: also what natural effects need."""
    single = {one.name: _single(one, rows) for one in rows.upto(len(rows.between))}
    made = [_design(rows.upto(count), single, rows.rows) for count in range(len(rows.between) + 1)]
    designs = [design for design, _ in made]
    penalties = [_penalty(rows, design, plain, seed) for design, plain in made]
    repeats = 1 if rows.rows >= LARGE else REPEATS
    return tuple(_split(rows, designs, penalties, REPEATS * seed + turn, effect) for turn in range(repeats))


def _split(rows: Sample, designs: list[Numbers], penalties: list[Numbers], seed: int, effect: bool) -> Nested:
    levels = len(designs)
    fold = user_folds(rows.user, rows.users, seed)
    share, mean, carried = (np.empty((rows.rows, levels)) for _ in range(3))
    control = np.empty(rows.rows)
    for part in range(FOLDS):
        learn, predict = fold != part, fold == part
        if not predict.any():
            continue
        if effect:
            control[predict] = _regression(designs[0], rows.outcome, learn & rows.of(0))(predict)
        for level, design in enumerate(designs):
            share[predict, level] = _chance(design, rows.arm.astype(float), learn, penalties[level])(predict)
            fitted = _regression(design, rows.outcome, learn & rows.of(1))
            mean[predict, level] = fitted(predict)
            if effect and level:
                whole = fitted(np.ones(rows.rows, bool))
                carried[predict, level] = _regression(designs[0], whole, learn & rows.of(0))(predict)
    carried[:, 0] = mean[:, 0]
    return Nested(share, mean, control, carried, int(designs[-1].any(axis=0).sum()))


def gap_rungs(rows: Sample, fitted: tuple[Nested, ...]) -> tuple[tuple[Numbers, Numbers], ...]:
    """Of each split the rungs of `bycells.gap_rungs` and each row's influence, float64 [n, m + 3].

    E[mu1(C) | x0] by its efficient influence 1/P(x0) {1(x1) (1-e)/e (Y - mu1) + 1(x0) (mu1 - theta)}, the weights of
    the first term made to sum to the rows of x0. Without confounders the last two rungs are one: the mean of x1.
    """
    return tuple(_gap_rungs(rows, one) for one in fitted)


def effect_rungs(rows: Sample, fitted: tuple[Nested, ...]) -> tuple[tuple[Numbers, Numbers], ...]:
    """Of each split the rungs of `bycells.effect_rungs` and each row's influence, float64 [n, m + 2].

    E[Y_x1,W_x0] by Tchetgen Tchetgen & Shpitser's (2012) triply robust score; the ratio of mediator densities by
    Bayes' rule as one of propensities; weights of each term made to sum to the rows.
    """
    return tuple(_effect_rungs(rows, one) for one in fitted)


def lacking(rows: Sample, fitted: tuple[Nested, ...], both: bool) -> float:
    """Share of the rows of x0 (`both`: of all rows) whose chance of the other arm is under 2%, in [0, 1]."""
    e = np.mean([one.share for one in fitted], axis=0)
    alone: Marks = (e < SUPPORT).any(axis=1)
    if both:
        alone |= e[:, 0] > 1 - SUPPORT
        return float(alone.mean())
    return float(alone[rows.of(0)].mean())


def clipped(fitted: tuple[Nested, ...]) -> float:
    """Share of the rows with a propensity that was kept from 0 or 1."""
    return float(np.mean([((one.share < CLIP) | (one.share > 1 - CLIP)).any(axis=1).mean() for one in fitted]))


def _gap_rungs(rows: Sample, fitted: Nested) -> tuple[Numbers, Numbers]:
    first, second = rows.of(1).astype(float), rows.of(0).astype(float)
    values, scores = [], []
    for level in reversed(range(len(rows.between) + 1)):
        if level == 0 and not rows.before:
            value, score = _arm_mean(rows, 1)
        else:
            weight = first * fitted.odds[:, level]
            weight *= second.sum() / weight.sum()
            raw = second * fitted.mean[:, level] + weight * (rows.outcome - fitted.mean[:, level])
            value = float(raw.sum() / second.sum())
            score = (raw - second * value) / second.mean()
        values.append(value)
        scores.append(score)
    low, high = _arm_mean(rows, 0), _arm_mean(rows, 1)
    return np.array([low[0], *values, high[0]]), np.column_stack([low[1], *scores, high[1]])


def _effect_rungs(rows: Sample, fitted: Nested) -> tuple[Numbers, Numbers]:
    first, second = rows.of(1).astype(float), rows.of(0).astype(float)
    e = np.clip(fitted.share[:, 0], CLIP, 1 - CLIP)
    in_first, in_second = _summing(first / e), _summing(second / (1 - e))
    values = [fitted.control + in_second * (rows.outcome - fitted.control)]
    for level in reversed(range(1, len(rows.between) + 1)):
        crossing = _summing(first * fitted.odds[:, level] / (1 - e))
        values.append(
            fitted.carried[:, level]
            + in_second * (fitted.mean[:, level] - fitted.carried[:, level])
            + crossing * (rows.outcome - fitted.mean[:, level])
        )
    values.append(fitted.mean[:, 0] + in_first * (rows.outcome - fitted.mean[:, 0]))
    raw = np.column_stack(values)
    rungs = raw.mean(axis=0)
    return rungs, raw - rungs


def _arm_mean(rows: Sample, arm: int) -> tuple[float, Numbers]:
    member = rows.of(arm)
    value = float(rows.outcome[member].mean())
    return value, np.where(member, rows.outcome - value, 0.0) / member.mean()


def _summing(weight: Numbers) -> Numbers:
    return np.asarray(weight * (len(weight) / weight.sum()), dtype=float)


def _design(columns: tuple[Column, ...], plain: dict[str, list[Numbers]], n: int) -> tuple[Numbers, Marks]:
    """Indicators of categories, numbers with their squares, and the products of each two columns; scaled, no constant.

    And bool [columns], False for squares and products. Numbers enter as their normal scores; a number's missing
    values have an indicator of their own.
    """
    single = [plain[one.name] for one in columns]
    squares = [part[0] ** 2 for one, part in zip(columns, single, strict=True) if one.numbers is not None]
    missing = [np.isnan(one.numbers).astype(float) for one in columns if one.numbers is not None]
    crossing = [part for part in single if len(part) < WIDEST]
    products = [
        left * right
        for number, lefts in enumerate(crossing)
        for rights in crossing[number + 1 :]
        for left in lefts
        for right in rights
    ]
    parts = [part for own in single for part in own]
    stacked = np.column_stack([np.zeros(n), *parts, *missing, *squares, *products])
    spread = stacked.std(axis=0)
    scaled = (stacked - stacked.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return scaled, np.arange(stacked.shape[1]) <= len(parts) + len(missing)


def _single(one: Column, rows: Sample) -> list[Numbers]:
    """A number as its normal score (so that a long tail pulls no line), or an indicator a category but the largest.

    Categories too rare to be learnt go with the largest: under RARE of the rows and of FEW people of either arm. Left
    alone they would give single people huge weights.
    """
    if one.numbers is None:
        return [(one.strata.codes == code).astype(float) for code in _common(one, rows)]
    from scipy.stats import norm, rankdata

    known = np.isfinite(one.numbers)
    score = np.zeros(len(known))
    score[known] = norm.ppf((rankdata(one.numbers[known]) - 0.5) / known.sum())
    return [score]


def _common(one: Column, rows: Sample) -> list[int]:
    """Codes of the categories that have an indicator."""
    codes = one.strata.codes
    size = np.bincount(codes, minlength=len(one.strata.labels))
    people = [
        min(len(np.unique(rows.user[rows.of(arm) & (codes == code)])) for arm in (0, 1)) for code in range(len(size))
    ]
    largest = int(np.argmax(size))
    return [
        code for code in range(len(size)) if code != largest and (people[code] >= FEW or size[code] > RARE * len(codes))
    ]


def _regression(design: Numbers, target: Numbers, learn: Marks) -> Any:
    """A function rows -> prediction; the mean where the target does not vary."""
    known = target[learn]
    if len(known) == 0 or np.ptp(known) == 0:
        constant = float(known[0]) if len(known) else float(target.mean())
        return lambda rows: np.full(int(rows.sum()), constant)
    from sklearn.linear_model import RidgeCV

    model = RidgeCV(alphas=PENALTIES).fit(design[learn], known)
    return lambda rows: model.predict(design[rows])


def _chance(design: Numbers, arm: Numbers, learn: Marks, penalty: Numbers) -> Any:
    known = arm[learn]
    if design.shape[1] == 1 or np.ptp(known) == 0:
        return lambda rows: np.full(int(rows.sum()), float(known.mean()))
    line = _logistic(design[learn], known, penalty)
    return lambda rows: expit(line[0] + design[rows] @ line[1:])


def _logistic(design: Numbers, arm: Numbers, penalty: Numbers) -> Numbers:
    """Ridge logistic regression by Newton's method, float64 [1 + p]: the constant (not penalised), then the columns."""
    x = np.column_stack([np.ones(len(design)), design])
    ridge = np.diag([0.0, *penalty])
    line = np.zeros(x.shape[1])
    for _ in range(STEPS):
        chance = expit(x @ line)
        slope = x.T @ (arm - chance) - ridge @ line
        bend = (x * (chance * (1 - chance))[:, None]).T @ x + ridge + 1e-9 * np.eye(len(line))
        change = np.linalg.solve(bend, slope)
        line = line + change * min(1.0, LEAP / max(float(np.abs(change).max()), 1e-300))
        if np.abs(change).max() < 1e-8:
            break
    return line


def _penalty(rows: Sample, design: Numbers, plain: Marks, seed: int) -> Numbers:
    """Penalties of the columns of P(x1 | design): 1 for plain ones, what predicts best for squares and products."""
    if plain.all():
        return np.ones(len(plain))
    fold, arm = user_folds(rows.user, rows.users, seed), rows.arm.astype(float)

    def loss(bent: float) -> float:
        total = 0.0
        for part in range(FOLDS):
            learn, predict = fold != part, fold == part
            chance = _chance(design, arm, learn, np.where(plain, 1.0, bent))(predict)
            total -= float(np.log(np.clip(np.where(arm[predict] == 1, chance, 1 - chance), 1e-9, 1)).sum())
        return total

    return np.where(plain, 1.0, min(BENDS, key=loss))
