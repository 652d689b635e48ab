"""The effects section: the answer, what stops an answer, and known truth inside its intervals."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal.effects import EffectSettings, effects_section
from analysis.causal.graph import Graph, templates
from analysis.document import Section, canonical
from analysis.finding import Finding, Verdict
from analysis.log import Dataset, Roles
from analysis.simulate import Shop, simulate, truth
from benchmarks.coverage import Coverage, covered, shop_figures
from tests.analysis.causal.logs import confounded, dataset, real, triangle
from tests.analysis.causal.shops import dataset_of
from words import LANGUAGES, Refusal, say

QUICK = EffectSettings(replicates=200, simulations=20)


def answered(data: Dataset, graph: Graph, k: int = 10, **settings: object) -> dict[str, Finding]:
    section = effects_section(data, graph, QUICK.model_copy(update=settings), k, 1)
    return {one.key: one for one in section.findings} | {"section": section}  # type: ignore[dict-item]


def said(section: Section, language: str = "en") -> str:
    return " ".join(say(one, language) for one in (*section.summary, *section.notes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def shop() -> Dataset:
    return dataset_of(simulate(Shop(users=700, items=120, seed=5)))


@pytest.fixture(scope="module")
def shop_section(shop: Dataset) -> Section:
    return effects_section(shop, templates(shop)["shop"], QUICK, 10, 1)


def test_the_answer_comes_first_with_interval_and_what_the_raw_difference_mixes_in(shop_section: Section) -> None:
    first, second = (say(one) for one in shop_section.summary[:2])
    assert first.startswith("promoted raised purchased by") and "adjusted for gender, activity" in first
    assert second.startswith("Of the raw difference of +") and "comes from who gets promoted" in second


def test_every_sentence_table_and_chart_speaks_both_languages(shop_section: Section) -> None:
    phrases = [*shop_section.summary, *shop_section.notes]
    for one in shop_section.findings:
        phrases += [one.label, one.method]
    for chart in shop_section.charts:
        phrases += [chart.title, chart.x_title, chart.y_title, chart.alt]
    for table in shop_section.tables:
        phrases += [table.title, *(column.title for column in table.columns)]
    spoken = {language: [say(one, language) for one in phrases] for language in LANGUAGES}
    assert all(spoken["en"]) and all(spoken["zh"])
    assert sum(a == b for a, b in zip(spoken["en"], spoken["zh"], strict=True)) == 0


def test_the_same_settings_and_data_give_the_same_bytes(shop: Dataset, shop_section: Section) -> None:
    again = effects_section(shop, templates(shop)["shop"], QUICK, 10, 1)
    assert canonical(again) == canonical(shop_section)


def test_naive_minus_adjusted_is_the_selection_part(shop_section: Section) -> None:
    found = {one.key: one.value for one in shop_section.findings}
    naive, ate, selection = (found[f"effect.{name}"] for name in ("naive", "ate", "selection"))
    assert naive is not None and ate is not None and selection == pytest.approx(naive - ate, abs=1e-12)


def test_every_estimator_stands_beside_and_agrees_on_the_shop(shop_section: Section) -> None:
    found = {one.key: one for one in shop_section.findings}
    ate = found["effect.ate"]
    for name in ("linear", "aipw", "ipw"):
        value = found[f"effect.ate[{name}]"].value
        assert ate.low is not None and ate.high is not None and value is not None and ate.low < value < ate.high


def test_charts_are_drawn_from_the_same_numbers(shop_section: Section) -> None:
    charts = {chart.key: chart for chart in shop_section.charts}
    found = {one.key: one for one in shop_section.findings}
    drawn = dict(zip(charts["effect.by.gender"].series[0].y, charts["effect.by.gender"].series[0].x, strict=True))
    assert drawn["women"] == pytest.approx(100 * found["effect.ate.gender.women"].value)  # type: ignore[operator]
    assert {"effect.estimators", "effect.overlap", "effect.balance"} <= set(charts)


def test_adjusted_variables_are_balanced_after_weighting(shop_section: Section) -> None:
    after = next(table for table in shop_section.tables if table.key == "effect.balance").rows
    assert max(abs(float(row[3])) for row in after) < 1e-9  # type: ignore[arg-type]
    assert max(abs(float(row[2])) for row in after) > 0.1  # type: ignore[arg-type]


def not_computed(found: Finding, words: str) -> None:
    assert found.verdict is Verdict.NOT_COMPUTED and found.reason is not None
    assert words in say(found.reason) and say(found.reason, "zh")


def test_a_constant_treatment_is_not_computed() -> None:
    found = answered(dataset(confounded(200, 1).assign(x=1)), triangle("z"))
    not_computed(found["effect.ate"], "nothing to compare")
    not_computed(found["effect.naive"], "nothing to compare")


def test_no_overlap_is_not_computed_and_says_the_share() -> None:
    table = confounded(400, 2)
    table["x"] = (table["z"] == "2").astype(int)
    found = answered(dataset(table), triangle("z"))
    not_computed(found["effect.ate"], "100.0% of the rows have no counterpart")
    assert found["effect.naive"].value is not None


def test_what_the_graph_does_not_identify_is_split_and_not_called_an_effect() -> None:
    graph = Graph(
        nodes=("x", "y", "z", "taste"),
        edges=(("z", "x"), ("z", "y"), ("taste", "x"), ("taste", "y"), ("x", "y")),
        latent=("taste",),
        treatment="x",
        outcome="y",
    )
    found = answered(dataset(confounded(3000, 3)), graph)
    not_computed(found["effect.ate"], "taste confounds x and y")
    assert found["effect.remaining"].value == pytest.approx(
        found["effect.naive"].value - found["effect.selection"].value  # type: ignore[operator]
    )
    section: Section = found["section"]  # type: ignore[assignment]
    assert "remains and mixes the effect" in said(section) and "raised" not in said(section)


def test_a_graph_without_a_way_is_not_computed() -> None:
    graph = Graph(nodes=("x", "y", "z"), edges=(("z", "x"), ("z", "y")), treatment="x", outcome="y")
    not_computed(answered(dataset(confounded(500, 4)), graph)["effect.ate"], "draws no way from x to y")


def test_a_treatment_that_is_no_column_is_not_computed() -> None:
    graph = Graph(nodes=("shown", "y"), edges=(("shown", "y"),), latent=("shown",), treatment="shown", outcome="y")
    not_computed(answered(dataset(confounded(500, 4)), graph)["effect.ate"], "no column shown")


def test_one_group_has_no_difference_between_groups() -> None:
    table = confounded(1000, 5).assign(gender="women")
    found = answered(dataset(table, ("gender",)), triangle("z"))
    not_computed(found["effect.ate.gender.gap"], "one known group only")
    assert found["effect.ate.gender.women"].value == pytest.approx(found["effect.ate"].value)


def test_a_user_with_rows_in_both_groups_counts_once_in_their_difference() -> None:
    table = confounded(4000, 3, users=200)
    table["g"] = np.where(np.arange(len(table)) % 2, "a", "b")
    gap = answered(dataset(table), triangle("z"), by=("g",))["effect.ate.g.gap"]
    assert gap.n == 200 < sum(gap.groups.values())


def test_small_groups_are_suppressed_with_one_more_and_drawn_nowhere() -> None:
    table = confounded(1000, 6).assign(group=["tiny"] * 4 + ["small"] * 96 + ["big"] * 900)
    found = answered(dataset(table, ("group",)), triangle("z"))
    for name in ("tiny", "small"):
        assert found[f"effect.ate.group.{name}"].verdict is Verdict.SUPPRESSED
    section: Section = found["section"]  # type: ignore[assignment]
    chart = next(one for one in section.charts if one.key == "effect.by.group")
    assert chart.series[0].y == ("big",)
    listed = next(one for one in section.tables if one.key == "effect.estimates").rows
    assert sum(row[4] == 0 for row in listed) >= 2


@pytest.mark.parametrize("users", [1, 5])
def test_under_k_people_nothing_is_said(users: int) -> None:
    table = confounded(200, 7, users=users)
    found = answered(dataset(table), triangle("z"))
    section: Section = found["section"]  # type: ignore[assignment]
    assert {one.verdict for one in section.findings} <= {Verdict.SUPPRESSED, Verdict.NOT_COMPUTED}
    assert section.charts == () and section.tables == () and "percentage points" not in said(section)


def test_adjusting_for_a_consequence_or_too_little_is_named() -> None:
    table = confounded(2000, 8).assign(after=lambda t: t["x"])
    graph = triangle("z").add_node("after").add_edge("x", "after").add_edge("after", "y")
    data = dataset(table)
    not_computed(answered(data, graph, adjustment=("z", "after"))["effect.ate"], "changed by the treatment")
    not_computed(answered(data, graph, adjustment=())["effect.ate"], "x ← z → y")


def test_a_group_whose_rows_have_no_counterpart_in_it_has_no_effect_and_no_difference() -> None:
    """Everybody in b with z = 0 was treated, so b's figure would be that of z = 1 alone, where there is no effect."""
    rng = np.random.default_rng(1)
    g = np.where(rng.random(6000) < 0.85, "a", "b")
    z = (rng.random(6000) < np.where(g == "a", 0.5, 0.25)).astype(int)
    x = (rng.random(6000) < np.where((g == "b") & (z == 0), 1.0, 0.5)).astype(int)
    y = (rng.random(6000) < 0.2 + 0.4 * x * (z == 0)).astype(float)
    table = pd.DataFrame({"user": np.arange(6000).astype(str), "g": g, "z": z.astype(str), "x": x, "y": y})
    found = answered(dataset(table, ("g",)), triangle("z"))
    assert found["effect.ate.g.a"].value == pytest.approx(0.2, abs=0.04)
    for key in ("effect.ate.g.b", "effect.ate.g.gap"):
        not_computed(found[key], "of the rows where g is b have no counterpart")


