"""After scoring: thresholds of each group by fairlearn's ThresholdOptimizer, learnt on validation decisions."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.fairness.decisions import selected
from analysis.fairness.ranking import Decisions
from analysis.mitigation.halves import first_half
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
    for name in _of_one_label(validation, groups):
        raise Refusal("mitigation.refusal.one_label_in_group", group=name)
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


def rehearsed_thresholds(
    validation: Decisions, user_group: npt.NDArray, constraint: Constraint, seed: int, strength: float = 1.0
) -> Decisions | None:
    """`validation` itself as `group_thresholds` would decide it: each half of the users by thresholds of the other.

    On the rows that they were fitted on, thresholds look better than they are. user_group: str [users].
    None where a group has wanted or unwanted rows in one half alone: then nothing can be told beforehand.
    """
    group = np.asarray(user_group, dtype=str)[validation.user]
    first = first_half(user_group, seed)[validation.user]
    halves = [(validation.of_rows(mine), group[mine]) for mine in (first, ~first)]
    if any(set(own) != set(group) or _of_one_label(rows, own) for rows, own in halves):
        return None
    before = replace(validation, selected=selected(validation).astype(np.int8))
    out = np.zeros(len(first), np.int8)
    for mine, other in ((first, halves[1]), (~first, halves[0])):
        decided = group_thresholds(*other, before.of_rows(mine), group[mine], constraint, seed, strength)
        out[mine] = selected(decided)
    return replace(validation, selected=out)


def _of_one_label(decisions: Decisions, group: npt.NDArray) -> list[str]:
    """The groups of rows (str [rows]) that are all wanted, or all unwanted."""
    return [str(name) for name in np.unique(group) if len(np.unique(decisions.label[group == name] > 0)) < 2]


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
