"""The whole way through by clicking, in a real Chromium, from an empty workspace: the demo, then real data."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.first_start import SEEN
from tests.browser.hands import choose, drag_edge, go, new_audit, node, run, sound
from tests.browser.server import ROOT, Server, settled, visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COAT = ROOT.parent / "shared" / "data" / "coat"
COAT_FILES = {
    "Log: one row an event": "coat_long.derived.csv.gz",
    "Users: one row a user (optional)": "coat_users.derived.csv",
    "Items: one row an item (optional)": "coat_items.derived.csv",
}
TITLE = "Shop, March 2026"


def test_at_the_first_start_the_demo_is_audited_in_sight(finished_demo: Path) -> None:
    seen = json.loads((finished_demo / SEEN).read_text())
    assert re.search(r"\b[1-9]\d?%", seen["job"])
    pages = ("Data", "Graph", "Effects", "Recommender", "Disparity", "Mitigation", "Report")
    assert [" ".join(link.split()) for link in seen["links"]] == [f"{name} ✓" for name in pages]
    assert seen["ahead"]
    assert seen["errors"] == [] and seen["foreign"] == []


def test_from_the_demos_log_to_a_signed_pdf_by_clicking(
    finished_server: Server, browser: Browser, tmp_path: Path
) -> None:
    tab = visit(browser, finished_server.url)
    page = tab.page
    new_audit(page, TITLE)
    _data_from_the_shop(page)
    _graph_by_mouse(page)
    go(page, "Effects")
    run(page, "Run", "Effects")
    expect(page.locator(".st-key-answer").first).to_contain_text("adjusted for")
    go(page, "Recommender")
    choose(page, "Kind", "EASE (item to item)")
    run(page, "Train and rank", "Recommender")
    expect(page.locator(".st-key-answer")).to_contain_text("NDCG@10")
    go(page, "Disparity")
    run(page, "Run", "Disparity")
    expect(page.locator(".st-key-answer")).to_contain_text("gender")
    go(page, "Mitigation")
    run(page, "Run", "Mitigation")
    expect(page.locator(".st-key-answer")).to_contain_text("gap")
    _pdf(page, tmp_path / "report.pdf")
    assert tab.errors == [] and tab.foreign == []
    page.context.close()


def test_coats_files_are_uploaded_and_womens_coats_are_seen_to_be_shown_to_women(
    finished_server: Server, browser: Browser
) -> None:
    if not COAT.is_dir():
        pytest.skip("the Coat files are not on this machine (shared/data/coat)")
    tab = visit(browser, finished_server.url)
    page = tab.page
    new_audit(page, "Coat")
    page.get_by_test_id("stRadio").get_by_text("Upload", exact=True).click()
    settled(page)
    for label, name in COAT_FILES.items():
        uploader = page.get_by_test_id("stFileUploader").filter(has_text=label)
        uploader.locator("input[type=file]").set_input_files(COAT / name)
        expect(page.get_by_role("button", name=f"Remove {name}")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Read the files").click()
    expect(page.get_by_text("11,600 rows of a log, 290 users and 300 items")).to_be_visible()
    _roles_are(page, {"User": "user_id", "Item": "item_id", "Randomised exposure": "logging"})
    choose(page, "How rows are held out", "each user's rows at random")
    choose(page, "How rows are held out", "the rows whose exposure was random")
    run(page, "Run the data step", "Data")
    answer = page.locator(".st-key-answer").inner_text()
    for men, women in _mens_coats_by_hand():
        assert men in answer and women in answer, answer
    assert "come from selection" in answer
    assert tab.errors == [] and tab.foreign == []
    page.context.close()


def _mens_coats_by_hand() -> list[tuple[str, str]]:
    """Share of men's coats among the rows of men and of women: what was chosen, then what was shown at random."""
    log, users, items = (pd.read_csv(COAT / name) for name in COAT_FILES.values())
    wide = log.merge(users[["user_id", "gender"]]).merge(
        items[["item_id", "gender"]].rename(columns={"gender": "coat"}), on="item_id"
    )
    shares = (wide["coat"] == "men").groupby([wide["logging"], wide["gender"]]).mean()
    return [
        (f"{shares[logging, 'men']:.1%}", f"{shares[logging, 'women']:.1%}") for logging in ("self_selected", "random")
    ]


def _data_from_the_shop(page: Page) -> None:
    """Choose the simulated shop, a small one, read it, look at the roles and run the data step."""
    users = page.get_by_role("spinbutton", name="Users")
    users.fill("300")
    users.press("Enter")
    settled(page)
    page.get_by_role("button", name="Make the shop's log").click()
    expect(page.get_by_text("300 users and")).to_be_visible()
    _roles_are(page, {"User": "user_id", "Item": "item_id", "Outcome": "purchased"})
    run(page, "Run the data step", "Data")
    expect(page.locator(".st-key-answer")).to_contain_text("and 240 items")


def _graph_by_mouse(page: Page) -> None:
    """Draw an edge from a node's handle to another node, see it in the list, take it back, draw it again, run."""
    go(page, "Graph")
    edge = "age → intent"
    page.get_by_text("The drawing as a list").click()
    listed = page.get_by_role("listitem").filter(has_text=edge)
    expect(listed).to_have_count(0)
    drag_edge(page, "age", "intent")
    expect(listed).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(listed).to_have_count(0)
    expect(node(page, "age")).to_be_visible()
    drag_edge(page, "age", "intent")
    expect(listed).to_have_count(1)
    run(page, "Run", "Graph")


def _roles_are(page: Page, expected: dict[str, str]) -> None:
    for role, column in expected.items():
        expect(page.get_by_role("combobox", name=role, exact=True)).to_have_value(column)


def _pdf(page: Page, path: Path) -> None:
    """Write the report, download its PDF, and read the title in it."""
    go(page, "Report")
    run(page, "Write the report", "Report")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download PDF").click()
    waiting.value.save_as(path)
    assert path.read_bytes().startswith(b"%PDF")
    text = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True).stdout
    assert TITLE in text
    assert "suppress" in text.lower(), "the method's part says how small groups are guarded"
    sound(page)
