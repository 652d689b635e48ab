"""How long an analyst waits: first page, and interactions that recompute nothing heavy, in a real Chromium.

    python -m benchmarks.ui [--rounds N]

Aims: the first page usable under 2 s after the server is healthy; an interaction under 0.3 s at the median. Beside
them, in the same run, stands what Streamlit alone takes: an app of two pages with one sentence each.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from audit.settings import STEPS
from audit.steps import run_steps
from audit.workspace import Workspace
from benchmarks.machine import machine
from tests.browser.server import chromium, serving, settled, visit


def main(arguments: list[str]) -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ui")
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args(arguments).rounds
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        _prepare(home)
        first, turns = _measure(home, rounds)
        bare, bare_turns = _bare(home, rounds)
    print(f"ui: {machine()}\n")
    print("| what | median s | worst s | n | aim s |\n|---|---|---|---|---|")
    print(_row("server healthy -> first page usable", first, "2"))
    for name, seconds in turns.items():
        print(_row(name, seconds, "0.3"))
    print(_row("all interactions", [one for seconds in turns.values() for one in seconds], "0.3"))
    print(_row("Streamlit alone: first page", bare, ""))
    print(_row("Streamlit alone: open a page and back", bare_turns, ""))
    return 0


def _prepare(home: Path) -> None:
    """The demo's audit, run beforehand: what is timed is looking at it."""
    folder = Workspace(home).demo()
    run_steps(folder, STEPS, lambda fraction, step, note, figures: None)


def _measure(home: Path, rounds: int) -> tuple[list[float], dict[str, list[float]]]:
    with serving(home) as server, chromium() as browser:
        first = _first(browser, server.url, rounds)
        page = visit(browser, server.url).page
        turns = {}
        for name, act in _turns().items():
            _through(page, BEFORE.get(name, ("Data",)))
            turns[name] = [_timed(page, act) for _ in range(rounds)]
        return first, turns


def _first(browser: Browser, url: str, rounds: int) -> list[float]:
    """Seconds to a first page that can be used, each in a browser context that has seen nothing."""
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        tab = visit(browser, url)
        seconds.append(time.perf_counter() - started)
        tab.page.context.close()
    return seconds


def _bare(home: Path, rounds: int) -> tuple[list[float], list[float]]:
    """The same of an app that shows next to nothing."""
    script = home / "bare.py"
    script.write_text(BARE, encoding="utf-8")
    with serving(home, str(script)) as server, chromium() as browser:
        first = _first(browser, server.url, rounds)
        page = visit(browser, server.url).page
        return first, [_timed(page, partial(_through, names=("Report", "Data"))) for _ in range(rounds)]


def _turns() -> dict[str, Callable[[Page], None]]:
    """What is timed; each act makes two interactions and ends where it began."""
    opened = {
        f"open {name}, back to Data": partial(_through, names=(name, "Data"))
        for name in ("Graph", "Effects", "Disparity", "Mitigation", "Report")
    }
    return opened | {
        "Disparity: hide and show a verdict's rows": _verdict_and_back,
        "change the language and back": _language_and_back,
    }


BARE = """
import streamlit as st
def said(name): return lambda: (st.title(name), st.write("."))
st.navigation([st.Page(said(n), title=n, url_path=n.lower(), default=n == "Data") for n in ("Data", "Report")]).run()
"""
"""The least that a Streamlit app with two pages can be."""
BEFORE: dict[str, tuple[str, ...]] = {
    "Disparity: hide and show a verdict's rows": ("Disparity",),
    "change the language and back": ("Report",),
}
"""The page on which an act begins, where that is not Data; going there is not timed."""


def _through(page: Page, names: tuple[str, ...]) -> None:
    for name in names:
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
        page.get_by_role("heading", level=1, name=name).wait_for()
        settled(page)


def _verdict_and_back(page: Page) -> None:
    pill = page.get_by_role("button", name=re.compile(r"^gap \d"))
    rows = page.get_by_test_id("stMain").get_by_role("table").get_by_text("▲ gap")
    for shown in (0, rows.count()):
        pill.click()
        expect(rows).to_have_count(shown)
        settled(page)


def _language_and_back(page: Page) -> None:
    for language, title in (("中文", "报告"), ("English", "Report")):
        page.get_by_role("radio", name=language).click()
        page.get_by_role("heading", level=1, name=title).wait_for()
        settled(page)


def _timed(page: Page, act: Callable[[Page], None]) -> float:
    """Seconds an interaction takes (each act makes two)."""
    started = time.perf_counter()
    act(page)
    return (time.perf_counter() - started) / 2


def _row(name: str, seconds: list[float], aim: str) -> str:
    return f"| {name} | {statistics.median(seconds):.2f} | {max(seconds):.2f} | {len(seconds)} | {aim} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
