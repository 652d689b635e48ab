"""The simulated logs are shaped like the log and have the effect that they are said to have."""

import numpy as np
import pytest

from analysis.causal.trust.world import drawn, shared_variance, shift_for, truth, world
from tests.analysis.causal.logs import confounded, cut


def test_the_effect_is_the_one_asked_for_even_where_chances_end() -> None:
    made = world(cut(confounded(4000, 1, users=200), ("z",)), 1)
    for effect in (0.0, 0.05, 0.3, -0.1):
        for estimand in ("ATE", "ATT"):
            assert truth(made, shift_for(made, effect, estimand), estimand) == pytest.approx(effect, abs=1e-9)


def test_a_log_has_as_many_users_their_own_rows_and_the_fitted_confounding() -> None:
    study = cut(confounded(6000, 1, users=300), ("z",))
    made = world(study, 1)
    log = drawn(made, 0.1, np.random.default_rng(1))
    assert log.users == 300 and abs(log.rows - 6000) < 600
    for code in range(len(study.strata)):
        share = study.treated[study.stratum == code].mean()
        assert log.treated[log.stratum == code].mean() == pytest.approx(share, abs=0.06)
        base = study.outcome[(study.stratum == code) & (study.treated == 0)].mean()
        assert log.outcome[(log.stratum == code) & (log.treated == 0)].mean() == pytest.approx(base, abs=0.09)


def test_many_logs_have_the_effect_on_average() -> None:
    made = world(cut(confounded(3000, 2, users=150), ("z",)), 1)
    shift = shift_for(made, 0.1, "ATE")
    found = []
    for seed in range(40):
        log = drawn(made, shift, np.random.default_rng(seed))
        rows = [
            (
                (log.stratum == code).mean(),
                *(log.outcome[(log.stratum == code) & (log.treated == arm)].mean() for arm in (1, 0)),
            )
            for code in range(len(log.strata))
        ]
        found.append(sum(weight * (one - none) for weight, one, none in rows))
    assert np.mean(found) == pytest.approx(0.1, abs=4 * np.std(found) / np.sqrt(40))


def test_what_rows_of_a_user_share_is_measured() -> None:
    rng = np.random.default_rng(1)
    user = np.repeat(np.arange(2000), 10)
    left = 0.3 * (rng.integers(0, 2, 2000) * 2 - 1)[user] + rng.normal(size=len(user))
    assert shared_variance(left, user) == pytest.approx(0.09, abs=0.015)
    assert shared_variance(rng.normal(size=500), np.arange(500)) == 0.0


def test_numbers_scatter_as_in_the_log() -> None:
    table = confounded(4000, 3, users=200)
    rng = np.random.default_rng(3)
    study = cut(table.assign(y=table["y"] * 3 + rng.normal(size=4000) * 2), ("z",))
    log = drawn(world(study, 1), 0.0, np.random.default_rng(2))
    assert log.outcome.std() == pytest.approx(study.outcome.std(), rel=0.08)
