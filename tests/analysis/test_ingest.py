"""Files to tables: what is read is what the file says, and what is detected is stated."""

import errno
import gzip
import io
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis import ingest
from analysis.ingest import Answer, Job, Limits, Source, Tables, spool
from analysis.parse import child
from analysis.parse.child import answer
from analysis.parse.table import read_table
from words import Refusal, say

SHARED = Path(__file__).parents[2] / "../shared/data"
needs_data = pytest.mark.skipif(not SHARED.exists(), reason="the folder ../shared/data is absent")


def _spool(tmp_path: Path, content: str | bytes, name: str = "log.csv", **settings: object) -> Tables:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    notes = read_table(path, tmp_path / "out.parquet", Source.model_validate({"kind": "files"} | settings), Limits())
    return Tables(pd.read_parquet(tmp_path / "out.parquet"), None, None, "", tuple(notes))


def _notes(tables: Tables) -> str:
    return " ".join(say(note) for note in tables.notes)


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_separator_is_found_and_stated(tmp_path: Path, mark: str) -> None:
    tables = _spool(tmp_path, f"user{mark}item{mark}rating\n1{mark}2{mark}3\n4{mark}5{mark}6\n")
    assert tables.log.to_dict("list") == {"user": [1, 4], "item": [2, 5], "rating": [3, 6]}
    assert "separated by" in _notes(tables)


def test_a_semicolon_file_with_mark_epoch_seconds_and_chinese_is_read_right(tmp_path: Path) -> None:
    tables = _spool(tmp_path, "\ufeff用户;商品;时间;评分\n甲;茶,绿;1700000000;4,5\n乙;书;1700000060;3,0\n")
    assert list(tables.log.columns) == ["用户", "商品", "时间", "评分"]
    assert tables.log["商品"].tolist() == ["茶,绿", "书"]
    assert tables.log["评分"].tolist() == [4.5, 3.0]
    assert "decimal mark" in _notes(tables)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_chinese_files_are_read_in_every_usual_encoding(tmp_path: Path, encoding: str) -> None:
    text = "用户,商品,性别\n张三,绿茶,女\n李四,红茶,男\n"
    tables = _spool(tmp_path, text.encode(encoding))
    assert tables.log["性别"].tolist() == ["女", "男"]
    assert encoding.split("-sig")[0].upper() in _notes(tables)


def test_a_latin_1_file_is_told_from_a_chinese_one(tmp_path: Path) -> None:
    tables = _spool(tmp_path, "user,item\nJosé,Käse\nZoë,Brötchen à la crème\n".encode("latin-1"))
    assert tables.log["item"].tolist() == ["Käse", "Brötchen à la crème"]
    assert "LATIN-1" in _notes(tables)


def test_what_pandas_changes_silently_is_kept(tmp_path: Path) -> None:
    tables = _spool(
        tmp_path,
        "user,zip,big,group\n1,00501,9007199254740993,NA\n2,10001,9007199254740995,None\n3,02138,12,\n",
    )
    assert tables.log["zip"].tolist() == ["00501", "10001", "02138"]
    assert tables.log["big"].tolist() == ["9007199254740993", "9007199254740995", "12"]
    assert tables.log["group"].tolist()[:2] == ["NA", "None"] and tables.log["group"].isna().sum() == 1
    assert "leading zeros" in _notes(tables) and "too large" in _notes(tables)


def test_not_a_number_infinity_and_overflow_are_counted_not_guessed(tmp_path: Path) -> None:
    tables = _spool(tmp_path, "user,x,n\n1,NaN,1\n2,inf,NA\n3,1e400,3\n4,2.5,4\n5,-1.5e-7,5\n")
    assert tables.log["x"].isna().tolist() == [True, True, True, False, False]
    assert tables.log["x"].tolist()[3:] == [2.5, -1.5e-7]
    assert "Column x: 3 values" in _notes(tables) and "Column n: 1 value such as NA" in _notes(tables)


@pytest.mark.parametrize("blank", ["NA", "-", "null"])
def test_a_blank_among_numbers_with_a_point_stops_no_reader(tmp_path: Path, blank: str) -> None:
    tables = _spool(tmp_path, f"user,x\n1,1.5\n2,{blank}\n3,2.5\n")
    assert tables.log["x"].isna().tolist() == [False, True, False] and "1 value such as NA" in _notes(tables)


