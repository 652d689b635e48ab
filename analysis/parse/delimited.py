"""CSV and its kin to a Parquet table of text, by DuckDB's strict reader, which names the line of a fault."""

from __future__ import annotations

import codecs
import csv
import re
from itertools import takewhile
from pathlib import Path

from analysis.ingest import Limits
from analysis.parse import sniff
from analysis.parse.engine import quoted
from analysis.parse.typed import Text
from words import Phrase, Refusal, phrase

LINE_BYTES = 4_000_000
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_RAGGED = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_TOO_LONG = re.compile(r"^Maximum line size of \d+ bytes exceeded", re.MULTILINE)
_LINE = re.compile(r"CSV Error on Line: (\d+)")


def as_utf8(path: Path, out: Path, encoding: sniff.Encoding) -> Path:
    """`path` itself where it is plain UTF-8, else a UTF-8 copy at `out`. Raises Refusal(data.wrong_encoding)."""
    if encoding == "utf-8":
        return path
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with out.open("wb") as file:
            for block in sniff.blocks(path):
                file.write(decoder.decode(block).encode())
            file.write(decoder.decode(b"", final=True).encode())
    except UnicodeDecodeError as error:
        raise Refusal("data.wrong_encoding", name=path.name, encoding=encoding, at=error.start) from error
    return out


def head(path: Path) -> str:
    """The whole lines at the start of a UTF-8 file (all of a short one), without a byte-order mark."""
    with path.open("rb") as file:
        raw = file.read(sniff.HEAD)
        more = bool(file.read(1))
    text = raw.decode("utf-8", errors="ignore" if more else "strict").removeprefix("\ufeff")
    return text[: text.rfind("\n") + 1] if more and "\n" in text else text


def text_of(name: str, path: Path, separator: str | None, limits: Limits) -> tuple[Text, str]:
    """A delimited UTF-8 file as a table of text, and its separator.

    Raises Refusal where the header or the separator is at fault; faults of rows come while it is read.
    """
    try:
        start = head(path)
    except UnicodeDecodeError as error:
        raise Refusal("data.wrong_encoding", name=name, encoding="utf-8", at=error.start) from error
    blank = list(takewhile(lambda line: not line.strip(), start.splitlines(keepends=True)))
    start = start[sum(map(len, blank)) :]  # DuckDB takes a blank first line for the header
    mark = separator or sniff.separator_of(Path(name), start)
    names = _header(name, start, mark)
    if len(names) > limits.columns:
        raise Refusal("data.too_many_columns", name=name, found=len(names), most=limits.columns)
    columns = {column: f"c{number}" for number, column in enumerate(names)}
    types = ", ".join(f"'{column}': 'VARCHAR'" for column in columns.values())
    options = (
        f"columns = {{{types}}}, delim = {quoted(mark)}, quote = '\"', escape = '\"', header = true, "
        f"skip = {len(blank)}, compression = 'none', auto_detect = false, strict_mode = true, null_padding = false, "
        f"max_line_size = {LINE_BYTES}"
    )
    return Text(name, f"read_csv({quoted(str(path))}, {options})", columns, path, _refused), mark


def note(name: str, mark: str, encoding: sniff.Encoding, rows: int, columns: int) -> Phrase:
    """What was detected."""
    return phrase(
        "data.note.delimited",
        name=name,
        separator=phrase(f"data.separator.{_SEPARATOR_NAMES[mark]}"),
        rows=rows,
        columns=columns,
        encoding=encoding.upper(),
    )


_SEPARATOR_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}


def _header(name: str, start: str, mark: str) -> list[str]:
    """Names of the columns: a blank one is called column_N; numbers or repeats are refused."""
    first = next((row for row in csv.reader(start.splitlines(keepends=True), delimiter=mark) if row), [])
    names = [cell.strip() or f"column_{number}" for number, cell in enumerate(first, 1)]
    if first and all(_NUMBER.fullmatch(cell.strip()) for cell in first if cell.strip()):
        raise Refusal("data.no_header", name=name, found=", ".join(names[:5]))
    repeated = sniff.repeated(names)
    if repeated:
        raise Refusal("data.repeated_column", name=name, columns=", ".join(repeated))
    return names


def _refused(name: str, message: str) -> Refusal:
    """DuckDB's complaint as one of our sentences, with the line."""
    found = _LINE.search(message)
    if found is None:
        return Refusal("data.not_delimited", name=name)
    line, ragged = int(found[1]), _RAGGED.search(message)
    if _TOO_LONG.search(message) is not None:
        return Refusal("data.long_line", name=name, line=line, megabytes=LINE_BYTES // 10**6)
    if ragged is not None:
        return Refusal("data.ragged", name=name, line=line, expected=int(ragged[1]), found=int(ragged[2]))
    if "quote" in message.split("Possible fixes")[0].lower():
        return Refusal("data.open_quote", name=name, line=line)
    return Refusal("data.bad_line", name=name, line=line)
