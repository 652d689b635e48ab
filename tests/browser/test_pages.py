"""Every page as a person meets it: light and dark, empty and full, narrow and wide, by mouse, keyboard and reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, expect

from analysis.document import Section
from audit.settings import STEPS, AuditSettings
from audit.workspace import Workspace
from pages.parts import component
from tests.browser.hands import go, node, sound
from tests.browser.server import Server, Visit, painted, visit
from words import say

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
INHERENT: dict[str, str] = {}
"""Rule of axe -> why it is Streamlit's own and cannot be mended from here; matched with the element's selector."""
NARROW = 390
Ground = Literal["light", "dark"]
GROUNDS: tuple[Ground, ...] = ("light", "dark")


def address(server: Server, step: str, **query: str) -> str:
    """The page of a step; Data is the front page."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return f"{server.url}/{'' if step == 'data' else step}?{asked}"


@pytest.fixture(scope="module")
def empty(finished_server: Server) -> str:
    """The id of an audit in which nothing has run."""
    return Workspace(finished_server.home).create(AuditSettings(title="Nothing yet")).id


@pytest.mark.parametrize("step", STEPS)
def test_a_page_is_sound_can_be_read_by_everyone_light_and_dark_and_fits_a_telephone(
    step: str, finished_server: Server, browser: Browser
) -> None:
    tab = visit(browser, address(finished_server, step, audit="demo"))
    for ground in GROUNDS:
        _in_colours(tab.page, ground)
        _sound_and_readable(tab)
    tab.page.set_viewport_size({"width": NARROW, "height": 800})
    painted(tab.page)
    wide = tab.page.evaluate(
        "() => Math.max(...['html', '[data-testid=stMain]'].map(name => {"
        " const part = document.querySelector(name); return part.scrollWidth - part.clientWidth; }))"
    )
    assert wide <= 0, f"{wide} px run out of the screen"
    tab.page.keyboard.press("Tab")  # reader.js looks then what scrolls
    assert _violations(tab.page) == []
    tab.page.context.close()


def test_pages_without_results_are_sound_and_can_be_read_by_everyone(
    finished_server: Server, empty: str, browser: Browser
) -> None:
    tab = visit(browser, address(finished_server, "data", audit=empty))
    for step in STEPS:
        go(tab.page, say(f"pages.{step}.title"))
        for ground in GROUNDS:
            _in_colours(tab.page, ground)
            _sound_and_readable(tab)
    tab.page.context.close()


@pytest.mark.parametrize(("language", "title"), [("en", "Data"), ("zh", "数据")])
def test_the_page_says_its_language_to_readers(
    language: str, title: str, finished_server: Server, browser: Browser
) -> None:
    tab = visit(browser, address(finished_server, "data", lang=language))
    expect(tab.page.get_by_role("heading", level=1)).to_have_text(title)
    tab.page.wait_for_function(f"document.documentElement.lang.startsWith('{language}')")
    tab.page.context.close()


def test_the_language_chosen_by_hand_changes_every_word_and_the_pages_language(
    finished_server: Server, browser: Browser
) -> None:
    page = visit(browser, address(finished_server, "graph", lang="en")).page
    page.get_by_role("radio", name="中文").or_(page.get_by_role("button", name="中文")).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("因果图")
    page.wait_for_function("document.documentElement.lang.startsWith('zh')")
    sound(page)
    page.context.close()


def test_on_a_chinese_page_streamlits_own_words_are_chinese_too(
    finished_server: Server, empty: str, browser: Browser
) -> None:
    page = visit(browser, address(finished_server, "data", audit=empty, lang="zh")).page
    page.get_by_test_id("stRadio").get_by_text("上传", exact=True).click()
    uploaders = page.get_by_test_id("stFileUploader")
    expect(uploaders.get_by_role("button", name="上传", exact=True)).to_have_count(3)
    expect(uploaders.get_by_text("per file").first).to_be_hidden()
    _a_refused_upload_is_told_in_chinese(page)
    audits = page.get_by_role("combobox", name="审计", exact=True)
    audits.click()
    audits.fill("qqqqq")
    found = page.get_by_role("listbox").locator("span")
    assert "没有匹配项" in found.evaluate("one => getComputedStyle(one, '::after').content")
    page.context.close()


def _a_refused_upload_is_told_in_chinese(page: Page) -> None:
    file: Any = {"name": "x.zip", "mimeType": "application/zip", "buffer": b"x"}
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(file)
    why = page.get_by_test_id("stFileChip").get_by_role("alert")
    assert "此文件未被接受" in why.evaluate("one => getComputedStyle(one, '::after').content")
    assert why.evaluate("one => getComputedStyle(one).fontSize") == "0px"
    page.keyboard.press("Tab")  # reader.js gives buttons their names then
    expect(page.get_by_test_id("stFileChip").get_by_role("button")).to_have_accessible_name("移除 x.zip")
    expect(page.get_by_role("button", name="另选文件")).to_have_count(1)


def test_the_names_in_the_graph_can_be_read_on_a_narrow_page(finished_server: Server, browser: Browser) -> None:
    page = visit(browser, address(finished_server, "graph", audit="demo"), width=800).page
    painted(page)
    box = node(page, "age").locator("rect").bounding_box()
    assert box is not None and box["height"] >= 0.85 * 46 - 1
    page.context.close()