def test_what_is_missing_among_numbers_with_commas_is_counted_too(tmp_path: Path) -> None:
    """NA made text of the column; inf and NaN went on as numbers."""
    rows = ("1;3,5;1.234;1,234.5", "2;inf;inf;inf", "3;NA;NA;n/a", "4;NaN;5.000;2.5", "5;-0,25;6.000;1e400")
    tables = _spool(tmp_path, "\n".join(["user;mark;points;group", *rows, ""]), decimal=",")
    found = {name: [None if pd.isna(x) else x for x in tables.log[name]] for name in ("mark", "points", "group")}
    assert found["mark"] == [3.5, None, None, None, -0.25]
    assert found["points"] == [1234, None, None, 5000, 6000]
    assert found["group"] == [1234.5, None, None, 2.5, None]
    for said in ("Column mark: 2 values are no", "Column mark: 1 value such as NA", "Column points: 1 value is no"):
        assert said in _notes(tables)
    assert "Column group: 2 values are no" in _notes(tables) and "Column group: 1 value such as NA" in _notes(tables)


def test_thousands_and_decimal_commas_are_told_apart(tmp_path: Path) -> None:
    tables = _spool(tmp_path, 'user;mark;group\n1;"1,5";"1,234.5"\n2;"2,25";"12,000"\n')
    assert tables.log["mark"].tolist() == [1.5, 2.25]
    assert tables.log["group"].tolist() == [1234.5, 12000.0]


def test_an_ambiguous_comma_is_asked_about_and_obeyed(tmp_path: Path) -> None:
    text = "user;x\n1;1,234\n2;5,678\n"
    with pytest.raises(Refusal, match="column x: is the comma in 1,234"):
        _spool(tmp_path, text)
    assert _spool(tmp_path, text, decimal=",").log["x"].tolist() == [1.234, 5.678]
    assert _spool(tmp_path, text, decimal=".").log["x"].tolist() == [1234.0, 5678.0]


def test_points_are_thousands_where_the_comma_is_the_decimal_mark(tmp_path: Path) -> None:
    text = "user;pay;share\n1;1.234;0.250\n2;12.000;0.500\n"
    assert _spool(tmp_path, text).log["pay"].tolist() == [1.234, 12.0]
    given = _spool(tmp_path, text, decimal=",")
    assert given.log["pay"].tolist() == [1234, 12000] and given.log["share"].tolist() == [0.25, 0.5]
    assert any(note.key == "data.note.points" for note in given.notes)
    beside = _spool(tmp_path, "user;pay;mark\n1;1.234;3,5\n2;12.000;4,5\n")
    assert beside.log["pay"].tolist() == [1234, 12000]