def test_the_effect_is_not_split_by_what_the_treatment_changes() -> None:
    """All of the effect runs through m, so inside its groups there would seem to be none."""
    rng = np.random.default_rng(1)
    table = confounded(2000, 3).assign(m=lambda t: (rng.random(2000) < 0.2 + 0.6 * t["x"]).astype(int))
    table["y"] = (rng.random(2000) < 0.1 + 0.2 * table["z"].astype(int) + 0.4 * table["m"]).astype(float)
    edges = (("z", "x"), ("z", "y"), ("x", "m"), ("m", "y"))
    graph = Graph(nodes=("x", "y", "z", "m"), edges=edges, treatment="x", outcome="y")
    not_computed(answered(dataset(table), graph, by=("m",))["effect.ate"], "m is changed by x")
    split = answered(dataset(table, ("m",)), graph)  # a sensitive attribute by default: left whole
    assert split["effect.ate"].value is not None and not [key for key in split if ".m." in key]


def test_an_equivalent_effect_is_said_to_make_no_practical_difference() -> None:
    found = answered(dataset(confounded(20_000, 9, effect=0.0)), triangle("z"), margin=0.05)
    assert found["effect.ate"].verdict is Verdict.EQUIVALENT
    assert "no practical difference" in said(found["section"])  # type: ignore[arg-type]


