"""Columns of text to typed columns, each only where every value says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from analysis.ingest import Limits
from analysis.parse.engine import connect, quoted
from words import Phrase, Refusal, phrase

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EXACT = 2**53
"""Whole numbers from here on are not exact as floating point, so they stay text."""
BLANKS = ("na", "n/a", "null", "none", "-", "\\n")
"""Missing, but only in a column whose other values are all numbers."""
Type = Literal["text", "integer", "number", "comma", "thousands", "points", "boolean", "time"]

_MARKED = r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+"  # 3,5 or 1.234,5: the comma is a decimal mark
_GROUPED = r"[+-]?\d{1,3}(,\d{3})+"  # 1,234: a decimal mark or thousands, who knows
_POINTED = r"[+-]?\d{1,3}(\.\d{3})+"  # 1.234: a decimal mark or thousands, the other way round
_POINTS = r"[+-]?[1-9]\d{0,2}(\.\d{3})+"  # 1.234 and not 0.234: thousands, in a file with a decimal comma
_THOUSANDS = r"[+-]?\d{1,3}(,\d{3})*\.\d+"  # 1,234.5: thousands
_ZONED = r".*\d:\d{2}.*([+-]\d{2}(:?\d{2})?|[A-Za-z][A-Za-z0-9_+/-]*)\s*"  # by an offset, or a name such as Z or UTC


@dataclass(frozen=True)
class Column:
    """The type a column gets, and what is said about it."""

    name: str
    type: Type
    notes: tuple[Phrase, ...] = ()


@dataclass(frozen=True)
class Text:
    """A table of text: a SQL source, and for each column's name its name in that source.

    complain: turns the reader's error into a refusal.
    """

    file: str
    source: str
    columns: dict[str, str]
    path: Path
    complain: Callable[[str, str], Refusal]

    def count(self, connection: DuckDBPyConnection, conditions: list[str]) -> list[int]:
        """Rows, then how many of them satisfy each condition, in one pass."""
        import duckdb

        counts = ", ".join(["count(*)", *(f"count(*) FILTER ({condition})" for condition in conditions)])
        try:
            row = connection.execute(f"SELECT {counts} FROM {self.source}").fetchone()
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            raise self.complain(self.file, str(error)) from error
        assert row is not None
        return [int(count) for count in row]


def write(text: Text, out: Path, decimal: str | None, limits: Limits) -> tuple[int, list[Phrase]]:
    """Write the table of text as typed Parquet to `out`: how many rows, and a note for whatever is not plain.

    The source is read three times (what is filled, of what kind, the values), which is faster than a copy of the
    text. Raises Refusal(data.ambiguous_decimal | data.no_rows | data.too_large) and what the reader complains of.
    """
    with connect(text.path, out) as connection:
        rows, *filled = text.count(connection, [look for x in text.columns.values() for look in _filled(x)])
        if rows > limits.rows:
            raise limits.exceeded()
        if rows == 0:
            raise Refusal("data.no_rows", name=text.file)
        columns = _decide(connection, text, filled, decimal)
        chosen = ", ".join(
            f"{_expression(column, text.columns[column.name])} AS {identifier(column.name)}" for column in columns
        )
        connection.execute(f"COPY (SELECT {chosen} FROM {text.source}) TO {quoted(str(out))} (FORMAT parquet)")
    return rows, [note for column in columns for note in column.notes]


def identifier(name: str) -> str:
    """A SQL name."""
    return '"' + name.replace('"', '""') + '"'


def _filled(x: str) -> list[str]:
    return [f"{x} <> ''", f"try_cast({x} AS DOUBLE) IS NOT NULL"]


def _decide(connection: DuckDBPyConnection, text: Text, filled: list[int], decimal: str | None) -> list[Column]:
    """The type of each column, from one more pass that asks each only what its numbers leave open."""
    looks = {name: Look(*filled[2 * at : 2 * at + 2]) for at, name in enumerate(text.columns)}
    asked = {name: looks[name].questions(x) for name, x in text.columns.items()}
    answers = iter(text.count(connection, [sql for questions in asked.values() for sql in questions.values()])[1:])
    counts = {name: {key: next(answers) for key in questions} for name, questions in asked.items()}
    commas = {name: _comma(looks[name], counts[name]) for name in text.columns if counts[name].get("comma")}
    mark = decimal or _agreed(commas)
    columns = []
    for name, look in looks.items():
        if commas.get(name, "none") != "none":
            columns.append(_with_comma(connection, text, name, commas[name], mark, counts[name]))
        else:
            columns.append(_column(name, look, counts[name], mark))
    return columns


@dataclass(frozen=True)
class Look:
    """How many rows of a column are filled, and how many of these read as numbers."""

    filled: int
    number: int

    def questions(self, x: str) -> dict[str, str]:
        """What else must be counted to type the column."""
        blanks = ", ".join(quoted(blank) for blank in BLANKS)
        numbers = {
            "underscore": f"contains({x}, '_')",
            "zeros": rf"regexp_matches({x}, '^\s*[+-]?0\d')",
            "whole": rf"regexp_full_match(trim({x}), '[+-]?\d+')",
            "dotted": f"contains({x}, '.')",
            "points": f"regexp_full_match(trim({x}), {quoted(_POINTS)})",
            "infinite": f"NOT isfinite(try_cast({x} AS DOUBLE))",
            "large": f"isfinite(try_cast({x} AS DOUBLE)) AND abs(try_cast({x} AS DOUBLE)) >= {EXACT}",
        }
        others = {
            "blank": f"lower(trim({x})) IN ({blanks})",
            "boolean": f"lower({x}) IN ('true', 'false')",
            "time": f"{x}[5] IN ('-', '/') AND try_cast({x} AS TIMESTAMPTZ) IS NOT NULL",
            "zoned": f"{x}[5] IN ('-', '/') AND regexp_full_match({x}, {quoted(_ZONED)})",
            "comma": f"contains({x}, ',')",
            "marked": f"regexp_full_match(trim({x}), {quoted(_MARKED)})",
            "grouped": f"regexp_full_match(trim({x}), {quoted(_GROUPED)})",
            "thousands": f"regexp_full_match(trim({x}), {quoted(_THOUSANDS)}) AND contains({x}, ',')",
            "point": f"contains({x}, '.') AND NOT contains({x}, ',') "
            f"AND NOT regexp_full_match(trim({x}), {quoted(_POINTED)})",
        }
        return (numbers if self.number else {}) | (others if self.number < self.filled else {})


def _column(name: str, look: Look, counts: dict[str, int], mark: str | None) -> Column:
    filled, number = look.filled, look.number
    if filled and counts.get("boolean") == filled:
        return Column(name, "boolean")
    if filled and counts.get("time") == filled:
        return _time(name, counts["zoned"], filled)
    if number and number + counts.get("blank", 0) == filled and not counts["underscore"]:
        if mark == "," and counts["points"] and counts["points"] == counts["dotted"]:
            return Column(name, "points", (phrase("data.note.points", column=name), *_without_value(name, counts)))
        return _number(name, number, counts)
    return Column(name, "text")


def _comma(look: Look, counts: dict[str, int]) -> str:
    """What commas in a column are: "none" (text), "," or "." (sure what the decimal mark is), "?" (either), "mixed"
    (the mark of some numbers, as the point is of others)."""
    others = look.number + counts["blank"]  # what has no comma must be a number, or say that there is none
    numbers = counts["marked"] + others == look.filled
    as_mark = numbers and not counts["point"]
    as_group = counts["grouped"] + counts["thousands"] + others == look.filled
    if as_mark and as_group:
        return "?"
    return "," if as_mark else "." if as_group else "mixed" if numbers else "none"


def _agreed(commas: dict[str, str]) -> str | None:
    """The decimal mark that the file's clear columns agree on, if any."""
    sure = {mark for mark in commas.values() if mark in (",", ".")}
    return sure.pop() if len(sure) == 1 else None


