"""Tables of a Section, and what stands in their cells."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.charts.labels import number
from analysis.document import Cell, Column, Table
from analysis.finding import amount
from pages.parts.state import state
from pages.parts.text import plain, t
from words import Phrase, say

COLUMNS_SHOWN = 6
"""Columns of a plain HTML table; a wider one would scroll where no keyboard reaches."""
ROWS_SHOWN = 30
"""Rows of a plain HTML table; longer ones become a scrolling grid."""


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
        safe = frame.map(lambda cell: plain(str(cell))).rename(columns=plain)
        st.table(safe, border="horizontal", hide_index=True)
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
