"""The robustness section: what it says on a log with a known truth, and a verdict wherever there can be no number."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.causal.effects import EffectSettings, effects_section
from analysis.causal.graph import Graph, templates
from analysis.causal.robustness.hidden import Benchmark, Strength
from analysis.causal.robustness.section import RobustnessSettings, robustness_section
from analysis.causal.robustness.sentences import _beside
from analysis.document import Section, canonical
from analysis.finding import Finding, Verdict
from analysis.log import Dataset
from analysis.simulate import Shop, simulate
from benchmarks.refutations import GRAPH, rates
from benchmarks.refutations import log as benchmark_log
from tests.analysis.causal.logs import confounded, dataset, triangle
from tests.analysis.causal.shops import dataset_of
from words import LANGUAGES, Refusal, say

EFFECTS = EffectSettings(replicates=200, simulations=20)
QUICK = RobustnessSettings(
    estimators=("strata", "linear", "ipw", "matching"), replicates=100, simulations=40, draws=300
)


def section_of(data: Dataset, graph: Graph, k: int = 10, effects: object = None, **settings: object) -> Section:
    chosen = EFFECTS.model_copy(update=effects or {})  # type: ignore[arg-type]
    return robustness_section(data, graph, chosen, QUICK.model_copy(update=settings), k, 1)


def found_in(section: Section) -> dict[str, Finding]:
    return {one.key: one for one in section.findings}


def said(section: Section, language: str = "en") -> str:
    return " ".join(say(one, language) for one in (*section.summary, *section.notes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def shop() -> Dataset:
    return dataset_of(simulate(Shop(users=500, items=100, seed=5)))


@pytest.fixture(scope="module")
def shop_section(shop: Dataset) -> Section:
    return section_of(shop, templates(shop)["shop"])


def test_the_first_sentence_says_how_much_of_the_answer_is_choice(shop_section: Section) -> None:
    first = say(shop_section.summary[0])
    assert "The verdict does not hang on choices" in first and "clear of zero" in first
    found = found_in(shop_section)
    assert found["robustness.joint"].verdict is Verdict.EFFECT and found["robustness.joint"].p_value is not None
    assert found["robustness.ways.sure"].value == 1.0
    low, median, high = (found[f"robustness.ways.{key}"].value for key in ("low", "median", "high"))
    assert low is not None and median is not None and high is not None and low <= median <= high


def test_the_answers_own_way_is_the_effects_pages_answer_and_is_marked(shop: Dataset, shop_section: Section) -> None:
    answer = found_in(effects_section(shop, templates(shop)["shop"], EFFECTS, 10, 1))["effect.ate"]
    table = next(one for one in shop_section.tables if one.key == "robustness.ways")
    marked = [row for row in table.rows if "answer" in say(row[-1])]  # type: ignore[arg-type]
    assert len(marked) == 1
    assert marked[0][3:6] == pytest.approx((answer.value, answer.low, answer.high))
    curve = next(one for one in shop_section.charts if one.key == "robustness.curve")
    assert [say(one.name) for one in curve.series] == ["the answer", "other ways"]  # type: ignore[arg-type]
    values = dict(zip(curve.series[1].y, curve.series[1].x, strict=True)) | {curve.series[0].y[0]: curve.series[0].x[0]}
    drawn = [values[row] for row in curve.order]
    assert drawn == sorted(drawn)  # type: ignore[type-var]


def test_a_cause_too_strong_to_have_a_hidden_equal_is_not_passed_over() -> None:
    """Nothing hidden can be as strong as one that tells most of the treatment: the next is not called the strongest."""
    weak = Strength(0.01, 0.01)
    model = SimpleNamespace(estimate=SimpleNamespace(value=5.0), adjusted=lambda strength: 4.0)
    marks = (Benchmark("b", 1.0, weak), Benchmark("b", 3.0, weak), Benchmark("a", 1.0, None))
    question, frame = SimpleNamespace(said=lambda name: name), SimpleNamespace(unit="points")
    shaken: Any = SimpleNamespace(model=model, benchmarks=marks, question=question, frame=frame)
    said = " ".join(say(one) for one in _beside(shaken))
    assert "as strong as b would" in said and "strongest" not in said and "a tells so much of the treatment" in said
    shaken.benchmarks = marks[:2]
    assert "as strong as b, the strongest recorded cause, would" in " ".join(say(one) for one in _beside(shaken))


def test_the_hidden_cause_is_told_beside_the_strongest_recorded_one(shop_section: Section) -> None:
    text, found = said(shop_section), found_in(shop_section)
    assert "a hidden cause would have to explain" in text and "as strong as intent, the strongest recorded" in text
    value, bound = found["robustness.hidden.value"].value, found["robustness.hidden.bound"].value
    assert value is not None and bound is not None and 0 < bound < value < 1
    contour = next(one for one in shop_section.charts if one.key == "robustness.contour")
    assert max(max(series.y) for series in contour.series) <= 100  # type: ignore[type-var]
    table = next(one for one in shop_section.tables if one.key == "robustness.hidden")
    once = [row for row in table.rows if row[1] == "1"]
    assert [row[0] for row in once][0] == "intent"


def test_each_attempt_has_one_sentence_of_what_it_shows_and_what_not(shop_section: Section) -> None:
    for start in ("Placebo", "Dummy outcome", "Random common cause", "Subset", "Bootstrap"):
        own = [say(one) for one in shop_section.summary if say(one).startswith(f"{start}:")]
        assert len(own) == 1 and ("shows" in own[0] or ";" in own[0])
    stood = {key for key, one in found_in(shop_section).items() if "stood" in one.settings}
    assert stood == {"robustness.dummy_outcome", "robustness.bootstrap"}  # the effects step counts the others


def test_every_text_speaks_both_languages_and_the_bytes_repeat(shop: Dataset, shop_section: Section) -> None:
    phrases = [*shop_section.summary, *shop_section.notes]
    for one in shop_section.findings:
        phrases += [one.label, one.method]
    for chart in shop_section.charts:
        phrases += [chart.title, chart.x_title, chart.y_title, chart.alt]
    for table in shop_section.tables:
        phrases += [table.title, *(column.title for column in table.columns)]
    spoken = {language: [say(one, language) for one in phrases] for language in LANGUAGES}
    assert sum(a == b for a, b in zip(spoken["en"], spoken["zh"], strict=True)) == 0
    assert canonical(section_of(shop, templates(shop)["shop"])) == canonical(shop_section)


def test_controls_are_quiet_on_a_sound_log_and_warn_of_a_hidden_cause() -> None:
    named = {"negative_outcomes": ("earlier",), "negative_exposures": ("neighbour",)}
    quiet = section_of(benchmark_log(300, 3, "sound"), GRAPH, **named)
    loud = section_of(benchmark_log(300, 3, "hidden"), GRAPH, **named)
    for kind, name in (("outcome", "earlier"), ("exposure", "neighbour")):
        key = f"robustness.control.{kind}[{name}]"
        assert found_in(quiet)[key].verdict in (Verdict.CANNOT_TELL, Verdict.EQUIVALENT)
        assert found_in(loud)[key].verdict is Verdict.GAP and found_in(loud)[key].p_adjusted is not None
    assert "as it should be" in said(quiet) and "Something that is not adjusted for drives both" in said(loud)
    assert "No negative control is named" not in said(quiet)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"negative_outcomes": ("y",)}, "part of the question itself"),
        ({"negative_outcomes": ("z",)}, "z is adjusted for"),
        ({"negative_outcomes": ("m",)}, "draws a way from x to m"),
        ({"negative_exposures": ("v",)}, "draws a way from v to y"),
        ({"negative_outcomes": ("c",)}, "ties c to x (c → x)"),
        ({"negative_outcomes": ("n",)}, "ties n to x (n ← c → x)"),
        ({"negative_exposures": ("w",)}, "ties w to y (w ← v → y)"),
        ({"negative_exposures": ("after",)}, "ties after to y (after ← y)"),
        ({"negative_outcomes": ("one",)}, "Every row has one = 1"),
    ],
)
def test_a_column_that_is_no_control_is_refused_with_the_reason(settings: dict[str, tuple[str]], reason: str) -> None:
    graph = Graph(
        nodes=("x", "y", "z", "m", "v", "c", "n", "w", "after"),
        edges=(
            *(("z", "x"), ("z", "y"), ("x", "m"), ("x", "y"), ("v", "y")),
            *(("c", "x"), ("c", "n"), ("v", "w"), ("y", "after")),
        ),
        treatment="x",
        outcome="y",
    )
    table = confounded(600, 3).assign(m=lambda t: t["x"], v=lambda t: np.arange(len(t)) % 2, one=1.0)
    table = table.assign(c=table["x"], n=table["x"], w=table["v"], after=table["y"])
    section = section_of(dataset(table), graph, **settings)
    control = next(one for key, one in found_in(section).items() if ".control." in key)
    assert control.verdict is Verdict.NOT_COMPUTED and control.reason is not None and reason in say(control.reason)
    assert reason in said(section)


def test_a_control_that_the_graph_ties_by_a_hidden_cause_alone_is_tested() -> None:
    """That is what it is for: it shows how much the hidden cause does."""
    edges = (("z", "x"), ("z", "y"), ("x", "y"), ("u", "x"), ("u", "y"), ("u", "n"))
    graph = Graph(nodes=("x", "y", "z", "n", "u"), edges=edges, latent=("u",), treatment="x", outcome="y")
    table = confounded(600, 3).assign(n=lambda t: np.arange(len(t)) % 2)
    section = section_of(dataset(table), graph, effects={"adjustment": ("z",)}, negative_outcomes=("n",))
    assert found_in(section)["robustness.control.outcome[n]"].value is not None


def test_a_text_column_is_a_control_by_its_most_frequent_value() -> None:
    table = confounded(900, 12, users=200).assign(age=lambda t: np.where(np.arange(len(t)) % 3, "old", "young"))
    section = section_of(dataset(table), triangle("z"), negative_outcomes=("age",))
    control = found_in(section)["robustness.control.outcome[age]"]
    assert "age = old" in say(control.label) and control.unit == "points"
    own = (table["age"] == "old").astype(float)
    by_hand = section_of(dataset(table.assign(age=own)), triangle("z"), negative_outcomes=("age",))
    assert found_in(by_hand)["robustness.control.outcome[age]"].value == control.value


def test_a_negative_exposure_is_told_of_the_outcome_as_the_answer_has_it() -> None:
    """Ratings cut at 4 are shares, so a control of .30 rating points may not read +30 percentage points."""
    rng = np.random.default_rng(3)
    table = confounded(2000, 12, users=400).assign(v=lambda t: rng.integers(0, 2, len(t)))
    stars = np.clip(
        np.round(2 + table["z"].eq("b") + table["x"] + 0.3 * table["v"] + rng.normal(size=len(table))), 1, 5
    )
    cut, own = table.assign(y=stars), table.assign(y=(stars >= 4).astype(float))
    section = section_of(dataset(cut), triangle("z"), effects={"positive_from": 4.0}, negative_exposures=("v",))
    by_hand = section_of(dataset(own), triangle("z"), negative_exposures=("v",))
    control, expected = (found_in(one)["robustness.control.exposure[v]"] for one in (section, by_hand))
    assert control.unit == expected.unit == "points"
    assert (control.value, control.low, control.high) == (expected.value, expected.low, expected.high)


def broken(**columns: object) -> pd.DataFrame:
    return confounded(600, 4).assign(**columns)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (broken(x=1), "Every row has x = 1"),
        (broken(y=0.0), "Every row has y = 0"),
        (broken(z=lambda t: t["x"].astype(str)), "no counterpart"),
        (broken(z=lambda t: np.arange(len(t)).astype(str)), "at most 50"),
        (broken(y=np.nan), "holds no value"),
        (broken(x=np.random.default_rng(1).normal(size=600)), "Compare rows above a threshold"),
        (confounded(12, 4), "fewer than 10 people"),
        (confounded(600, 4, users=1), "fewer than 10 people"),
    ],
)
def test_degenerate_logs_give_verdicts_with_reasons(table: pd.DataFrame, says: str) -> None:
    section = section_of(dataset(table), triangle("z"))
    assert all(one.value is None for one in section.findings) and section.findings
    assert says in said(section)
    assert not section.charts


def test_a_reason_names_the_analysts_own_column() -> None:
    table = confounded(600, 4).rename(columns={"x": "treatment", "y": "outcome"}).assign(treatment=1)
    data = dataset(table)
    roles = data.roles.model_copy(update={"treatment": "shown", "outcome": "bought"})
    edges = (("z", "treatment"), ("z", "outcome"), ("treatment", "outcome"))
    graph = Graph(nodes=("treatment", "outcome", "z"), edges=edges, treatment="treatment", outcome="outcome")
    assert "Every row has shown = 1" in said(section_of(replace(data, roles=roles), graph))


def test_an_outcome_that_the_treatment_tells_exactly_leaves_nothing_for_a_hidden_cause() -> None:
    section = section_of(dataset(broken(y=lambda t: t["x"].astype(float) * 2)), triangle("z"))
    assert found_in(section)["robustness.hidden.value"].verdict is Verdict.NOT_COMPUTED


def test_a_withheld_answer_is_told_beside_the_ways_that_have_support() -> None:
    table = confounded(3000, 13, users=300).assign(w=lambda t: t["x"].astype(str))
    section = section_of(dataset(table), triangle("z"), effects={"adjustment": ("w",)})
    first = say(section.summary[0])
    assert first.startswith("The answer itself is not computed. 100% of the rows have no counterpart")
    assert "Of 4 other defensible ways 4 are clearly above zero" in first
    found = found_in(section)
    assert found["robustness.hidden.value"].verdict is Verdict.NOT_COMPUTED
    assert found["robustness.joint"].value is not None


def test_ways_that_disagree_are_counted_on_each_side() -> None:
    """Treatment makes both nothing and much more likely: on average y rises, but fewer rows reach 1."""
    rng = np.random.default_rng(14)
    x = rng.integers(0, 2, 4000)
    y = np.where(
        x == 1, rng.choice([0, 1, 4], 4000, p=[0.45, 0.1, 0.45]), rng.choice([0, 1, 4], 4000, p=[0.25, 0.6, 0.15])
    )
    table = pd.DataFrame({"x": x, "y": y.astype(float), "user": (np.arange(4000) // 5).astype(str)})
    section = section_of(dataset(table), triangle())
    text = say(section.summary[0])
    assert "The verdict hangs on choices" in text and "1 show the opposite" in text
    assert "How large it is hangs most on how the outcome is defined" in said(section)


def test_nothing_to_adjust_for_leaves_one_way_and_no_recorded_cause() -> None:
    section = section_of(dataset(confounded(600, 5, users=100)), triangle())
    assert "leave one defensible way" in say(section.summary[0])
    assert "no recorded cause to compare" in said(section)


def test_what_is_not_identified_is_told_as_what_remains() -> None:
    graph = Graph(
        nodes=("x", "y", "z", "u"),
        edges=(("z", "x"), ("z", "y"), ("u", "x"), ("u", "y"), ("x", "y")),
        latent=("u",),
        treatment="x",
        outcome="y",
    )
    section = section_of(dataset(confounded(3000, 6, users=300)), graph)
    assert found_in(section)["robustness.joint"].verdict is Verdict.GAP
    assert "no ways to an effect" in said(section)


def test_an_instrument_is_no_choice_of_adjustments() -> None:
    graph = Graph(
        nodes=("x", "y", "z", "u"),
        edges=(("z", "x"), ("u", "x"), ("u", "y"), ("x", "y")),
        latent=("u",),
        treatment="x",
        outcome="y",
    )
    section = section_of(dataset(confounded(600, 7)), graph)
    assert "goes by an instrument (z)" in said(section)


def test_several_kinds_of_treatment_are_each_shaken() -> None:
    table = confounded(1800, 8, users=300)
    table["x"] = np.where(table["x"] == 0, "none", np.where(np.arange(1800) % 2, "mail", "call"))
    section = section_of(dataset(table), triangle("z"), effects={"reference": "none"})
    assert {key.split(".")[0] for key in found_in(section)} == {"robustness[x=call]", "robustness[x=mail]"}
    assert sum("x = " in say(one) for one in section.summary) == 2


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(Refusal):
        section_of(dataset(confounded(100, 9)), triangle("z"), negative_outcomes=("nowhere",))


def test_outcomes_in_different_units_are_drawn_in_standard_deviations() -> None:
    table = confounded(2000, 10, users=400).assign(y=lambda t: 1 + t["x"] + t["z"].astype(int))
    table["y"] += np.random.default_rng(1).integers(0, 2, 2000)
    section = section_of(dataset(table), triangle("z"))
    assert found_in(section)["robustness.ways.median"].unit == "sd"
    assert "compared in standard deviations" in said(section)
    assert len({row[2] for row in next(one for one in section.tables if one.key.endswith("ways")).rows}) == 4


def test_many_ways_are_drawn_as_ranks_with_their_names_under_the_pointer() -> None:
    table = confounded(1500, 11, users=300).assign(y=lambda t: 1.0 + t["x"] + t["z"].astype(int))
    table["y"] += np.random.default_rng(1).integers(0, 2, 1500)
    for name in ("a", "b", "c"):
        table[name] = np.random.default_rng(len(name) + ord(name)).integers(0, 2, 1500).astype(str)
    edges = (("z", "a"), ("a", "x"), ("z", "b"), ("b", "y"), ("z", "c"), ("c", "y"), ("x", "y"))
    graph = Graph(nodes=("x", "y", "z", "a", "b", "c"), edges=edges, treatment="x", outcome="y")
    curve = next(one for one in section_of(dataset(table), graph).charts if one.key == "robustness.curve")
    assert curve.kind == "scatter" and all(len(one.text) == len(one.x) for one in curve.series)


def test_tests_warn_of_what_is_not_there_as_often_as_they_say() -> None:
    """60 sound logs of clustered users: at 5% each, 0 to 9 rejections are what chance gives (99.9%); the benchmark
    runs 1,000."""
    counted = rates(60, 60, "sound")
    for name, (hits, n) in counted.items():
        assert n == 60 and hits <= 9, (name, hits)
    assert counted["negative outcome"][0] + counted["negative exposure"][0] > 0


def test_a_value_of_text_that_few_people_have_is_no_control_and_is_not_named() -> None:
    table = confounded(400, 3)
    table["note"] = [f"secret {number:03d}" for number in range(len(table))]
    section = section_of(dataset(table), triangle("z"), negative_outcomes=("note",))
    assert "secret" not in canonical(section).decode() and "note was not tested" in said(section)
