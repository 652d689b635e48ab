"""The verdict board on the screen: our own component, a table of buttons with the evidence of each cell ready to open.

All words are said and all numbers written here; the browser only lays them out, so a click waits for nothing.
The drawing is in board.js / .html / .css.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import streamlit as st

from analysis.fairness.board import ALONE, SIGNS, Board, BoardCell, Evidence, sign, small_words
from analysis.finding import VALUELESS, Finding, Verdict, amount, bare, p_said, sentence
from analysis.log import COHORT
from pages.parts.component import mount
from pages.parts.section import interval_words, n_words, value_words
from pages.parts.state import state
from pages.parts.tables import raw_words
from words import Phrase, phrase, say

Act = Literal["why", "choices", "mend"]
"""What an analyst may do next about one cell."""
PARTS = (
    "figure", "close", "levels", "group", "level", "interval", "n", "pairs", "members", "comparison", "difference",
    "verdict", "how", "read", "could", "hint", "legend", "absent", *get_args(Act),
)  # fmt: skip


def draw(
    board: Board,
    title: str,
    key: str,
    acts: Sequence[Act],
    on_act: Callable[[str, str, Act], None],
    first: bool = True,
) -> None:
    """The board; `on_act(attribute, figure's key, act)` when the analyst asks for more about a cell.

    Only the first board of a page says how to use one.
    """

    def acted() -> None:
        asked = st.session_state[key].get("act")
        if asked is not None:
            on_act(str(asked["attribute"]), str(asked["figure"]), asked["what"])

    mount("board", key, {**_data(board, title, acts), "hinted": first}, on_act_change=acted)


def _data(board: Board, title: str, acts: Sequence[Act]) -> dict[str, Any]:
    return {
        "title": title,
        "attributes": [raw_words(board.name(name)) for name in board.attributes],
        "rows": [
            {
                "title": raw_words(name),
                "cells": [
                    _cell(board.cells.get((row, attribute)), raw_words(name), raw_words(board.name(attribute)), acts)
                    for attribute in board.attributes
                ],
            }
            for row, name in board.rows
        ],
        "legend": _legend(board),
        "words": {name: say(f"board.{name}", state().language) for name in PARTS},
    }


def _legend(board: Board) -> list[dict[str, str]]:
    """The signs on this board and what each says."""
    there = {sign(cell): cell for cell in board.cells.values()}
    known = [*SIGNS.items(), (None, ALONE)]
    order = [mark for entry in known for mark in entry if mark in there]
    return [{"sign": mark, "kind": _kind(there[mark]), "word": _legend_word(there[mark])} for mark in order]


def _legend_word(cell: BoardCell) -> str:
    return say("board.alone", state().language) if sign(cell) == ALONE else _verdict(cell.verdict)


def _kind(cell: BoardCell) -> str:
    return "alone" if sign(cell) == ALONE else cell.verdict.name.lower()


def _verdict(verdict: Verdict) -> str:
    return say(f"finding.verdict.{verdict.name.lower()}", state().language)


def _cell(cell: BoardCell | None, figure: str, attribute: str, acts: Sequence[Act]) -> dict[str, Any] | None:
    """One button and what it opens."""
    if cell is None:
        return None
    word, small = _verdict(cell.verdict), raw_words(small_words(cell) or "")
    facts = {"figure": figure, "attribute": attribute, "word": word, "value": small}
    return {
        "kind": _kind(cell),
        "sign": sign(cell),
        "word": word,
        "value": small,
        "spoken": say("board.open", state().language, **facts).strip(),
        "title": f"{figure} · {attribute}",
        "attribute": cell.attribute,
        "figure": cell.row,
        "acts": [act for act in acts if _can(act, cell)],
        **_opened(cell),
    }


def _can(act: Act, cell: BoardCell) -> bool:
    """Intersections and cells without a value lead nowhere; of a cohort only the choices are looked into."""
    if "*" in cell.attribute or cell.verdict in VALUELESS:
        return False
    return act == "choices" or not cell.attribute.startswith(COHORT)


def _opened(cell: BoardCell) -> dict[str, Any]:
    """The evidence of the cell's weightiest comparison, and the others it holds in a table."""
    first = cell.first
    gap = first.gap
    return {
        "sentence": raw_words(sentence(gap)),
        "notes": [raw_words(words) for words in _notes(first)],
        "reading": say(f"board.reading.{_kind(cell)}", state().language),
        "could": _could(gap),
        "how": raw_words(gap.method),
        "levels": [_level(level) for level in first.levels],
        "pairs": [_compared(pair) for pair in first.pairs],
        "members": [_compared(one.gap) for one in cell.evidence] if len(cell.evidence) > 1 else [],
    }


def _notes(evidence: Evidence) -> list[Phrase]:
    """What qualifies the figure: its own warning, its p-values, the margin."""
    gap = evidence.gap
    said = [] if gap.reason is None or gap.verdict in VALUELESS else [gap.reason]
    if gap.p_value is not None and gap.p_adjusted is not None:
        said.append(phrase("board.corrected", p=p_said(gap.p_value), adjusted=amount(gap.p_adjusted, "p")))
    if gap.margin is not None:
        said.append(phrase("board.margin", margin=bare(gap.margin, gap.unit)))
    return said


def _could(gap: Finding) -> str:
    if gap.smallest_detectable is None:
        return ""
    unit = say(f"units.{gap.unit}", state().language)
    smallest = f"{bare(gap.smallest_detectable, gap.unit)} {unit}".strip()
    return say("board.could_show", state().language, smallest=smallest)


def _level(level: Finding) -> dict[str, Any]:
    """One group's row: words, and the numbers that place its mark (null where they are hidden)."""
    return {
        "group": raw_words(_group(level)),
        "value": value_words(level) if level.value is not None else _verdict(level.verdict),
        "interval": interval_words(level),
        "n": n_words(level),
        "at": [level.low, level.value, level.high],
    }


def _group(level: Finding) -> Phrase | str:
    name = level.label.facts.get("group")
    return name if isinstance(name, Phrase) else str(name)


def _compared(gap: Finding) -> list[str]:
    """Label, difference, interval, n and verdict of one comparison."""
    word = f"{SIGNS.get(gap.verdict, '')} {_verdict(gap.verdict)}".strip()
    return [raw_words(gap.label), value_words(gap), interval_words(gap), n_words(gap), word]
