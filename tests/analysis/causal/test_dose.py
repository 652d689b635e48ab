"""Treatments that are numbers: one slope, a curve, groups; against statsmodels, EconML and known truth."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal import dose
from analysis.causal.effects import EffectSettings, effects_section
from analysis.causal.study import Dosed, dosed
from analysis.document import canonical
from analysis.finding import Verdict
from benchmarks.worlds import SLOPE, sloped
from tests.analysis.causal.logs import dataset, triangle
from words import say

QUICK = EffectSettings(replicates=100, simulations=20)


def cut(table: pd.DataFrame, *adjustment: str) -> Dosed:
    return dosed(table, "x", "y", adjustment, 5)


def test_the_slope_and_its_clustered_error_equal_statsmodels() -> None:
    from statsmodels.api import OLS

    table = sloped(1)
    study = cut(table, "g", "w")
    ours = dose.estimated(study, dose.on_line(study), 1.0)
    design = pd.get_dummies(table["g"], drop_first=True, dtype=float).assign(w=table["w"], x=table["x"], one=1.0)
    theirs = OLS(table["y"], design).fit(cov_type="cluster", cov_kwds={"groups": study.user})
    assert ours is not None and ours.value == pytest.approx(theirs.params["x"], abs=1e-10)
    assert ours.error == pytest.approx(theirs.bse["x"], rel=1e-8)


def test_within_strata_equals_the_regression_on_indicators_of_every_stratum() -> None:
    table = sloped(2).drop(columns="w")
    study = cut(table, "g", "side")
    design = pd.get_dummies(table["g"] + table["side"], dtype=float).assign(x=table["x"])
    slopes = np.linalg.lstsq(design, table["y"], rcond=None)[0]
    assert dose.slope(dose.within_strata(study))[0] == pytest.approx(slopes[-1], abs=1e-10)


def test_cross_fitted_residuals_equal_econmls_final_stage() -> None:
    from econml.dml import LinearDML
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import PredefinedSplit

    from analysis.causal.doubly_robust import features_of, user_folds

    study = cut(sloped(3).drop(columns="w"), "g", "side")
    ours = dose.slope(dose.cross_fitted(study, 1))[0]
    folds = list(PredefinedSplit(user_folds(study.user, study.users, 1)).split())
    model = LinearDML(model_y=Ridge(alpha=1.0), model_t=Ridge(alpha=1.0), cv=folds, fit_cate_intercept=True)
    theirs = model.fit(study.outcome, study.dose, W=features_of(study)).const_marginal_effect()
    assert ours == pytest.approx(float(np.ravel(theirs)[0]), rel=1e-8)


def test_the_intervals_hold_the_truth_at_the_nominal_rate() -> None:
    hits = []
    for seed in range(300):
        study = cut(sloped(seed, 120), "g", "w")
        both = dose.adjusted(study, dose.on_line(study), 1.0)
        assert both is not None
        hits.append(both.effect.low <= SLOPE <= both.effect.high)
    assert 0.91 < np.mean(hits) < 0.985  # 0.95 within three standard errors


def test_the_section_tells_slope_curve_and_groups() -> None:
    table = sloped(5, 400)
    data = dataset(table, ("side",))
    section = effects_section(data, triangle("g", "w"), QUICK, 10, 1)
    found = {one.key: one for one in section.findings}
    per_spread = SLOPE * table["x"].std(ddof=0)
    ate, unit = found["effect.ate"], found["effect.unit"]
    assert ate.low < per_spread < ate.high and ate.verdict is Verdict.EFFECT  # type: ignore[operator]
    assert unit.value == pytest.approx(ate.value / table["x"].std(ddof=0))  # type: ignore[operator]
    assert found["effect.selection"].value == pytest.approx(found["effect.naive"].value - ate.value)  # type: ignore[operator]
    assert found["effect.ate.side.gap"].low < 0 < found["effect.ate.side.gap"].high  # type: ignore[operator]
    chart = next(chart for chart in section.charts if chart.key == "effect.response")
    assert say(chart.y_title) == "Against the lowest part (in the outcome's own unit)"
    curve = chart.series[0]
    assert len(curve.y) == 5 and list(curve.y) == sorted(curve.y)  # type: ignore[type-var]
    assert "per " in say(section.summary[0]) and "raised y" in say(section.summary[0])
    assert all(say(one, "zh") for one in (*section.summary, *section.notes))
    assert canonical(effects_section(data, triangle("g", "w"), QUICK, 10, 1)) == canonical(section)


def test_a_dose_that_the_confounders_tell_is_withheld() -> None:
    table = sloped(6)
    table["w"] = table["x"] * 2
    found = {one.key: one for one in effects_section(dataset(table), triangle("w"), QUICK, 10, 1).findings}
    assert found["effect.ate"].verdict is Verdict.NOT_COMPUTED and found["effect.naive"].value is not None
    assert "left to vary" in say(found["effect.ate"].reason)  # type: ignore[arg-type]


def test_a_dose_that_stands_still_in_every_stratum_is_withheld() -> None:
    table = sloped(7)
    table["x"] = table["user"].astype(int) % 30 * 1.0
    table["g"] = table["x"].astype(str)
    found = {one.key: one for one in effects_section(dataset(table), triangle("g"), QUICK, 10, 1).findings}
    assert found["effect.ate"].verdict is Verdict.NOT_COMPUTED


@pytest.mark.parametrize("users", [1, 4])
def test_under_k_people_nothing_is_told_of_a_dose(users: int) -> None:
    section = effects_section(dataset(sloped(8, users).assign(y=lambda t: t["y"])), triangle("g"), QUICK, 10, 1)
    assert {one.verdict for one in section.findings} <= {Verdict.SUPPRESSED, Verdict.NOT_COMPUTED}
    assert section.charts == () and section.tables == ()


def test_a_hidden_cause_leaves_what_remains() -> None:
    graph = (
        triangle("g")
        .add_node("bent")
        .add_edge("bent", "x")
        .add_edge("bent", "y")
        .model_copy(update={"latent": ("bent",)})
    )
    found = {one.key: one for one in effects_section(dataset(sloped(9)), graph, QUICK, 10, 1).findings}
    assert found["effect.ate"].verdict is Verdict.NOT_COMPUTED and found["effect.remaining"].value is not None


def test_asking_for_the_treated_alone_changes_nothing_where_the_treatment_is_a_number() -> None:
    data = dataset(sloped(10).drop(columns="w"))
    whole, part = (
        effects_section(data, triangle("g"), QUICK.model_copy(update={"estimand": estimand}), 10, 1)
        for estimand in ("ATE", "ATT")
    )
    assert [one.key for one in whole.findings] == [one.key for one in part.findings]
    assert whole.summary == part.summary
