"""Does it hold under noise? Its tab on the Recommender page, with the settings and the answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.fairness.attacks import AttackSettings
from audit.workspace import Workspace
from tests.pages.conftest import Open, further
from tests.pages.test_gap_tab import on_tab
from words import say


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return further(tmp_path_factory, ["attacks"], attacks=AttackSettings(noise=(0.2,), fakes=(0.1,)))


def test_the_answer_stands_on_its_tab(home: Path, open_page: Open) -> None:
    page = on_tab(open_page("recommender", home), "attacks")
    assert not page.exception and not page.error
    section = Workspace(home).demo().section("attacks")
    assert section is not None
    first = " ".join(say(section.summary[0]).split()[1:3])  # the page escapes the signs of the first word
    assert any(first in one.value for one in page.markdown)
