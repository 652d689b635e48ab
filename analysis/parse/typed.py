"""Columns of text to typed columns, each only where every value says so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from analysis.parse.engine import connect, quoted
from words import Phrase, Refusal, phrase

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EXACT = 2**53
"""Whole numbers beyond this are not exact as floating point, so they stay text."""
BLANKS = ("na", "n/a", "null", "none", "-", "\\n")
"""Missing, but only in a column whose other values are all numbers."""
Type = Literal["text", "integer", "number", "comma", "thousands", "boolean", "time"]

_MARKED = r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+"  # 3,5 or 1.234,5: the comma is a decimal mark
_GROUPED = r"[+-]?\d{1,3}(,\d{3})+"  # 1,234: a decimal mark or thousands, who knows
_THOUSANDS = r"[+-]?\d{1,3}(,\d{3})*\.\d+"  # 1,234.5: thousands
_ZONED = r".*\d:\d{2}.*(Z|z|[+-]\d{2}(:?\d{2})?)\s*"


@dataclass(frozen=True)
class Column:
    """The type a column gets, and what is said about it."""

    name: str
    type: Type
    notes: tuple[Phrase, ...] = ()


@dataclass(frozen=True)
class Text:
    """A Parquet table of text that is being looked at."""

    connection: DuckDBPyConnection
    source: str
    file: str

    def names(self) -> list[str]:
        return [row[0] for row in self.connection.execute(f"DESCRIBE SELECT * FROM {self.source}").fetchall()]

    def count(self, *conditions: str) -> tuple[int, ...]:
        """How many rows satisfy each condition, in one pass."""
        counts = ", ".join(f"count(*) FILTER ({condition})" for condition in conditions)
        row = self.connection.execute(f"SELECT {counts} FROM {self.source}").fetchone()
        assert row is not None
        return tuple(int(count) for count in row)


def write(file: str, text: Path, out: Path, decimal: str | None) -> list[Phrase]:
    """Write the Parquet table of text as typed Parquet to `out`; a note for whatever is not plain.

    Raises Refusal(data.ambiguous_decimal) where 1,234 could be either number.
    """
    with connect(text, out) as connection:
        table = Text(connection, f"read_parquet({quoted(str(text))})", file)
        columns = _decide(table, decimal)
        chosen = ", ".join(f"{_expression(column)} AS {identifier(column.name)}" for column in columns)
        connection.execute(f"COPY (SELECT {chosen} FROM {table.source}) TO {quoted(str(out))} (FORMAT parquet)")
    return [note for column in columns for note in column.notes]


def identifier(name: str) -> str:
    """A SQL name."""
    return '"' + name.replace('"', '""') + '"'


def _decide(table: Text, decimal: str | None) -> list[Column]:
    names = table.names()
    looks = table.count(*(condition for name in names for condition in _looks(identifier(name))))
    width = len(looks) // len(names)
    counts = {name: looks[width * at : width * (at + 1)] for at, name in enumerate(names)}
    commas = {name: _comma(table, name, counts[name][0]) for name in names if counts[name][3]}
    mark = decimal or _agreed(commas)
    return [_typed(table, name, counts[name], commas.get(name, "none"), mark) for name in names]


def _looks(x: str) -> tuple[str, ...]:
    """filled, number, blank, comma, underscore, boolean, time."""
    blanks = ", ".join(quoted(blank) for blank in BLANKS)
    return (
        f"{x} <> ''",
        f"try_cast({x} AS DOUBLE) IS NOT NULL",
        f"lower(trim({x})) IN ({blanks})",
        f"contains({x}, ',')",
        f"contains({x}, '_')",
        f"lower({x}) IN ('true', 'false')",
        f"({x} LIKE '____-%' OR {x} LIKE '____/%') AND try_cast({x} AS TIMESTAMPTZ) IS NOT NULL",
    )


def _typed(table: Text, name: str, counts: tuple[int, ...], comma: str, mark: str | None) -> Column:
    filled, number, blank, _, underscore, boolean, time = counts
    if comma != "none":
        return _with_comma(table, name, comma, mark)
    if filled and boolean == filled:
        return Column(name, "boolean")
    if filled and time == filled:
        return _time(table, name, filled)
    if number and number + blank == filled and not underscore:
        return _number(table, name, number, blank)
    return Column(name, "text")


def _comma(table: Text, name: str, filled: int) -> str:
    """What commas in a column are: "none" (text), "," or "." (sure what the decimal mark is), "?" (either)."""
    x = f"trim({identifier(name)})"
    patterns = (_MARKED, _GROUPED, _THOUSANDS)
    marked, grouped, thousands = (f"regexp_full_match({x}, {quoted(pattern)})" for pattern in patterns)
    plain = f"(try_cast({x} AS DOUBLE) IS NOT NULL AND NOT contains({x}, '_'))"
    as_mark, as_group, either, fraction = table.count(
        f"{marked} OR {plain}", f"{grouped} OR {thousands} OR {plain}", grouped, f"contains({x}, '.')"
    )
    if as_mark == filled and as_group == filled and either:
        return "." if fraction else "?"
    return "," if as_mark == filled else "." if as_group == filled else "none"


def _agreed(commas: dict[str, str]) -> str | None:
    """The decimal mark that the file's clear columns agree on, if any."""
    sure = {mark for mark in commas.values() if mark in (",", ".")}
    return sure.pop() if len(sure) == 1 else None


