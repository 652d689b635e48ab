"""No text of the data becomes markup on the screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.parts.text import plain

MARKS = r"\`*_[]<>~$|&@"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![x](http://evil/p.png)", "!\\[x\\](http:\u2060//evil/p.png)"),
        ("<img src=x onerror=alert(1)>", r"\<img src=x onerror=alert(1)\>"),
        (":red[danger]", r"\:red\[danger\]"),
        ("$x^2$", r"\$x^2\$"),
        ("# heading", r"\# heading"),
        ("1. item", r"1\. item"),
        ("- item", r"\- item"),
        ("www.evil.example", "www\u2060.evil.example"),
        ("a@evil.example", "a\\@\u2060evil.example"),
        ("gender.ndcg@10.gap", "gender.ndcg\\@\u206010.gap"),
        ("NDCG@10.", r"NDCG\@10."),
        ("12.5% of 3.1", "12.5% of 3.1"),
        ("line\nnext  gap", "line next gap"),
    ],
)
def test_markup_is_shown_as_written(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize("text", [":material/home:", ":smile:", ":+1:"])
def test_icons_and_short_codes_are_broken(text: str) -> None:
    assert "\u2060" in plain(text)


@given(st.text())
def test_every_mark_that_opens_markup_is_escaped(text: str) -> None:
    shown = plain(text)
    for place, letter in enumerate(shown):
        if letter in MARKS[1:]:
            before = shown[:place]
            assert (len(before) - len(before.rstrip("\\"))) % 2 == 1