def test_too_little_data_cannot_tell_and_says_what_it_could_have_shown() -> None:
    found = answered(dataset(confounded(150, 12, effect=0.0)), triangle("z"))
    ate = found["effect.ate"]
    assert ate.verdict is Verdict.CANNOT_TELL and ate.smallest_detectable is not None
    assert "could have shown" in said(found["section"])  # type: ignore[arg-type]


def test_several_kinds_of_treatment_are_each_compared_with_the_reference() -> None:
    rng = np.random.default_rng(11)
    kind = rng.choice(["none", "mail", "call"], 3000, p=[0.5, 0.25, 0.25])
    y = (rng.random(3000) < np.select([kind == "mail", kind == "call"], [0.4, 0.2], 0.2)).astype(float)
    table = pd.DataFrame({"x": kind, "y": y, "z": rng.integers(0, 2, 3000).astype(str)})
    found = answered(dataset(table), triangle("z"))
    assert found["effect[x=mail].ate"].verdict is Verdict.EFFECT
    assert found["effect[x=call].ate"].low < 0 < found["effect[x=call].ate"].high  # type: ignore[operator]


def test_a_continuous_outcome_and_confounder_state_bins_and_show_both_estimates() -> None:
    rng = np.random.default_rng(12)
    w = rng.normal(size=4000)
    x = (rng.random(4000) < 1 / (1 + np.exp(-w))).astype(int)
    table = pd.DataFrame({"x": x, "w": w, "y": 5 + x + w + rng.normal(size=4000)})
    found = answered(dataset(table), triangle("w"))
    ate, robust = found["effect.ate"], found["effect.ate[aipw]"]
    assert ate.unit == "own" and robust.low < 1 < robust.high  # type: ignore[operator]
    assert abs(ate.value - 1) < abs(found["effect.naive"].value - 1) / 3  # type: ignore[operator]
    assert "w was cut into 5 bins at" in said(found["section"])  # type: ignore[arg-type]


