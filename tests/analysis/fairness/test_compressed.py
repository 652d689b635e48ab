"""Cells stand for users: the same moments, the same resamples, the same shuffles, at any number of users."""

import numpy as np
import pandas as pd
import pytest

from analysis.fairness.bygroup import compress_shared, levels, resample
from analysis.fairness.compressed import CELLS, bootstrap, compress, deal, moments, shuffled_p, strata, table
from analysis.fairness.gaps import gaps
from analysis.fairness.infer import InferenceSettings, estimate, permutation_p
from analysis.fairness.judge import Measure, judged
from analysis.fairness.partition import everyone, partitions
from words import Phrase

NAME = Phrase(key="fairness.group.all")
SETTINGS = InferenceSettings(replicates=400, permutations=300)


def shapes(n, seed=0):
    """Figures of every shape that occurs: a rate, an accuracy, a skewed mean, a ratio of sums, a rare event."""
    rng = np.random.default_rng(seed)
    ones, rows = np.ones(n), 1.0 + rng.poisson(6, n)
    taste = rng.beta(3, 5, n)
    return {
        "rate": ((rng.random(n) < 0.3) * 1.0, ones),
        "accuracy": (np.where(rng.random(n) < 1 / 3, 0.0, rng.beta(2, 3, n)), ones),
        "skewed": (rng.lognormal(0, 1, n), ones),
        "ratio": (rng.binomial(rows.astype(int), taste) * 1.0, rows),
        "rare": ((rng.random(n) < 0.004) * rng.exponential(1, n), ones),
    }


@pytest.mark.parametrize("shape", shapes(1))
def test_moments_of_cells_are_those_of_the_users(shape):
    top, bottom = shapes(9000)[shape]
    code = np.arange(9000) % 3
    found = estimate(top[:, None], bottom[:, None], code, 3, 1, np.random.default_rng(0))
    value, error, constant, n = moments(table(top, bottom, code, 3))
    assert value == pytest.approx(found.value[:, 0], rel=1e-12)
    assert error == pytest.approx(found.error[:, 0], rel=1e-9)
    assert not constant.any() and n.tolist() == [3000] * 3


def test_a_group_of_one_value_has_no_spread_however_many_it_counts():
    n = 300_000
    values = np.append(np.full(n, 0.1), np.random.default_rng(0).random(n))
    _, error, constant, _ = moments(table(values, np.ones(2 * n), np.repeat([0, 1], n), 2))
    assert constant.tolist() == [True, False] and error[0] == 0.0


@pytest.mark.parametrize("shape", shapes(1))
def test_resampled_cells_have_the_distribution_of_resampled_users(shape):
    top, bottom = shapes(3000, 1)[shape]
    code, B = np.zeros(3000, np.intp), 4000
    plain = estimate(top[:, None], bottom[:, None], code, 1, B, np.random.default_rng(1)).replicate[:, 0, 0]
    cells = bootstrap(table(top, bottom, code, 1), 0, B, np.random.default_rng(2))
    error = plain.std()
    assert cells.std() == pytest.approx(error, rel=0.06)
    asked = [0.025, 0.25, 0.5, 0.75, 0.975]
    assert np.quantile(cells, asked) == pytest.approx(np.quantile(plain, asked), abs=0.15 * error)


def test_a_rate_is_resampled_as_a_binomial_and_nothing_else():
    top = (np.arange(4000) < 3) * 1.0
    cells = bootstrap(table(top, np.ones(4000), np.zeros(4000, np.intp), 1), 0, 20_000, np.random.default_rng(3)) * 4000
    assert cells == pytest.approx(np.round(cells), abs=1e-9)
    assert (np.round(cells) == 0).mean() == pytest.approx((1 - 3 / 4000) ** 4000, abs=0.01)


def test_dealt_cells_have_the_means_and_covariances_of_shuffled_users():
    count, size = np.array([3.0, 40, 400, 1557]), np.array([200.0, 700, 1100])
    dealt = deal(count, size, 8_000, np.random.default_rng(4))
    assert dealt.sum(axis=2) == pytest.approx(np.tile(size, (8_000, 1)))
    assert dealt.sum(axis=1) == pytest.approx(np.tile(count, (8_000, 1)))
    N, p, q = 2000, size / 2000, count / 2000
    expected = N * N / (N - 1) * np.kron(np.diag(p) - np.outer(p, p), np.diag(q) - np.outer(q, q))
    found = np.cov(dealt.reshape(8_000, -1).T)
    deviation = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert (
        np.abs(found - expected).max() < 0.06 * deviation.max() and np.abs((found - expected) / deviation).max() < 0.08
    )


def test_a_small_cell_is_dealt_out_exactly():
    dealt = deal(np.array([2.0, 98.0]), np.array([30.0, 70.0]), 20_000, np.random.default_rng(5))[:, 0, 0]
    assert (dealt == 0).mean() == pytest.approx(70 * 69 / (100 * 99), abs=0.012)


