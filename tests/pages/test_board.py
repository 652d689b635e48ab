"""The board on the Disparity page: first on it, in both languages, and the ways on from a cell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analysis.fairness.board import people_board
from audit.workspace import Workspace
from pages.parts import board, verdicts
from pages.parts.view import View
from tests.pages.conftest import Open
from words.phrase import catalogue


def test_every_cell_is_a_button_with_words_a_sign_and_what_opens(full_home: Path, open_page: Open) -> None:
    page = open_page("disparity", full_home)
    assert not page.exception and not page.error
    section = Workspace(full_home).demo().section("disparity")
    assert section is not None
    data = board._data(people_board(section.findings), "title", ("why", "mend"))
    cells = [cell for row in data["rows"] for cell in row["cells"] if cell]
    assert cells and all(cell["sign"] and cell["word"] and cell["spoken"] and cell["sentence"] for cell in cells)
    assert {entry["sign"] for entry in data["legend"]} == {cell["sign"] for cell in cells}
    assert all(len(row["cells"]) == len(data["attributes"]) for row in data["rows"])


def test_only_the_first_board_says_how_to_use_one_and_a_figure_that_is_not_compared_is_told(
    full_home: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[dict[str, object]] = []
    monkeypatch.setattr(board, "mount", lambda name, key, data, **settings: shown.append(data))
    page = open_page("disparity", full_home)
    assert not page.exception
    assert [data["hinted"] for data in shown] == [True, False]
    assert shown[0]["words"]["absent"] == "not compared here"  # type: ignore[index]


def test_the_script_says_no_word_that_the_catalogue_lacks() -> None:
    script = (Path(board.__file__).parent / "board.js").read_text(encoding="utf-8")
    assert "innerHTML" not in script
    assert all(f"board.{name}" in catalogue("en") for name in board.PARTS)


def test_asking_why_takes_attribute_and_figure_to_the_gap_and_mending_to_the_mitigation(home: Path) -> None:
    folder = Workspace(home).demo()
    view = View("disparity", folder, folder.settings(), None, folder.states(), None)  # type: ignore[arg-type]
    verdicts._ask(view, "age", "recall@10", "why")
    assert folder.settings().gap.attribute == "age" and folder.settings().gap.gap_in == "recall"
    verdicts._ask(replace(view, settings=folder.settings()), "gender", "ndcg@10", "mend")
    assert folder.settings().mitigation.attribute == "gender"


@pytest.mark.parametrize(
    ("figure", "goal", "also"),
    [
        ("recall@10", "gap", {"figure": "recall"}),
        ("flip", "hide", {}),
        ("opportunity", "selection", {"constraint": "equalized_odds"}),
        ("longtail", "exposure", {"grouping": "tail"}),
    ],
)
def test_mending_a_cell_opens_the_mitigation_with_what_that_figure_calls_for_chosen(
    home: Path, open_page: Open, figure: str, goal: str, also: dict[str, str]
) -> None:
    folder = Workspace(home).demo()
    view = View("disparity", folder, folder.settings(), None, folder.states(), None)  # type: ignore[arg-type]
    verdicts._ask(view, "age", figure, "mend")
    asked = folder.settings().mitigation
    kept = ("rerank",) if goal == "gap" else ()  # another goal begins with its own methods
    assert (asked.goal, asked.attribute, asked.methods) == (goal, "age", kept)
    assert {name: getattr(asked, name) for name in also} == also
    page = open_page("mitigation", home)
    assert not page.exception and not page.error


def test_a_cell_of_item_groups_leads_to_sharing_attention_among_them(home: Path) -> None:
    folder = Workspace(home).demo()
    view = View("disparity", folder, folder.settings(), None, folder.states(), None)  # type: ignore[arg-type]
    verdicts._spread(view, "category")
    asked = folder.settings().mitigation
    assert (asked.goal, asked.grouping) == ("exposure", "category")
