"""Cross-fitted doubly robust estimates: right when either the propensity or the outcome model is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.causal.cells import Estimand
from analysis.causal.study import Codes, Marks, Numbers, Rows, Study

FOLDS = 5
CLIP = 0.01
"""Propensities are kept within [0.01, 0.99]; the share touched is reported."""


@dataclass(frozen=True)
class Nuisances:
    """Cross-fitted, each float64 [rows]: propensity before clipping, expected outcome without and with treatment."""

    propensity: Numbers
    without: Numbers
    treated: Numbers

    @property
    def clipped(self) -> Numbers:
        """The propensity within [0.01, 0.99]."""
        return np.clip(self.propensity, CLIP, 1 - CLIP)


def nuisances(study: Study, seed: int) -> Nuisances:
    """Propensity and outcome models, each row predicted by models that never saw its user.

    Categories only: logistic (linear, for outcomes that are not 0/1) regression on indicators with pairwise
    crosses; with continuous confounders: gradient-boosted trees on the numbers themselves.
    """
    if not study.continuous:
        return _by_strata(study, seed)
    features = features_of(study)
    fold = user_folds(study.user, study.users, seed)
    propensity, without, treated = (np.empty(study.rows) for _ in range(3))
    for part in range(FOLDS):
        learn, predict = fold != part, fold == part
        if not predict.any():
            continue
        propensity[predict] = predictor(features, study.treated, learn, True, study, seed)(features[predict])
        for arm, target in ((0, without), (1, treated)):
            rows = learn & (study.treated == arm)
            target[predict] = predictor(features, study.outcome, rows, study.binary, study, seed)(features[predict])
    return Nuisances(propensity, without, treated)


def _by_strata(study: Study, seed: int) -> Nuisances:
    """The same regressions from sums: rows alike in stratum, arm and outcome are one row that weighs as many."""
    strata = len(study.strata)
    features = features_of(study, np.unique(study.stratum, return_index=True)[1])
    fold = user_folds(study.user, study.users, seed)
    shape = (FOLDS, strata, 2)
    cell = (fold * strata + study.stratum) * 2 + study.treated
    n = np.bincount(cell, minlength=FOLDS * strata * 2).reshape(shape).astype(float)
    y = np.bincount(cell, weights=study.outcome, minlength=FOLDS * strata * 2).reshape(shape)
    propensity, without, treated = (np.empty((FOLDS, strata)) for _ in range(3))
    share, mean = float(study.treated.mean()), float(study.outcome.mean())
    for part in range(FOLDS):
        rows, sums = n.sum(axis=0) - n[part], y.sum(axis=0) - y[part]
        propensity[part] = _weighted(features, rows[:, 1], rows.sum(axis=1), True, share, seed)
        for arm, target in ((0, without), (1, treated)):
            target[part] = _weighted(features, sums[:, arm], rows[:, arm], study.binary, mean, seed)
    where = (fold, study.stratum)
    return Nuisances(propensity[where], without[where], treated[where])


def _weighted(features: Numbers, sums: Numbers, rows: Numbers, binary: bool, otherwise: float, seed: int) -> Numbers:
    """Predictions [strata] learnt from `rows` rows a stratum with sum `sums`; their mean where they hold one value
    only, `otherwise` where there are none."""
    if rows.sum() == 0:
        return np.full(len(rows), otherwise)
    if binary and sums.sum() in (0.0, rows.sum()):
        return np.full(len(rows), float(sums.sum() > 0))
    model = learner(binary, False, seed)
    if not binary:
        met = rows > 0
        return np.asarray(model.fit(features[met], sums[met] / rows[met], sample_weight=rows[met]).predict(features))
    weight = np.concatenate([sums, rows - sums])
    met = weight > 0
    both, label = np.tile(features, (2, 1)), np.repeat([1, 0], len(rows))
    return np.asarray(model.fit(both[met], label[met], sample_weight=weight[met]).predict_proba(features)[:, 1])


def user_folds(user: Codes, users: int, seed: int) -> Codes:
    """A fold 0..4 for every row, the same for all rows of a user."""
    return np.random.default_rng(seed).permutation(np.arange(users) % FOLDS)[user]


def influence(study: Study, fitted: Nuisances, estimand: Estimand) -> tuple[float, Numbers]:
    """The augmented inverse-propensity estimate and each row's influence, float64 [rows], mean 0.

    ATE: Robins, Rotnitzky & Zhao 1994; ATT: Mercatanti & Li 2014's doubly robust form.
    """
    treated, outcome, e = study.treated.astype(float), study.outcome, fitted.clipped
    if estimand == "ATE":
        score = (
            fitted.treated
            - fitted.without
            + treated * (outcome - fitted.treated) / e
            - (1 - treated) * (outcome - fitted.without) / (1 - e)
        )
        return float(score.mean()), score - score.mean()
    share = treated.mean()
    score = (treated - (1 - treated) * e / (1 - e)) * (outcome - fitted.without) / share
    effect = float(score.mean())
    return effect, score - treated / share * effect


def weights(study: Study, propensity: Numbers, estimand: Estimand) -> Numbers:
    """Inverse-propensity weights: t/e + (1-t)/(1-e) for the ATE, t + (1-t) e/(1-e) for the ATT; 0 off support."""
    treated = study.treated == 1
    inside = (propensity > 0) & (propensity < 1)
    e = np.where(inside, propensity, 0.5)
    weight = np.where(treated, 1 / e, 1 / (1 - e)) if estimand == "ATE" else np.where(treated, 1.0, e / (1 - e))
    return np.where(inside, weight, 0.0)


def naive_influence(study: Study) -> tuple[float, Numbers]:
    """The raw difference of means and each row's influence, to pair it with an adjusted estimate."""
    treated, outcome = study.treated.astype(float), study.outcome
    share = treated.mean()
    one, none = outcome[treated == 1].mean(), outcome[treated == 0].mean()
    score = treated * (outcome - one) / share - (1 - treated) * (outcome - none) / (1 - share)
    return float(one - none), score