@pytest.mark.parametrize("blank", ["\n", "\ufeff\n", " \n\t\n\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_blank_lines_before_the_header_are_passed_over(tmp_path: Path, blank: str, end: str) -> None:
    good = f"{blank}user,item\n1,2\n".replace("\n", end)
    assert _spool(tmp_path, good).log.to_dict("list") == {"user": [1], "item": [2]}
    with pytest.raises(Refusal, match=f"line {good.count(end) + 1}: expected 2 columns, found 1"):
        _spool(tmp_path, f"{good}3{end}")


def test_numbers_of_both_decimal_marks_are_no_numbers(tmp_path: Path) -> None:
    """The point is a separator of thousands where the comma is the mark: 4.5 was read as 45."""
    tables = _spool(tmp_path, "user;mixed;german;english\n1;3,5;3,5;1,234\n2;4.5;1.234;4.5\n")
    assert tables.log["mixed"].tolist() == ["3,5", "4.5"] and "others a decimal point" in _notes(tables)
    assert tables.log["german"].tolist() == [3.5, 1234.0] and tables.log["english"].tolist() == [1234.0, 4.5]
    with pytest.raises(Refusal, match="column x: is the comma in 1,234"):
        _spool(tmp_path, "user;x\n1;1,234\n2;5.678\n")


def test_times_become_utc_and_the_zone_is_stated(tmp_path: Path) -> None:
    tables = _spool(
        tmp_path,
        "user,zoned,local,mixed,day\n1,2026-01-01T08:00:00+08:00,2026-01-01 08:00,2026-01-01T00:00Z,2026/1/5\n"
        "2,2026-01-01T00:00:00Z,2026-01-02 08:00,2026-01-01T00:00,2026/2/6\n",
    )
    assert tables.log["zoned"].tolist() == [pd.Timestamp("2026-01-01", tz="UTC")] * 2
    assert tables.log["local"][0] == pd.Timestamp("2026-01-01 08:00", tz="UTC")
    assert tables.log["day"][1] == pd.Timestamp("2026-02-06", tz="UTC")
    assert tables.log["mixed"].dtype == "str"
    for said in ("with a time zone", "taken as UTC", "1 of 2 times"):
        assert said in _notes(tables)


def test_a_full_disk_is_not_taken_for_a_file_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(pa.table({"user": [1], "item": [2]}), tmp_path / "log.parquet")
    (tmp_path / "log.csv").write_text("user,item\n1,2\n")
    (tmp_path / "out").mkdir()
    why = os.strerror(errno.ENOSPC)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, why)

    def copied(*_: object) -> None:
        raise duckdb.IOException(f'Could not write file "log.parquet": {why}')

    monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_batch", full)
    monkeypatch.setattr("analysis.parse.typed.write", copied)
    for name in ("log.parquet", "log.csv"):
        job = Job(source=Source(kind="files", log=str(tmp_path / name)), limits=Limits(), out=tmp_path / "out")
        refusal = answer(job).refusal
        assert refusal is not None and say(refusal).startswith("The disk is full")


def test_the_name_of_a_file_decides_nothing(tmp_path: Path) -> None:
    frame = pd.DataFrame({"user": [1, 2], "item": ["a", "b"]})
    frame.to_parquet(tmp_path / "x")
    as_csv = _spool(tmp_path, (tmp_path / "x").read_bytes(), "really.csv")
    packed = _spool(tmp_path, gzip.compress(b"user,item\n1,a\n2,b\n"), "log.parquet")
    unpacked = _spool(tmp_path, b"user,item\n1,a\n2,b\n", "log.csv.gz")
    for tables in (as_csv, packed, unpacked):
        pd.testing.assert_frame_equal(tables.log, frame)


def test_json_lines_keep_every_digit_and_missing_keys(tmp_path: Path) -> None:
    tables = _spool(
        tmp_path, '{"user": 9007199254740993, "x": 1.5}\n{"user": "007", "tags": ["a"], "ok": true}\n\n', "l.jsonl"
    )
    assert tables.log["user"].tolist() == ["9007199254740993", "007"]
    assert tables.log["x"][0] == 1.5 and np.isnan(tables.log["x"][1])
    assert tables.log["tags"][1] == '["a"]' and bool(tables.log["ok"][1]) is True


def test_parquet_types_become_plain_and_nested_columns_are_left_out_with_a_note(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "user": pd.Categorical(["a", "b"]),
            "x": np.array([1.0, np.inf], np.float32),
            "when": pd.to_datetime(["2026-01-01", "2026-01-02"]),
            "nested": [[1], [2]],
        }
    )
    frame.to_parquet(tmp_path / "x")
    tables = _spool(tmp_path, (tmp_path / "x").read_bytes())
    assert tables.log["user"].tolist() == ["a", "b"] and "nested" not in tables.log
    assert str(tables.log["when"].dtype) == "datetime64[us, UTC]" and tables.log["x"].isna().sum() == 1
    assert "nested is left out" in _notes(tables)


def test_large_ids_of_parquet_stay_apart_beside_missing_ones_and_as_decimals(tmp_path: Path) -> None:
    """A frame keeps whole numbers beside a missing one as float64, in which 2^53 and 2^53 + 1 are the same."""
    large, digits = [2**53, 2**53 + 1, None], [str(2**53), str(2**53 + 1)]
    decimals = [Decimal(one) if one else None for one in large]
    columns = {
        "gap": pa.array(large, pa.int64()),
        "whole": pa.array([*large[:2], 3], pa.int64()),
        "unsigned": pa.array([2**63, 2**63 + 1, 3], pa.uint64()),
        "decimal": pa.array(decimals, pa.decimal128(20, 0)),
        "zeros": pa.array(decimals, pa.decimal128(38, 10)),
        "count": pa.array([1, 2, 3], pa.decimal128(38, 0)),
        "share": pa.array([Decimal("0.5"), Decimal("-0.25"), None], pa.decimal128(5, 5)),
    }
    pq.write_table(pa.table(columns), tmp_path / "x")
    tables = _spool(tmp_path, (tmp_path / "x").read_bytes())
    log = tables.log
    assert all(log[name].dropna().tolist() == digits for name in ("gap", "decimal", "zeros"))
    assert log["whole"].tolist() == [*large[:2], 3] and log["unsigned"].nunique() == 3
    assert log["count"].tolist() == [1, 2, 3] and log["share"].tolist()[:2] == [0.5, -0.25]
    assert _notes(tables).count("too large to be kept exactly") == 4


