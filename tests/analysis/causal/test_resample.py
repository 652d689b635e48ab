"""Poisson counts by blocks resample users as drawing them one by one does."""

import numpy as np
import pytest
import scipy.sparse as sp

from analysis.causal.cells import Cells
from analysis.causal.estimate import by_strata
from analysis.causal.resample import poisson_counts, resampled_totals


def users(count: int = 3000, seed: int = 1) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Rows and outcomes of users who occupy some of 12 cells; one user has none."""
    rng = np.random.default_rng(seed)
    n = rng.poisson(0.8, (count, 12)).astype(float)
    n[7] = 0
    y = n * (1000.0 + rng.normal(size=(count, 12)))  # far from 0: single precision alone would lose the spread
    return sp.csr_matrix(n), sp.csr_matrix(y)


def test_counts_are_whole_and_poisson_with_mean_one() -> None:
    counts = poisson_counts((1000, 1000), np.random.Generator(np.random.SFC64(1)))
    assert counts.dtype == np.float32 and np.array_equal(counts, counts.round())
    assert counts.mean() == pytest.approx(1.0, abs=0.004) and counts.var() == pytest.approx(1.0, abs=0.01)
    assert (counts == 0).mean() == pytest.approx(np.exp(-1), abs=0.002)


def test_resampled_totals_have_the_mean_and_the_spread_of_sums_over_users() -> None:
    n, y = users()
    rows, sums = (np.concatenate(part) for part in zip(*resampled_totals(n, y, 4000, 3), strict=True))
    dense_n, dense_y = n.toarray(), y.toarray()
    for totals, own in ((rows, dense_n), (sums - 1000.0 * rows, dense_y - 1000.0 * dense_n)):
        spread = np.sqrt((own**2).sum(axis=0))
        np.testing.assert_allclose(totals.mean(axis=0), own.sum(axis=0), atol=5 * spread.max() / np.sqrt(4000))
        np.testing.assert_allclose(totals.std(axis=0), spread, rtol=0.05)


def test_the_same_seed_gives_the_same_totals_however_they_are_parted(monkeypatch: pytest.MonkeyPatch) -> None:
    n, y = users()
    first, again, other = (next(resampled_totals(n, y, 50, seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    monkeypatch.setattr("analysis.causal.resample.TOTALS", 24 * 20)
    parts = [len(rows) for rows, _ in resampled_totals(n, y, 50, 5)]
    assert parts == [20, 20, 10]


def test_intervals_by_poisson_counts_are_those_by_drawing_users(monkeypatch: pytest.MonkeyPatch) -> None:
    n, y = users(4000)
    cells = Cells(n, y, (1, 6, 2))
    drawn = by_strata(cells, "ATE", 4000, 1)
    monkeypatch.setattr("analysis.causal.cells.MANY_USERS", 1000)
    counted = by_strata(cells, "ATE", 4000, 1)
    assert drawn is not None and counted is not None
    assert counted.effect.value == drawn.effect.value
    assert counted.effect.error == pytest.approx(drawn.effect.error, rel=0.06)
    width = drawn.effect.high - drawn.effect.low
    assert abs(counted.effect.low - drawn.effect.low) < 0.05 * width
    assert abs(counted.effect.high - drawn.effect.high) < 0.05 * width
