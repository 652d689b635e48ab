"""The exact decomposition of a gap: formulas by hand, exact sums, known truth, intervals."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.causal.gap import bycells, bymodels
from analysis.causal.gap.decompose import Parts, decompose, resampled, scored
from analysis.causal.gap.sample import Sample, sample
from benchmarks.gaps import discrete, discrete_truth, figures, named, smooth, smooth_truth


def table_of(rows: Sample) -> pd.DataFrame:
    columns = {one.name: one.strata.codes for one in rows.upto(len(rows.between))}
    return pd.DataFrame({**columns, "x": rows.arm, "y": rows.outcome})


def by_hand(table: pd.DataFrame, given: list[str]) -> float:
    """E[ E[Y|x1, given] | x0 ], row by row."""
    first = table[table["x"] == 1].groupby(given)["y"].mean()
    people = table[table["x"] == 0].groupby(given).size()
    return float((first.reindex(people.index) * people).sum() / people.sum())


def noise(n: int, seed: int, levels: int = 3, few: bool = False) -> Sample:
    """Columns, arms and outcomes without any order in them, some cells empty."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, n).astype(np.int8)
    z, w, v = (rng.integers(0, levels, n) + x * rng.integers(0, 2) for _ in range(3))
    numbers = pd.DataFrame({"z": z, "w": w if few else rng.normal(size=n) + x, "v": v})
    return sample(numbers, x, rng.normal(size=n) * 3 + z, ("z",), ("w", "v"), 5)


def value(one: object) -> float:
    assert one is not None
    return float(one.value)  # type: ignore[attr-defined]


def test_every_part_follows_its_formula_row_by_row() -> None:
    rows = discrete(4000, 3)
    table, done = table_of(rows), decompose(rows, 100, 1)
    assert done.by == "cells"
    low, high = (float(table.loc[table["x"] == arm, "y"].mean()) for arm in (0, 1))
    crossed, through_z = by_hand(table, ["z", "w", "v"]), by_hand(table, ["z"])
    assert value(done.total) == pytest.approx(high - low, abs=1e-12)
    assert value(done.direct) == pytest.approx(crossed - low, abs=1e-12)  # DE
    assert value(done.indirect) == pytest.approx(-(crossed - through_z), abs=1e-12)  # -IE
    assert value(done.spurious) == pytest.approx(-(through_z - high), abs=1e-12)  # -SE
    assert value(done.through[0]) == pytest.approx(through_z - by_hand(table, ["z", "w"]), abs=1e-12)


@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_the_parts_sum_to_the_observed_gap_exactly(seed: int, few: bool) -> None:
    rows = noise(160 + 40 * seed, seed, few=few)
    done = decompose(rows, 100, seed)
    observed = float(rows.outcome[rows.of(1)].mean() - rows.outcome[rows.of(0)].mean())
    assert value(done.total) == pytest.approx(observed, abs=1e-10)
    if done.direct is not None:
        assert value(done.direct) + value(done.indirect) + value(done.spurious) == pytest.approx(observed, abs=1e-10)
        assert sum(map(value, done.through)) == pytest.approx(value(done.indirect), abs=1e-10)


def test_with_nothing_before_there_is_no_spurious_part() -> None:
    rows = smooth(400, 2)
    bare = Sample(rows.arm, rows.outcome, rows.user, (), rows.between)
    done = decompose(bare, 100, 1)
    assert done.spurious is None
    assert value(done.direct) + value(done.indirect) == pytest.approx(value(done.total), abs=1e-10)


def test_the_other_direction_is_the_same_gap_with_the_sign_turned() -> None:
    rows = discrete(1500, 4)
    done, turned = decompose(rows, 100, 1), decompose(rows.turned(), 100, 1)
    assert value(turned.total) == pytest.approx(-value(done.total), abs=1e-12)
    table = table_of(rows).assign(x=lambda frame: 1 - frame["x"])
    low = float(table.loc[table["x"] == 0, "y"].mean())
    assert value(turned.direct) == pytest.approx(by_hand(table, ["z", "w", "v"]) - low, abs=1e-12)


