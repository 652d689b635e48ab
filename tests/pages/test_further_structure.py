"""The sliders of the structure tab: they look up what the last run found."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.causal.structure.settings import StructureSettings
from analysis.causal.trust.settings import TrustSettings
from analysis.document import Section
from analysis.finding import amount
from audit.structure import people, what_if_answers
from audit.workspace import AuditFolder, Workspace
from tests.pages.conftest import Open, further
from words import phrase, say


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    quick = {"structure": StructureSettings(replicates=50, check=False), "trust": TrustSettings(logs=20, slow_logs=0)}
    return further(tmp_path_factory, ["structure", "trust"], **quick)


def folder_of(home: Path) -> AuditFolder:
    return Workspace(home).demo()


def test_both_steps_run_from_the_demo(audited: Path) -> None:
    for step in ("structure", "trust"):
        section = folder_of(audited).section(step)  # type: ignore[arg-type]
        assert section is not None and section.summary and any(one.value is not None for one in section.findings)
    table = people(folder_of(audited))
    assert table is not None and len(table) == len(set(table["user"]))
    assert (table["never_low"] <= table["never_high"] + 1e-12).all()


def test_a_slider_shows_the_figure_that_the_run_found(audited: Path, open_page: Open) -> None:
    page = open_page("effects", audited)
    page.segmented_control[0].set_value("structure").run()
    assert not page.exception and not page.error
    answers = what_if_answers(folder_of(audited))
    assert answers is not None
    by_key = {one.key: one for one in answers.findings}
    slider = next(one for one in page.select_slider if one.value == "100%")
    slider.set_value("30%").run()
    then = by_key["what_if[treatment:share=30%].level"]
    assert then.value is not None
    assert amount(then.value, then.unit) in [metric.value for metric in page.metric]


def test_the_tab_of_trust_shows_its_answer(audited: Path, open_page: Open) -> None:
    page = open_page("effects", audited)
    page.segmented_control(key="demo:effects:further").set_value("trust").run()
    assert not page.exception and not page.error
    section = folder_of(audited).section("trust")
    assert section is not None
    assert any(say(section.summary[-1])[:30] in markdown.value for markdown in page.markdown)


def test_after_a_refused_run_the_answers_of_the_run_before_are_gone(audited: Path, open_page: Open) -> None:
    folder, reason = folder_of(audited), phrase("audit.no_test")
    answered = folder.section("structure")
    assert answered is not None
    folder.save_section(Section(step="structure", summary=(reason,)), folder.stamp(folder.settings(), "structure"))
    page = open_page("effects", audited)
    page.segmented_control(key="demo:effects:further").set_value("structure").run()
    assert not page.exception and not page.select_slider
    assert any(say(reason) in markdown.value for markdown in page.markdown)
    folder.save_section(answered, folder.stamp(folder.settings(), "structure"))
