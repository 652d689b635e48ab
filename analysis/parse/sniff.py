"""What a file is, by its bytes: never by its name."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from words import Refusal

HEAD = 1 << 16
BLOCK = 1 << 22
SEPARATORS = (",", ";", "\t", "|")
LINES = 200  # of the head, to tell the separator by
RARE = 0xD8
"""First byte from which GB18030 has its less frequent characters."""

SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "ZIP, Excel or Word"),
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"SQLite format 3", "SQLite"),
    (b"\x89HDF", "HDF5"),
    (b"\x7fELF", "ELF"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"ARROW1", "Arrow / Feather"),
    (b"\xd0\xcf\x11\xe0", "old Excel or Word"),
    (b"<", "HTML or XML"),
)
Kind = Literal["parquet", "gzip", "text"]


Encoding = Literal["utf-8", "utf-16", "gb18030", "latin-1"]
"""How a text file's bytes become characters."""


def kind_of(path: Path) -> Kind:
    """Parquet, gzip or text. Raises Refusal(data.empty_file | data.not_readable) naming the byte."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.strip():
        raise Refusal("data.empty_file", name=path.name)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    for signature, format_name in SIGNATURES:
        if head.startswith(signature):
            raise Refusal("data.wrong_type", name=path.name, found=format_name, byte=_shown(head, 0), at=0)
    if not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        odd = re.search(rb"[\x00-\x08\x0e-\x1f\x7f]", head)
        if odd is not None:
            raise Refusal("data.not_readable", name=path.name, at=odd.start(), byte=_shown(head, odd.start()))
    return "text"


def encoding_of(path: Path) -> Encoding:
    """UTF-8 where the whole file is, else by its byte-order mark, else GB18030 or Latin-1 by how high bytes pair.

    Raises Refusal(data.ambiguous_encoding) where neither is clear.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if _decodes(path, "utf-8"):
        return "utf-8"
    paired = _paired_share(path)
    if paired > 0.9 and _decodes(path, "gb18030"):
        return "gb18030"
    if paired < 0.5:
        return "latin-1"
    raise Refusal("data.ambiguous_encoding", name=path.name)


def repeated(names: list[str]) -> list[str]:
    """Names that occur more than once, case aside."""
    folded = [name.casefold() for name in names]
    return sorted({name for name in names if folded.count(name.casefold()) > 1})


def blocks(path: Path) -> Iterator[bytes]:
    """The file's bytes, a few megabytes at a time."""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def separator_of(path: Path, text: str) -> str:
    """The separator that gives every line of the head the same number of fields, more than one.

    Raises Refusal(data.ambiguous_separator | data.one_column).
    """
    lines = text.splitlines()[:LINES]
    lines = [line for line in lines if line.strip()]
    fitting = {mark: fields for mark in SEPARATORS if (fields := _fields(lines, mark)) > 1}
    if len(fitting) == 1:
        return next(iter(fitting))
    if len(fitting) > 1:
        raise Refusal("data.ambiguous_separator", name=path.name, marks=_named(fitting))
    heads = {mark: len(next(csv.reader([lines[0]], delimiter=mark))) for mark in SEPARATORS}
    most = max(heads, key=lambda mark: heads[mark])
    if heads[most] > 1 and sum(count == heads[most] for count in heads.values()) == 1:
        return most
    raise Refusal("data.one_column", name=path.name)


def _fields(lines: list[str], mark: str) -> int:
    """Fields of each line, or 0 where lines differ."""
    counts = {len(row) for row in csv.reader(lines, delimiter=mark) if row}
    return counts.pop() if len(counts) == 1 else 0


def _named(marks: dict[str, int]) -> str:
    return ", ".join("tab" if mark == "\t" else f"'{mark}'" for mark in marks)


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        for block in blocks(path):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _paired_share(path: Path) -> float:
    """Share of the bytes above 0x7F that stand in runs of even length, at least half of whose pairs begin below 0xD8:
    near 1 in Chinese, whose frequent characters lie there, and near 0 in Latin-1, whose small letters do not."""
    even = total = 0
    for block in blocks(path):
        for run in re.finditer(rb"[\x80-\xff]+", block):
            length = run.end() - run.start()
            total += length
            frequent = sum(first < RARE for first in run[0][::2])
            even += length if length % 2 == 0 and 4 * frequent >= length else 0
    return even / total if total else 0.0


def _shown(head: bytes, at: int) -> str:
    return f"0x{head[at]:02X}"
