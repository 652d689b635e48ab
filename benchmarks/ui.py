"""How long an analyst waits: first page, and interactions that recompute nothing heavy, in a real Chromium.

    python -m benchmarks.ui [--rounds N]

Aims: the first page usable under 2 s after the server is healthy; an interaction under 0.3 s at the median.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

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
    print(f"ui: {machine()}\n")
    print("| what | median s | worst s | n | aim s |\n|---|---|---|---|---|")
    print(_row("server healthy -> first page usable", first, "2"))
    for name, seconds in turns.items():
        print(_row(name, seconds, "0.3"))
    print(_row("all interactions", [one for seconds in turns.values() for one in seconds], "0.3"))
    return 0


def _prepare(home: Path) -> None:
    """The demo's audit, run beforehand: what is timed is looking at it."""
    folder = Workspace(home).demo()
    run_steps(folder, STEPS, lambda fraction, step, note, figures: None)


def _measure(home: Path, rounds: int) -> tuple[list[float], dict[str, list[float]]]:
    with serving(home) as server, chromium() as browser:
        first = []
        for _ in range(rounds):
            started = time.perf_counter()
            tab = visit(browser, server.url)
            tab.page.get_by_role("heading", level=1).wait_for()
            first.append(time.perf_counter() - started)
            tab.page.context.close()
        page = visit(browser, server.url).page
        return first[:], {name: [_timed(page, act) for _ in range(rounds)] for name, act in _turns().items()}


def _turns() -> dict[str, Callable[[Page], None]]:
    return {
        "open Graph, back to Data": lambda page: _through(page, "Graph", "Data"),
        "open Effects, back to Data": lambda page: _through(page, "Effects", "Data"),
        "open Disparity, back to Data": lambda page: _through(page, "Disparity", "Data"),
        "open Mitigation, back to Data": lambda page: _through(page, "Mitigation", "Data"),
        "open Report, back to Data": lambda page: _through(page, "Report", "Data"),
    }


def _through(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
        page.get_by_role("heading", level=1, name=name).wait_for()
        settled(page)


def _timed(page: Page, act: Callable[[Page], None]) -> float:
    """Seconds a page change takes (each act makes two)."""
    started = time.perf_counter()
    act(page)
    return (time.perf_counter() - started) / 2


def _row(name: str, seconds: list[float], aim: str) -> str:
    return f"| {name} | {statistics.median(seconds):.2f} | {max(seconds):.2f} | {len(seconds)} | {aim} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
