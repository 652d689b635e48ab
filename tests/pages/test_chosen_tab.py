"""The choice among the mitigations tried, on its tab of the Mitigation page."""

from __future__ import annotations

from pathlib import Path

from analysis.mitigation.chosen import ChosenSettings
from audit.workspace import Workspace
from tests.pages.conftest import Open
from tests.pages.test_gap_tab import on_tab


def test_a_choice_that_was_not_tried_says_so_and_gives_way_to_the_suggestion(home: Path, open_page: Open) -> None:
    folder = Workspace(home).demo()
    gone = ChosenSettings(variant="reweigh@0.5")
    folder.save_settings(folder.settings().model_copy(update={"chosen": gone}))
    page = on_tab(open_page("mitigation", home), "chosen")
    box = page.selectbox(key="demo:chosen:variant")
    assert box.value == "reweigh@0.5" and box.options[-1].endswith("(not tried in the last run)")
    assert folder.settings().chosen == gone, "opening a page changes nothing"
    box.set_value("").run()
    assert not page.exception and folder.settings().chosen.variant is None
