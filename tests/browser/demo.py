"""The demo as the first start leaves it, made once for all test processes, and a server that shows a copy of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from audit.settings import STEPS
from audit.steps import run_steps
from audit.workspace import Workspace
from tests.browser.server import CHROMIUM, ROOT, Server, chromium, serving

LONGEST_WAIT = 1200


@pytest.fixture(scope="session")
def finished_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace after the first start, its demo audited to the end; to be copied, never written to."""
    _needs_chromium()
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return once(shared, "finished-demo", _first_start)


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


def once(shared: Path, name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name`, made by the first process that asks; the others wait for it."""
    done, folder = shared / f"{name}.done", shared / name
    try:
        (shared / f"{name}.begun").mkdir()
    except FileExistsError:
        return _awaited(done, folder)
    try:
        make(folder)
    finally:
        done.touch()  # also after a failure: who waits shall fail soon, not late
    return folder


def _awaited(done: Path, folder: Path) -> Path:
    end = time.monotonic() + LONGEST_WAIT
    while not done.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"{folder.name} was not made by the process that began it")
        time.sleep(0.2)
    return folder
