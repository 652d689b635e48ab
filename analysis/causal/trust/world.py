"""A world shaped like the log whose effect is known: the log's own users, treatment and outcome drawn anew.

Users are drawn with replacement and bring all their rows with their confounders, so size, sparsity and what goes with
what stay those of the log. The treatment of each row is drawn from the mechanism fitted on the confounders; the outcome
from the one fitted on untreated rows, plus the chosen effect. Both have a part that is one user's own, as strong as
users differ beyond their confounders in the log.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.causal.cells import Estimand
from analysis.causal.propensity import SUPPORT
from analysis.causal.structure.mechanisms import choose
from analysis.causal.structure.variables import rows_of
from analysis.causal.study import Codes, Numbers, Stratified, Study

TREATED, RESULT = " treated", " result"
"""Names that no column of a file has after cleaning: they begin with a space."""
STEPS = 60


@dataclass(frozen=True)
class World:
    """What logs are drawn from, arrays [rows] of the log's rows sorted by user.

    chance: of treatment; without: expected outcome without treatment; own_chance, own_outcome: how much more or less
    one user has, with equal chance; noise: what numbers scatter by, or None for 0/1 outcomes; first: int64 [users + 1].
    """

    study: Study
    chance: Numbers
    without: Numbers
    own_chance: float
    own_outcome: float
    noise: Numbers | None
    first: Codes

    @property
    def outside(self) -> float:
        """Share of the rows whose chance of treatment leaves [0.02, 0.98]."""
        return float(((self.chance < SUPPORT) | (self.chance > 1 - SUPPORT)).mean())


def world(study: Study, seed: int) -> World:
    """The world of a study whose rows are complete in every confounder that is a number."""
    rows = _sorted(study)
    names = tuple(one.name for one in rows.confounders)
    table = rows.table.loc[:, list(dict.fromkeys(names))].assign(
        user=[f"{code:09d}" for code in rows.user], **{TREATED: rows.treated.astype(int), RESULT: rows.outcome}
    )
    read = rows_of(table, (*names, TREATED, RESULT), RESULT, seed)
    weight = np.ones(read.n)
    chance = choose(read, TREATED, names, seed).fitting.fitted(weight)
    without = choose(read, RESULT, names, seed).fitting.fitted((rows.treated == 0).astype(float))
    e, none = chance.law(read.values, read.n)[:, 1], without.mean(read.values, read.n)
    effect = float((rows.outcome - none)[rows.treated == 1].mean() - (rows.outcome - none)[rows.treated == 0].mean())
    left = rows.outcome - none - effect * rows.treated
    own = np.sqrt(shared_variance(left, rows.user))
    noise = None
    if not rows.binary:
        scatter = left - left.mean()
        noise = scatter * np.sqrt(max(0.0, 1 - own**2 / max(float(scatter.var()), np.finfo(float).tiny)))
    first = np.searchsorted(rows.user, np.arange(rows.users + 1)).astype(np.int64)
    own_chance = float(np.sqrt(shared_variance(rows.treated - e, rows.user)))
    return World(rows, e, none, own_chance, float(own), noise, first)


def shared_variance(left: Numbers, user: Codes) -> float:
    """Variance that rows of one user share: mean product of two different rows' residuals; at least 0."""
    total, square = np.bincount(user, weights=left), np.bincount(user, weights=left**2)
    count = np.bincount(user)
    pairs = float((count * (count - 1)).sum())
    return max(0.0, float((total**2 - square).sum()) / pairs) if pairs > 0 else 0.0


def truth(made: World, shift: float, estimand: Estimand) -> float:
    """The effect that logs drawn with `shift` have: over all rows, or over those that are treated."""
    lift = np.mean([_mean(made, shift, side) - _mean(made, 0.0, side) for side in (-1, 1)], axis=0)
    weight = np.mean([_chance(made, side) for side in (-1, 1)], axis=0) if estimand == "ATT" else np.ones(len(lift))
    return float(lift @ weight / weight.sum())


def shift_for(made: World, effect: float, estimand: Estimand) -> float:
    """The shift whose effect is `effect`, or the nearest that chances between 0 and 1 allow."""
    if made.noise is not None or effect == 0:
        return effect
    low, high = min(0.0, np.sign(effect)), max(0.0, np.sign(effect))
    for _ in range(STEPS):
        middle = (low + high) / 2
        if truth(made, middle, estimand) < effect:
            low = middle
        else:
            high = middle
    return float((low + high) / 2)


def drawn(made: World, shift: float, rng: np.random.Generator) -> Study:
    """One log as a study: as many users as the log has, drawn with replacement."""
    users = made.study.users
    who = rng.integers(0, users, users)
    length = np.diff(made.first)[who]
    user = np.repeat(np.arange(users), length)
    start = np.repeat(made.first[who] - np.concatenate([[0], np.cumsum(length)[:-1]]), length)
    row = start + np.arange(len(user))
    sides = rng.integers(0, 2, (2, users)) * 2 - 1
    chance = np.clip(made.chance[row] + made.own_chance * sides[0][user], 0, 1)
    treated = (rng.random(len(row)) < chance).astype(np.int8)
    mean = made.without[row] + shift * treated + made.own_outcome * sides[1][user]
    if made.noise is None:
        outcome = (rng.random(len(row)) < np.clip(mean, 0, 1)).astype(float)
    else:
        outcome = mean + made.noise[rng.integers(0, len(made.noise), len(row))]
    return _of_rows(made.study, row, user, treated, outcome)


def _of_rows(study: Study, row: Codes, user: Codes, treated: Any, outcome: Numbers) -> Study:
    """The rows with new users, treatments and outcomes; logged propensities do not hold for them and go."""
    names = list(dict.fromkeys(one.name for one in study.confounders))
    numbers = {one.name for one in study.confounders if one.edges}
    kept = [name for name in names if name in numbers]
    return replace(
        study,
        treated=treated,
        outcome=outcome,
        user=user.astype(np.int64),
        stratum=study.stratum[row],
        confounders=tuple(Stratified(one.name, one.codes[row], one.labels, one.edges) for one in study.confounders),
        table=study.table[kept].iloc[row].reset_index(drop=True),
    )


def _sorted(study: Study) -> Study:
    """The same rows, user by user."""
    order = np.argsort(study.user, kind="stable")
    return replace(
        study,
        treated=study.treated[order],
        outcome=study.outcome[order],
        user=study.user[order],
        stratum=study.stratum[order],
        confounders=tuple(Stratified(one.name, one.codes[order], one.labels, one.edges) for one in study.confounders),
        table=study.table.iloc[order].reset_index(drop=True),
    )


def _mean(made: World, shift: float, side: int) -> Numbers:
    mean = made.without + shift + side * made.own_outcome
    return mean if made.noise is not None else np.clip(mean, 0, 1)


def _chance(made: World, side: int) -> Numbers:
    return np.clip(made.chance + side * made.own_chance, 0, 1)
