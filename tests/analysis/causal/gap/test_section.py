"""The gap's section: the answer, both languages, and what stops an answer."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.causal.gap.mediation import mediation_section
from analysis.causal.gap.people import carried
from analysis.causal.gap.section import gap_section
from analysis.causal.gap.settings import GapSettings, MediationSettings
from analysis.causal.graph import Graph, templates
from analysis.document import Section, canonical
from analysis.finding import VALUELESS, Verdict
from analysis.log import Dataset, Roles
from analysis.simulate import Shop, simulate
from tests.analysis.causal.shops import dataset_of
from words import LANGUAGES, Refusal, say

IN_LOG = GapSettings(attribute="gender", gap_in="outcome", replicates=200)
NO_LINES = Graph(nodes=("gender", "outcome"))


@pytest.fixture(scope="module")
def shop() -> Dataset:
    return dataset_of(simulate(Shop(users=700, items=120, seed=5)))


@pytest.fixture(scope="module")
def section(shop: Dataset) -> Section:
    return gap_section(shop, templates(shop)["shop"], None, IN_LOG, 10, 1)


def people(n: int = 240, **columns: object) -> Dataset:
    """One row a user; `gender` half and half unless given."""
    rng = np.random.default_rng(3)
    names = [f"u{number:04d}" for number in range(n)]
    given = {"gender": np.where(np.arange(n) % 2 == 0, "men", "women"), **columns}
    outcome = np.asarray(given.pop("outcome", rng.normal(size=n)), dtype=float)
    log = pd.DataFrame({"user": names, "item": "i1", "part": "train", "outcome": outcome})
    users = pd.DataFrame(given, index=pd.Index(names, name="user"))
    items = pd.DataFrame(index=pd.Index(["i1"], name="item"))
    return Dataset(log, users, items, Roles(user="user", item="item", outcome="bought", sensitive=("gender",)), "log")


def test_the_answer_names_the_gap_its_parts_and_what_it_rests_on(section: Section) -> None:
    first, second, *rest = (say(one) for one in section.summary)
    assert first.startswith("Among men, share of rows with purchased is ") and "higher than among women" in first
    assert "through activity" in second and "that none of these explains" in second
    assert any(one.startswith("This is as good as the graph.") for one in rest)
    assert any("how often promoted" in one and one.startswith("Left out") for one in rest)


def test_every_part_is_a_finding_with_an_interval_and_they_sum_to_the_gap(section: Section) -> None:
    found = {one.key.removeprefix("why.gender.outcome."): one for one in section.findings}
    whole, parts = found["gap"], [found[name].value for name in ("direct", "indirect", "spurious")]
    assert whole.value == pytest.approx(sum(part or 0.0 for part in parts), abs=1e-12)
    assert all(one.low is not None and one.high is not None for one in found.values())
    turned = [found[f"{name}[turned]"].value for name in ("direct", "indirect", "spurious")]
    assert whole.value == pytest.approx(sum(part or 0.0 for part in turned), abs=1e-12)


def test_the_bars_are_the_parts(section: Section) -> None:
    (chart,) = section.charts
    (series,) = chart.series
    numbers = [float(value) for value in series.y]  # type: ignore[arg-type]
    assert chart.kind == "bars" and sum(numbers[1:]) == pytest.approx(numbers[0], abs=1e-9)


def test_every_sentence_table_and_chart_speaks_both_languages(section: Section) -> None:
    phrases = [*section.summary, *section.notes, *(one.label for one in section.findings)]
    phrases += [one.method for one in section.findings]
    phrases += [words for chart in section.charts for words in (chart.title, chart.x_title, chart.y_title, chart.alt)]
    phrases += [table.title for table in section.tables]
    english, chinese = ([say(one, language) for one in phrases] for language in LANGUAGES)
    assert all(english) and all(one != other for one, other in zip(english, chinese, strict=True))


def test_the_same_settings_and_data_give_the_same_bytes(shop: Dataset, section: Section) -> None:
    assert canonical(gap_section(shop, templates(shop)["shop"], None, IN_LOG, 10, 1)) == canonical(section)


def test_a_columns_value_of_a_person_is_the_mean_of_their_rows(shop: Dataset) -> None:
    found = carried(shop, None, ("treatment", "activity", "tier"))
    first = shop.users.index[0]
    rows = shop.log[shop.log["user"] == first]
    assert found.loc[0, "treatment"] == pytest.approx(rows["treatment"].mean())
    assert found.loc[0, "activity"] == shop.users.loc[first, "activity"]
    assert found.loc[0, "tier"] in set(shop.items["tier"])


DEGENERATE = {
    "one group": (people(gender="women"), "fewer than two known groups"),
    "constant outcome": (people(outcome=np.ones(240)), "the same for everybody"),
    "nobody has it": (people(outcome=np.where(np.arange(240) % 2 == 0, 1.5, np.nan)), "nobody has a value"),
    "all missing": (people(outcome=np.full(240, np.nan)), "nobody has a value"),
}


@pytest.mark.parametrize("case", DEGENERATE)
def test_what_the_data_do_not_allow_is_said_and_never_a_number(case: str) -> None:
    data, reason = DEGENERATE[case]
    settings = GapSettings(gap_in="outcome", mediators=("score",), replicates=100)
    data.users["score"] = np.random.default_rng(1).normal(size=len(data.users))
    made = gap_section(data, NO_LINES, None, settings, 10, 1)
    assert all(one.verdict in VALUELESS for one in made.findings)
    assert reason in say(made.summary[0]) and not made.charts


def test_a_group_under_k_is_suppressed_everywhere() -> None:
    few = np.where(np.arange(240) < 7, "women", "men")
    data = people(gender=few)
    data.users["score"] = np.random.default_rng(1).normal(size=240)
    settings = GapSettings(gap_in="outcome", mediators=("score",), replicates=100)
    made = gap_section(data, NO_LINES, None, settings, 10, 1)
    assert {one.verdict for one in made.findings} == {Verdict.SUPPRESSED}
    assert not made.charts and not made.tables
    assert '"n": 7' not in canonical(made).decode()


def test_that_a_small_group_is_all_alike_is_not_told() -> None:
    few = np.where(np.arange(240) < 7, "women", "men")
    data = people(gender=few, outcome=np.ones(240))
    data.users["score"] = np.random.default_rng(1).normal(size=240)
    settings = GapSettings(gap_in="outcome", mediators=("score",), replicates=100)
    made = gap_section(data, NO_LINES, None, settings, 10, 1)
    assert {(one.verdict, one.n) for one in made.findings} == {(Verdict.SUPPRESSED, 0)}
    assert "same for everybody" not in canonical(made).decode() and "gap.constant" not in canonical(made).decode()


def test_a_mediator_that_sets_the_groups_apart_withholds_the_parts_but_not_the_gap() -> None:
    data = people()
    data.users["score"] = np.where(data.users["gender"] == "men", 1.0, 0.0)
    settings = GapSettings(gap_in="outcome", mediators=("score",), replicates=100)
    made = gap_section(data, NO_LINES, None, settings, 10, 1)
    found = {one.key.rpartition(".")[2]: one for one in made.findings}
    assert found["gap"].value is not None
    assert found["direct"].verdict is Verdict.NOT_COMPUTED and "nobody among" in say(found["direct"].reason)  # type: ignore[arg-type]
    assert not made.charts


def test_the_attribute_and_the_outcome_are_never_in_between() -> None:
    data = people()
    data.users["score"] = np.arange(240) % 3
    settings = GapSettings(gap_in="outcome", mediators=("score", "gender", "outcome"), replicates=100)
    assert gap_section(data, NO_LINES, None, settings, 10, 1).facts["mediators"] == ["score"]


def test_a_constant_mediator_is_no_mediator() -> None:
    data = people()
    data.users["score"], data.users["other"] = 1.0, np.arange(240) % 3
    settings = GapSettings(gap_in="outcome", mediators=("score", "other"), replicates=100)
    assert gap_section(data, NO_LINES, None, settings, 10, 1).facts["mediators"] == ["other"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"attribute": "height"}, "height is no column"),
        ({"mediators": ("height",)}, "height is no column"),
        ({"first": "others"}, "no group"),
        ({"gap_in": "ndcg"}, "recommendation lists"),
        ({"gap_in": "exposure"}, "not in the log"),
    ],
)
def test_settings_that_name_what_is_not_there_are_refused(settings: dict[str, object], said: str) -> None:
    asked = GapSettings.model_validate({"gap_in": "outcome", **settings})
    with pytest.raises(Refusal, match=said):
        gap_section(people(), NO_LINES, None, asked, 10, 1)


def test_hidden_causes_of_a_named_mediator_are_said_and_nothing_is_called_an_effect(shop: Dataset) -> None:
    settings = IN_LOG.model_copy(update={"mediators": ("treatment",)})
    made = gap_section(shop, templates(shop)["shop"], None, settings, 10, 1)
    assert Verdict.EFFECT not in {one.verdict for one in made.findings}
    assert any("common causes" in say(one) for one in made.summary)


def test_mediation_of_an_attribute_leaves_unknown_people_out(shop: Dataset) -> None:
    asked = MediationSettings(treatment="gender", replicates=100)
    made = mediation_section(shop, templates(shop)["shop"], asked, 10, 1)
    found = {one.key: one for one in made.findings}
    total, parts = found["mediation.te"], (found["mediation.nde"], found["mediation.nie"])
    assert total.value == pytest.approx(sum(part.value or 0.0 for part in parts), abs=1e-12)
    assert set(total.groups) == {"men", "women"} and total.n == sum(total.groups.values())
    assert made.facts["mediators"] == ["activity", "intent"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"outcome": 1.0}, "the same|nothing"),
        ({"treatment": 1}, "nothing to compare"),
    ],
)
def test_mediation_without_contrast_says_why(shop: Dataset, change: dict[str, object], reason: str) -> None:
    import re

    data = Dataset(shop.log.assign(**change), shop.users, shop.items, shop.roles, "x")
    made = mediation_section(data, templates(shop)["shop"], MediationSettings(replicates=100), 10, 1)
    assert all(one.verdict is Verdict.NOT_COMPUTED for one in made.findings)
    assert re.search(reason, say(made.summary[0]))


def test_the_margin_of_a_rare_outcome_is_a_tenth_of_it_as_in_the_effects_step(shop: Dataset) -> None:
    kept = np.random.default_rng(1).random(len(shop.log)) < 0.1
    rare = replace(shop, log=shop.log.assign(outcome=shop.log["outcome"] * kept))
    made = mediation_section(rare, templates(rare)["shop"], MediationSettings(replicates=100), 10, 1)
    total = next(one for one in made.findings if one.key == "mediation.te")
    assert rare.log["outcome"].mean() < 0.05
    assert total.margin == pytest.approx(rare.log["outcome"].mean() / 10, rel=0.05)


def test_mediation_without_anything_in_between_says_so(shop: Dataset) -> None:
    graph = Graph(
        nodes=("treatment", "outcome"), edges=(("treatment", "outcome"),), treatment="treatment", outcome="outcome"
    )
    made = mediation_section(shop, graph, MediationSettings(), 10, 1)
    assert "draws nothing recorded between" in say(made.summary[0])
    assert {one.verdict for one in made.findings} == {Verdict.NOT_COMPUTED}


def test_mediation_with_a_hidden_cause_is_not_computed(shop: Dataset) -> None:
    asked = MediationSettings(treatment="gender", mediators=("category",), replicates=100)
    made = mediation_section(shop, templates(shop)["shop"], asked, 10, 1)
    assert {one.verdict for one in made.findings} == {Verdict.NOT_COMPUTED} and not made.charts


def test_the_mean_of_a_number_that_few_people_have_is_not_told() -> None:
    rng = np.random.default_rng(0)
    rare = np.where(np.arange(240) % 60 == 0, rng.normal(size=240), np.nan)
    rare[1::2] = rng.normal(size=120)
    data = people(age=rng.normal(40, 9, 240), income=rare)
    settings = IN_LOG.model_copy(update={"confounders": ("age", "income"), "mediators": ()})
    table = next(one for one in gap_section(data, NO_LINES, None, settings, 10, 1).tables if one.key.endswith("sides"))
    assert [say(row[0]) for row in table.rows] == ["mean of age"]
