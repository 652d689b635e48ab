"""The demo as the first start leaves it, made once for all test processes, and a server that shows a copy of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from audit.settings import STEPS
from audit.steps import run_steps
from audit.workspace import Workspace
from tests.browser.server import CHROMIUM, ROOT, Server, chromium, serving
from tests.once import once


@pytest.fixture(scope="session")
def finished_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace after the first start, its demo audited to the end; to be copied, never written to."""
    _needs_chromium()
    return once(tmp_path_factory, "finished-demo", _first_start)


@pytest.fixture(scope="module")
def demo_home(finished_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh copy of the finished demo for one module."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(finished_demo, home, dirs_exist_ok=True)
    return home


@pytest.fixture(scope="module")
def finished_server(demo_home: Path) -> Iterator[Server]:
    """The app over a copy of the finished demo."""
    with serving(demo_home) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a module; each visit has a context of its own.

    Not for the whole session: while it lives its event loop runs in this thread, where live sessions need theirs.
    """
    _needs_chromium()
    with chromium() as running:
        yield running


def _needs_chromium() -> None:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")


def _first_start(home: Path) -> None:
    """In a process of its own: playwright runs once in each, and a test's browser may be open in this one."""
    subprocess.run([sys.executable, "-m", "tests.browser.first_start", str(home)], cwd=ROOT, check=True)


def audited_demo(home: Path) -> None:
    """The demo's audit, every step, in this process."""
    run_steps(Workspace(home).demo(), STEPS, lambda fraction, step, note, figures: None)
