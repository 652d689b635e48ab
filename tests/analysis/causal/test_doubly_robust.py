"""Nuisances of categories learnt from sums by stratum are those learnt row by row."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal.doubly_robust import FOLDS, features_of, nuisances, predictor, user_folds
from analysis.causal.study import Study, contrasts, study


def rows(binary: bool, seed: int = 1) -> Study:
    rng = np.random.default_rng(seed)
    n = 3000
    table = pd.DataFrame({"user": rng.integers(0, 150, n).astype(str), "a": rng.integers(0, 2, n)})
    table["b"] = rng.choice(["x", "y", "z"], n)
    table["t"] = (rng.random(n) < 0.2 + 0.3 * table["a"]).astype(int)
    mean = 0.2 + 0.2 * table["t"] + 0.3 * (table["b"] == "z")
    table["y"] = (rng.random(n) < mean).astype(float) if binary else mean * 5 + rng.normal(size=n)
    return study(table, "t", "y", contrasts(table["t"], None, None)[0], ("a", "b"), 5)


@pytest.mark.parametrize("binary", [True, False])
def test_models_learnt_from_sums_predict_as_those_learnt_row_by_row(binary: bool) -> None:
    one = rows(binary)
    found = nuisances(one, 3)
    features, fold = features_of(one), user_folds(one.user, one.users, 3)
    for part in range(FOLDS):
        learn, held = fold != part, fold == part
        share = predictor(features, one.treated, learn, True, one, 3)(features[held])
        np.testing.assert_allclose(found.propensity[held], share, atol=1e-8)
        for arm, target in ((0, found.without), (1, found.treated)):
            mean = predictor(features, one.outcome, learn & (one.treated == arm), binary, one, 3)(features[held])
            np.testing.assert_allclose(target[held], mean, atol=1e-8)


def test_an_arm_whose_outcomes_are_all_alike_is_predicted_as_that_value() -> None:
    one = rows(True)
    one.outcome[one.treated == 1] = 1.0
    found = nuisances(one, 3)
    assert (found.treated == 1.0).all() and found.without.std() > 0