def test_quoted_fields_may_hold_separators_quotes_and_line_breaks(tmp_path: Path) -> None:
    tables = _spool(tmp_path, 'user,text\r\n1,"a, ""b""\nc"\r\n2,d\r\n')
    assert tables.log["text"].tolist() == ['a, "b"\nc', "d"]


def test_a_long_file_keeps_its_order_and_matches_pandas(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"user": rng.integers(0, 500, 60_000), "x": rng.normal(size=60_000).round(6)})
    tables = _spool(tmp_path, frame.to_csv(index=False))
    pd.testing.assert_frame_equal(tables.log, frame)


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    digests = []
    for name, text in (("a.csv", "user,item\n1,2\n"), ("b.txt", "user,item\n1,2\n"), ("c.csv", "user,item\n1,3\n")):
        (tmp_path / name).write_text(text)
        digests.append(spool(Source(kind="files", log=str(tmp_path / name)), tmp_path / "out").digest)
    assert digests[0] == digests[1] != digests[2]


def test_the_same_bytes_read_otherwise_are_other_data(tmp_path: Path) -> None:
    """What is kept by the digest (the quality report, the dataset) was that of the first reading."""
    path = tmp_path / "log.csv"
    path.write_text("user;x\n1;1,234\n2;5,678\n")
    point, comma = (
        spool(Source(kind="files", log=str(path), decimal=mark), tmp_path / "out")  # type: ignore[arg-type]
        for mark in (".", ",")
    )
    assert point.log["x"].tolist() == [1234.0, 5678.0] and comma.log["x"].tolist() == [1.234, 5.678]
    assert point.digest != comma.digest


def test_the_demo_is_the_simulated_shop(tmp_path: Path) -> None:
    first, again = (spool(Source(), tmp_path / name) for name in ("a", "b"))
    assert len(first.log) > 30_000 and first.digest == again.digest


@needs_data
def test_movielens_is_read_whole(tmp_path: Path) -> None:
    tables = spool(Source(kind="movielens", folder=str(SHARED / "ml-100k")), tmp_path)
    assert tables.log.shape == (100_000, 4) and tables.users is not None and tables.items is not None
    assert tables.users["gender"].value_counts().to_dict() == {"M": 670, "F": 273}
    first = tables.items.iloc[0]
    assert (first.title, first.first_genre) == ("Toy Story (1995)", "Animation")
    assert first.text == "Toy Story (1995). Animation, Children's, Comedy"
    assert tables.users["zip"].iloc[0] == "85711" and tables.log.rating.between(1, 5).all()


@needs_data
def test_coat_is_read_whole_and_equals_its_derived_files(tmp_path: Path) -> None:
    folder = SHARED / "coat"
    tables = spool(Source(kind="coat", folder=str(folder)), tmp_path / "a")
    log = tables.log
    assert log["logging"].value_counts().to_dict() == {"self_selected": 6960, "random": 4640}
    assert int((log.also_in_other_split & log.randomised).sum()) == 366
    derived = spool(
        Source(
            kind="files",
            log=str(folder / "coat_long.derived.csv.gz"),
            users=str(folder / "coat_users.derived.csv"),
            items=str(folder / "coat_items.derived.csv"),
        ),
        tmp_path / "b",
    )
    shared = ["user_id", "item_id", "rating", "logging", "also_in_other_split"]
    pd.testing.assert_frame_equal(log[shared], derived.log[shared])
    chosen = ~log["randomised"]
    np.testing.assert_allclose(log.propensity[chosen], derived.log.propensity_released[chosen])
    assert np.allclose(log.propensity[~chosen], 16 / 300)
    assert tables.users is not None and tables.items is not None and derived.items is not None
    pd.testing.assert_frame_equal(tables.users, derived.users)
    assert tables.items["coat_gender"].tolist() == derived.items["gender"].tolist()
    assert tables.items.text[0] == "men's bomber jacket in other, on the front page"


