"""Estimates against hand computation, row-by-row answers, published figures and peer libraries."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.causal.analyse import analyse
from analysis.causal.cells import arm_means, compress, naive, standardised
from analysis.causal.doubly_robust import clustered_error, influence, nuisances, user_folds
from analysis.causal.estimate import by_strata, from_replicates, raw
from analysis.causal.propensity import logged_propensity, overlap_by_strata, propensity_by_stratum
from analysis.causal.regression import linear_adjustment
from analysis.causal.settings import EffectSettings
from analysis.causal.strata import stratified
from analysis.causal.study import contrasts
from analysis.log import UNKNOWN
from tests.analysis.causal.logs import confounded, cut, real
from words import Refusal


def rows(*counts: tuple[str, int, float, int]) -> pd.DataFrame:
    """(z, x, y, how many) -> rows."""
    return pd.DataFrame([(z, x, y) for z, x, y, n in counts for _ in range(n)], columns=["z", "x", "y"])


def test_the_worked_example_gives_a_naive_difference_of_a_fifth() -> None:
    """P(X) = .5, P(Y) = .2, P(Y|X=1) = .3: then P(Y|X=0) = .1, and .3 - .1 is .2, not .3 - .2."""
    table = rows(("a", 1, 1.0, 150), ("a", 1, 0.0, 350), ("a", 0, 1.0, 50), ("a", 0, 0.0, 450))
    study = cut(table, ())
    assert study.outcome.mean() == pytest.approx(0.2)
    n, y = compress(study).totals()
    assert float(naive(n[0], y[0])) == pytest.approx(0.2, abs=1e-15)


def test_ate_and_att_equal_the_hand_computation() -> None:
    """Stratum a: 10 treated of mean .5, 30 not of mean .2; b: 40 of .75 and 20 of .25."""
    table = rows(
        ("a", 1, 1.0, 5), ("a", 1, 0.0, 5), ("a", 0, 1.0, 6), ("a", 0, 0.0, 24),
        ("b", 1, 1.0, 30), ("b", 1, 0.0, 10), ("b", 0, 1.0, 5), ("b", 0, 0.0, 15),
    )  # fmt: skip
    n, y = (total[0] for total in compress(cut(table, ("z",))).totals())
    assert float(standardised(n, y, "ATE")) == pytest.approx(0.3 * 0.4 + 0.5 * 0.6)
    assert float(standardised(n, y, "ATT")) == pytest.approx(0.3 * 0.2 + 0.5 * 0.8)
    assert float(naive(n, y)) == pytest.approx(35 / 50 - 11 / 50)
    without, treated = arm_means(n, y, "ATE")
    assert (float(without), float(treated)) == pytest.approx((0.2 * 0.4 + 0.25 * 0.6, 0.5 * 0.4 + 0.75 * 0.6))


def test_compressed_replicates_equal_the_estimate_on_the_resampled_rows() -> None:
    table = confounded(600, 1, users=40)
    study = cut(table, ("z",))
    cells = compress(study)
    draws = np.random.default_rng(5).integers(0, 4, (3, cells.users)).astype(float)
    n, y = cells.weighted(draws)
    for replicate, weight in enumerate(draws):
        again = np.repeat(np.arange(study.rows), weight[study.user].astype(int))
        part = table.iloc[again]
        strata = [g for _, g in part.groupby("z") if g["x"].nunique() == 2]
        gaps = [g.loc[g.x == 1, "y"].mean() - g.loc[g.x == 0, "y"].mean() for g in strata]
        expected = np.average(gaps, weights=[len(g) for g in strata])
        assert standardised(n[replicate, 0], y[replicate, 0], "ATE") == pytest.approx(expected, abs=1e-12)


def test_the_interval_treats_users_not_rows_as_independent() -> None:
    """Every row copied ten times for the same user tells nothing new: the interval may not shrink."""
    table = confounded(400, 2)
    once = by_strata(compress(cut(table, ("z",))), "ATE", 1000, 1)
    copied = by_strata(compress(cut(pd.concat([table] * 10), ("z",))), "ATE", 1000, 1)
    assert once is not None and copied is not None
    assert copied.effect.value == pytest.approx(once.effect.value)
    assert copied.effect.error == pytest.approx(once.effect.error, rel=1e-9)


def test_the_bootstrap_error_is_the_textbook_one_for_a_plain_difference() -> None:
    table = confounded(3000, 3)
    found = raw(compress(cut(table, ())), 4000, 1)
    arms = [table.loc[table.x == arm, "y"] for arm in (0, 1)]
    expected = np.sqrt(sum(arm.var(ddof=0) / len(arm) for arm in arms))
    assert found is not None and found.error == pytest.approx(expected, rel=0.05)


def test_selection_is_the_naive_minus_the_adjusted_difference_and_paired() -> None:
    done = by_strata(compress(cut(confounded(4000, 4), ("z",))), "ATE", 500, 1)
    assert done is not None
    assert done.selection.value == pytest.approx(done.naive.value - done.effect.value, abs=1e-12)
    assert done.selection.error < np.hypot(done.naive.error, done.effect.error)


def test_linear_adjustment_equals_dowhy_and_statsmodels() -> None:
    from dowhy import CausalModel
    from statsmodels.api import OLS

    table = confounded(2000, 5, users=150)
    table["w"] = np.random.default_rng(1).normal(size=len(table)) + table["x"]
    study = cut(table, ("z", "w"))
    ours = linear_adjustment(study)
    design = pd.get_dummies(table[["z"]], drop_first=True, dtype=float).assign(x=table["x"], w=table["w"], one=1.0)
    theirs = OLS(table["y"], design).fit(cov_type="cluster", cov_kwds={"groups": study.user})
    assert ours.effect == pytest.approx(theirs.params["x"], abs=1e-10)
    assert ours.error == pytest.approx(theirs.bse["x"], rel=1e-8)

    numbers = design.drop(columns="one").assign(y=table["y"])
    causes = [name for name in numbers if name not in ("x", "y")]
    model = CausalModel(numbers, "x", "y", common_causes=causes)
    estimand = model.identify_effect(proceed_when_unidentifiable=True)
    dowhy = model.estimate_effect(estimand, method_name="backdoor.linear_regression", test_significance=False)
    assert ours.effect == pytest.approx(dowhy.value, abs=1e-8)


def test_lalonde_gives_the_experimental_and_the_adjusted_figure() -> None:
    table = pd.read_csv(real("lalonde/lalonde_exp.csv")).rename(columns={"treat": "x", "re78": "y"})
    study = cut(table, ("age", "education", "black", "hispanic", "married", "nodegree", "re74", "re75"))
    n, y = (total[0].sum(axis=0) for total in compress(study).totals())
    assert y[1] / n[1] - y[0] / n[0] == pytest.approx(1794.34, abs=0.01)
    assert linear_adjustment(study).effect == pytest.approx(1676.34, abs=0.01)


def test_psid_shows_the_naive_figure_and_withholds_the_adjusted_one() -> None:
    table = pd.read_csv(real("lalonde/lalonde_psid.csv")).rename(columns={"treat": "x", "re78": "y"})
    names = ("age", "education", "black", "hispanic", "married", "re74", "re75")
    done = analyse(cut(table, names), EffectSettings(replicates=100, simulations=20), (), 1)
    assert done.raw is not None and done.raw.value == pytest.approx(-15204.8, abs=0.1)
    assert done.by is None and done.adjusted == {} and done.overlap.lacking > 0.1


def test_strata_too_thin_fall_back_on_the_doubly_robust_estimate() -> None:
    table = confounded(1500, 6)
    rng = np.random.default_rng(2)
    for name in ("a", "b", "c"):
        table[name] = rng.integers(0, 8, len(table)).astype(str)
    done = analyse(cut(table, ("z", "a", "b", "c")), EffectSettings(replicates=100, simulations=20), (), 1)
    assert done.strata_lacking > 0.1 and done.by == "models"
    effect = done.adjusted["ATE"]
    assert effect is not None and effect.effect.low < 0.1 < effect.effect.high


def test_the_doubly_robust_estimate_finds_the_effect_under_a_curved_confounder() -> None:
    rng = np.random.default_rng(7)
    w = rng.normal(size=6000)
    x = (rng.random(6000) < 1 / (1 + np.exp(-np.sin(2 * w)))).astype(int)
    y = 2.0 * x + np.sin(2 * w) * 3 + rng.normal(size=6000)
    study = cut(pd.DataFrame({"x": x, "y": y, "w": w}), ("w",))
    value, score = influence(study, nuisances(study, 1), "ATE")
    error = clustered_error(score, study.user, study.users)
    assert abs(value - 2.0) < 3 * error and error < 0.05
    assert abs(linear_adjustment(study).effect - 2.0) > 0.3


def test_doubly_robust_equals_strata_where_the_models_are_saturated() -> None:
    study = cut(confounded(8000, 8), ("z",))
    for estimand in ("ATE", "ATT"):
        value, score = influence(study, nuisances(study, 1), estimand)
        done = by_strata(compress(study), estimand, 300, 1)
        assert done is not None and value == pytest.approx(done.effect.value, abs=0.003)
        error = clustered_error(score, study.user, study.users)
        assert error == pytest.approx(done.effect.error, rel=0.15)


def test_no_user_is_in_two_folds() -> None:
    user = np.random.default_rng(3).integers(0, 50, 500)
    fold = user_folds(user, 50, 1)
    assert all(len(set(fold[user == one])) == 1 for one in range(50)) and set(fold) == set(range(5))


def test_logged_propensities_are_read_either_way_and_disbelieved_when_wrong() -> None:
    table = confounded(5000, 9)
    study = cut(table, ("z",))
    e = np.array([0.2, 0.5, 0.8])[table["z"].astype(int)]
    received = np.where(study.treated == 1, e, 1 - e)
    for column in (e, received):
        read = logged_propensity(study, column)
        assert read is not None and np.allclose(read, e)
    assert logged_propensity(study, np.full(5000, 0.05)) is None
    assert logged_propensity(study, np.where(np.arange(5000) == 7, np.nan, e)) is None


def test_the_share_treated_has_wilsons_interval_where_every_user_has_one_row() -> None:
    from scipy.stats import binomtest

    table = rows(("a", 1, 1.0, 300), ("a", 0, 0.0, 700), ("b", 1, 0.0, 40), ("b", 0, 1.0, 60))
    found = propensity_by_stratum(compress(cut(table, ("z",))))
    for one, (k, n) in zip(found, ((300, 1000), (40, 100)), strict=True):
        exact = binomtest(k, n).proportion_ci(method="wilson")
        assert one is not None and one.value == k / n
        assert (one.low, one.high) == pytest.approx((exact.low, exact.high), abs=0.002)


def test_the_share_treated_is_as_unsure_as_there_are_users_when_users_are_all_or_nothing() -> None:
    table = pd.DataFrame({"user": np.repeat(np.arange(50), 20).astype(str), "z": "a", "y": 0.0})
    table["x"] = (table["user"].astype(int) % 2).astype(int)
    table.loc[0, "y"] = 1.0
    (one,) = propensity_by_stratum(compress(cut(table, ("z",))))
    assert one is not None and one.error == pytest.approx(np.sqrt(0.25 / 49), rel=1e-9)


def test_overlap_counts_rows_whose_stratum_lacks_an_arm() -> None:
    table = rows(("a", 1, 1.0, 8), ("a", 0, 0.0, 8), ("b", 1, 1.0, 4))
    study = cut(table, ("z",))
    assert overlap_by_strata(study, "ATE").lacking == pytest.approx(4 / 20)
    assert overlap_by_strata(study, "ATT").lacking == pytest.approx(4 / 12)


def test_continuous_treatments_are_refused_with_the_median_and_cut_on_request() -> None:
    column = pd.Series(np.arange(100.0), name="dose")
    with pytest.raises(Refusal, match="median"):
        contrasts(column, None, None)
    (cut_at_median,) = contrasts(column, None, "median")
    assert cut_at_median.treated.sum() == 50


def test_several_kinds_are_each_compared_with_the_reference() -> None:
    column = pd.Series(["mail", "none", "call", "none"] * 5, name="x")
    assert [(one.level, one.reference) for one in contrasts(column, None, None)] == [("call", "none"), ("mail", "none")]
    assert [one.level for one in contrasts(column, "mail", None)] == ["call", "none"]
    with pytest.raises(Refusal, match="fax"):
        contrasts(column, "fax", None)


@pytest.mark.parametrize("column", [pd.Series([1, 1, 1]), pd.Series(["a", "a", None]), pd.Series([None, None])])
def test_constant_treatments_are_refused(column: pd.Series) -> None:
    with pytest.raises(Refusal, match="nothing to compare"):
        contrasts(column.rename("x"), None, None)


def test_missing_confounders_are_a_category_and_missing_outcomes_are_counted() -> None:
    table = confounded(200, 10)
    table.loc[:9, "y"] = np.nan
    table.loc[20:29, "z"] = None
    study = cut(table, ("z",))
    assert study.dropped == 10 and "unknown" in study.confounders[0].labels


def test_binned_confounders_state_their_edges() -> None:
    table = confounded(500, 11).assign(w=np.arange(500.0))
    one = cut(table, ("w",)).confounders[0]
    assert one.edges == pytest.approx((0, 99.8, 199.6, 299.4, 399.2, 499)) and len(one.labels) == 5


def test_codes_of_seven_digits_are_strata_of_their_own() -> None:
    assert stratified(pd.Series([1_234_567, 1_234_568], name="c"), 4).labels == ("1234567", "1234568")
    assert stratified(pd.Series([0.12345671, 0.12345672], name="c"), 4).labels == ("0.12345671", "0.12345672")
    assert stratified(pd.Series([2**53, 2**53 + 1], name="c"), 4).labels == ("9007199254740992", "9007199254740993")
    assert stratified(pd.Series([-0.0, 1.0, 0.0], name="c"), 4).labels == ("0", "1")


def test_missing_times_are_a_category_of_their_own() -> None:
    times = pd.Series(pd.date_range("2026-01-01", periods=40), name="c").where(np.arange(40) % 5 > 0)
    found = stratified(times, 4)
    assert found.labels[-1] == UNKNOWN and found.edges[0] > 0
    np.testing.assert_array_equal(found.codes == len(found.labels) - 1, times.isna())


def test_a_strong_effect_of_one_group_among_many_can_stand_after_correction() -> None:
    """No replicate beyond 0 says p < 2 / 1001 only, which 26 groups make larger than .05."""
    drawn = np.random.default_rng(0).normal(0.0, 1.0, 1000)
    strong, plain = from_replicates(8.0, 8.0 + drawn, 400), from_replicates(2.0, 2.0 + drawn, 400)
    assert strong is not None and plain is not None
    assert strong.p == pytest.approx(2 * stats.t.sf(8.0 / drawn.std(ddof=1), 399)) and strong.p * 26 < 0.001
    beyond = (drawn + 2.0 <= 0).sum()
    assert beyond > 0 and plain.p == pytest.approx(2 * (1 + beyond) / 1001, rel=0.03)  # Student's, not the normal


def test_few_users_without_a_replicate_beyond_nought_keep_the_larger_claim_of_the_resamples() -> None:
    drawn = np.random.default_rng(1).uniform(-1.0, 1.0, 1000)
    found = from_replicates(1.1, 1.1 + drawn, 4)
    expected = 2 * stats.t.cdf(stats.norm.ppf(1 / 1001) * (3 / 4) ** 0.5, 3)
    assert found is not None and found.p == pytest.approx(expected)


def test_p_is_under_5_percent_just_where_the_interval_leaves_out_nought() -> None:
    drawn = np.random.default_rng(3).normal(0.0, 1.0, 4000)
    for users in (8, 30, 1000):
        for value in np.linspace(1.5, 3.0, 40):
            found = from_replicates(value, value + drawn, users)
            assert found is not None
            if abs(found.p - 0.05) > 0.002:
                assert (found.p < 0.05) == (found.low > 0)


def test_replicates_that_are_all_one_value_leave_a_chance_that_grows_with_fewer_users() -> None:
    few, many = (from_replicates(0.5, np.full(200, 0.5), users) for users in (6, 3000))
    assert few is not None and many is not None
    assert few.p == pytest.approx(2 / 2**6) and many.p > 0
