"""Arms of few users, or of users who are all alike: intervals hold the truth, and p-values go with them."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal.arms import arms_of, arms_of_rows
from analysis.causal.cells import Cells, compress
from analysis.causal.doubly_robust import nuisances
from analysis.causal.estimate import Estimate, by_models, by_strata, raw, within_groups, within_groups_by_models
from analysis.causal.estimators import ESTIMATORS
from analysis.causal.study import Study
from tests.analysis.causal.logs import cut


def made(treated: int, others: int, chance: float, seed: int, hits: int | None = None) -> Study:
    """One row a user; hits: of the treated, None for as many as chance has it."""
    rng = np.random.default_rng(seed)
    t = np.repeat([1, 0], [treated, others])
    y = (rng.random(len(t)) < chance).astype(float)
    if hits is not None:
        y[:treated] = np.arange(treated) < hits
    y[-1] = 1 - y[-2]  # never constant
    users = [f"u{at}" for at in range(len(t))]
    return cut(pd.DataFrame({"user": users, "x": t, "y": y, "z": rng.choice(["a", "b"], len(t))}), ("z",))


def both(study: Study, seed: int = 1) -> tuple[Cells, Estimate]:
    cells = compress(study)
    done = by_strata(cells, "ATT", 200, seed)
    assert done is not None
    return cells, done.effect


def test_few_treated_users_who_may_all_be_alike_are_held_by_the_interval() -> None:
    held = [one.low <= 0 <= one.high for one in (both(made(15, 300, 0.05, seed), seed)[1] for seed in range(120))]
    assert np.mean(held) >= 0.95  # 0.54 by resampling alone


@pytest.mark.parametrize(("treated", "hits"), [(12, 0), (12, 12), (60, 0), (200, 200)])
def test_an_arm_of_alike_users_has_the_bounds_of_clopper_and_pearson(treated: int, hits: int) -> None:
    study = made(treated, 4000, 0.3, 2, hits)
    cells, found = both(study)
    crude = raw(cells, 200, 1)
    assert crude is not None and crude.value == pytest.approx(found.value, abs=0.02)
    unseen = 1 - 0.025 ** (1 / treated)
    reach = (found.high - found.value) if hits == 0 else (found.value - found.low)
    assert unseen < reach < 1.3 * unseen and found.error > unseen / 2.2
    assert (found.p < 0.05) == (not found.low <= 0 <= found.high)
    assert 1e-13 < found.p < 1


def test_a_thin_stratum_of_alike_users_is_not_known_for_certain() -> None:
    """Five treated users stand for 500 rows: by resampling alone 38% of such intervals held the truth."""
    stratum = np.repeat(["thin", "full"], [500, 200])
    x = np.concatenate([np.arange(500) < 5, np.arange(200) < 100]).astype(int)
    held = []
    for seed in range(60):
        y = (np.random.default_rng(seed).random(700) < 0.1).astype(float)
        done = by_strata(compress(cut(pd.DataFrame({"x": x, "y": y, "z": stratum}), ("z",))), "ATE", 200, seed)
        assert done is not None
        held.append(done.effect.low <= 0 <= done.effect.high)
    assert np.mean(held) >= 0.9


def test_a_group_in_which_nobody_did_it_is_not_shown_to_be_without_effect() -> None:
    study = made(12, 12, 0.0, 3, 0)
    group = np.append(np.zeros(22, np.int64), [1, 1])  # all that happened happened in another group
    cells = compress(study, group, 2)
    found = within_groups(cells, "ATT", 200, 1, [(0, 1)], (22, 2)).effect[0]
    assert found is not None and found.value == 0 and found.p == 1
    assert found.inner[0] < -0.1 and found.inner[1] > 0.1


def test_kish_counts_users_not_rows() -> None:
    table = pd.DataFrame({"user": ["a"] * 15 + ["b"] * 15 + ["c"] * 10, "x": [1] * 20 + [0] * 20})
    table["y"] = [1.0] * 20 + [0.0, 1.0] * 10
    study = cut(table.assign(z="one"), ("z",))
    for found in (arms_of(compress(study), "ATE"), arms_of(compress(study), None), arms_of_rows(study, np.ones(40))):
        assert found.n == pytest.approx([2.0, 1.6])


@pytest.mark.parametrize("name", ["linear", "ipw", "matching", "aipw", "strata"])
def test_every_estimator_allows_for_an_arm_of_alike_users(name: str) -> None:
    found = ESTIMATORS[name].run(made(15, 300, 0.05, 5, hits=0), "ATT", 200, 1)
    assert found is not None and found.low < 0 < found.high and found.p > 0.05


def test_the_doubly_robust_ratio_ends_where_its_interval_does() -> None:
    study = made(60, 300, 0.2, 6, hits=60)
    done = by_models(study, nuisances(study, 1), "ATE")
    assert done is not None and done.ratio is not None
    assert done.effect.low > 0 and 1 < done.ratio[1] < done.ratio[0]


def test_groups_by_models_allow_for_treated_users_who_are_all_alike() -> None:
    study = made(80, 400, 0.2, 7)
    group = (np.arange(480) < 12).astype(np.int64) + (np.arange(480) >= 440)  # 12 treated and 40 others
    study.outcome[:12] = 0.0
    found = within_groups_by_models(study, nuisances(study, 1), "ATE", group, 2, [(1, 0)])
    effect, gap = found.effect[1], found.gap[(1, 0)]
    assert effect is not None and gap is not None
    unseen = 1 - 0.025 ** (1 / 12)
    assert effect.high - effect.value > unseen and gap.high - gap.value > unseen
