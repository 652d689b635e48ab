"""Tables of a Section, and what stands in their cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Literal, get_args

import pandas as pd
import streamlit as st

from analysis.charts.labels import number
from analysis.document import Cell, Column, Table
from analysis.finding import amount
from pages.parts.state import state
from pages.parts.text import t
from words import Phrase, say

Colour = Literal["orange", "blue", "green", "gray", "violet", "yellow"]
"""Colours of the theme (.streamlit/config.toml) that a badge may have."""

COLUMNS_SHOWN = 6
"""Columns of a plain HTML table; a wider one is a scrolling grid too."""
ROWS_SHOWN = 30
"""Rows of a plain HTML table; longer ones become a scrolling grid."""


@dataclass(frozen=True)
class Badge:
    """A coloured label; its sign and its word say the same without the colour."""

    colour: Colour
    sign: str
    word: str


@dataclass(frozen=True)
class Code:
    """A key, in the letters of code."""

    text: str


Shown = str | Badge | Code
"""What a cell may hold: words as they are, and the only two things that are more than words."""


def plain_table(names: Iterable[str], rows: Iterable[Iterable[Shown]]) -> None:
    """A table as one element of HTML: Streamlit's own has the browser read every cell as Markdown (a millisecond)."""
    st.html(markup(names, rows))


def draw_badge(badge: Badge) -> None:
    """A badge by itself."""
    st.html(_cell(badge))


def markup(names: Iterable[str], rows: Iterable[Iterable[Shown]]) -> str:
    """The HTML of a table; reader.js lets the keyboard reach it where it scrolls sideways."""
    head = "".join(f'<th scope="col">{_words(name)}</th>' for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="plain-table"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def colours() -> str:
    """The CSS of tables and badges that names a colour of the theme: those stand in .streamlit/config.toml alone."""
    ground = f"color-mix(in srgb, {_themed('secondaryBackgroundColor')} 50%, transparent)"
    rules = f".plain-table code {{ color: {_themed('greenTextColor')}; background: {ground}; }}"
    rules += f".plain-table :is(th, td) {{ border-color: {_themed('dataframeBorderColor')}; }}"
    return rules + "".join(
        f".badge.{name} {{ color: {_themed(f'{name}TextColor')}; background: {_themed(f'{name}BackgroundColor')}; }}"
        for name in get_args(Colour)
    )


def _themed(name: str) -> str:
    """A colour of the theme as the reader's ground asks for it."""
    return f"light-dark({st.get_option(f'theme.light.{name}')}, {st.get_option(f'theme.dark.{name}')})"


def _cell(cell: Shown) -> str:
    """What stands in a cell, as HTML."""
    if isinstance(cell, Badge):
        return f'<span class="badge {escape(cell.colour)}">{_words(f"{cell.sign} {cell.word}")}</span>'
    return f"<code>{_words(cell.text)}</code>" if isinstance(cell, Code) else _words(cell)


def _words(text: str) -> str:
    """`text` on one line, none of it markup."""
    return escape(" ".join(text.split()))


def draw_table(table: Table) -> None:
    """A table of a section; numbers in the writing of their unit."""
    names = [raw_words(column.title) for column in table.columns]
    rows = [[written(cell, column) for cell, column in zip(row, table.columns, strict=True)] for row in table.rows]
    grid(pd.DataFrame(rows, columns=names))


def grid(frame: pd.DataFrame) -> None:
    """Few rows as a plain table, which every reader can read; many as a scrolling grid."""
    if frame.empty:  # Streamlit would say so in English
        st.caption(t("section.no_rows"))
    elif len(frame) <= ROWS_SHOWN and frame.shape[1] <= COLUMNS_SHOWN:
        plain_table(map(str, frame.columns), frame.map(str).to_numpy().tolist())
    else:
        st.dataframe(frame, hide_index=True)


def written(cell: Cell, column: Column | None = None) -> str:
    """One cell as people read it."""
    if cell is None:
        return "–"
    if isinstance(cell, Phrase):
        return raw_words(cell)
    if isinstance(cell, bool | str):
        return str(cell)
    if column is not None and column.unit != "text":
        return amount(float(cell), column.unit)
    return f"{cell:,}" if isinstance(cell, int) else number(cell)


def raw_words(words: Phrase | str) -> str:
    """A phrase or a value of the data as plain, unescaped text."""
    return words if isinstance(words, str) else say(words, state().language)