def _with_comma(table: Text, name: str, comma: str, mark: str | None) -> Column:
    if comma == "?" and mark is None:
        query = f"SELECT {identifier(name)} FROM {table.source} WHERE contains({identifier(name)}, ',') LIMIT 1"
        example = table.connection.execute(query).fetchone()
        assert example is not None
        raise Refusal("data.ambiguous_decimal", name=table.file, column=name, example=str(example[0])[:40])
    if (mark if comma == "?" else comma) == ",":
        return Column(name, "comma", (phrase("data.note.decimal_comma", column=name),))
    return Column(name, "thousands", (phrase("data.note.thousands", column=name),))


def _time(table: Text, name: str, filled: int) -> Column:
    (zoned,) = table.count(f"regexp_full_match({identifier(name)}, {quoted(_ZONED)})")
    if zoned not in (0, filled):
        return Column(name, "text", (phrase("data.note.mixed_zones", column=name, zoned=zoned, rows=filled),))
    return Column(name, "time", (phrase("data.note.zoned" if zoned else "data.note.local", column=name),))


def _number(table: Text, name: str, number: int, blank: int) -> Column:
    x = identifier(name)
    whole = rf"regexp_full_match(trim({x}), '[+-]?\d+')"
    zeros, wholes, infinite, large = table.count(
        rf"regexp_matches({x}, '^\s*[+-]?0\d')",
        whole,
        f"NOT isfinite(try_cast({x} AS DOUBLE))",
        f"{whole} AND abs(try_cast({x} AS DOUBLE)) > {EXACT}",
    )
    if zeros:
        return Column(name, "text", (phrase("data.note.leading_zeros", column=name, rows=zeros),))
    if large:
        return Column(name, "text", (phrase("data.note.large_ids", column=name, rows=large),))
    if infinite == number:
        return Column(name, "text")
    notes = []
    if infinite:
        notes.append(phrase("data.note.not_finite", column=name, rows=infinite))
    if blank:
        notes.append(phrase("data.note.blanks", column=name, rows=blank))
    return Column(name, "integer" if wholes + infinite == number else "number", tuple(notes))


def _expression(column: Column) -> str:
    x = identifier(column.name)
    number = f"try_cast({x} AS DOUBLE)"
    return {
        "text": f"nullif({x}, '')",
        "integer": f"CASE WHEN isfinite({number}) THEN try_cast({x} AS BIGINT) END",
        "number": f"CASE WHEN isfinite({number}) THEN {number} END",
        "comma": f"try_cast(replace(replace({x}, '.', ''), ',', '.') AS DOUBLE)",
        "thousands": f"try_cast(replace({x}, ',', '') AS DOUBLE)",
        "boolean": f"lower({x}) = 'true'",
        "time": f"try_cast({x} AS TIMESTAMPTZ)",
    }[column.type]
