"""Every page, launched: empty, full, in Chinese."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analysis.document import Section
from analysis.finding import Verdict
from analysis.ingest import Source
from analysis.simulate import Shop
from audit.jobs import Job
from audit.settings import DEPENDS, STEPS
from audit.steps import run_steps
from audit.workspace import Workspace
from pages.parts import form
from tests.pages.conftest import Open, tables, unfold, unwatched
from words import phrase, say


@pytest.mark.parametrize("step", STEPS)
def test_a_page_of_a_finished_audit_shows_its_answer_and_no_error(step: str, full_home: Path, open_page: Open) -> None:
    page = open_page(step, full_home)
    assert not page.exception
    assert not page.error
    assert page.title[0].value == say(f"pages.{step}.title")
    section = Workspace(full_home).demo().section(step)  # type: ignore[arg-type]
    assert section is not None
    if section.summary:
        first = say(section.summary[0]).split()[0]
        assert any(first in markdown.value for markdown in page.markdown)


@pytest.mark.parametrize("step", STEPS)
def test_a_page_of_an_empty_audit_says_what_to_do_next(step: str, empty_home: Path, open_page: Open) -> None:
    page = open_page(step, empty_home, audit="other")
    assert not page.exception
    assert not page.error
    if step == "report":
        assert say("pages.report.no_data") in [caption.value for caption in page.caption]
    elif DEPENDS[step]:  # type: ignore[index]
        assert any("builds on “Data”" in info.value for info in page.info)
    else:
        assert page.button


@pytest.mark.parametrize("step", STEPS)
def test_a_page_speaks_chinese(step: str, full_home: Path, open_page: Open) -> None:
    page = open_page(step, full_home, lang="zh")
    assert not page.exception
    assert page.title[0].value == say(f"pages.{step}.title", "zh")
    assert any(button.label == say("pages.jobs.run_again", "zh") for button in page.button) or step == "report"


def test_a_step_that_could_not_run_says_why_and_shows_no_answer(empty_home: Path, open_page: Open) -> None:
    folder, why = Workspace(empty_home).demo(), phrase("audit.no_test")
    folder.save_section(
        Section(step="recommender", summary=(), not_run=why), folder.stamp(folder.settings(), "recommender")
    )
    page = open_page("recommender", empty_home)
    assert [say(why) in warning.value for warning in page.warning] == [True]
    assert say("pages.section.answer") not in [header.value for header in page.header]
    report = open_page("report", empty_home)
    assert any("× Recommender – could not run" in one.value for one in report.markdown)
    assert [say(why) in one.value for one in (*report.caption, *report.markdown)].count(True) == 1
    assert any("builds on “Recommender”" in info.value for info in open_page("disparity", empty_home).info)


def test_a_run_that_failed_names_its_step_and_is_resumed_on_that_steps_page(
    full_home: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = Job(
        "j", "demo", (*STEPS, "attacks"), "failed", 0.5, "attacks", None, phrase("audit.out_of_memory"), None, 9.0
    )
    monkeypatch.setattr("pages.parts.jobs.newest", lambda view: failed)
    for step in ("data", "recommender"):
        page = open_page(step, full_home)
        assert say("pages.attacks.title") in page.error[0].value and say(failed.error or "") in page.error[0].value
        assert (say("pages.jobs.resume") in [button.label for button in page.button]) == (step == "recommender")


def test_what_the_list_counts_beside_the_answers_gaps_is_said(full_home: Path, open_page: Open) -> None:
    section = Workspace(full_home).demo().section("disparity")
    assert section is not None
    counted = [one for one in section.findings if one.verdict in (Verdict.GAP, Verdict.EQUIVALENT, Verdict.CANNOT_TELL)]
    (said,) = [one.value for one in open_page("disparity", full_home).caption if "Counted are" in one.value]
    assert sum(map(int, re.findall(r"\d+", said))) == len(counted)
    assert f"the {section.summary[0].facts['judged']} gaps" in said


def test_changed_settings_mark_the_step_and_those_after_it_as_stale(home: Path, open_page: Open) -> None:
    page = unfold(open_page("disparity", home), "demo:disparity:settings")
    assert not page.warning
    page.number_input(key="demo:disparity:disparity.margin").set_value(0.05).run()
    assert page.warning[0].value == say("pages.frame.stale")
    folder = Workspace(home).demo()
    assert folder.settings().disparity.margin == 0.05
    states = folder.states()
    assert (states["recommender"], states["disparity"], states["mitigation"]) == ("done", "stale", "stale")


def test_a_setting_outside_its_range_is_said_and_not_saved(home: Path, open_page: Open) -> None:
    page = unfold(open_page("mitigation", home), "demo:mitigation:settings")
    page.text_input(key="demo:mitigation:mitigation.strengths").set_value("0.5, strong").run()
    assert page.error[0].value == "Not taken: How strong (0 to 1, several by commas) – it must be a number."
    assert Workspace(home).demo().settings().mitigation.strengths == (1.0,)


def test_a_refused_setting_is_called_as_on_its_page_and_else_by_its_path() -> None:
    assert form._named_as("asked", ("template",)) == say("pages.field.recommending")
    assert form._named_as("recommending", ("model", "mf", "l2")) == "model.mf.l2"


def test_a_number_that_was_given_can_be_automatic_again(home: Path, open_page: Open) -> None:
    folder, key = Workspace(home).demo(), "demo:recommender:recommending.positive_from"
    page = unfold(open_page("recommender", home), "demo:recommender:settings")
    page.number_input(key=key).set_value(0.5).run()
    assert folder.settings().recommender.positive_from == 0.5
    page = unfold(open_page("recommender", home), "demo:recommender:settings")
    assert page.number_input(key=key).value == 0.5
    page.number_input(key=key).set_value(None).run()
    assert not page.exception and folder.settings().recommender.positive_from is None


def test_with_every_method_switched_off_the_last_choice_stands(home: Path, open_page: Open) -> None:
    page = unfold(open_page("mitigation", home), "demo:mitigation:settings")
    page.button_group(key="demo:mitigation:methods:gap").set_value([]).run()
    assert say("pages.mitigation.choose_one") in [warning.value for warning in page.warning]
    assert not page.exception and Workspace(home).demo().settings().mitigation.methods == ("rerank",)


def test_the_data_pages_settings_are_drawn_once_opened_and_then_kept_when_the_box_is_shut(
    full_home: Path, open_page: Open
) -> None:
    page = open_page("data", full_home)
    assert "demo:data:way" not in page.session_state
    unfold(page, "demo:data:settings").radio(key="demo:data:way").set_value("upload").run()
    page.session_state["demo:data:settings"] = False
    assert page.run().radio(key="demo:data:way").value == "upload"


def test_an_unknown_audit_in_the_address_opens_the_demo(full_home: Path, open_page: Open) -> None:
    page = open_page("report", full_home, audit="../../etc/passwd")
    assert not page.exception
    assert page.session_state["evenhand"].audit == "demo"


def test_settings_that_cannot_be_read_are_one_sentence(full_home: Path, tmp_path: Path, open_page: Open) -> None:
    broken = Workspace(tmp_path).create(Workspace(full_home).demo().settings(), "broken")
    (broken.path / "audit.toml").write_text("seed = 'many'", encoding="utf-8")
    page = open_page("data", tmp_path, audit="broken")
    assert not page.exception
    assert "seed" in page.error[0].value


def test_a_chosen_user_gets_her_list_with_reasons(full_home: Path, open_page: Open) -> None:
    page = open_page("recommender", full_home)
    page.toggle(key="demo:recommender:why").set_value(True).run()
    assert not page.exception
    shown = tables(page)[-1]
    assert say("pages.lists.reason") in shown.columns
    assert (shown[say("pages.lists.reason")].str.len() > 0).all()


def test_no_list_is_shown_of_users_and_items_that_the_recommender_was_not_run_on(home: Path, open_page: Open) -> None:
    folder = Workspace(home).demo()
    settings = folder.settings()
    folder.save_settings(settings.model_copy(update={"data": Source(kind="demo", shop=Shop(users=200, items=36))}))
    run_steps(folder, ("data",), unwatched)
    page = open_page("recommender", home)
    assert not page.exception
    assert say("pages.lists.run_again") in [caption.value for caption in page.caption]
    assert "demo:recommender:user" not in page.session_state


@pytest.mark.parametrize("kind", ["popularity", "vae"])
def test_choosing_another_kind_keeps_it_and_makes_the_step_stale(home: Path, open_page: Open, kind: str) -> None:
    page = unfold(open_page("recommender", home), "demo:recommender:settings")
    page.selectbox(key="demo:recommender:kind").set_value(kind).run()
    assert not page.exception
    assert Workspace(home).demo().settings().recommender.model.kind == kind
    assert page.warning


def test_one_place_of_a_list_names_what_it_rests_on(full_home: Path, open_page: Open) -> None:
    page = unfold(open_page("recommender", full_home), "demo:recommender:one_place")
    assert not page.exception
    shown = tables(page)[-1]
    assert say("why.column.rank") in shown.columns and len(shown) > 0
