"""How sturdy is it? Run as a further step, shown on its tab, negative controls chosen there, kept for the report."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analysis.causal.robustness.settings import RobustnessSettings
from analysis.report import write
from audit.publish import composed_document
from audit.workspace import Workspace
from tests.pages.conftest import Open, further, unfold
from words import say


@pytest.fixture(scope="module")
def sturdy_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose demo has run the robustness step and what it builds on."""
    settings = RobustnessSettings(estimators=("strata", "linear"), replicates=100, simulations=20, draws=200)
    return further(tmp_path_factory, ["robustness"], robustness=settings, further=("robustness",))


def on_its_tab(page: AppTest) -> AppTest:
    tab = say("pages.robustness.title")
    chooser = next(one for one in page.button_group if tab in one.options)
    return chooser.set_value("robustness").run()


def test_the_step_runs_in_an_audit_and_stands_in_the_report(sturdy_home: Path, tmp_path: Path) -> None:
    folder = Workspace(sturdy_home).demo()
    section = folder.section("robustness")
    assert section is not None and section.summary and not folder.stale("robustness")
    document = composed_document(folder)
    assert "robustness" in [one.step for one in document.sections]
    write(document, tmp_path, ("html", "pdf"), "en")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert say("report.step.robustness") in text and "How strong a hidden cause would have to be" in text


def test_its_tab_shows_the_answer_and_offers_negative_controls(sturdy_home: Path, open_page: Open) -> None:
    page = on_its_tab(open_page("effects", sturdy_home))
    assert not page.exception and not page.error
    section = Workspace(sturdy_home).demo().section("robustness")
    assert section is not None
    first = say(section.summary[0]).split(":")[0]
    assert any(first in markdown.value for markdown in page.markdown)
    page = unfold(page, "demo:robustness:settings")
    field = next(one for one in page.multiselect if one.label.startswith("Negative controls: columns the treatment"))
    field.set_value(["position"]).run()
    assert not page.exception
    assert Workspace(sturdy_home).demo().settings().robustness.negative_outcomes == ("position",)
