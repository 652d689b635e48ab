"""A table as HTML: what it shows are words, whatever they look like, and the two kinds of cells that are more."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from pages.parts.tables import Badge, Code, colours, markup
from tests.pages.conftest import table_read

HOSTILE = [
    "<script>alert(1)</script>",
    "</td></table><img src=x onerror=alert(1)>",
    "&lt;b&gt; &amp;amp; &#60;",
    "[x](javascript:alert(1)) **bold** :red[a] $y$",
    "\" onmouseover=\"alert(1)' x='",
    "<!-- <style>*{display:none}</style> -->",
    "长" * 5_000,
]
OURS = {"div", "table", "thead", "tbody", "tr", "th", "td", "span", "code"}


@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_looks_like_markup_is_shown_as_it_is_written(text: str) -> None:
    drawn = markup([text], [[text], [Code(text)], [Badge("orange", "▲", text)]])
    shown = table_read(drawn)
    assert list(shown.columns) == [text]
    assert list(shown[text]) == [text, text, f"▲ {text}"]
    parts = list(ElementTree.fromstring(drawn).iter())
    assert {part.tag for part in parts} <= OURS
    assert {name for part in parts for name in part.attrib} == {"class", "scope"}


def test_lines_and_spaces_become_one_space_and_nothing_stays_nothing() -> None:
    shown = table_read(markup(["a", "b"], [["one\n\n  two\t", ""]]))
    assert shown.equals(pd.DataFrame([["one two", ""]], columns=["a", "b"]))


def test_every_heading_is_one_of_its_column() -> None:
    heads = list(ElementTree.fromstring(markup(["a", "b"], [["1", "2"]])).iter("th"))
    assert [head.get("scope") for head in heads] == ["col", "col"]


def test_a_badge_has_the_colours_of_the_theme_light_and_dark() -> None:
    theme = Path(".streamlit/config.toml").read_text(encoding="utf-8")
    rule = next(rule for rule in colours().split("}") if ".badge.violet" in rule)
    for name in ("violetTextColor", "violetBackgroundColor"):
        light, dark = [line.split('"')[1] for line in theme.splitlines() if line.startswith(name)]
        assert f"light-dark({light}, {dark})" in rule
    assert "None" not in colours()
