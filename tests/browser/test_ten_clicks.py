"""A newcomer's way: see the verdict of an attribute, understand it, mend it, hand it on, in under ten clicks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from audit.workspace import Workspace
from tests.browser.hands import go, run
from tests.browser.server import Server, serving, settled, visit
from tests.pages.conftest import copied

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MOST = 10
MEND_AND_REPORT = 2
"""Clicks of `run`, one a job."""


@pytest.fixture(scope="module")
def judged_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app over a small audit that is judged and not mended."""
    home = copied(tmp_path_factory, "judged")
    for step in ("mitigation", "report"):
        (Workspace(home).demo().path / "work" / "steps" / f"{step}.json").unlink()
    with serving(home) as running:
        yield running


class Hand:
    """Clicks, counted."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks = page, 0

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1
        settled(self.page)


def test_from_the_verdict_to_a_mend_and_its_report_in_under_ten_clicks(
    judged_server: Server, browser: Browser, tmp_path: Path
) -> None:
    tab = visit(browser, judged_server.url)
    page, hand = tab.page, Hand(tab.page)
    hand.click(page.get_by_test_id("stSidebarNav").get_by_role("link", name="Disparity"))
    hand.click(page.get_by_role("button", name="NDCG@10, gender:"))
    evidence = page.get_by_role("region", name="NDCG@10 · gender")
    expect(evidence).to_contain_text("What each group gets")
    expect(evidence).to_contain_text("How to read it")
    hand.click(evidence.get_by_role("button", name="Mend it"))
    page.get_by_role("heading", level=1, name="Mitigation").wait_for()
    run(page, "Run", "Mitigation")
    hand.click(page.get_by_role("link", name="Next: Report"))
    page.get_by_role("heading", level=1, name="Report").wait_for()
    run(page, "Write the report", "Report")
    with page.expect_download() as waiting:
        hand.click(page.get_by_role("button", name="Download PDF"))
    waiting.value.save_as(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    assert hand.clicks + MEND_AND_REPORT < MOST
    assert tab.errors == [] and tab.foreign == []
    page.context.close()


def test_the_board_is_read_and_opened_by_the_keyboard_alone(judged_server: Server, browser: Browser) -> None:
    tab = visit(browser, judged_server.url)
    page = tab.page
    go(page, "Disparity")
    page.get_by_role("button", name="NDCG@10, gender:").focus()
    page.keyboard.press("ArrowDown")
    second = page.get_by_role("button", name="recall@10, gender:")
    expect(second).to_be_focused()
    page.keyboard.press("Enter")
    expect(second).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("region", name="recall@10 · gender")).to_be_visible()
    page.keyboard.press("Escape")
    expect(second).to_be_focused()
    expect(second).to_have_attribute("aria-expanded", "false")
    assert tab.errors == []
    page.context.close()
