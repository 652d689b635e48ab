"""After scoring: thresholds of each group by fairlearn's ThresholdOptimizer, learnt on validation decisions."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.fairness.decisions import selected
from analysis.fairness.ranking import Decisions
from words import Refusal

Constraint = Literal["demographic_parity", "equalized_odds"]


def group_thresholds(
    validation: Decisions,
    validation_group: npt.NDArray,
    test: Decisions,
    test_group: npt.NDArray,
    constraint: Constraint,
    seed: int,
    strength: float = 1.0,
) -> Decisions:
    """`test` with rows selected by thresholds of each group, fitted on `validation` for the best balanced accuracy.

    Hardt, Price and Srebro (2016), by fairlearn: the constraint holds exactly on the validation rows and, as groups
    are randomised between two thresholds, in expectation elsewhere; `seed` fixes that randomisation. strength
    in [0, 1]: the share of rows, drawn at random, that the thresholds decide; the others are decided as before.
    validation_group, test_group: str [rows].
    Raises Refusal where a group of the validation rows has one label only, or a group of the test rows is not there.
    """
    from fairlearn.postprocessing import ThresholdOptimizer

    groups = np.asarray(validation_group, dtype=str)
    wanted = (validation.label > 0).astype(int)
    for name in np.unique(groups):
        if len(np.unique(wanted[groups == name])) < 2:
            raise Refusal("mitigation.refusal.one_label_in_group", group=str(name))
    unseen = np.setdiff1d(np.asarray(test_group, dtype=str), groups)
    if unseen.size:
        raise Refusal("mitigation.refusal.unseen_group", group=str(unseen[0]))
    optimiser = ThresholdOptimizer(
        estimator=_given_scores(),
        constraints=constraint,
        objective="balanced_accuracy_score",
        prefit=True,
        predict_method="predict",
    )
    optimiser.fit(validation.score[:, None], wanted, sensitive_features=groups)
    picked = optimiser.predict(
        test.score[:, None], sensitive_features=np.asarray(test_group, dtype=str), random_state=seed
    )
    moved = np.random.default_rng([seed, len(test.user)]).random(len(test.user)) < strength
    return replace(test, selected=np.where(moved, np.asarray(picked), selected(test)).astype(np.int8))


def _given_scores() -> object:
    """An estimator whose prediction is the score that it is given: the scores are made elsewhere."""
    from sklearn.base import BaseEstimator, ClassifierMixin

    class GivenScores(ClassifierMixin, BaseEstimator):
        def fit(self, X: npt.NDArray, y: npt.NDArray) -> object:
            return self

        def predict(self, X: npt.NDArray) -> npt.NDArray:
            return np.asarray(X)[:, 0]

        def __sklearn_is_fitted__(self) -> bool:
            return True

    return GivenScores()