def test_no_more_than_two_files_are_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reading may take gigabytes: a third waits, and none is lost."""
    at_once, most, lock = [0], [0], threading.Lock()
    parse = ingest._parse

    def counted(*given: Any) -> Any:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        time.sleep(0.2)
        answer = parse(*given)
        with lock:
            at_once[0] -= 1
        return answer

    monkeypatch.setattr(ingest, "_parse", counted)
    file = tmp_path / "log.csv"
    file.write_text("user,item\na,1\n")
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(lambda _: spool(Source(kind="files", log=str(file)), tmp_path / "work"), range(4)))
    assert most[0] == 2
    assert [len(tables.log) for tables in read] == [1] * 4
    assert not list((tmp_path / "work").iterdir()), "what a reading wrote lies there still"


def test_rows_past_the_limit_are_refused_while_reading(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("user,item\n" + "1,2\n" * 50)
    with pytest.raises(Refusal, match="expands past"):
        spool(Source(kind="files", log=str(path)), tmp_path / "out", Limits(rows=49))


def test_the_child_that_reads_starts_without_frames() -> None:
    """They are half a second of every reading, and no reader makes one."""
    code = "import sys, analysis.parse.child; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ingest.ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_reader_whose_libraries_find_no_room_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def starved(_job: Job) -> None:
        raise ImportError("libarrow.so: failed to map segment from shared object")

    job = Job(source=Source(kind="files", log="log.csv"), limits=Limits(), out=tmp_path)
    monkeypatch.setattr(child, "answer", starved)
    monkeypatch.setattr(child, "restrain", lambda _limits: None)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(job.model_dump_json().encode())))
    child.main()
    refused = Answer.model_validate_json(capsys.readouterr().out).refusal
    assert refused is not None
    assert "not enough memory to begin" in say(refused)


def test_a_zone_by_name_counts_as_a_zone(tmp_path: Path) -> None:
    times = [f"2024-07-{day:02d} 12:00:00" for day in range(1, 11)]
    berlin = _spool(tmp_path, "user,item,at\n" + "".join(f"a,x,{time} Europe/Berlin\n" for time in times))
    assert "times with a time zone" in _notes(berlin)
    assert berlin.log["at"].iloc[0] == pd.Timestamp("2024-07-01 10:00", tz="UTC")
    mixed = _spool(tmp_path, "user,item,at\n" + "".join(f"a,x,{time}{' UTC' * (len(time) > 0)}\n" for time in times))
    assert "times with a time zone" in _notes(mixed)
    some = [f"{time} UTC" if at % 2 else time for at, time in enumerate(times)]
    assert "5 of 10 times name a time zone" in _notes(
        _spool(tmp_path, "user,item,at\n" + "".join(f"a,x,{time}\n" for time in some))
    )


def test_two_umlauts_in_a_row_are_no_chinese_character(tmp_path: Path) -> None:
    """`größe` became a column called 鲞."""
    german = _spool(tmp_path, "user,item,größe\na,x,1\nb,y,2\n".encode("latin-1"))
    assert list(german.log) == ["user", "item", "größe"] and "LATIN-1" in _notes(german)
    chinese = _spool(tmp_path, "user,item,城市\na,x,上海\nb,y,深圳\n".encode("gb18030"))
    assert list(chinese.log) == ["user", "item", "城市"] and chinese.log["城市"].tolist() == ["上海", "深圳"]


def test_a_line_that_is_too_long_and_half_a_character_are_each_told_with_their_line(tmp_path: Path) -> None:
    """The one was told as an open quotation mark, the other stopped the reader."""
    with pytest.raises(Refusal, match="line 2 is longer than 4 MB"):
        _spool(tmp_path, "user,item\na," + "x" * 5_000_000 + "\nb,y\n")
    with pytest.raises(Refusal, match="line 2 is not valid JSON"):
        _spool(tmp_path, '{"user": "a", "item": "x"}\n{"user": "\\ud800", "item": "y"}\n')


def test_times_beyond_what_microseconds_can_say_are_counted_as_missing_and_no_other_times(tmp_path: Path) -> None:
    at = pa.array([2**60 + 12345, 1_700_000_000_000, None], pa.timestamp("ms"))
    pq.write_table(pa.table({"user": ["a", "b", "c"], "item": ["x", "y", "z"], "at": at}), tmp_path / "log.parquet")
    notes = read_table(tmp_path / "log.parquet", tmp_path / "out.parquet", Source(kind="files"), Limits())
    times = pd.read_parquet(tmp_path / "out.parquet")["at"]
    assert times.isna().tolist() == [True, False, True] and times[1] == pd.Timestamp("2023-11-14 22:13:20", tz="UTC")
    assert any("at" in note.facts.values() and note.facts.get("rows") == 1 for note in notes)


def test_texts_of_parquet_are_read_however_they_are_laid_out(tmp_path: Path) -> None:
    table = pa.table({"user": pa.array(["a", "b"], pa.string_view()), "item": pa.array(["x", "y"], pa.large_string())})
    pq.write_table(table, tmp_path / "log.parquet")
    read_table(tmp_path / "log.parquet", tmp_path / "out.parquet", Source(kind="files"), Limits())
    assert pd.read_parquet(tmp_path / "out.parquet").to_dict("list") == {"user": ["a", "b"], "item": ["x", "y"]}
