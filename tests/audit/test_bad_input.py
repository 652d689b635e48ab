"""What the command line says when files are wrong or hold too little: exit code 2 and one sentence, or a verdict.

The page's half of the same cases is tests/faults/test_bad_input_page.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.finding import Verdict
from audit.__main__ import main
from audit.workspace import AuditFolder, read_document
from tests.faults.bad_files import STATED, TIMELESS, UNREADABLE, Bad, Odd
from tests.faults.odd_logs import THIN, Thin, audited
from words import say


@pytest.mark.parametrize("bad", UNREADABLE, ids=lambda bad: bad.name)
def test_a_file_that_cannot_be_read_ends_with_code_2_and_one_sentence(
    bad: Bad, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = _refused(["init", "--log", _file(tmp_path, bad.file, bad.content)], tmp_path, capsys)
    assert code == 2
    assert all(words in said for words in bad.says), said
    assert not (tmp_path / "audit.toml").exists()


@pytest.mark.parametrize("odd", STATED, ids=lambda odd: odd.name)
def test_what_was_detected_in_an_odd_file_is_stated_in_the_data_section(
    odd: Odd, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ["--log", _file(tmp_path, "log.csv", odd.content)]
    if odd.users is not None:
        files += ["--users", _file(tmp_path, "users.csv", odd.users)]
    assert main(["init", *files, "-o", str(tmp_path / "audit.toml")]) == 0
    assert main(["step", str(tmp_path), "data"]) == 0
    section = AuditFolder(tmp_path).section("data")
    assert section is not None
    assert section.notes, "what was detected while reading is part of the section"
    told = [say(note) for note in (*section.notes, *section.summary)]
    told += [
        str(say(cell) if hasattr(cell, "key") else cell)
        for table in section.tables
        for row in table.rows
        for cell in row
    ]
    assert odd.in_report in "\n".join(told), told


def test_times_of_no_known_unit_are_refused_until_the_unit_is_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "audit.toml"
    arguments = ["init", "--log", _file(tmp_path, "log.csv", TIMELESS), "--time", "timestamp", "-o", str(settings)]
    assert main(arguments) == 0
    code, said = _refused(["run", str(settings), "-o", str(tmp_path / "out"), "--quiet"], tmp_path, capsys)
    assert code == 2
    assert "fit no unit" in said and "Choose the unit" in said


def test_a_log_whose_column_drifted_away_is_refused_with_the_nearest_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, lines = tmp_path / "audit.toml", [f"u{row % 9},i{row % 5},{row % 2}" for row in range(60)]
    log = _file(tmp_path, "log.csv", "\n".join(["user,item,clicked", *lines]).encode())
    assert main(["init", "--log", log, "-o", str(settings)]) == 0
    _file(tmp_path, "log.csv", "\n".join(["user,item,clicks", *lines]).encode())
    code, said = _refused(["run", str(settings), "-o", str(tmp_path / "out"), "--quiet"], tmp_path, capsys)
    assert code == 2
    assert "no column clicked" in said and "Nearest: clicks" in said and "Nothing was computed" in said
    assert not (tmp_path / "out" / "audit.json").exists()


@pytest.mark.parametrize("thin", THIN, ids=lambda thin: thin.name)
def test_a_log_that_holds_too_little_ends_in_a_report_whose_verdict_says_so(
    thin: Thin, tmp_path_factory: pytest.TempPathFactory
) -> None:
    told = audited(thin, tmp_path_factory)
    assert told.code == 0, told.errors
    assert "Traceback" not in told.errors
    finding = read_document(told.folder).findings()[thin.key]
    assert finding.verdict == Verdict(thin.verdict)
    assert finding.reason is not None and thin.says in say(finding.reason)
    assert finding.value is None and finding.low is None and finding.p_value is None
    assert (told.folder / "report.pdf").read_bytes().startswith(b"%PDF")


def _refused(arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code, and the one line on standard error."""
    more = ["-o", str(folder / "audit.toml")] if arguments[0] == "init" else []
    capsys.readouterr()
    code = main([*arguments, *more])
    said = capsys.readouterr().err.strip()
    assert "\n" not in said and "Traceback" not in said
    return code, said


def _file(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)
