"""A table in words: every cell the text that a reader sees."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.charts import legible
from analysis.charts.labels import number
from analysis.document import Cell, Column, Table
from analysis.finding import amount
from words import Language, Phrase, say


@dataclass(frozen=True)
class Grid:
    """Headings and rows of one width. `numeric[i]`: column i holds numbers and is set flush right.

    marks: where cells are verdicts, the verdict of each cell ("" for others), for its colour; else empty.
    """

    title: str
    headings: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    marks: tuple[tuple[str, ...], ...] = ()


def table_grid(table: Table, language: Language) -> Grid:
    """The table of an audit as text in `language`."""
    return Grid(
        title=legible(say(table.title, language)),
        headings=tuple(legible(say(column.title, language)) for column in table.columns),
        numeric=tuple(_numeric(table, at) for at in range(len(table.columns))),
        rows=tuple(
            tuple(cell_text(cell, column, language) for cell, column in zip(row, table.columns, strict=True))
            for row in table.rows
        ),
        marks=_marks(table),
    )


def _marks(table: Table) -> tuple[tuple[str, ...], ...]:
    """The verdicts that the cells of a board name; empty for any other table."""
    marks = tuple(tuple(_mark(cell) for cell in row) for row in table.rows)
    return marks if any(any(row) for row in marks) else ()


def _mark(cell: Cell) -> str:
    return str(cell.facts.get("verdict", "")) if isinstance(cell, Phrase) and cell.key.startswith("board.cell") else ""


def cell_text(cell: Cell, column: Column, language: Language) -> str:
    """One cell as a reader sees it; a number in its column's unit, nothing for None."""
    if cell is None:
        return ""
    if isinstance(cell, Phrase):
        return legible(say(cell, language))
    if isinstance(cell, bool):
        return say("report.true" if cell else "report.false", language)
    if isinstance(cell, (int, float)):
        return number(cell) if column.unit == "text" else amount(cell, column.unit)
    return legible(cell)


def _numeric(table: Table, at: int) -> bool:
    cells = [row[at] for row in table.rows if row[at] is not None]
    numbers = [cell for cell in cells if isinstance(cell, (int, float)) and not isinstance(cell, bool)]
    return 2 * len(numbers) > len(cells)
