"""Files that are wrong, broken or hostile: one sentence, at once, and nothing else happens."""

import gzip
import os
import resource
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.ingest import Limits, Source, spool
from analysis.parse.table import read_table
from words import Refusal, say

GOOD = b"user,item,rating\n" + b"".join(b"%d,%d,%d\n" % (n % 7, n % 5, n % 3) for n in range(200))


def _parquet() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"user": list(range(500)), "x": [f"text {n}" for n in range(500)]}), sink)
    return sink.getvalue().to_pybytes()


FAULTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "blank": (b"  \n\n \n", "is empty"),
    "only a header": (b"user,item\n", "no rows"),
    "one column": (b"user\n1\n2\n", "one column"),
    "zip or Excel": (b"PK\x03\x04" + b"x" * 50, r"byte 0: 0x50\): .* looks like ZIP, Excel or Word"),
    "PDF": (b"%PDF-1.7 etc", "looks like PDF"),
    "PNG": (b"\x89PNG\r\n\x1a\n", "looks like PNG"),
    "HTML": (b"<!doctype html><p>no", "looks like HTML"),
    "SQLite": (b"SQLite format 3\x00", "looks like SQLite"),
    "pickle": (b"\x80\x04\x95\x10\x00\x00", r"not a readable CSV or Parquet file \(byte 1"),
    "zero bytes": (b"user,item\n1,\x002\n", r"not a readable CSV or Parquet file \(byte 12"),
    "noise": (bytes(np.random.default_rng(1).integers(0, 256, 4000, dtype=np.uint8)), "not a readable"),
    "a row too long": (b"user,item\n1,2\n3,4\n5,6,7\n", "line 4: expected 2 columns, found 3"),
    "a row too short": (b"user,item\n1,2\n3\n", "line 3: expected 2 columns, found 1"),
    "an open quote": (b'user,item\n1,"x\n2,y\n', "line 2: a quotation mark"),
    "numbers as header": (b"196\t242\t3\n1\t2\t3\n", "first line .* holds numbers"),
    "a name twice": (b"user,item,user\n1,2,3\n", "same name: user"),
    "two separators": (b"a,b;c,d\n1,2;3,4\n", "more than one character"),
    "JSON array": (b'[{"user": 1}]', "one JSON array"),
    "broken JSON": (b'{"user": 1}\n{"user": \n', "line 2 is not valid JSON"),
    "JSON number line": (b'{"user": 1}\n7\n', "line 2 is not a JSON object"),
    "deep JSON": (b'{"user": ' + b"[" * 100_000, "line 1 is not valid JSON"),
    "cut Parquet": (_parquet()[:-200], "begins like Parquet but is damaged"),
    "Parquet, bytes changed": (_parquet()[:200] + b"\xff" * 300 + _parquet()[500:], "Parquet"),
    "cut gzip": (gzip.compress(GOOD)[:-12], "damaged gzip"),
    "gzip in gzip": (gzip.compress(gzip.compress(GOOD)), "looks like gzip"),
    "mixed encodings": ("user,item\n你好,é".encode() + "ä".encode("latin-1") + b"\n", "encoding"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_file_is_refused_with_one_sentence(name: str, tmp_path: Path) -> None:
    content, expected = FAULTS[name]
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(Refusal, match=expected) as refused:
        read_table(path, tmp_path / "out.parquet", Source(kind="files"), Limits())
    assert len(say(refused.value.phrase, "zh")) > 10 and "\n" not in str(refused.value)


def test_the_refusal_crosses_the_process_boundary(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(b"user,item\n1,2\n3\n")
    with pytest.raises(Refusal) as refused:
        spool(Source(kind="files", log=str(path)), tmp_path / "out")
    assert refused.value.phrase.key == "data.ragged" and refused.value.phrase.facts["line"] == 3


def test_a_fault_far_into_a_large_file_is_found_on_its_line(tmp_path: Path) -> None:
    rows = [f"{n},{n % 9}" for n in range(300_000)]
    rows[250_000] += ",1"
    path = tmp_path / "log.csv"
    path.write_text("user,item\n" + "\n".join(rows) + "\n")
    with pytest.raises(Refusal, match="line 250002: expected 2 columns, found 3"):
        read_table(path, tmp_path / "out.parquet", Source(kind="files"), Limits())


def test_a_small_parquet_that_holds_gigabytes_is_refused_and_the_parent_stays_small(tmp_path: Path) -> None:
    schema = pa.schema([("user", pa.dictionary(pa.int32(), pa.string()))])
    word = "x" * 10_000
    path = tmp_path / "bomb.parquet"
    with pq.ParquetWriter(path, schema) as writer:
        codes = pa.DictionaryArray.from_arrays(pa.array(np.zeros(400_000, np.int32)), pa.array([word]))
        writer.write_table(pa.table([codes], schema=schema))
    assert path.stat().st_size < 200_000
    before, used = psutil.Process(os.getpid()).memory_info().rss, _used_by_children()
    with pytest.raises(Refusal, match="expands past 2 GB or 20M rows; give a path or a database"):
        spool(Source(kind="files", log=str(path)), tmp_path / "out")
    assert psutil.Process(os.getpid()).memory_info().rss - before < 50e6
    assert _used_by_children() - used < 60


def _used_by_children() -> float:
    """Seconds of the processor, which on a busy machine say more than the clock."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_gzip_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"user,item\n" + b"1,2\n" * 3_000_000))
    with pytest.raises(Refusal, match="expands past"):
        read_table(path, tmp_path / "out.parquet", Source(kind="files"), Limits(bytes=5_000_000))
    assert not list(tmp_path.glob("tmp*"))


def test_too_little_memory_or_time_is_a_refusal(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(GOOD)
    source = Source(kind="files", log=str(path))
    with pytest.raises(Refusal):
        spool(source, tmp_path / "out", Limits(memory=250_000_000))
    with pytest.raises(Refusal, match="stopped after 0 seconds"):
        spool(source, tmp_path / "out", Limits(seconds=0))


def test_an_address_is_not_a_file(tmp_path: Path) -> None:
    for address in ("https://example.com/log.csv", "s3://bucket/log.parquet", "hf://datasets/x", "/nowhere/log.csv"):
        with pytest.raises(Refusal, match="no readable file"):
            spool(Source(kind="files", log=address), tmp_path / "out")


def test_a_file_name_is_never_part_of_a_query(tmp_path: Path) -> None:
    path = tmp_path / "it's; DROP TABLE x; -- *.csv"
    path.write_bytes(GOOD)
    assert len(spool(Source(kind="files", log=str(path)), tmp_path / "out").log) == 200


def test_a_column_name_is_never_part_of_a_query(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text('user,"x"" FROM read_csv(\'/etc/passwd\'); --"\n1,2\n')
    tables = spool(Source(kind="files", log=str(path)), tmp_path / "out")
    assert tables.log.columns[1] == "x\" FROM read_csv('/etc/passwd'); --"


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl", "gz"])
def test_no_mutation_of_a_good_file_escapes_the_one_sentence(kind: str, tmp_path: Path) -> None:
    lines = b"".join(b'{"user": %d, "x": "a%d"}\n' % (n, n) for n in range(50))
    good = {"csv": GOOD, "parquet": _parquet(), "jsonl": lines, "gz": gzip.compress(GOOD)}[kind]
    rng = np.random.default_rng(len(good))
    path = tmp_path / "log"
    refused = 0
    for _ in range(40):
        mutated = bytearray(good)
        for at in rng.integers(0, len(good), rng.integers(1, 8)):
            mutated[at] = rng.integers(0, 256)
        path.write_bytes(bytes(mutated[: rng.integers(1, len(good) + 1)]))
        try:
            read_table(path, tmp_path / "out.parquet", Source(kind="files"), Limits())
        except Refusal:
            refused += 1
    assert refused > 0


def test_missing_layout_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "u.data").write_text("1\t2\t3\t881250949\n")
    with pytest.raises(Refusal, match=r"no readable file u\.user"):
        spool(Source(kind="movielens", folder=str(tmp_path)), tmp_path / "out")


def test_a_ragged_movielens_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "u.data").write_text("1\t2\t3\t881250949\n1\t2\t3\n")
    (tmp_path / "u.user").write_text("1|24|M|x|1\n")
    (tmp_path / "u.item").write_text("1|x\n")
    with pytest.raises(Refusal, match=r"u\.data, line 2: expected 4 columns, found 3"):
        spool(Source(kind="movielens", folder=str(tmp_path)), tmp_path / "out")


def test_a_parquet_without_rows_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"user": [], "item": []}).to_parquet(tmp_path / "log")
    with pytest.raises(Refusal, match="no rows"):
        read_table(tmp_path / "log", tmp_path / "out.parquet", Source(kind="files"), Limits())
