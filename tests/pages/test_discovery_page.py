"""Links in the data, on the Graph page: constraints kept, links added to the drawn graph, undo."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analysis.causal.discovery.settings import DiscoverySettings
from analysis.document import Section
from audit.workspace import AuditFolder, Workspace
from tests.pages.conftest import Open, further, unfold
from words import phrase, say


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = DiscoverySettings(
        columns=("gender", "treatment", "position", "outcome", "tier"), resamples=20, required=(("tier", "position"),)
    )
    return further(tmp_path_factory, ["discovery"], discovery=settings, further=("discovery",))


@pytest.fixture()
def searched(found: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(found, tmp_path / "searched"))


def folder_of(home: Path) -> AuditFolder:
    return Workspace(home).demo()


def find_links(page: AppTest) -> AppTest:
    return page.button_group(key="demo:graph:further").set_value("discovery").run()


def test_the_step_keeps_what_is_required_and_opens_the_page_with_its_links(searched: Path, open_page: Open) -> None:
    section = folder_of(searched).section("discovery")
    assert section is not None
    links = {(link["cause"], link["consequence"]): link for link in section.facts["links"]}  # type: ignore
    assert links["tier", "position"]["given"]
    page = find_links(open_page("graph", searched))
    assert not page.exception and not page.error
    assert folder_of(searched).settings().discovery.required == (("tier", "position"),), (
        "opening a page changes nothing"
    )


def test_a_ticked_link_enters_the_drawn_graph_and_undo_takes_it_back(searched: Path, open_page: Open) -> None:
    page = find_links(open_page("graph", searched))
    page.checkbox(key="demo:discovery:take:tier:position").check().run()
    page.button(key="demo:discovery:add").click().run()
    drawn = folder_of(searched).settings().graph.drawn
    assert drawn is not None and ("tier", "position") in drawn.edges
    assert page.success
    page = page.button_group(key="demo:graph:further").set_value("graph").run()
    page.button(key="demo:graph:undo").click().run()
    undone = folder_of(searched).settings().graph.drawn
    assert undone is not None and ("tier", "position") not in undone.edges


def test_contradictory_constraints_are_said_at_once(searched: Path, open_page: Open) -> None:
    page = unfold(find_links(open_page("graph", searched)), "demo:discovery:settings")
    names = "gender|treatment|position|outcome|tier"
    forbidden = page.multiselect(key=f"demo:discovery:forbidden:{names}")
    forbidden.set_value([("tier", "position")]).run()
    assert any("both required and forbidden" in error.value for error in page.error)


def test_a_search_that_the_data_did_not_allow_says_so_on_both_tabs(home: Path, open_page: Open) -> None:
    folder, reason = folder_of(home), phrase("audit.no_test")
    refused = Section(step="discovery", summary=(reason,))  # as a whole run keeps a step that is refused
    folder.save_section(refused, folder.stamp(folder.settings(), "discovery"))
    page = open_page("graph", home)
    assert not page.exception and not page.error
    page = find_links(page)
    assert not page.exception and not page.error
    assert any(say(reason) in markdown.value for markdown in page.markdown)