def test_outcomes_can_be_made_binary_and_treatments_cut_at_the_median() -> None:
    rng = np.random.default_rng(13)
    table = pd.DataFrame({"x": rng.normal(size=2000), "z": "a", "y": rng.integers(1, 6, 2000).astype(float)})
    found = answered(dataset(table), triangle("z"), threshold="median", positive_from=3)
    assert found["effect.naive"].unit == "points" and found["effect.ate"].value is not None
    assert answered(dataset(table), triangle("z"))["effect.unit"].value is not None


def test_a_graph_without_a_question_is_refused() -> None:
    with pytest.raises(Refusal):
        effects_section(dataset(confounded(100, 1)), Graph(nodes=("x", "y")), QUICK, 10, 1)


def coat() -> Dataset:
    log = pd.read_csv(real("coat/coat_long.derived.csv.gz"))
    log = log.assign(
        user=log["user_id"].astype(str),
        item=log["item_id"].astype(str),
        outcome=log["rating"].astype(float),
        randomised=log["logging"] == "random",
        part="train",
    )[["user", "item", "outcome", "randomised", "part"]]
    users = pd.read_csv(real("coat/coat_users.derived.csv"), dtype=str).set_index("user_id").rename_axis("user")
    items = pd.read_csv(real("coat/coat_items.derived.csv"), dtype=str).set_index("item_id").rename_axis("item")
    roles = Roles(user="user_id", item="item_id", outcome="rating", sensitive=("gender",))
    return Dataset(log, users.sort_index(), items.rename(columns={"gender": "coat_gender"}).sort_index(), roles, "coat")


def test_coat_says_which_part_of_the_ratings_gap_is_what_was_shown_to_whom_and_which_is_taste() -> None:
    data = coat()
    graph = templates(data)["self_selection"]
    assert graph.latent == ("taste",) and graph.treatment == "self_selected"
    found = answered(data, graph)
    ratings = data.log.groupby("randomised")["outcome"].mean()
    assert found["effect.naive"].value == pytest.approx(ratings[False] - ratings[True])
    assert found["effect.selection"].verdict is Verdict.GAP and found["effect.remaining"].verdict is Verdict.GAP
    assert 0.15 < found["effect.selection"].value < 0.35  # type: ignore[operator]
    not_computed(found["effect.ate"], "taste")
    section: Section = found["section"]  # type: ignore[assignment]
    assert "explained by which things reached whom" in said(section) and "口味" in said(section, "zh")


@pytest.mark.slow
def test_the_shops_truth_is_inside_its_intervals_at_the_nominal_rate() -> None:
    """40 small shops: each kind of figure is covered by 95% intervals as often as a binomial would have it."""
    counted = Coverage()
    settings = EffectSettings(replicates=200, simulations=20, doubly_robust=False)
    for seed in range(40):
        counted.add(shop_figures(Shop(users=200, items=80, seed=seed), settings))
    for kind, (hits, n) in covered(counted, by_kind=True).items():
        slack = 3 * np.sqrt(0.95 * 0.05 / 40)  # figures of one shop are not independent: as if one a shop
        assert hits / n > 0.95 - slack, kind


def test_the_shops_naive_difference_is_not_the_truth() -> None:
    known = truth(Shop())
    assert known.naive - known.ate > 0.02
