"""A text and its facts become one sentence, numbered and spaced as its language is written."""

from __future__ import annotations

import re

import pytest

from words import listed, phrase, say
from words.phrase import catalogue

HAN = "[\u3400-\u9fff]"
FACT = r"(?<!\{)\{(?!\{)[^{}]*\}"


@pytest.mark.parametrize(
    ("rows", "said"),
    [(1, "1 row without a time was left out."), (1200, "1,200 rows without a time were left out.")],
)
def test_one_is_said_as_one(rows: int, said: str) -> None:
    assert say("data.clean.missing_time", rows=rows) == said


def test_a_number_that_is_written_already_is_said_as_one_too() -> None:
    assert say("pages.quality.thin_users", n="1", examples="") == "1 user has fewer than five rows."


@pytest.mark.parametrize(
    ("attribute", "said"),
    [("gender", "谁得益，谁受损：按 gender"), ("性别", "谁得益，谁受损：按性别"), ("性 别", "谁得益，谁受损：按性 别")],
)
def test_chinese_parts_letters_from_characters_but_no_characters_and_keeps_a_facts_own_spaces(
    attribute: str, said: str
) -> None:
    assert say("chosen.table.people", "zh", attribute=attribute) == said


def test_names_are_parted_as_the_reader_s_language_parts_them() -> None:
    names = phrase("graph.identifiable", treatment="x", outcome="y", names=listed(["a", "b", "c"]))
    assert "a, b, c" in say(names) and "a、b、c" in say(names, "zh")
    assert listed([]) == "" and listed(["a"]) == "a" and say(listed(["a", "b"], "semicolon"), "zh") == "a；b"


def test_a_range_is_joined_by_one_word_throughout_the_chinese_texts() -> None:
    ranges = [text for text in catalogue("zh").values() if re.search(r"low\} 到 \{|[0-9] 到 [0-9]+[^%]", text)]
    assert ranges == []


def test_titles_of_axes_and_columns_begin_alike() -> None:
    titled = re.compile(r"\.(axis|column)[._]|\.axis$|_axis$")
    titles = {key: text for key, text in catalogue("en").items() if titled.search(key)}
    known = {"fairness.column.p", "structure.change_axis", "structure.part_axis", "pages.data.column_none"}
    assert [key for key, text in titles.items() if text[0].islower() and key not in known] == []


def test_no_space_stands_before_chinese_punctuation_where_a_unit_is_empty() -> None:
    interval = say("report.compare.value", "zh", value="0.3", unit="", low="0.1", high="0.5")
    assert interval == "0.3（0.1 至 0.5）"


def test_every_chinese_text_leaves_its_facts_room_so_that_letters_are_parted_everywhere() -> None:
    tight = re.compile(f"{HAN}{FACT}|{FACT}{HAN}")
    assert [key for key, text in catalogue("zh").items() if tight.search(text)] == []


def test_no_chinese_text_has_a_space_between_its_characters() -> None:
    loose = re.compile(f"({HAN}|[，。；：、？！）]) +({HAN}|[，。；：、？！（])")
    assert [key for key, text in catalogue("zh").items() if loose.search(text)] == []
