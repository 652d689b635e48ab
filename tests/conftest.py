"""What holds for all tests."""

import gc
from pathlib import Path

import pytest
from hypothesis import settings

from audit.__main__ import COLLECTED_AFTER

TESTS = Path(__file__).parent
FIRST = ("browser", "audit", "faults")
"""Folders whose tests take minutes: they come first, so that no process is left alone with one at the end; and before
all others those whose demo the rest would wait for."""

gc.set_threshold(*COLLECTED_AFTER)
settings.register_profile("evenhand", deadline=None)  # how long a case takes is measured in benchmarks, never asserted
settings.load_profile("evenhand")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folders of FIRST in that order, everything else as it was."""
    place = {folder: at for at, folder in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(item.path.relative_to(TESTS).parts[0], len(FIRST)))
