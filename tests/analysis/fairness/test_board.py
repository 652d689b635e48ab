"""The verdict board holds every headline gap once, says who has less, and carries the evidence of each cell."""

import json

import numpy as np
import pandas as pd

from analysis.document import Document, Section, canonical
from analysis.fairness.board import SIGNS, items_board, people_board, sign, small_words
from analysis.fairness.disparity import disparity_section
from analysis.fairness.partition import partition
from analysis.finding import Verdict
from analysis.report.html import html
from tests.analysis.fairness.lists import ranking
from tests.analysis.fairness.test_disparity import SETTINGS, planted
from words import say


def test_each_headline_gap_is_in_one_cell_with_its_levels_and_pairs():
    section = disparity_section(planted({"M": 400, "F": 300}, {"M": 0.7, "F": 0.4}), None, None, SETTINGS, 10, 1)
    board = people_board(section.findings)
    held = [one.gap.key for cell in board.cells.values() for one in cell.evidence]
    headlines = [f.key for f in section.findings if f.key.endswith(".gap") and "attribute" in f.label.facts]
    assert sorted(held) == sorted(headlines) and len(set(held)) == len(held)
    cell = board.cells["hit@5", "gender"]
    assert [f.key for f in cell.first.levels] == ["gender.hit@5.M", "gender.hit@5.F"]
    assert board.attributes == ("gender", "age", "gender*age")


def test_a_planted_gap_names_the_group_that_has_less_and_by_how_much():
    section = disparity_section(planted({"M": 600, "F": 400}, {"M": 0.7, "F": 0.4}), None, None, SETTINGS, 10, 1)
    cell = people_board(section.findings).cells["hit@5", "gender"]
    shares = {f.key.rsplit(".", 1)[1]: f.value for f in cell.first.levels}
    assert cell.verdict is Verdict.GAP and sign(cell) == "▲"
    assert say(small_words(cell)) == f"F −{100 * (shares['M'] - shares['F']):.1f} points"


def test_the_group_that_has_less_is_the_same_once_the_section_was_saved_and_read() -> None:
    """Files sort the groups' names, and women (F) come before men (M) there; the board of a page is made of a file."""
    section = disparity_section(planted({"M": 600, "F": 400}, {"M": 0.7, "F": 0.4}), None, None, SETTINGS, 10, 1)
    read = Section.model_validate_json(canonical(section))
    for each in (section, read):
        assert say(small_words(people_board(each.findings).cells["hit@5", "gender"])).startswith("F −")


def test_a_cell_of_a_small_group_is_suppressed_and_its_board_tells_no_number_of_it():
    section = disparity_section(planted({"M": 300, "F": 6}, {"M": 0.5, "F": 0.5}), None, None, SETTINGS, 10, 1)
    board = people_board(section.findings)
    cell = board.cells["hit@5", "gender"]
    assert cell.verdict in (Verdict.SUPPRESSED, Verdict.NOT_COMPUTED)
    assert small_words(cell) is None and all(level.value is None and level.n == 0 for level in cell.first.levels)


def test_figures_of_many_values_share_a_row_that_counts_them():
    rng = np.random.default_rng(0)
    lists = np.array([rng.permutation(30)[:5] for _ in range(200)])
    groups = {"category": np.repeat(["a", "b", "c"], 10), "tail": np.repeat(["head", "tail"], 15)}
    relevant = rng.random((200, 30)) < 0.2
    section = disparity_section(ranking(lists, relevant, item_groups=groups), None, None, SETTINGS, 10, 1)
    cell = people_board(section.findings).cells["shown", "gender"]
    assert len(cell.evidence) == 3 and say(small_words(cell)) == f"{cell.alike} of 3"
    weights = [list(SIGNS).index(one.gap.verdict) for one in cell.evidence]
    assert weights == sorted(weights)
    items = items_board(section.findings)
    assert set(items.attributes) == {"category", "tail"}
    assert {say(items.name(one), "zh") for one in items.attributes} == {"类别", "头部与长尾"}
    told = [say(finding.label, "zh") for finding in section.findings if finding.key.startswith("tail.parity")]
    assert sorted(told) == [
        "每个物品得到的关注，最热门的五分之一（头部）相对于其他全部物品",
        "每个物品得到的关注，长尾物品相对于其他全部物品",
    ]


def test_every_figure_of_item_groups_has_a_row():
    rng = np.random.default_rng(0)
    lists = np.array([rng.permutation(30)[:5] for _ in range(200)])
    groups = {"category": np.repeat(["a", "b", "c"], 10)}
    asked = SETTINGS.model_copy(update={"figures": ("parity", "reo", "merit", "clicks")})
    found = disparity_section(ranking(lists, rng.random((200, 30)) < 0.2, item_groups=groups), None, None, asked, 10, 1)
    assert [name for name, _ in items_board(found.findings).rows] == ["parity", "reached", "merit", "clicks"]


def test_two_groups_of_an_intersection_never_have_one_name():
    """One of x and y & z, the other of x & y and z."""
    values = [("x & y", "z"), ("x", "y & z"), ("“x", "z"), ("&", "& z"), ("& &", "z"), ("x &", "y"), ("x", "& y")]
    found = partition(pd.DataFrame(values, columns=["a", "b"]), ("a", "b"))
    assert len(set(found.names)) == len(values)
    assert partition(pd.DataFrame({"a": ["R&D", "x & y"], "b": ["m", "m"]}), ("a", "b")).names == (
        "R&D & m",
        "“x & y” & m",
    )
    assert partition(pd.DataFrame({"a": ["x & y"]}), ("a",)).names == ("x & y",)


def test_the_report_shows_the_board_with_word_sign_and_colour():
    section = disparity_section(planted({"M": 600, "F": 400}, {"M": 0.7, "F": 0.4}), None, None, SETTINGS, 10, 1)
    document = Document(title="t", evenhand="0", versions={}, seed=1, digest="0" * 64, settings={}, sections=(section,))
    page = html(document, "en")
    text = page.decode() if isinstance(page, bytes) else page
    assert 'class="mark gap">▲ gap: F −' in text
    assert text.index("Verdicts: every figure by every attribute") < text.index("<figure>")
    assert json.loads(section.tables[0].model_dump_json())["key"] == "disparity.board"