@pytest.mark.parametrize("shape", ["rate", "accuracy", "skewed", "ratio"])
def test_shuffled_cells_give_the_p_of_shuffled_users(shape):
    top, bottom = shapes(3000, 6)[shape]
    code = np.repeat([0, 1, 2], [1900, 900, 200])
    top = top + np.where(code == 2, 0.04 * bottom * top.std() / bottom.mean(), 0.0)
    plain = permutation_p(top[:, None], bottom[:, None], code, 3, 3000, np.random.default_rng(6))[0]
    cells = shuffled_p(table(top, bottom, code, 3), 3000, np.random.default_rng(7))
    assert 0.002 < plain < 0.95 and cells == pytest.approx(
        plain, abs=4 * np.sqrt(2 * plain * (1 - plain) / 3000) + 0.005
    )


def test_the_shuffle_keeps_its_size_where_nothing_differs():
    code, rng = np.repeat([0, 1, 2], [700, 250, 50]), np.random.default_rng(8)
    p = [shuffled_p(table(*shapes(1000, 100 + s)["accuracy"], code, 3), 199, rng) for s in range(150)]
    assert 0.015 <= np.mean(np.array(p) <= 0.05) <= 0.1


def attributes(n, seed=9):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"sex": rng.choice(["f", "m"], n, p=[0.3, 0.7]), "age": rng.choice(list("abc"), n)})


def measures(n):
    return [Measure(name, NAME, "share", *shape, NAME) for name, shape in shapes(n, 10).items()]


def test_strata_hold_every_partition_and_too_fine_ones_are_left_out():
    people = attributes(5000)
    groups = [everyone(5000), *partitions(people, ("sex", "age"), True, 60)]
    code, joins = strata(groups)
    for group in groups:
        assert np.array_equal(joins[group.attribute][code], group.code)
    fine = partitions(pd.DataFrame({"id": np.arange(5000).astype(str), "sex": people["sex"]}), ("id", "sex"), False, 0)
    assert set(strata(fine)[1]) == {"sex"}


def test_one_pass_for_all_attributes_gives_what_a_pass_for_each_gives():
    groups = partitions(attributes(9000), ("sex", "age"), True, 60)
    shared = compress_shared(measures(9000), groups)
    for group in groups:
        for measure in measures(9000):
            alone = table(measure.numerator, measure.denominator, group.code, len(group.names))
            assert shared.table(measure, group).sums == pytest.approx(alone.sums, rel=1e-9, abs=1e-9)


def test_a_large_log_is_judged_as_its_users_are():
    n = 24_000
    groups = partitions(attributes(n), ("sex", "age"), False, 60)
    figures = measures(n)
    figures[1] = Measure(
        "accuracy", NAME, "share", figures[1].numerator * np.where(groups[1].code == 2, 0.9, 1), np.ones(n), NAME
    )
    batches = [batch for group in groups for batch in resample(figures, group, SETTINGS, 1)]
    assert all(batch.tables for batch in batches)
    found = {f.key: f for f in (*levels(batches), *(f for part in gaps(batches, {}) for f in judged(part)))}
    for measure in figures:
        plain = estimate(
            measure.numerator[:, None], measure.denominator[:, None], groups[0].code, 2, 400, np.random.default_rng(1)
        )
        gap = found[f"sex.{measure.name}.gap"]
        width = gap.high - gap.low
        assert gap.value == pytest.approx(float(plain.value[0, 0] - plain.value[1, 0]))
        slow = np.quantile(plain.replicate[:, 0, 0] - plain.replicate[:, 1, 0], [0.025, 0.975])
        assert [gap.low, gap.high] == pytest.approx(slow, abs=0.15 * width)
    assert found["age.accuracy.gap"].p_value == pytest.approx(1 / 301)
    assert found["age.rate.gap"].p_value > 0.05


def test_users_that_do_not_count_and_groups_alike_are_as_before():
    n = 5000
    bottom = (np.arange(n) % 2) * 1.0
    group = everyone(n)
    alike = Measure("alike", NAME, "share", 0.3 * bottom, bottom, NAME)
    [found] = levels(resample([alike], group, SETTINGS, 1))
    assert found.n == n // 2 and found.value == pytest.approx(0.3) and found.low is None
    nobody = Measure("nobody", NAME, "share", np.zeros(n), np.zeros(n), NAME)
    assert levels(resample([nobody], group, SETTINGS, 1))[0].value is None


def test_values_beyond_all_others_have_cells_of_their_own():
    values = np.concatenate([np.random.default_rng(0).normal(0, 1, 3000), [1e6]])
    one = table(values, np.ones(3001), np.zeros(3001, np.intp), 1)
    assert one.sums.shape == (1, CELLS, 6) and one.sums[0, -1, 0] == 1
    assert compress(measures(100), [everyone(100)]).holds(everyone(100))
