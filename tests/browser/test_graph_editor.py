"""The graph editor's marks: seen, reached by keyboard, told to screen readers, and gone once they are mended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from analysis.causal.graph import Graph, templates
from analysis.ingest import Source
from analysis.simulate import Shop
from audit.settings import AuditSettings, GraphChoice
from audit.steps import run_steps
from audit.workspace import Workspace
from tests.browser.hands import node
from tests.browser.server import Server, painted, serving, visit
from tests.browser.test_pages import _tab_to, _violations, address
from words import say

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def contradicted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A small shop whose drawing lacks activity -> intent, with the graph step run; the app over it."""
    home = tmp_path_factory.mktemp("contradicted")
    settings = AuditSettings(title="Small shop", data=Source(kind="demo", shop=Shop(users=300, items=80)))
    folder = Workspace(home).create(settings)
    run_steps(folder, ["data"], lambda *note: None)
    data = folder.dataset()
    assert data is not None
    drawn = templates(data)["shop"].remove_edge("activity", "intent")
    folder.save_settings(folder.settings().model_copy(update={"graph": GraphChoice(drawn=drawn)}))
    run_steps(folder, ["graph"], lambda *note: None)
    with serving(home) as running:
        yield running, folder.id


def opened(browser: Browser, contradicted: tuple[Server, str], dark: bool = False) -> Page:
    server, audit = contradicted
    page = visit(browser, address(server, "graph", audit=audit), dark=dark).page
    painted(page)
    page.locator("g.edge.biasing").first.wait_for()
    return page


@pytest.mark.parametrize("dark", [False, True])
def test_marks_are_in_the_legend_and_read_out_and_axe_finds_nothing(
    dark: bool, browser: Browser, contradicted: tuple[Server, str]
) -> None:
    page = opened(browser, contradicted, dark)
    missing = page.locator("g.ghost.missing")
    expect(missing.first).to_have_attribute("role", "button")
    labels = " / ".join(missing.nth(place).get_attribute("aria-label") or "" for place in range(missing.count()))
    assert "activity – intent. no edge drawn, but the data disagree" in labels
    expect(page.locator(".legend")).to_contain_text("path that biases, closed by adjusting")
    expect(page.locator(".legend")).not_to_contain_text("still open")
    biasing = page.get_by_role("button", name="Edge: gender causes promoted. path that biases")
    expect(biasing).to_have_count(1)
    assert not _violations(page)
    page.context.close()


def test_the_whole_graph_is_seen_on_a_page_of_usual_width(browser: Browser, contradicted: tuple[Server, str]) -> None:
    page = opened(browser, contradicted)
    assert page.locator(".canvas").evaluate("canvas => canvas.scrollWidth - canvas.clientWidth") <= 0
    page.context.close()


def test_the_missing_edge_is_chosen_by_keyboard_and_drawn_and_its_mark_goes(
    browser: Browser, contradicted: tuple[Server, str]
) -> None:
    page = opened(browser, contradicted)
    page.get_by_role("button", name="activity – intent.").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".message")).to_contain_text("no edge drawn, but the data disagree")
    page.get_by_role("button", name="Add edge").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Edge: activity causes intent")).to_have_count(1)
    expect(page.get_by_role("button", name="activity – intent.")).to_have_count(0)
    page.context.close()


def test_a_node_is_made_latent_by_keyboard_and_the_answer_follows(
    browser: Browser, contradicted: tuple[Server, str]
) -> None:
    page = opened(browser, contradicted)
    _tab_to(page, "intent")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Recorded / not recorded").focus()
    page.keyboard.press("Enter")
    expect(node(page, "intent")).to_contain_text("not recorded")
    expect(page.locator("g.edge.open")).to_have_count(2)
    expect(page.locator(".legend")).to_contain_text("path that biases, still open")
    expect(page.get_by_text("Measure it: with intent recorded")).to_be_visible()
    page.context.close()


def test_an_empty_graph_can_be_begun_by_keyboard(browser: Browser, contradicted: tuple[Server, str]) -> None:
    server, _ = contradicted
    home = Workspace(server.home)
    first = home.audits()[0]
    folder = home.create(first.settings().model_copy(update={"graph": GraphChoice(drawn=Graph(nodes=()))}))
    _copied(first.data, folder.data)
    section = first.section("data")
    assert section is not None
    folder.save_section(section, folder.stamp(folder.settings(), "data"))
    page = visit(browser, address(server, "graph", audit=folder.id)).page
    painted(page)
    page.get_by_label("Variable").fill("gender")
    page.keyboard.press("Enter")
    expect(node(page, "gender")).to_be_visible()
    page.context.close()


def _copied(source: Path, target: Path) -> None:
    import shutil

    shutil.copytree(source, target)


def test_a_found_link_is_told_in_one_line_on_a_page_of_usual_width(
    browser: Browser, contradicted: tuple[Server, str]
) -> None:
    server, _ = contradicted
    settings = AuditSettings(title="Links", data=Source(kind="demo", shop=Shop(users=300, items=80)))
    folder = Workspace(server.home).create(settings)
    run_steps(folder, ["data", "discovery"], lambda *note: None)
    page = visit(browser, address(server, "graph", audit=folder.id)).page
    page.get_by_text(say("pages.discovery.title"), exact=True).first.click()
    row = page.locator('[class*="-take-links"] [data-testid="stHorizontalBlock"]').nth(1)
    row.wait_for()
    tops = row.get_by_test_id("stColumn").evaluate_all("columns => columns.map(one => one.getBoundingClientRect().top)")
    assert len(tops) == 4 and max(tops) - min(tops) < 30
    page.context.close()
