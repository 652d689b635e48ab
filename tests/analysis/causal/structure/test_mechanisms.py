"""Mechanisms: the regression is scikit-learn's, tables are shares, the choice is by held-out users."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.causal.structure import softmax
from analysis.causal.structure.design import Design
from analysis.causal.structure.mechanisms import choose, fitting
from analysis.causal.structure.variables import Rows, rows_of


def test_the_regression_equals_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    x = rng.normal(size=(600, 3))
    y = rng.integers(0, 2, 600) | (x[:, 0] > 0.5).astype(int)
    slopes = softmax.fit(np.column_stack([np.ones(600), x]), np.eye(2)[y])
    peer = LogisticRegression(C=1 / softmax.PENALTY, tol=1e-10, max_iter=2000).fit(x, y)
    assert np.allclose(slopes[:, 0], [*peer.intercept_, *peer.coef_[0]], atol=1e-4)


def test_three_categories_reach_the_loss_minimum() -> None:
    rng = np.random.default_rng(2)
    design = np.column_stack([np.ones(400), rng.normal(size=(400, 2))])
    counts = np.eye(3)[rng.integers(0, 3, 400)]
    slopes = softmax.fit(design, counts)
    share = softmax.shares(design, slopes)
    gradient = design.T @ (counts - share)[:, 1:] - softmax.PENALTY * slopes * np.array([[0], [1], [1]])
    assert np.abs(gradient).max() < 1e-3 and np.allclose(share.sum(axis=1), 1)


def test_perfect_separation_ends_finite() -> None:
    x = np.linspace(-1, 1, 50)
    slopes = softmax.fit(np.column_stack([np.ones(50), x]), np.eye(2)[(x > 0).astype(int)])
    assert np.isfinite(slopes).all()


def test_rows_weighted_are_rows_repeated() -> None:
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"user": np.arange(300).astype(str), "a": rng.choice(list("pqr"), 300), "b": rng.random(300)})
    table["y"] = (rng.random(300) < 0.3 + 0.3 * (table["a"] == "p")).astype(float)
    weight = rng.integers(0, 3, 300).astype(float)
    again = table.loc[np.repeat(np.arange(300), weight.astype(int))].reset_index(drop=True)
    one = choose(rows_of(table, ("a", "b", "y"), "y", 1), "y", ("a", "b"), 1).fitting
    values = {"a": np.array([0, 1, 2]), "b": np.array([0.1, 0.5, 0.9])}
    twice = fitting(rows_of(again, ("a", "b", "y"), "y", 1), "y", one.design).fitted(np.ones(len(again)))
    assert np.allclose(one.fitted(weight).mean(values, 3), twice.mean(values, 3), atol=1e-6)


def test_an_interaction_that_matters_is_kept() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.integers(0, 2, (2, 4000))
    frame = {"user": np.arange(4000).astype(str), "a": a, "b": b, "c": rng.random(4000)}
    table = pd.DataFrame(frame | {"y": (rng.random(4000) < 0.2 + 0.6 * (a ^ b)).astype(float)})
    chosen = choose(rows_of(table, ("a", "b", "c", "y"), "y", 1), "y", ("a", "b", "c"), 1)
    assert chosen.fitting.design.form == "pairs"
    assert chosen.explained == chosen.tried["pairs"] > 0.1 > chosen.tried["additive"]


def test_draws_follow_the_law() -> None:
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"user": np.arange(3000).astype(str), "a": rng.choice(list("pq"), 3000)})
    table["y"] = rng.choice([1.0, 2.0, 3.0], 3000, p=[0.5, 0.3, 0.2])
    made = choose(rows_of(table, ("a", "y"), "y", 1), "y", ("a",), 1).fitting.fitted(np.ones(3000))
    values = {"a": np.zeros(20_000, np.int64)}
    drawn = made.drawn(values, (np.arange(20_000) + 0.5) / 20_000)
    assert np.allclose(np.bincount(drawn) / 20_000, made.law(values, 20_000)[0], atol=1e-3)


def rare(seed: int) -> pd.DataFrame:
    """A treatment of one row in ten, about four in each of forty kinds z; it adds 1.5 to y."""
    rng = np.random.default_rng(seed)
    z, x = rng.integers(0, 40, 2000), (rng.random(2000) < 0.1).astype(int)
    y = z % 2 + 1.5 * x + rng.normal(size=2000)
    return pd.DataFrame({"user": np.arange(2000).astype(str), "z": z.astype(str), "x": x, "y": y})


def table_of(table: pd.DataFrame) -> tuple[Rows, Design]:
    rows = rows_of(table, ("z", "x", "y"), "y", 1)
    return rows, Design((rows.variables["z"], rows.variables["x"]), "table", {})


def test_the_effect_of_a_rare_treatment_is_not_drawn_towards_none() -> None:
    """With half a row of the overall mean in each cell it was put at 1.34, 20 standard errors of its mean too low."""
    found = []
    for seed in range(60, 160):
        rows, table = table_of(rare(seed))
        one = fitting(rows, "y", table).fitted(np.ones(rows.n))
        mean = [one.mean({"z": np.arange(40), "x": np.full(40, x)}, 40) for x in (0, 1)]
        found.append((mean[1] - mean[0]).mean())
    assert abs(np.mean(found) - 1.5) < 3 * np.std(found) / np.sqrt(100)


@pytest.mark.parametrize("cut", [None, 1.0])
def test_a_cell_without_rows_is_answered_for_by_the_main_effects(cut: float | None) -> None:
    log = rare(1).query("not (z == '7' and x == 1)").reset_index(drop=True)
    rows, table = table_of(log if cut is None else log.assign(y=(log["y"] > cut).astype(float)))
    empty = {"z": np.array([rows.variables["z"].labels.index("7")]), "x": np.array([1])}
    own, main = (fitting(rows, "y", one).fitted(np.ones(rows.n)) for one in (table, replace(table, form="additive")))
    assert np.allclose(own.law(empty, 1), main.law(empty, 1), atol=1e-6)
