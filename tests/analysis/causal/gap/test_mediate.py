"""Natural effects: the mediation formula by hand, exact sums, peers in the linear case."""

import logging
import warnings

import numpy as np
import pandas as pd
import pytest

from analysis.causal.gap.mediate import linear, mediate
from analysis.causal.gap.sample import Sample, sample
from analysis.simulate import Shop, simulate
from benchmarks.gaps import discrete, discrete_truth, named, smooth, smooth_truth
from tests.analysis.causal.gap.test_decompose import noise, table_of, value


def straight(n: int, seed: int) -> tuple[Sample, pd.DataFrame]:
    """Everything linear, two mediators, a confounder."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    x = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int)
    w = 0.5 * x + 0.3 * z + rng.normal(size=n)
    v = -0.4 * x + 0.2 * w + rng.normal(size=n)
    y = 0.4 * x + 0.7 * w + 0.5 * v + 0.2 * z + rng.normal(size=n)
    frame = pd.DataFrame({"z": z, "w": w, "v": v})
    return sample(frame, x.astype(np.int8), y, ("z",), ("w", "v"), 5), frame.assign(x=x, y=y)


def test_natural_effects_follow_the_mediation_formula_row_by_row() -> None:
    rows = discrete(5000, 2)
    table, done = table_of(rows), mediate(rows, 100, 1)
    share = table.groupby("z").size() / len(table)

    def mean(y_arm: int, w_arm: int) -> float:
        inside = table[table["x"] == y_arm].groupby(["z", "w", "v"])["y"].mean()
        given = table[table["x"] == w_arm].groupby(["z", "w", "v"]).size()
        given = given / given.groupby("z").transform("sum")
        return float((inside.reindex(given.index) * given).groupby("z").sum() @ share)

    assert value(done.direct) == pytest.approx(mean(1, 0) - mean(0, 0), abs=1e-12)
    assert value(done.indirect) == pytest.approx(mean(1, 1) - mean(1, 0), abs=1e-12)


@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_total_is_direct_plus_indirect_exactly(seed: int, few: bool) -> None:
    done = mediate(noise(400, seed, few=few), 100, seed)
    if done.total is not None:
        assert value(done.total) == pytest.approx(value(done.direct) + value(done.indirect), abs=1e-10)
        assert sum(map(value, done.through)) == pytest.approx(value(done.indirect), abs=1e-10)


@pytest.mark.parametrize(("draw", "truth", "near"), [(discrete, discrete_truth, 0.012), (smooth, smooth_truth, 0.05)])
def test_many_people_give_the_known_truth(draw: object, truth: object, near: float) -> None:
    rows = draw(30_000, 8)  # type: ignore[operator]
    found = named(mediate(rows, 100, 1), rows)
    for key, known in truth()[1].items():  # type: ignore[operator]
        assert value(found[key.removeprefix("effect.")]) == pytest.approx(known, abs=near), key


def test_linear_effects_are_sums_of_products_of_coefficients() -> None:
    import statsmodels.formula.api as smf

    rows, table = straight(900, 1)
    done = linear(rows)
    assert done is not None
    outcome = smf.ols("y ~ x + w + v + z", table).fit().params
    into_w, into_v = smf.ols("w ~ x + z", table).fit().params, smf.ols("v ~ x + z", table).fit().params
    assert value(done.direct) == pytest.approx(outcome["x"], abs=1e-8)
    assert value(done.indirect) == pytest.approx(into_w["x"] * outcome["w"] + into_v["x"] * outcome["v"], abs=1e-8)
    assert value(done.total) == pytest.approx(smf.ols("y ~ x + z", table).fit().params["x"], abs=1e-8)


def test_linear_errors_are_those_of_a_robust_regression() -> None:
    import statsmodels.formula.api as smf

    rows, table = straight(900, 2)
    done = linear(rows)
    assert done is not None and done.direct is not None
    robust = smf.ols("y ~ x + w + v + z", table).fit(cov_type="HC0").bse["x"]
    assert done.direct.error == pytest.approx(robust * np.sqrt(900 / 899), rel=1e-9)


def test_dowhys_two_stage_regression_and_statsmodels_agree_in_the_linear_case() -> None:
    import dowhy.causal_estimators.linear_regression_estimator as stages
    import statsmodels.api as sm
    from dowhy import CausalModel
    from statsmodels.stats.mediation import Mediation

    rows, table = straight(1500, 3)
    one = linear(Sample(rows.arm, rows.outcome, rows.user, rows.before, rows.between[:1]))
    assert one is not None
    graph = "digraph {x->w; w->y; x->y; z->x; z->w; z->y;}"
    stage = stages.LinearRegressionEstimator
    for kind, ours in (("nonparametric-nde", one.direct), ("nonparametric-nie", one.indirect)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            logging.disable(logging.WARNING)
            model = CausalModel(table, treatment="x", outcome="y", graph=graph)
            found = model.identify_effect(estimand_type=kind, proceed_when_unidentifiable=True)
            theirs = model.estimate_effect(
                found,
                method_name="mediation.two_stage_regression",
                confidence_intervals=False,
                method_params={"first_stage_model": stage, "second_stage_model": stage},
            )
            logging.disable(logging.NOTSET)
        assert value(ours) == pytest.approx(theirs.value, abs=1e-8)
    ones = np.ones(len(table))
    outcome = sm.OLS(table["y"].to_numpy(), np.column_stack([ones, table[["x", "w", "z"]]]))
    between = sm.OLS(table["w"].to_numpy(), np.column_stack([ones, table[["x", "z"]]]))
    drawn = Mediation(outcome, between, [1, 1], 2).fit(n_rep=200, rng=0).summary()
    assert one.indirect is not None
    near = 4 * one.indirect.error / np.sqrt(200)
    assert value(one.indirect) == pytest.approx(drawn.loc["ACME (average)", "Estimate"], abs=near)
    low, high = drawn.loc["ACME (average)", ["Lower CI bound", "Upper CI bound"]]
    assert (high - low) / 2 == pytest.approx(1.96 * one.indirect.error, rel=0.3)


def test_the_robust_estimate_agrees_with_the_linear_one_where_all_is_linear() -> None:
    rows, _ = straight(4000, 4)
    done, line = mediate(rows, 100, 1), linear(rows)
    assert line is not None and done.direct is not None and done.indirect is not None
    assert abs(done.direct.value - value(line.direct)) < done.direct.error
    assert abs(done.indirect.value - value(line.indirect)) < done.indirect.error


def test_the_shops_known_direct_and_indirect_effect_of_promotion_lie_in_their_intervals() -> None:
    from analysis.causal.gap.mediation import mediation_section
    from analysis.causal.gap.settings import MediationSettings
    from analysis.causal.graph import templates
    from analysis.shop import P_SLOT, Y_SLOT
    from tests.analysis.causal.shops import dataset_of

    shop = simulate(Shop(users=700, items=120, seed=3))
    data = dataset_of(shop)
    section = mediation_section(data, templates(data)["shop"], MediationSettings(replicates=300), 10, 1)
    found = {one.key: one for one in section.findings}
    through_slot = float((P_SLOT[1] - P_SLOT[0]) @ Y_SLOT)
    for key, known in (("nie", through_slot), ("nde", shop.truth.ate - through_slot), ("te", shop.truth.ate)):
        one = found[f"mediation.{key}"]
        assert one.low is not None and one.high is not None and one.low < known < one.high
    assert section.facts["mediators"] == ["position"]
    assert found["mediation.te"].n == data.log["user"].nunique()  # a user has rows of both kinds


def test_no_counterpart_withholds_everything() -> None:
    rng = np.random.default_rng(1)
    x = rng.integers(0, 2, 500).astype(np.int8)
    done = mediate(sample(pd.DataFrame({"w": x}), x, rng.normal(size=500), (), ("w",), 5), 100, 1)
    assert done.total is None and done.direct is None and done.lacking > 0.4
