"""A Section on the screen: every verdict in words, evidence for each figure, a table behind every picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from analysis.document import Chart, Column, Section, Series, Table
from analysis.finding import VALUELESS, Finding, Verdict, not_computed, suppressed
from audit.workspace import Workspace
from pages.parts import section as parts
from pages.parts.state import state
from tests.pages.conftest import Open, small_audit, tables, unfold
from words import Phrase, phrase, say

HOSTILE = "![x](http://evil) <img src=x> :red[a] $y$"
LABEL = Phrase(
    key="finding.sentence.measured_no_interval", facts={"label": HOSTILE, "value": "", "unit": "", "n": 1, "n_unit": ""}
)


def finding(verdict: Verdict, key: str = "gender.ndcg@10.gap", label: Phrase | None = None) -> Finding:
    return Finding(
        key=key,
        label=label or phrase("pages.disparity.title"),
        unit="ndcg",
        verdict=verdict,
        value=0.044,
        low=0.01,
        high=0.078,
        n=200,
        groups={"men": 120, "women": 80},
        p_value=0.003,
        p_adjusted=0.012,
        margin=0.01,
        smallest_detectable=0.05,
        method=phrase("graph.found_by"),
        settings={"replicates": 1000},
        seed=7,
    )


def every_verdict() -> tuple[Finding, ...]:
    why, how = phrase("graph.no_question"), phrase("graph.found_by")
    return (
        *(finding(verdict, f"gender.{verdict.name.lower()}") for verdict in Verdict if verdict not in VALUELESS),
        suppressed(finding(Verdict.MEASURED, "age.hidden"), 10),
        not_computed("age.undefined", phrase("pages.effects.title"), "ndcg", 12, why, how),
        finding(Verdict.GAP, "age.hostile", LABEL),
    )


def chart() -> Chart:
    series = Series(name=HOSTILE, x=(0.1, 0.2), y=("men", "women"), low=(0.0, None), high=(0.2, None))
    words = phrase("pages.disparity.title")
    return Chart(key="c", kind="interval", title=words, x_title=words, y_title=words, n=9, series=(series,), alt=words)


def table() -> Table:
    what, value = phrase("pages.section.what"), phrase("pages.section.value")
    columns = (Column(key="a", title=what), Column(key="b", title=value, unit="share"))
    return Table(key="t", title=what, columns=columns, rows=((HOSTILE, 0.25), ("women", None)))


@pytest.fixture()
def home(tmp_path: Path) -> Path:
    folder = Workspace(tmp_path).create(small_audit(), "demo")
    made = Section(
        step="data",
        summary=(phrase("graph.assumption"), LABEL),
        findings=every_verdict(),
        charts=(chart(),),
        tables=(table(),),
        notes=(LABEL,),
        facts={"digest": "0"},
    )
    folder.save_section(made, folder.stamp(folder.settings(), "data"))
    return tmp_path


def test_every_verdict_is_a_word_and_a_sign(home: Path, open_page: Open) -> None:
    page = open_page("data", home)
    page.pills(key="demo:data:verdicts").set_value(list(Verdict)).run()
    shown = next(table for table in tables(page) if say("pages.section.verdict") in table.columns)
    for verdict in Verdict:
        word = say(f"finding.verdict.{verdict.name.lower()}")
        assert any(word in cell and parts.MARKS[verdict][1] in cell for cell in shown[say("pages.section.verdict")])


def test_a_figure_without_a_value_shows_a_dash_and_never_a_number(home: Path, open_page: Open) -> None:
    page = open_page("data", home)
    page.pills(key="demo:data:verdicts").set_value([Verdict.SUPPRESSED, Verdict.NOT_COMPUTED]).run()
    shown = next(table for table in tables(page) if say("pages.section.verdict") in table.columns)
    assert list(shown[say("pages.section.value")]) == ["–", "–"]
    assert list(shown[say("pages.section.interval")]) == ["", ""]
    assert list(shown[say("pages.section.n")])[0] == ""


def test_chinese_has_no_space_before_its_own_bracket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state(), "language", "zh")
    found = finding(Verdict.GAP).model_copy(update={"unit": "score"})
    assert parts.value_words(found) == "+0.044（得分）"
    assert dict(parts.evidence_rows(found))["interval"].endswith("（95%）")


def test_evidence_holds_all_that_a_finding_carries() -> None:
    rows = dict(parts.evidence_rows(finding(Verdict.GAP)))
    assert rows["value"] == "+0.044 NDCG"
    assert rows["interval"] == "+0.010 to +0.078 (95%)"
    assert rows["p"] == "0.003"
    assert rows["p_adjusted"] == "0.012"
    assert rows["groups"] == "men: 120, women: 80"
    assert rows["settings"] == "replicates = 1000"
    assert rows["seed"] == "7"


def test_no_text_of_the_data_becomes_markup(home: Path, open_page: Open) -> None:
    page = open_page("data", home)
    assert not page.exception
    hostile = [markdown.value for markdown in page.markdown if "evil" in markdown.value]
    assert hostile
    for text in hostile:
        assert "![x](" not in text
        assert "<img" not in text.replace("\\<", "")
        assert ":red[" not in text.replace("\\:red", "")
    assert any(HOSTILE in cell for table in tables(page) for cell in table.to_numpy().ravel())  # HTML, read back


def test_a_picture_has_its_numbers_behind_it(home: Path, open_page: Open) -> None:
    page = open_page("data", home)
    page.session_state["demo:data:tabs:c"] = say("pages.section.numbers")
    page.run()
    low, high = say("report.label.low"), say("report.label.high")
    (numbers,) = [table for table in tables(page) if low in table.columns]
    assert numbers[[low, high]].to_numpy().tolist() == [["0", "0.2"], ["–", "–"]]


def test_the_numbers_behind_a_heat_map_say_what_its_cells_say(home: Path, open_page: Open) -> None:
    """A suppressed cell is no number that is missing for no reason."""
    folder = Workspace(home).demo()
    found = folder.section("data")
    assert found is not None
    rows = (Series(name="women", x=("young", "old"), y=(0.4, None), text=("0.400", "suppressed")),)
    heat = chart().model_copy(update={"kind": "heatmap", "series": rows})
    folder.save_section(found.model_copy(update={"charts": (heat,)}), folder.stamp(folder.settings(), "data"))
    page = open_page("data", home)
    page.session_state["demo:data:tabs:c"] = say("pages.section.numbers")
    page.run()
    (numbers,) = [table for table in tables(page) if "young" in table.columns]
    assert numbers.to_numpy().tolist() == [["women", "0.400", "suppressed"]]


@pytest.mark.parametrize(("kind", "zoomed"), [("line", True), ("interval", False)])
def test_lines_are_zoomed_into_where_the_reader_asks_for_it(
    home: Path, open_page: Open, kind: str, zoomed: bool
) -> None:
    folder = Workspace(home).demo()
    found = folder.section("data")
    assert found is not None
    series = (Series(name="men", x=(1, 2, 3), y=(0.1, 0.2, 0.4)),)
    drawn = chart().model_copy(update={"kind": kind, "series": series if kind == "line" else chart().series})
    folder.save_section(found.model_copy(update={"charts": (drawn,)}), folder.stamp(folder.settings(), "data"))
    page = open_page("data", home)
    assert (say("pages.section.zoom") in [tab.label for tab in page.tabs]) == zoomed
    if zoomed:
        page.session_state["demo:data:tabs:c"] = say("pages.section.zoom")
        page.run()
        assert not page.exception and len(page.get("plotly_chart")) == 1


def test_one_attribute_can_be_looked_at_alone(home: Path, open_page: Open) -> None:
    page = open_page("data", home)
    page.selectbox(key="demo:data:about").set_value("age").run()
    shown = next(table for table in tables(page) if say("pages.section.verdict") in table.columns)
    assert len(shown) == 2  # the gap and what is not computed; the suppressed one is a click away


def test_what_figures_are_about_is_said_in_words(full_home: Path, open_page: Open) -> None:
    page = open_page("disparity", full_home, lang="zh")
    about = next(box for box in page.selectbox if box.label == say("pages.section.about", "zh"))
    assert {"全部用户", "头部与长尾", "类别", "物品"} <= set(about.options)


def test_two_pictures_are_drawn_at_once_and_the_others_when_they_are_asked_for(home: Path, open_page: Open) -> None:
    folder = Workspace(home).demo()
    found = folder.section("data")
    assert found is not None
    three = tuple(chart().model_copy(update={"key": key}) for key in "cde")
    folder.save_section(found.model_copy(update={"charts": three}), folder.stamp(folder.settings(), "data"))
    page = open_page("data", home)
    assert len(_pictures(page)) == 2
    assert len(_pictures(unfold(page, "demo:data:more_pictures"))) == 3


def test_two_pictures_far_from_equally_high_stand_below_each_other(home: Path, open_page: Open) -> None:
    folder = Workspace(home).demo()
    found = folder.section("data")
    assert found is not None
    series = Series(name="a", x=tuple(f"value {at}" for at in range(12)), y=(0.5,) * 12)
    high = chart().model_copy(update={"key": "high", "kind": "bars", "series": (series,)})

    def columns(*charts: Chart) -> int:
        folder.save_section(found.model_copy(update={"charts": charts}), folder.stamp(folder.settings(), "data"))
        page = open_page("data", home)
        assert len(_pictures(page)) == 2
        return sum(bool(_pictures(column)) for column in page.columns)

    assert columns(chart(), chart().model_copy(update={"key": "other"})) == 2
    assert columns(chart(), high) == 0


def test_fifteen_figures_are_listed_at_once_and_all_when_they_are_asked_for(home: Path, open_page: Open) -> None:
    folder = Workspace(home).demo()
    found = folder.section("data")
    assert found is not None
    many = tuple(finding(Verdict.GAP, f"gender.figure{at}.gap") for at in range(20))
    folder.save_section(found.model_copy(update={"findings": many}), folder.stamp(folder.settings(), "data"))
    page = open_page("data", home)

    def listed() -> int:
        return len(next(table for table in tables(page) if say("pages.section.verdict") in table.columns))

    assert listed() == parts.FIGURES_SHOWN == 15
    page.toggle(key="demo:data:all").set_value(True).run()
    assert listed() == 20


def _pictures(page: AppTest | Block) -> list[str]:
    bodies = [element.proto.body for element in page.get("html")]
    return [body for body in bodies if body.startswith('<div class="chart"')]
