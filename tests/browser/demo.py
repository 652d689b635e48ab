"""A finished audit of the demo, made once for all test processes, and a server that shows a copy of it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from audit.settings import STEPS
from audit.steps import run_steps
from audit.workspace import Workspace
from tests.browser.server import CHROMIUM, Server, chromium, serving

LONGEST_WAIT = 600


@pytest.fixture(scope="session")
def finished_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose demo is audited to the end; to be copied, never written to."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return once(shared, "finished-demo", audited_demo)


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
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with chromium() as running:
        yield running


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