def test_a_call_that_waited_for_its_script_does_not_undo_a_later_one(browser: Browser) -> None:
    page = browser.new_page()
    drawn = page.evaluate(
        """(order) => {
            const overtaken = new Function(`${order}; return overtaken`)(), place = {};
            return [2, 1, 2, 3, 2].filter((sent) => !overtaken(place, { sent }));
        }""",
        (component.HERE / "order.js").read_text(encoding="utf-8"),
    )
    assert drawn == [2, 2, 3]
    page.close()


def test_the_keyboard_alone_reaches_a_node_and_draws_an_edge(finished_server: Server, browser: Browser) -> None:
    page = visit(browser, address(finished_server, "graph", audit=_copy_of_the_demo(finished_server))).page
    painted(page)
    page.get_by_text("The drawing as a list").click()
    _tab_to(page, "age")
    page.keyboard.press("e")
    _tab_to(page, "intent")
    page.keyboard.press("Enter")
    expect(page.get_by_role("listitem").filter(has_text="age → intent")).to_have_count(1)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.context.close()


def test_a_table_that_scrolls_sideways_is_reached_by_the_keyboard_wherever_it_is_drawn(
    finished_server: Server, browser: Browser
) -> None:
    page = visit(browser, address(finished_server, "report", audit="demo")).page
    go(page, say("pages.recommender.title"))
    page.set_viewport_size({"width": NARROW, "height": 800})
    painted(page)
    table = page.locator(".plain-table").first
    assert table.evaluate("part => part.scrollWidth > part.clientWidth")
    page.keyboard.press("Tab")
    assert table.evaluate("part => part.tabIndex") == 0
    page.context.close()


def test_a_circle_is_refused_with_the_circle_written_out(finished_server: Server, browser: Browser) -> None:
    page = visit(browser, address(finished_server, "graph", audit=_copy_of_the_demo(finished_server))).page
    painted(page)
    node(page, "outcome").focus()
    page.keyboard.press("e")
    node(page, "gender").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("may not run in a circle")).to_contain_text("purchased → gender →")
    page.context.close()


def _in_colours(page: Page, ground: Ground) -> None:
    """The reader's system turns light or dark, and the page follows."""
    page.emulate_media(color_scheme=ground)
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", ground)
    painted(page)


def _sound_and_readable(tab: Visit) -> None:
    """No error logged, no other machine asked, nothing that axe calls serious."""
    sound(tab.page)
    assert tab.errors == []
    assert tab.foreign == []
    assert _violations(tab.page) == []


def _violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical, but for what is Streamlit's own."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
    )
    return [
        f"{violation['id']} ({violation['impact']}): {place['target']} {place['html'][:160]}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for place in violation["nodes"]
        if violation["id"] not in INHERENT
    ]


def _tab_to(page: Page, name: str, most: int = 150) -> None:
    """Press Tab until the node has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if (
            page.evaluate(
                "() => { let at = document.activeElement; while (at?.shadowRoot?.activeElement) at = "
                "at.shadowRoot.activeElement; return at?.dataset?.node ?? null; }"
            )
            == name
        ):
            return
    raise AssertionError(f"{most} times Tab did not reach the node {name}")


def _copy_of_the_demo(server: Server) -> str:
    """An audit over the demo's data whose graph may be changed without changing what other tests see."""
    import shutil

    home = Workspace(server.home)
    folder, demo = home.create(home.demo().settings()), home.demo()
    shutil.copytree(demo.data, folder.data)
    section = demo.section("data") or Section(step="data", summary=())
    folder.save_section(section, folder.stamp(folder.settings(), "data"))
    return folder.id


def test_a_picture_tells_a_pointer_its_numbers_and_a_line_is_zoomed_into(
    finished_server: Server, browser: Browser
) -> None:
    tab = visit(browser, address(finished_server, "data", audit="demo"))
    line = tab.page.locator(".chart").first
    point = line.locator(".tip").nth(20)
    point.hover()
    said = point.evaluate("part => getComputedStyle(part, '::after').content.slice(1, -1)")
    assert said == point.get_attribute("data-tip") and any(letter.isdigit() for letter in said)
    tab.page.get_by_role("tab", name=say("pages.section.zoom")).first.click()
    zoomed = tab.page.locator("[data-testid=stPlotlyChart]")
    expect(zoomed.locator(".main-svg").first).to_be_visible()
    field = zoomed.locator(".nsewdrag").bounding_box()
    assert field is not None
    ticks = zoomed.locator(".xtick").all_text_contents()
    tab.page.mouse.move(field["x"] + 0.3 * field["width"], field["y"] + 0.2 * field["height"])
    tab.page.mouse.down()
    tab.page.mouse.move(field["x"] + 0.6 * field["width"], field["y"] + 0.8 * field["height"], steps=5)
    tab.page.mouse.up()
    expect(zoomed.locator(".xtick").first).not_to_have_text(ticks[0])
    assert tab.errors == [] and tab.foreign == []
    tab.page.context.close()
