"""The structure section: both languages, same bytes, small groups hidden, and a reason wherever there is no answer."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.causal.graph import Graph
from analysis.causal.structure.section import Results, _effect, structure_results
from analysis.causal.structure.settings import StructureSettings
from analysis.document import canonical
from analysis.finding import VALUELESS, Verdict
from benchmarks.structure import GRAPH, simulated
from tests.analysis.causal.logs import confounded, dataset, triangle
from tests.analysis.causal.structure.worlds import LINE, treated_line
from words import LANGUAGES, Phrase, Refusal, say

QUICK = StructureSettings(replicates=50, check=False)


def answered(table: pd.DataFrame, graph: Graph, k: int = 10, **more: object) -> Results:
    sensitive = ("g",) if "g" in table else ()
    return structure_results(dataset(table, sensitive), graph, QUICK.model_copy(update=more), k, 1)


@pytest.fixture(scope="module")
def world() -> Results:
    return answered(simulated(200, 5, 1), GRAPH)


def test_the_answer_names_what_if_and_why_in_both_languages(world: Results) -> None:
    said = [say(one) for one in world.section.summary]
    assert said[0].startswith("If every row had x, y would be") and " minus " in " ".join(said)
    phrases = [*world.section.summary, *world.section.notes]
    phrases += [part for one in world.section.findings for part in (one.label, one.method)]
    phrases += [part for one in world.section.charts for part in (one.title, one.x_title, one.y_title, one.alt)]
    phrases += [
        cell for table in world.section.tables for row in table.rows for cell in row if isinstance(cell, Phrase)
    ]
    assert all(say(one, language) for one in phrases for language in LANGUAGES)


def test_why_the_treatment_may_not_be_set_is_said_with_the_names_of_the_analysts_file() -> None:
    drawn = SimpleNamespace(
        order=("treatment",),
        free=(),
        confounders={"treatment": (("taste",), ("outcome",))},
        causes={"outcome": ("treatment",)},
    )
    words = {"treatment": "promoted", "outcome": "rating"}
    model: Any = SimpleNamespace(drawn=drawn)
    done: Any = None
    why = _effect(model, done, "treatment", words, 10)
    assert isinstance(why, Phrase) and "taste, which nobody recorded, drives both promoted and rating" in say(why)


def test_the_same_settings_and_data_give_the_same_bytes(world: Results) -> None:
    again = answered(simulated(200, 5, 1), GRAPH)
    assert world.grid is not None and again.grid is not None
    assert canonical(again.section) == canonical(world.section) and canonical(again.grid) == canonical(world.grid)


def test_every_slider_position_has_its_answers_for_everybody_and_every_group(world: Results) -> None:
    assert world.grid is not None
    keys = {one.key for one in world.grid.findings}
    variables = world.grid.facts["variables"]
    assert [one["name"] for one in variables] == ["g", "z", "x", "m"]  # type: ignore[union-attr, call-overload, index]
    for variable in variables:  # type: ignore[union-attr]
        for action in variable["actions"]:  # type: ignore[index, call-overload]
            for end in ("", ".g.a", ".g.b"):
                assert {f"{action['key']}.level{end}", f"{action['key']}.change{end}"} <= keys
    assert not [one.key for one in world.grid.findings if one.key.startswith("what_if") and one.n == 0]


@pytest.mark.parametrize("kind", [float, object])
def test_a_row_without_a_treatment_is_left_out_and_takes_no_answer_away(kind: type) -> None:
    table = confounded(600, 1)
    gapped = table.astype({"x": bool if kind is object else kind}).astype({"x": kind})
    gapped.loc[3, "x"] = None
    found, without = (
        next(one for one in answered(rows, triangle("z"), compare="none").section.findings if "effect" in one.key)
        for rows in (gapped, table.drop(index=3))
    )
    assert found.value is not None and (found.value, found.low) == (without.value, without.low)


def test_a_group_under_the_threshold_is_hidden_everywhere() -> None:
    table = simulated(200, 5, 1)
    few = table["user"].isin(["1", "2", "3", "4"])
    found = answered(table.assign(g=table["g"].mask(few, "rare")), GRAPH)
    assert found.grid is not None
    for section in (found.section, found.grid):
        rare = [one for one in section.findings if one.key.endswith(".rare")]
        assert rare and all(one.verdict is Verdict.SUPPRESSED for one in rare)
    drawn = [label for chart in found.section.charts for series in chart.series for label in series.y]
    assert "rare" not in " ".join(say(one) if isinstance(one, Phrase) else str(one) for one in drawn)


def test_numbers_all_the_way_give_a_slider_of_shifts_and_exact_counterfactuals() -> None:
    found = answered(treated_line(400, 1), LINE, compare="none")
    assert found.people is not None and (found.people["never_low"] == found.people["never_high"]).all()
    assert found.grid is not None
    kinds = {action["kind"] for one in found.grid.facts["variables"] for action in one["actions"]}  # type: ignore
    assert kinds == {"share", "set", "shift"}


def test_the_recorded_difference_is_told_and_that_the_structure_lacks_some_of_it() -> None:
    """y needs both z and x, which go together in group b only: no arrow joins them, so no mechanism holds it."""
    rng = np.random.default_rng(1)
    g, (z, x) = (rng.random(3000) < 0.4).astype(int), rng.integers(0, 2, (2, 3000))
    x = np.where((g == 1) & (rng.random(3000) < 0.8), z, x)
    table = pd.DataFrame({"user": np.arange(3000).astype(str), "g": np.array(["a", "b"])[g], "z": z, "x": x})
    table["y"] = (rng.random(3000) < 0.1 + 0.7 * z * x).astype(float)
    lacking = Graph(nodes=("z", "x", "y"), edges=(("z", "y"), ("x", "y")), treatment="x", outcome="y")
    means = table.groupby("g")["y"].mean()
    for graph, whole in ((lacking, False), (lacking.add_edge("z", "x"), True)):
        section = answered(table, graph).section
        found, said = {one.key: one for one in section.findings}, " ".join(say(one) for one in section.summary)
        assert found["change.recorded"].value == pytest.approx(means["b"] - means["a"])
        assert f"b minus a is {100 * (means['b'] - means['a']):+.1f}" in said
        assert ("By the fitted structure it would be" in said) != whole
        assert (found["change.rest"].verdict is Verdict.GAP) != whole


def test_periods_are_compared_by_day() -> None:
    table = simulated(120, 6, 1)
    table["time"] = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(np.arange(len(table)) % 6, unit="D")
    found = answered(table, GRAPH, compare="periods", second_from="2026-01-04")
    total = next(one for one in found.section.findings if one.key == "change.total")
    assert total.value is not None and set(total.groups) == {"≥ 2026-01-04", "< 2026-01-04"}
    for day, reason in (("2027-01-01", "structure.one_period"), ("2026-13-01", "structure.no_day")):
        none = answered(table, GRAPH, compare="periods", second_from=day)
        total = next(one for one in none.section.findings if one.key == "change.total")
        assert total.reason is not None and total.reason.key == reason


@pytest.mark.parametrize(
    ("table", "graph", "key", "reason"),
    [
        (confounded(600, 1).assign(x=1), triangle("z"), "structure.effect", "effects.treatment_constant"),
        (confounded(600, 1).assign(y=1.0), triangle("z"), "structure.model", "effects.outcome_constant"),
        (confounded(600, 1).assign(y="text"), triangle("z"), "structure.model", "effects.outcome_text"),
        (confounded(600, 1).assign(y=np.nan), triangle("z"), "structure.model", "effects.outcome_empty"),
        (confounded(600, 1).assign(user="one"), triangle("z"), "structure.model", "finding.suppressed"),
        (confounded(600, 1).assign(x=lambda t: (t["z"] == "1") * 1), triangle("z"), "structure.effect", None),
        (confounded(600, 1).drop(columns="x"), triangle("z"), "structure.effect", "structure.not_a_cause"),
        (
            confounded(600, 1),
            triangle("z").add_node("u", True).add_edge("u", "x").add_edge("u", "y"),
            "structure.effect",
            "structure.hidden_cause",
        ),
        (
            confounded(600, 1).rename(columns={"z": "m"}),
            Graph(
                nodes=("x", "m", "y", "u"),
                edges=(("x", "m"), ("m", "y"), ("u", "x"), ("u", "y")),
                latent=("u",),
                treatment="x",
                outcome="y",
            ),
            "structure.effect",
            "structure.hidden_around",
        ),
        (
            confounded(600, 1),
            Graph(nodes=("x", "y"), edges=(), treatment="x", outcome="y"),
            "structure.model",
            "structure.no_causes",
        ),
    ],
)
def test_data_that_carry_no_answer_give_a_reason(
    table: pd.DataFrame, graph: Graph, key: str, reason: str | None
) -> None:
    found = answered(table, graph)
    one = next(one for one in found.section.findings if one.key == key)
    assert one.verdict in VALUELESS and one.reason is not None
    assert reason is None or one.reason.key == reason
    assert found.section.summary and all(say(said, "zh") for said in found.section.summary)


def test_a_graph_without_an_outcome_is_refused() -> None:
    with pytest.raises(Refusal):
        answered(confounded(100, 1), Graph(nodes=("x", "y"), edges=(("x", "y"),)))
