"""Does the mend last? The answer on its tab of the Mitigation page."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analysis.feedback.settings import FeedbackSettings
from audit.workspace import Workspace
from tests.pages.conftest import Open, further
from words import say


@pytest.fixture(scope="module")
def feedback_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    asked = FeedbackSettings(rounds=2, repetitions=3)
    return further(tmp_path_factory, ["feedback"], feedback=asked, further=("feedback",))


def on_tab(page: AppTest) -> AppTest:
    tab = say("pages.feedback.title")
    chooser = next(one for one in page.button_group if tab in one.options)
    return chooser.set_value("feedback").run()


def test_the_answer_stands_on_the_tab(feedback_home: Path, open_page: Open) -> None:
    page = on_tab(open_page("mitigation", feedback_home))
    assert not page.exception and not page.error
    section = Workspace(feedback_home).demo().section("feedback")
    assert section is not None
    first = " ".join(say(section.summary[0]).split()[:3])
    assert any(first in one.value for one in page.markdown)
