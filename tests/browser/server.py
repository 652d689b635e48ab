"""The app as an operator runs it, and a real Chromium that clicks through it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 180
"""Seconds that anything may take on a machine that has much else to do; playwright would give up after 5 or 30."""
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
"""Streamlit has finished the script; the text that a test expects may still have to be painted."""
LOCAL = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")
BASE_PATH_PROBE = re.compile(r"/[a-z]+/_stcore/(health|host-config)$")
"""At a deep link (/graph) Streamlit's page first asks whether the app lies under that path, gets a 404 and goes on."""
expect.set_options(timeout=PATIENCE * 1000)


@dataclass
class Server:
    """A running app."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]
    healthy_after: float


@contextlib.contextmanager
def serving(home: Path, script: str = "app.py", **environment: str) -> Iterator[Server]:
    """Start `script` on a free port with its workspace in `home`; ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "pages.parts.server", script, "--server.port", str(port)]
    started = time.perf_counter()
    home.mkdir(parents=True, exist_ok=True)
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "EVENHAND_HOME": str(home), **environment}, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _until_healthy(url, process)
        yield Server(url, home, process, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _until_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            if urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).status == 200:
                return
        time.sleep(0.05)
    raise RuntimeError("the server did not become healthy")


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless, asking nothing of the network by itself."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """One browser tab, with every request that left this machine and every error that the page logged."""

    page: Page
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def visit(browser: Browser, url: str, dark: bool = False, width: int = 1280, height: int = 900) -> Visit:
    """Open `url` in a fresh context and wait until the page has its heading and the script has ended."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        accept_downloads=True,
    )
    context.set_default_timeout(PATIENCE * 1000)
    tab = Visit(context.new_page())
    tab.page.on("request", lambda sent: None if sent.url.startswith(LOCAL) else tab.foreign.append(sent.url))
    tab.page.on("console", lambda said: _note(tab, said))
    tab.page.on("pageerror", lambda error: tab.errors.append(str(error)))
    tab.page.goto(url)
    tab.page.locator("h1").first.wait_for()
    settled(tab.page)
    return tab


def _note(tab: Visit, said: ConsoleMessage) -> None:
    """Keep an error of the console, but for the one kind that Streamlit makes at every deep link."""
    where = said.location["url"]
    if said.type == "error" and not BASE_PATH_PROBE.search(where):
        tab.errors.append(f"{said.text} ({where})")


def settled(page: Page) -> None:
    """Wait until Streamlit has finished what it is doing."""
    page.wait_for_selector(IDLE)


def painted(page: Page) -> None:
    """Wait until nothing is on its way any more: the script has ended, no placeholder is left, charts are drawn."""
    settled(page)
    page.wait_for_function(
        """() => !document.querySelector('[data-testid=stSkeleton]')
            && [...document.querySelectorAll('.chart img')].every(picture => picture.complete)
            && [...document.querySelectorAll('[data-testid=stPlotlyChart]')]
                .filter(chart => chart.offsetParent).every(chart => chart.querySelector('.main-svg'))"""
    )
    page.wait_for_timeout(250)  # fonts and the last frame of an animation
