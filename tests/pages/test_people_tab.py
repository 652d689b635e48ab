"""For whom does it work? Run as a further step on the demo, shown on its tab, asked anew there, kept for the report."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analysis.causal.people.settings import PeopleSettings
from analysis.ingest import Source
from analysis.report import write
from analysis.simulate import Shop
from audit.publish import composed_document
from audit.steps import run_steps
from audit.workspace import DEMO_ID, Workspace
from tests.pages.conftest import Open, small_audit, unfold, unwatched
from words import say


@pytest.fixture(scope="module")
def people_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose demo has run the people step and what it builds on."""
    home = tmp_path_factory.mktemp("people")
    settings = PeopleSettings(forest=False, replicates=100)
    shop = Source(kind="demo", shop=Shop(users=300, items=48))
    audit = small_audit().model_copy(update={"people": settings, "further": ("people",), "data": shop})
    run_steps(Workspace(home).create(audit, DEMO_ID), ("data", "graph", "people"), unwatched)
    return home


def on_its_tab(page: AppTest) -> AppTest:
    tab = say("pages.people.title")
    chooser = next(one for one in page.button_group if tab in one.options)
    return chooser.set_value("people").run()


def test_the_step_runs_in_an_audit_and_stands_in_the_report(people_home: Path, tmp_path: Path) -> None:
    folder = Workspace(people_home).demo()
    section = folder.section("people")
    assert section is not None and not folder.stale("people")
    assert say(section.summary[0]).startswith("promoted changes purchased by")
    document = composed_document(folder)
    assert "people" in [one.step for one in document.sections]
    write(document, tmp_path, ("html", "pdf"), "zh")
    assert say("report.step.people", "zh") in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_its_tab_shows_the_answer_and_another_price_makes_it_stale(people_home: Path, open_page: Open) -> None:
    page = on_its_tab(open_page("effects", people_home))
    assert not page.exception and not page.error
    assert any("promoted changes purchased by" in markdown.value for markdown in page.markdown)
    page = unfold(page, "demo:people:settings")
    price = next(one for one in page.number_input if one.label == say("pages.field.worth"))
    price.set_value(0.05).run()
    assert not page.exception
    folder = Workspace(people_home).demo()
    assert folder.settings().people.worth == 0.05 and folder.stale("people") and not folder.stale("graph")