def _with_comma(
    connection: DuckDBPyConnection, text: Text, name: str, comma: str, mark: str | None, counts: dict[str, int]
) -> Column:
    if comma == "mixed":
        return Column(name, "text", (phrase("data.note.mixed_marks", column=name),))
    if comma == "?" and mark is None:
        x = text.columns[name]
        example = connection.execute(f"SELECT {x} FROM {text.source} WHERE contains({x}, ',') LIMIT 1").fetchone()
        assert example is not None
        raise Refusal("data.ambiguous_decimal", name=text.file, column=name, example=str(example[0])[:40])
    missing = _without_value(name, counts)
    if (mark if comma == "?" else comma) == ",":
        return Column(name, "comma", (phrase("data.note.decimal_comma", column=name), *missing))
    return Column(name, "thousands", (phrase("data.note.thousands", column=name), *missing))


def _time(name: str, zoned: int, filled: int) -> Column:
    if zoned not in (0, filled):
        return Column(name, "text", (phrase("data.note.mixed_zones", column=name, zoned=zoned, rows=filled),))
    return Column(name, "time", (phrase("data.note.zoned" if zoned else "data.note.local", column=name),))


def _number(name: str, number: int, counts: dict[str, int]) -> Column:
    if counts["zeros"]:
        return Column(name, "text", (phrase("data.note.leading_zeros", column=name, rows=counts["zeros"]),))
    if counts["large"] and counts["whole"] + counts["infinite"] == number:
        return Column(name, "text", (phrase("data.note.large_ids", column=name, rows=counts["large"]),))
    if counts["infinite"] == number:
        return Column(name, "text")
    whole = counts["whole"] + counts["infinite"] == number
    return Column(name, "integer" if whole else "number", _without_value(name, counts))


def _without_value(name: str, counts: dict[str, int]) -> tuple[Phrase, ...]:
    """How many entries of a column of numbers are no finite number, or say that there is none."""
    said = (("not_finite", counts.get("infinite", 0)), ("blanks", counts.get("blank", 0)))
    return tuple(phrase(f"data.note.{key}", column=name, rows=rows) for key, rows in said if rows)


def _expression(column: Column, x: str) -> str:
    return {
        "text": f"nullif({x}, '')",
        "integer": _number_of(x, "BIGINT"),
        "number": _number_of(x),
        "comma": _number_of(f"replace(replace({x}, '.', ''), ',', '.')"),
        "thousands": _number_of(f"replace({x}, ',', '')"),
        "points": _number_of(f"replace({x}, '.', '')"),
        "boolean": f"lower({x}) = 'true'",
        "time": f"try_cast({x} AS TIMESTAMPTZ)",
    }[column.type]


def _number_of(x: str, kind: str = "DOUBLE") -> str:
    return f"CASE WHEN isfinite(try_cast({x} AS DOUBLE)) THEN try_cast({x} AS {kind}) END"
