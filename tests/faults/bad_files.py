"""Files as analysts really bring them: what is wrong, and the words that must be read on the page and at a prompt."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True)
class Bad:
    """A log that cannot be read, and what the one sentence about it must say."""

    name: str
    content: bytes
    says: tuple[str, ...]
    file: str = "log.csv"


@dataclass(frozen=True)
class Odd:
    """A log that is read, and what the analyst is told of it before anything is computed."""

    name: str
    content: bytes
    says: tuple[str, ...]
    in_report: str
    """What the audit's data section keeps of it."""
    users: bytes | None = None


def _rows(count: int, line: str) -> str:
    return "".join(line.format(n=n, user=n % 40, item=n % 12, hit=int(n % 3 == 0)) for n in range(count))


def _endless_parquet() -> bytes:
    """Twenty-one million rows in some kilobytes: what is read is not what the file weighs."""
    schema = pa.schema([("user", pa.int64()), ("item", pa.int64())])
    part = pa.table({name: pa.repeat(pa.scalar(7, pa.int64()), 3_000_000) for name in ("user", "item")}, schema)
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for _ in range(7):
            writer.write_table(part)
    return sink.getvalue()


GOOD = "user,item,clicked\n" + _rows(400, "u{user},i{item},{hit}\n")
UNREADABLE = (
    Bad("an Excel file called .csv", b"PK\x03\x04" + b"x" * 60, ("byte 0", "looks like ZIP, Excel or Word", "Save it")),
    Bad(
        "noise called .parquet",
        b"PAR1" + bytes(range(256)) * 4,
        ("begins like Parquet", "Export it again"),
        "a.parquet",
    ),
    Bad(
        "rows too many", _endless_parquet(), ("expands past 2 GB or 20M rows", "give a path or a database"), "a.parquet"
    ),
    Bad("a ragged row", (GOOD + "u1,i1\n").encode(), ("line 402", "expected 3 columns, found 2", "nothing was read")),
    Bad("an unclear separator", b"a,b;c,d\n1,2;3,4\n", ("more than one character", "Choose the separator")),
    Bad("an unclear encoding", "user,item\n你好,é".encode() + b"\xe4\n", ("encoding", "is not clear", "Choose it")),
    Bad(
        "an unclear decimal comma",
        ("user;item;price\n" + _rows(60, "u{user};i{item};1,{n:03}\n")).encode(),
        ("column price", "decimal mark or between thousands", "Choose the decimal mark"),
    ),
    Bad("no rows", b"user,item,clicked\n", ("has a header but no rows",)),
)
STATED = (
    Odd(
        "semicolons, a byte-order mark, decimal commas and Chinese values",
        b"\xef\xbb\xbf" + ("用户;商品;评分\n" + _rows(200, "用户{user};商品{item};{hit},5\n")).encode(),
        ("separated by semicolon", "the comma is read as the decimal mark"),
        "the comma is read as the decimal mark",
    ),
    Odd(
        "numbers that are none, and copies of rows",
        (
            "user,item,price\n" + _rows(100, "u{user},i{item},{n}\n") + "u1,i1,1e400\nu2,i2,nan\nu3,i3,inf\n" * 2
        ).encode(),
        ("are not finite numbers", "counted as missing", "3 rows are exact copies"),
        "counted as missing",
    ),
    Odd(
        "groups that look the same",
        GOOD.encode(),
        ("look like another one", "“f” → “F”"),
        "values that look the same were merged",
        users=("user,gender\n" + "".join(f"u{n},{('F', 'M', 'f', ' F')[n % 4]}\n" for n in range(40))).encode(),
    ),
    Odd(
        "times in epoch seconds",
        ("user,item,timestamp\n" + _rows(200, "u{user},i{item},17{n:03}00000\n")).encode(),
        ("From 2023-11-14", "(UTC)"),
        "2023-11-14",
    ),
    Odd(
        "times with a zone",
        ("user,item,time\n" + _rows(200, "u{user},i{item},2026-03-02T00:30:00+02:00\n")).encode(),
        ("stored as UTC", "From 2026-03-01 22:30"),
        "stored as UTC",
    ),
)
TIMELESS = ("user,item,timestamp\n" + _rows(200, "u{user},i{item},{n}\n")).encode()
"""Numbers that fit no unit of time since 1970."""