def clustered_error(score: Numbers, user: Codes, users: int) -> float:
    """Standard error of a mean of influences whose rows come in users: sqrt(U/(U-1) * sum_u (sum)^2) / n."""
    total = np.bincount(user, weights=score, minlength=users)
    return float(np.sqrt(users / max(users - 1, 1) * (total @ total)) / len(score))


def features_of(study: Rows, rows: Codes | None = None) -> Numbers:
    """What the models learn from, float64 [rows, p]: indicators with pairwise crosses, or the numbers themselves.

    rows: only these; indicators are the same in every row of a stratum.
    """
    if study.continuous:
        columns = [
            study.table[one.name].astype(float).to_numpy() if one.edges else one.codes.astype(float)
            for one in study.confounders
        ]
        return np.column_stack(columns)
    chosen = [one.codes if rows is None else one.codes[rows] for one in study.confounders]
    levels = [np.arange(1, len(one.labels)) for one in study.confounders]
    own = [(codes[:, None] == level[None, :]).astype(float) for codes, level in zip(chosen, levels, strict=True)]
    count = study.rows if rows is None else len(rows)
    crosses = [
        (left[:, :, None] * right[:, None, :]).reshape(count, -1)
        for number, left in enumerate(own)
        for right in own[number + 1 :]
        if left.shape[1] * right.shape[1] <= 40  # wider crosses cost more than they explain
    ]
    nothing = np.zeros((count, 1))  # so that learners have a column where every confounder is constant
    return np.hstack([nothing, *own, *crosses])


def predictor(features: Numbers, target: Any, rows: Marks, binary: bool, study: Rows, seed: int) -> Any:
    """A function features -> prediction, learnt on `rows`; the mean where they hold one value only."""
    known = np.asarray(target, dtype=float)[rows]
    if len(known) == 0 or np.all(known == known[0]):
        constant = float(known[0]) if len(known) else float(np.mean(target))
        return lambda new: np.full(len(new), constant)
    model = learner(binary, bool(study.continuous), seed).fit(features[rows], known)
    if binary:
        return lambda new: model.predict_proba(new)[:, 1]
    return model.predict


def learner(binary: bool, trees: bool, seed: int) -> Any:
    """What the nuisances are learnt with: boosted trees, or a lightly penalised (logistic) regression."""
    if trees:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        settings = {"max_iter": 60, "max_leaf_nodes": 15, "min_samples_leaf": 40, "random_state": seed}
        return HistGradientBoostingClassifier(**settings) if binary else HistGradientBoostingRegressor(**settings)
    from sklearn.linear_model import LogisticRegression, Ridge

    return LogisticRegression(C=10.0, max_iter=300) if binary else Ridge(alpha=1.0)
