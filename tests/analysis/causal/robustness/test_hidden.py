"""Partial R^2 sensitivity: the published figures, hand computation, and confounders that were really left out."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal.robustness.hidden import Strength, hidden, robustness_value, times_as_strong
from tests.analysis.causal.logs import cut


def regression(target: np.ndarray, *columns: np.ndarray) -> tuple[np.ndarray, float]:
    """Coefficients and residual sum of squares of a plain least-squares fit with a constant."""
    design = np.column_stack([np.ones(len(target)), *columns])
    slopes, *_ = np.linalg.lstsq(design, target, rcond=None)
    return slopes, float(((target - design @ slopes) ** 2).sum())


def share(target: np.ndarray, new: list[np.ndarray], given: list[np.ndarray]) -> float:
    """Partial R^2 of `new` with target given `given`, from two fits."""
    without, with_it = regression(target, *given)[1], regression(target, *given, *new)[1]
    return (without - with_it) / without


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    z = rng.integers(0, 3, 1200)
    w = rng.normal(size=1200) + 0.5 * z
    x = (rng.random(1200) < 1 / (1 + np.exp(1 - z - 0.5 * w))).astype(int)
    y = 0.5 * x + 0.4 * z + 0.5 * w + rng.normal(size=1200)
    return pd.DataFrame({"x": x, "y": y, "z": z.astype(str), "w": w})


def columns(table: pd.DataFrame) -> tuple[np.ndarray, ...]:
    return (table["x"].to_numpy(float), table["y"].to_numpy(), table["w"].to_numpy()) + tuple(
        (table["z"] == level).to_numpy(float) for level in ("1", "2")
    )


def test_the_robustness_value_equals_the_published_one() -> None:
    """Cinelli & Hazlett 2020, section 5 (violence in Darfur): t = 4.184 on 783 degrees of freedom, RV 13.9%; 7.6% for
    the interval; the treatment explains 2.2% of the rest of the outcome."""
    f = 4.184 / np.sqrt(783)
    assert robustness_value(f) == pytest.approx(0.139, abs=5e-4)
    assert robustness_value(f - 1.963 / np.sqrt(783)) == pytest.approx(0.076, abs=5e-4)
    assert f**2 / (1 + f**2) == pytest.approx(0.022, abs=5e-4)
    assert robustness_value(0.0) == 0.0


def test_the_robustness_value_is_where_equal_shares_explain_the_estimate_away(table: pd.DataFrame) -> None:
    found = hidden(cut(table, ("z", "w")))
    assert found is not None
    assert found.adjusted(Strength(found.value, found.value)) == pytest.approx(0.0, abs=1e-12)
    assert found.bias(Strength(found.bound, found.bound)) == pytest.approx(found.estimate.low, abs=1e-12)
    assert found.adjusted(Strength(found.partial, 1.0)) == pytest.approx(0.0, abs=1e-12)
    at = np.array([0.05, 0.2])
    for treatment, outcome in zip(at, found.needed(at, found.estimate.value), strict=True):
        assert found.bias(Strength(treatment, outcome)) == pytest.approx(found.estimate.value, abs=1e-12)


def test_adjusting_for_the_hidden_cause_gives_the_predicted_estimate_exactly(table: pd.DataFrame) -> None:
    """Leave w out, measure its two shares by separate fits: the identity gives the estimate with w, to 1e-10."""
    x, y, w, one, two = columns(table)
    found = hidden(cut(table, ("z",)))
    assert found is not None
    strength = Strength(share(x, [w], [one, two]), share(y, [w], [x, one, two]))
    with_w = regression(y, x, one, two, w)[0][1]
    assert found.adjusted(strength) == pytest.approx(with_w, abs=1e-10)
    assert abs(found.estimate.value - with_w) > 0.1


def test_a_cause_built_with_given_shares_shifts_the_estimate_as_predicted(table: pd.DataFrame) -> None:
    x, y, w, one, two = columns(table)
    found = hidden(cut(table, ("z", "w")))
    assert found is not None
    rng = np.random.default_rng(5)
    given = [one, two, w]

    def rest(target: np.ndarray, *others: np.ndarray) -> np.ndarray:
        slopes, _ = regression(target, *others)
        left = target - np.column_stack([np.ones(len(target)), *others]) @ slopes
        return left / np.linalg.norm(left)

    of_x, of_y = rest(x, *given), rest(y, x, *given)
    noise = rest(rng.normal(size=len(x)), x, y, *given)
    r_x, r_y = 0.08, 0.15
    # Z = sqrt(r_x) x' + sqrt(1 - r_x) (sqrt(r_y) y' + sqrt(1 - r_y) noise), all orthogonal and of length 1
    z = np.sqrt(r_x) * of_x + np.sqrt(1 - r_x) * (np.sqrt(r_y) * of_y + np.sqrt(1 - r_y) * noise)
    assert share(x, [z], given) == pytest.approx(r_x) and share(y, [z], [x, *given]) == pytest.approx(r_y)
    assert found.adjusted(Strength(r_x, r_y)) == pytest.approx(regression(y, x, *given, z)[0][1], abs=1e-10)


def test_each_confounders_own_shares_are_those_of_two_fits(table: pd.DataFrame) -> None:
    x, y, w, one, two = columns(table)
    found = hidden(cut(table, ("z", "w")))
    assert found is not None
    z_own, w_own = found.observed["z"], found.observed["w"]
    assert z_own is not None and w_own is not None
    assert z_own.treatment == pytest.approx(share(x, [one, two], [w]), abs=1e-12)
    assert z_own.outcome == pytest.approx(share(y, [one, two], [x, w]), abs=1e-12)
    assert w_own.treatment == pytest.approx(share(x, [w], [one, two]), abs=1e-12)
    assert w_own.outcome == pytest.approx(share(y, [w], [x, one, two]), abs=1e-12)


def test_a_hidden_twin_of_a_confounder_is_as_strong_as_its_benchmark() -> None:
    """Two independent causes of equal weight, one left out: the benchmark of the other predicts the shift."""
    rng = np.random.default_rng(7)
    n = 200_000
    seen, unseen = rng.normal(size=(2, n))
    x = (rng.normal(size=n) + 0.4 * seen + 0.4 * unseen > 0).astype(int)
    table = pd.DataFrame({"x": x, "y": 0.3 * x + 0.5 * seen + 0.5 * unseen + rng.normal(size=n), "seen": seen})
    found = hidden(cut(table, ("seen",)))
    assert found is not None
    twin = times_as_strong("seen", found.observed["seen"], 1.0).strength
    assert twin is not None
    with_both = regression(table["y"].to_numpy(), x.astype(float), seen, unseen)[0][1]
    assert found.adjusted(twin) == pytest.approx(with_both, abs=0.03)
    assert found.estimate.value > with_both + 0.2


def test_benchmarks_equal_a_published_packages() -> None:
    """PySensemakr 0.0.8, ovb_partial_r2_bound(r2dxj_x=0.05, r2yxj_dx=0.2, kd=[1, 2, 3]), printed to six digits."""
    own = Strength(0.05, 0.2)
    got = [times_as_strong("w", own, times).strength for times in (1.0, 2.0, 3.0)]
    expected = [(0.052632, 0.277778), (0.105263, 0.558804), (0.157895, 0.843620)]
    for one, (treatment, outcome) in zip(got, expected, strict=True):
        assert one is not None
        assert (one.treatment, one.outcome) == pytest.approx((treatment, outcome), abs=1e-6)


def test_impossible_strengths_and_undefined_regressions_are_none(table: pd.DataFrame) -> None:
    assert times_as_strong("w", Strength(0.4, 0.2), 3.0).strength is None
    assert times_as_strong("w", None, 1.0).strength is None
    told = table.assign(twin=table["x"].astype(str))
    assert hidden(cut(told, ("twin",))) is None
    assert hidden(cut(table.assign(y=table["x"].astype(float)), ("z",))) is None


def test_rows_of_one_user_weigh_in_the_interval_but_not_in_the_shares(table: pd.DataFrame) -> None:
    found = hidden(cut(table, ("z", "w")))
    many = hidden(cut(pd.concat([table.assign(user=np.arange(1200).astype(str))] * 4), ("z", "w")))
    assert found is not None and many is not None
    assert many.value == pytest.approx(found.value, abs=1e-12)
    assert many.bound == pytest.approx(found.bound, abs=1e-3)  # four copies of a user are no more users
