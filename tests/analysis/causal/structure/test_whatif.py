"""What if: closed form, DoWhy, the shop's truth and the effects step say the same."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal.effects import EffectSettings, effects_section
from analysis.causal.estimate import Estimate
from analysis.causal.graph import Graph, templates
from analysis.causal.structure.actions import actions
from analysis.causal.structure.crosscheck import check
from analysis.causal.structure.whatif import answers, base, responses
from analysis.causal.variables import variables
from analysis.simulate import Shop, simulate, truth
from benchmarks.coverage import Coverage, covered
from benchmarks.structure import GRAPH, figures, simulated, truths
from tests.analysis.causal.shops import dataset_of
from tests.analysis.causal.structure.worlds import LINE, fitted, linear


def test_a_linear_gaussian_structure_answers_as_its_closed_form() -> None:
    model = fitted(linear(20_000, 1), LINE)
    on = base(model.rows, model.drawn.order[:-1], ())
    todo = [one for one in actions(model.rows, ("x",), 10) if one.kind == "shift"]
    got = responses(model, model.fitted, on, np.ones(model.rows.n), tuple(todo), np.random.default_rng(0))
    for place, one in enumerate(todo, start=1):
        assert one.amount is not None
        assert got[place, 0] - got[0, 0] == pytest.approx(2 * one.amount, abs=0.05 * abs(one.amount) + 0.02)


def test_the_shop_gives_its_own_truth_dowhys_answer_and_the_effects_steps() -> None:
    shop = Shop(users=500, items=120, seed=5)
    data = dataset_of(simulate(shop))
    graph = templates(data)["shop"]
    model = fitted(variables(data), graph)
    on = base(model.rows, model.drawn.order[:-1], ("gender",))
    todo = actions(model.rows, ("treatment",), 10)
    effect = answers(model, on, todo, 50, 1, lambda _: None).whole["treatment"][0]
    assert effect is not None and effect.low <= truth(shop).ate <= effect.high
    settings = EffectSettings(replicates=100, simulations=20, doubly_robust=False)
    ate = next(one for one in effects_section(data, graph, settings, 10, 1).findings if one.key == "effect.ate")
    assert ate.value == pytest.approx(effect.value, abs=effect.error)
    peer = check(model, "treatment", 1)
    assert peer.value == pytest.approx(effect.value, abs=3 * peer.error)
    assert check(model, "treatment", 1) == peer


def test_half_the_rows_treated_lies_half_way() -> None:
    model = fitted(simulated(200, 5, 1), GRAPH)
    on = base(model.rows, model.drawn.order[:-1], ("g",))
    todo = actions(model.rows, ("x",), 10)
    got = responses(model, model.fitted, on, np.ones(model.rows.n), todo, np.random.default_rng(0))
    shares = {one.amount: got[place] for place, one in enumerate(todo, start=1)}
    assert np.allclose(shares[0.5], (shares[0.0] + shares[1.0]) / 2)


def test_rows_never_seen_together_are_not_answered_for() -> None:
    rng = np.random.default_rng(3)
    z = rng.integers(0, 2, 2000)
    table = pd.DataFrame({"user": np.arange(2000).astype(str), "z": z, "x": z, "y": (rng.random(2000) < 0.5) * 1.0})
    graph = Graph(nodes=("z", "x", "y"), edges=(("z", "x"), ("z", "y"), ("x", "y")), treatment="x", outcome="y")
    model = fitted(table, graph)
    on = base(model.rows, model.drawn.order[:-1], ())
    done = answers(model, on, actions(model.rows, ("x",), 10), 50, 1, lambda _: None)
    assert done.whole["x"][0] is None and done.each[0].level[0] is None and done.each[0].lacking[0] > 0.9


def few_treated(treated: int, hits: int | None, seed: int = 1) -> pd.DataFrame:
    """One row a user, half of them of group a; hits: of the treated, None for as many as a chance of .3 has it."""
    rng = np.random.default_rng(seed)
    group, y = np.tile(["a", "b"], 150), (rng.random(300) < 0.3).astype(float)
    x = (np.arange(300) < treated).astype(int)
    if hits is not None:
        y[:treated] = np.arange(treated) < hits
    return pd.DataFrame({"user": np.arange(300).astype(str), "g": group, "x": x, "y": y})


def effect_of(table: pd.DataFrame) -> tuple[Estimate | None, ...]:
    graph = Graph(nodes=("g", "x", "y"), edges=(("g", "y"), ("x", "y")), treatment="x", outcome="y")
    model = fitted(table, graph)
    on = base(model.rows, model.drawn.order[:-1], ("g",))
    done = answers(model, on, actions(model.rows, ("x",), 10), 60, 1, lambda _: None)
    assert done.each[0].lacking[1] == 0 or done.whole["x"][1] is not None
    return done.whole["x"]


def test_an_answer_that_fewer_than_twenty_users_speak_for_is_not_given() -> None:
    """Of 10 users whose chance is 10%, the interval held the truth in half of the samples."""
    assert effect_of(few_treated(16, None)) == (None, None, None)
    everybody, *groups = effect_of(few_treated(30, None))
    assert everybody is not None and groups == [None, None]


def test_users_who_are_all_alike_leave_it_open_what_others_would_do() -> None:
    everybody = effect_of(few_treated(60, 0))[0]
    assert everybody is not None
    assert everybody.high - everybody.value >= 1 - 0.025 ** (1 / 60)


def test_intervals_hold_the_truth() -> None:
    counted = Coverage()
    for seed in range(12):
        counted.add(figures(150, 50, seed))
    held = covered(counted)
    assert set(held) == set(truths())
    assert min(hits for hits, _ in held.values()) >= 9
