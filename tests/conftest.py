"""What holds for all tests."""

import gc
from pathlib import Path

import pytest
from hypothesis import settings

from audit.__main__ import COLLECTED_AFTER

TESTS = Path(__file__).parent
LONGEST = ("browser", "faults", "audit")
"""Folders whose tests take minutes: they come first, so that no process is left alone with one at the end."""

gc.set_threshold(*COLLECTED_AFTER)
settings.register_profile("evenhand", deadline=None)  # how long a case takes is measured in benchmarks, never asserted
settings.load_profile("evenhand")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folders of LONGEST first, everything else as it was."""
    items.sort(key=lambda item: item.path.relative_to(TESTS).parts[0] not in LONGEST)
