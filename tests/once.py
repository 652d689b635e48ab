"""What is made once for all test processes: the first that asks makes it, the others wait for it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

LONGEST_WAIT = 1200


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder `name`, to be copied and never written to; `make` makes it."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
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
