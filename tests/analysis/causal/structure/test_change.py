"""Why two populations differ: parts sum, Shapley's axioms hold, and DoWhy shares out alike."""

from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.causal.structure.change import Change, Compared, change, shares, worths
from analysis.causal.structure.projection import project
from benchmarks.structure import GRAPH, simulated, truths
from tests.analysis.causal.structure.worlds import fitted


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=8, max_size=8))
def test_parts_sum_to_the_whole_and_are_means_over_orders(worth: list[float]) -> None:
    from itertools import permutations

    values = np.array(worth)
    found = shares(values)
    assert found.sum() == pytest.approx(values[-1] - values[0], abs=1e-9)
    by_hand = np.zeros(3)
    for order in permutations(range(3)):
        mask = 0
        for who in order:
            by_hand[who] += values[mask | 1 << who] - values[mask]
            mask |= 1 << who
    assert np.allclose(found, by_hand / factorial(3))


def test_the_parts_of_a_known_world_are_found() -> None:
    table = simulated(2500, 8, 3)
    model = fitted(table, GRAPH)
    label = model.rows.table["g"].to_numpy()
    found = change(model, Compared("groups", "g", ("b", "a"), label == "b", label == "a"), 50, 1, lambda _: None)
    assert isinstance(found, Change)
    true = truths()
    for name, one in found.parts.items():
        assert one is not None and one.value == pytest.approx(
            true[f"change through {name}"], abs=3.5 * one.error + 1e-3
        )
    assert found.people == model.rows.users
    total = sum(one.value for one in found.parts.values() if one is not None)
    assert found.total is not None and total == pytest.approx(found.total.value, abs=1e-9)


def test_dowhy_shares_out_alike() -> None:
    from dowhy import gcm
    from dowhy.gcm.util.general import set_random_seed

    from analysis.causal.structure.crosscheck import as_frame, dowhy_model

    table = simulated(1500, 4, 5)
    model = fitted(table, GRAPH.remove_node("g").model_copy(update={"treatment": "x", "outcome": "y"}))
    first = (table["g"] == "b").to_numpy()
    halves = [model.refitted(first.astype(float)), model.refitted((~first).astype(float))]
    rng = np.random.default_rng(0)
    uniform = {name: rng.random(40_000) for name in model.drawn.order}
    ours = dict(
        zip(model.drawn.order, shares(worths((halves[0], halves[1]), model.drawn.order, uniform, 40_000)), strict=True)
    )
    gcm.config.disable_progress_bars()
    gcm.config.set_default_n_jobs(1)
    set_random_seed(1)
    frame = as_frame(model.rows, model.drawn.order)
    own = [dowhy_model(model), dowhy_model(model)]
    for part, rows in zip(own, (~first, first), strict=True):
        gcm.fit(part, frame.loc[rows].reset_index(drop=True))
    theirs = gcm.distribution_change_of_graphs(
        own[0], own[1], "y", num_samples=8000, difference_estimation_func=lambda a, b: _mean(b) - _mean(a)
    )
    for name in model.drawn.order:
        assert theirs[name] == pytest.approx(ours[name], abs=0.02), name


def test_too_few_users_give_a_reason() -> None:
    table = simulated(30, 8, 1)
    model = fitted(table, GRAPH)
    label = model.rows.table["g"].to_numpy()
    found = change(model, Compared("groups", "g", ("b", "a"), label == "b", label == "a"), 50, 1, lambda _: None)
    assert not isinstance(found, Change) and found.key == "structure.few_compared"


def _mean(outcome: np.ndarray) -> float:
    return float(np.asarray(outcome, dtype=float).mean())


def test_the_projection_of_the_benchmark_world_is_free() -> None:
    assert project(GRAPH, "y", ("g", "z", "x", "m", "y")).free == ("g", "z", "x", "m")
