"""Refutations find what they should: nothing where nothing is, the same where nothing changed."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.causal.cells import compress, standardised
from analysis.causal.refute import (
    _placebo_counts,
    _shuffled,
    bootstrap,
    dummy_outcome,
    e_value,
    placebo,
    random_cause,
    refit,
    subset,
)
from analysis.causal.regression import linear_adjustment
from tests.analysis.causal.logs import confounded, cut


@pytest.mark.parametrize("kind", ["strata", "line"])
def test_the_placebo_is_refitted_and_falls_to_none_under_strong_confounding(kind: str) -> None:
    """DoWhy 0.14 reuses the original propensities here and reports -0.65 where nothing is."""
    study = cut(confounded(4000, 1, effect=0.3), ("z",))
    found = placebo(study, "ATE", kind, 50, 1)  # type: ignore[arg-type]
    assert found.stood and abs(found.mean) < 0.01
    assert refit(study, "ATE", kind) > 0.2  # type: ignore[arg-type]


def test_the_drawn_placebo_has_the_distribution_of_shuffled_rows() -> None:
    study = cut(confounded(400, 2), ("z",))
    rng = np.random.default_rng(3)
    drawn = np.array([float(standardised(n, y, "ATE")) for n, y in _placebo_counts(study, 3000, rng)])
    shuffled = [refit(replace(study, treated=_shuffled(study, rng)), "ATE", "strata") for _ in range(1500)]
    assert drawn.mean() == pytest.approx(np.mean(shuffled), abs=0.006)
    assert drawn.std() == pytest.approx(np.std(shuffled), rel=0.06)


def test_shuffling_keeps_how_many_are_treated_in_every_stratum() -> None:
    study = cut(confounded(300, 4), ("z",))
    moved = _shuffled(study, np.random.default_rng(1))
    for code in range(3):
        inside = study.stratum == code
        assert moved[inside].sum() == study.treated[inside].sum()
    assert (moved != study.treated).any()


def test_a_random_common_cause_moves_the_estimate_a_little_but_is_not_ignored() -> None:
    study = cut(confounded(4000, 5), ("z",))
    found = random_cause(study, "ATE", "strata", 50, 1, width=0.06)
    assert found.stood and found.high > found.low  # an unchanged copy of the estimate would have no range


def test_the_drawn_coin_has_the_distribution_of_coins_tossed_for_rows() -> None:
    study = cut(confounded(400, 9), ("z",))
    drawn = random_cause(study, "ATE", "strata", 2000, 1, 1.0)
    rows = replace(study, outcome=study.outcome * 2)  # not 0/1: coins are tossed row by row, effects double
    tossed = random_cause(rows, "ATE", "strata", 2000, 2, 1.0)
    assert (drawn.mean, drawn.low, drawn.high) == pytest.approx(
        (tossed.mean / 2, tossed.low / 2, tossed.high / 2), abs=0.004
    )


def test_line_refits_equal_the_regression_with_categories_and_with_numbers() -> None:
    table = confounded(900, 10, users=80).assign(w=lambda t: np.random.default_rng(1).normal(size=len(t)) + t["x"])
    for names in (("z",), ("z", "w")):
        study = cut(table, names)
        assert refit(study, "ATE", "line") == pytest.approx(linear_adjustment(study).effect, abs=1e-12)
        assert placebo(study, "ATE", "line", 40, 1).stood and subset(study, "ATE", "line", 40, 1).stood
        assert random_cause(study, "ATE", "line", 40, 1, 0.1).stood


def test_thin_strata_fall_under_a_random_common_cause() -> None:
    table = confounded(300, 6).assign(w=np.arange(300) % 40)
    table["w"] = table["w"].astype(str)
    study = cut(table, ("z", "w"))
    assert not random_cause(study, "ATE", "strata", 30, 1, width=0.05).stood


@pytest.mark.parametrize("kind", ["strata", "line"])
def test_subsets_scatter_around_the_estimate(kind: str) -> None:
    study = cut(confounded(3000, 7, users=300), ("z",))
    found = subset(study, "ATE", kind, 60, 1)  # type: ignore[arg-type]
    assert found.stood and abs(found.mean - refit(study, "ATE", kind)) < 0.01  # type: ignore[arg-type]


def test_refits_equal_the_estimate_from_cells() -> None:
    study = cut(confounded(1000, 8, users=90), ("z",))
    n, y = compress(study).totals()
    assert refit(study, "ATT", "strata") == pytest.approx(float(standardised(n[0], y[0], "ATT")), abs=1e-14)


def test_e_values_equal_the_published_ones() -> None:
    """VanderWeele & Ding 2017: smoking and lung cancer, RR 10.73 -> 20.9; breast feeding, RR 3.9 -> 7.2."""
    assert e_value(10.73) == pytest.approx(20.95, abs=0.01)
    assert e_value(3.9) == pytest.approx(7.26, abs=0.01)
    assert e_value(1.0) == 1.0 and e_value(0.5) == e_value(2.0)


@pytest.mark.parametrize("kind", ["strata", "line"])
def test_a_dummy_outcome_keeps_the_confounding_and_shows_no_effect(kind: str) -> None:
    study = cut(confounded(4000, 11, effect=0.3, users=300), ("z",))
    found = dummy_outcome(study, "ATE", kind, 60, 1)  # type: ignore[arg-type]
    assert found.stood and abs(found.mean) < 0.01
    unadjusted = cut(confounded(4000, 11, effect=0.3, users=300), ())
    assert refit(unadjusted, "ATE", kind) > refit(study, "ATE", kind) + 0.1  # type: ignore[arg-type]


def test_a_dummy_outcome_breaks_bins_too_coarse_for_a_number() -> None:
    """Two bins of a strong continuous confounder leave confounding inside them; a line on the number takes it out."""
    rng = np.random.default_rng(12)
    w = rng.normal(size=6000)
    x = (rng.random(6000) < 1 / (1 + np.exp(-2 * w))).astype(int)
    table = pd.DataFrame({"x": x, "w": w, "y": w + 0.1 * rng.normal(size=6000)})
    coarse = dummy_outcome(cut(table, ("w",), bins=2), "ATE", "strata", 40, 1)
    assert not coarse.stood and coarse.low > 0.3
    assert dummy_outcome(cut(table, ("w",), bins=2), "ATE", "line", 40, 1).kind == "dummy_outcome"


def test_the_dummy_outcome_scatters_as_users_do() -> None:
    """Its range is that of a bootstrap of users, wider than rows alone would give."""
    rng = np.random.default_rng(13)
    user = np.repeat(np.arange(200), 20)
    own = rng.normal(size=200)[user]
    x = np.repeat(rng.integers(0, 2, 200), 20)
    study = cut(pd.DataFrame({"user": user.astype(str), "x": x, "y": own + 0.2 * rng.normal(size=4000)}), ())
    found = dummy_outcome(study, "ATE", "strata", 400, 1)
    by_users = linear_adjustment(study).error
    assert (found.high - found.low) / 3.92 == pytest.approx(by_users, rel=0.12)


def test_the_bootstrap_with_misread_confounders_moves_towards_the_raw_difference() -> None:
    table = confounded(20_000, 14, effect=0.0)
    adjusted, raw = refit(cut(table, ("z",)), "ATE", "strata"), refit(cut(table, ()), "ATE", "strata")
    found = bootstrap(cut(table, ("z",)), "ATE", "strata", 40, 1, sure=False)
    assert adjusted < found.mean < raw and not found.stood
    assert bootstrap(cut(confounded(2000, 14), ("z",)), "ATE", "strata", 60, 1, sure=True).stood
