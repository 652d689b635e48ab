"""How long an analyst waits: first page, and interactions that recompute nothing heavy, in a real Chromium.

    python -m benchmarks.ui [--rounds N]

Aims: the first page usable under 2 s after the server is healthy; an interaction under 0.3 s at the median. Beside
them, in the same run, stands what Streamlit alone takes: an app of two pages with one sentence each.

The page itself takes the time, from the click to the frame in which everything stands, pictures too: a driver that
looks in from outside costs the page more than the page's own work.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Page

from audit.settings import STEPS
from audit.steps import run_steps
from audit.workspace import Workspace
from benchmarks.machine import machine
from tests.browser.server import chromium, serving


def main(arguments: list[str]) -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ui")
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args(arguments).rounds
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        _prepare(home)
        first, drawn, turns = _measure(home, rounds)
        bare, bare_turns = _bare(home, rounds)
    print(f"ui: {machine()}\n")
    print("| what | median s | worst s | n | aim s |\n|---|---|---|---|---|")
    print(_row("server healthy -> first page usable", first, "2"))
    print(_row("server healthy -> its pictures drawn", drawn, ""))
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


def _measure(home: Path, rounds: int) -> tuple[list[float], list[float], dict[str, list[float]]]:
    with serving(home) as server, chromium() as browser:
        first, drawn = _first(browser, server.url, rounds)
        page = _opened(browser, server.url)
        page.evaluate(UNTIL_FIRST, True)
        turns = {}
        for name, act in _turns().items():
            for step in BEFORE.get(name, ("Data",)):
                _through(page, (step,))
            turns[name] = [act(page) for _ in range(rounds)]
        return first, drawn, turns


def _first(browser: Browser, url: str, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds to a first page that can be used, and to its pictures."""
    usable, drawn = [], []
    for _ in range(rounds):
        page = _opened(browser, url)
        usable.append(page.evaluate(UNTIL_FIRST, False))
        drawn.append(page.evaluate(UNTIL_FIRST, True))
        page.context.close()
    return usable, drawn


def _opened(browser: Browser, url: str) -> Page:
    """A page on its way, in a context that has seen nothing."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(PROBE)
    page = context.new_page()
    page.goto(url, wait_until="commit")
    return page


def _bare(home: Path, rounds: int) -> tuple[list[float], list[float]]:
    """The same of an app that shows next to nothing."""
    script = home / "bare.py"
    script.write_text(BARE, encoding="utf-8")
    with serving(home, str(script)) as server, chromium() as browser:
        first, _ = _first(browser, server.url, rounds)
        page = _opened(browser, server.url)
        page.evaluate(UNTIL_FIRST, True)
        return first, [_through(page, ("Report", "Data")) for _ in range(rounds)]


def _turns() -> dict[str, Callable[[Page], float]]:
    """What is timed; each act makes two interactions, ends where it began, and gives the seconds of one."""
    opened = {
        f"open {name}, back to Data": partial(_through, names=(name, "Data"))
        for name in ("Graph", "Effects", "Disparity", "Mitigation", "Report")
    }
    return opened | {
        "Disparity: hide and show a verdict's rows": _verdict_and_back,
        "change the language and back": _language_and_back,
    }


PROBE = """
const all = (what, within = document) => [...within.querySelectorAll(what)];
window.stands = (title, pictures) => {
    const app = document.querySelector('[data-testid=stApp]'), heading = document.querySelector('h1');
    return app?.dataset.testScriptState === 'notRunning' && heading?.innerText.trim() === title
        && (!pictures || !document.querySelector('[data-testid=stSkeleton]'))
        && (!pictures || all('.chart img').every(picture => picture.complete));
};
window.link = name => all('[data-testid=stSidebarNav] a').find(one => one.innerText.trim().startsWith(name));
window.button = words => all('button').find(one => words.test(one.innerText.trim()));
window.gaps = () => all('[data-testid=stMain] table td').filter(cell => cell.innerText.includes('▲ gap')).length;
window.until = (answered, since) => new Promise(tell => {
    const look = () => requestAnimationFrame(answered() ? () => setTimeout(told) : look);
    const told = () => tell((performance.now() - since) / 1000);
    look();
});
"""
"""Runs in the page: whether it stands, what to click, and the seconds until something is seen (a frame after)."""
UNTIL_FIRST = "pictures => until(() => stands('Data', pictures), 0)"
REST = 250
"""Milliseconds between two interactions, so that none pays for what the one before left behind."""
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


def _through(page: Page, names: tuple[str, ...]) -> float:
    return _each(page, [(f"link({name!r})", f"stands({name!r}, true)") for name in names])


def _verdict_and_back(page: Page) -> float:
    gaps = page.evaluate("gaps()")
    pill = "button(/^gap \\d/)"
    return _each(page, [(pill, f"gaps() === {shown} && stands('Disparity', true)") for shown in (0, gaps)])


def _language_and_back(page: Page) -> float:
    turns = (("中文", "报告"), ("English", "Report"))
    return _each(page, [(f"button(/^{language}$/)", f"stands({title!r}, true)") for language, title in turns])


def _each(page: Page, turns: list[tuple[str, str]]) -> float:
    """Mean seconds of these interactions. turns: what is clicked, and what is true once it is answered."""
    took = []
    for clicked, answered in turns:
        took.append(page.evaluate(f"() => {{ {clicked}.click(); return until(() => {answered}, performance.now()) }}"))
        page.wait_for_timeout(REST)
    return statistics.mean(took)


def _row(name: str, seconds: list[float], aim: str) -> str:
    return f"| {name} | {statistics.median(seconds):.2f} | {max(seconds):.2f} | {len(seconds)} | {aim} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
