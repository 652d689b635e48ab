"""What an analyst's hands do: go to a page, open the settings, press a button and wait for the job."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.server import settled

JOB = ".st-key-job"
LONGEST_JOB = 600_000
CRASH = "This app has encountered an error"


def go(page: Page, name: str) -> None:
    """To a step's page by the navigation."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
    page.get_by_role("heading", level=1, name=name).wait_for()
    settled(page)


def new_audit(page: Page, title: str) -> None:
    """A fresh audit by the sidebar."""
    page.get_by_role("button", name="New audit").click()
    page.get_by_label("Title of the new audit").fill(title)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("combobox", name="Audit")).to_have_value(title)
    expect(page.get_by_role("button", name="Create")).to_have_count(0)
    settled(page)


def run(page: Page, button: str, step: str) -> None:
    """Start a job, see it at work, wait until the step carries its tick and the answer stands on the page."""
    page.get_by_role("button", name=button, exact=True).click()
    page.locator(JOB).wait_for()
    expect(page.locator(JOB)).to_have_count(0, timeout=LONGEST_JOB)
    settled(page)
    expect(page.get_by_test_id("stSidebarNav").get_by_role("link", name=f"{step} ✓")).to_be_visible()
    sound(page)


def sound(page: Page) -> None:
    """Nothing on this page broke."""
    expect(page.get_by_text(CRASH)).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def choose(page: Page, label: str, option: str) -> None:
    """An option of a select box."""
    field = page.get_by_role("combobox", name=label, exact=True)
    field.click()
    field.press("ArrowDown")  # opens the list where the click only put the cursor into the field
    page.get_by_role("option", name=option, exact=True).click()
    page.wait_for_timeout(500)  # the run that the choice asks for has begun; a click before it would be lost
    settled(page)


def node(page: Page, name: str) -> Locator:
    """A node of the graph editor."""
    return page.locator(f'g.node[data-node="{name}"]')


def drag_edge(page: Page, cause: str, consequence: str) -> None:
    """Really with the mouse: press on the round handle of one node, let go over the other."""
    handle, end = node(page, cause).locator("circle.handle"), node(page, consequence).locator("rect")
    handle.scroll_into_view_if_needed()
    start, target = handle.bounding_box(), end.bounding_box()
    assert start is not None and target is not None
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(target["x"] + target["width"] / 2 - 30, target["y"] + target["height"] / 2 - 20, steps=6)
    page.mouse.move(target["x"] + target["width"] / 2, target["y"] + target["height"] / 2, steps=4)
    page.mouse.up()
    settled(page)