def test_the_order_of_mediators_moves_their_parts_but_not_the_sum() -> None:
    rows = discrete(3000, 5)
    one, other = decompose(rows, 100, 1), decompose(replace(rows, between=rows.between[::-1]), 100, 1)
    assert value(one.indirect) == pytest.approx(value(other.indirect), abs=1e-12)
    assert value(one.through[0]) != pytest.approx(value(other.through[1]), abs=1e-6)


@pytest.mark.parametrize(("draw", "truth", "near"), [(discrete, discrete_truth, 0.012), (smooth, smooth_truth, 0.05)])
def test_many_people_give_the_known_truth(draw: object, truth: object, near: float) -> None:
    rows = draw(30_000, 7)  # type: ignore[operator]
    found = named(decompose(rows, 100, 1), rows)
    for key, known in truth()[0].items():  # type: ignore[operator]
        assert value(found[key.removeprefix("gap.")]) == pytest.approx(known, abs=near), key


def test_right_when_only_one_of_the_two_models_is() -> None:
    """The outcome goes with the exponential of a number, which squares miss; the share of x1 is logistic in it."""
    rng = np.random.default_rng(1)
    n = 40_000
    z = rng.normal(size=n)
    x = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(np.int8)
    y = np.exp(1.2 * z) + 0.5 * x + rng.normal(size=n)
    done = decompose(sample(pd.DataFrame({"z": z}), x, y, ("z",), (), 5), 100, 1)
    assert value(done.direct) == pytest.approx(0.5, abs=0.12)


def test_both_ways_of_estimating_agree_on_values_and_widths() -> None:
    rows = discrete(2500, 6)
    cells = bycells.tally(rows)
    one = resampled(rows, cells, bycells.gap_rungs, 800, 1)
    fitted = bymodels.nested(rows, 1, effect=False)
    other = scored(rows, bymodels.gap_rungs(rows, fitted), fitted[0].columns)
    for start, end in ((0, 1), (1, 3), (3, 4)):
        a, b = one.step(start, end), other.step(start, end)
        assert a is not None and b is not None
        assert abs(a.value - b.value) < 0.25 * a.error
        assert 0.85 < a.error / b.error < 1.15


def test_nobody_to_compare_with_withholds_the_parts_but_not_the_gap() -> None:
    rng = np.random.default_rng(1)
    x = rng.integers(0, 2, 600).astype(np.int8)
    wall = pd.DataFrame({"w": np.where(x == 1, "a", "b"), "z": rng.integers(0, 2, 600)})
    done = decompose(sample(wall, x, rng.normal(size=600), ("z",), ("w",), 5), 100, 1)
    assert done.lacking > 0.9 and done.total is not None
    assert done.direct is None and done.indirect is None and done.through == (None,)


def test_few_people_get_the_gap_alone() -> None:
    rows = smooth(24, 1)
    done = decompose(rows, 100, 1)
    assert done.total is not None and done.direct is None


def test_a_category_of_few_people_does_not_get_huge_weights() -> None:
    rows = smooth(900, 3)
    rare = np.where(np.arange(900) < 12, 1, 0)
    with_one = np.where((rare == 1) & (rows.of(1)) & (np.cumsum(rows.of(1)) > 1), 0, rare)  # one person of x1
    column = sample(pd.DataFrame({"c": with_one}), rows.arm, rows.outcome, ("c",), (), 5).before[0]
    more = decompose(Sample(rows.arm, rows.outcome, rows.user, (*rows.before, column), rows.between), 100, 1)
    less = decompose(rows, 100, 1)
    assert more.spurious is not None and less.spurious is not None
    assert more.spurious.error < 1.1 * less.spurious.error


def test_the_same_seed_gives_the_same_parts() -> None:
    rows = smooth(300, 9)
    one, other = decompose(rows, 100, 3), decompose(rows, 100, 3)
    assert isinstance(one, Parts) and one == other


def test_intervals_hold_the_truth() -> None:
    """A small version of `python -m benchmarks.coverage`: gaps and effects of cells and models together."""
    hits = total = 0
    for world, logs in (("discrete", 30), ("smooth", 12)):
        for seed in range(logs):
            for _, known, one in figures(world, 800, seed, 300):
                hits, total = hits + (one.low <= known <= one.high), total + 1
    assert total == 42 * 11
    assert 0.91 <= hits / total <= 0.985
