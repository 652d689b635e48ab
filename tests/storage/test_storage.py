import errno
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import storage.atomic
from storage import append, clear, scratch, sweep, verify, write_atomic, write_manifest
from words import Refusal


def test_a_full_disk_keeps_the_earlier_version_and_says_so(tmp_path, monkeypatch):
    path = tmp_path / "audit.json"
    write_atomic(path, b"earlier")

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage.atomic.os, "fsync", full)
    for free, needed, said in ((0, 5, r"1 kB needed, 0 kB free"), (2_900_000, 3_000_001, r"4 MB needed, 2 MB free")):
        monkeypatch.setattr(storage.atomic.shutil, "disk_usage", lambda _folder, free=free: SimpleNamespace(free=free))
        with pytest.raises(Refusal, match=rf"Could not save \({said}\)\. The earlier version is kept"):
            write_atomic(path, b"x" * needed)
    monkeypatch.undo()  # plenty of room: what is full is a quota, or the table of files
    monkeypatch.setattr(storage.atomic.os, "fsync", full)
    with pytest.raises(Refusal, match="could not be written: No space left on device"):
        write_atomic(path, b"later")
    assert path.read_bytes() == b"earlier"
    assert [entry.name for entry in tmp_path.iterdir()] == ["audit.json"]


@pytest.mark.parametrize("place", ["a file/audit.json", "a folder", "x" * 300, "/proc/none"])
@pytest.mark.parametrize("write", [write_atomic, append])
def test_a_place_that_cannot_be_written_is_refused_in_one_sentence(tmp_path, place, write):
    (tmp_path / "a file").write_bytes(b"kept")
    (tmp_path / "a folder").mkdir()
    with pytest.raises(Refusal, match=r"could not be written: .*\. Choose a folder"):
        write(tmp_path / place, b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a file", "a folder"]


def test_every_flipped_byte_of_a_folder_is_refused(tmp_path):
    content = bytes(range(64))
    (tmp_path / "part").write_bytes(content)
    write_manifest(tmp_path, ["part"], kind="test")
    assert verify(tmp_path)["kind"] == "test"
    for at in range(len(content)):
        changed = bytearray(content)
        changed[at] ^= 1
        (tmp_path / "part").write_bytes(changed)
        with pytest.raises(Refusal, match="part"):
            verify(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "[]", "[" * 100_000, '{"files": []}', '{"files": {"part": 5}}', '{"files": {"part": {}}}']
)
def test_a_manifest_that_says_nothing_of_use_is_refused(tmp_path, text):
    (tmp_path / "part").write_bytes(b"x")
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(Refusal, match="manifest is missing or unreadable"):
        verify(tmp_path)


def test_a_manifest_that_points_outside_is_refused(tmp_path):
    (tmp_path / "secret").write_bytes(b"x")
    folder = tmp_path / "model"
    folder.mkdir()
    write_manifest(folder, ["../secret"])
    with pytest.raises(Refusal, match="secret"):
        verify(folder)


def test_sweep_removes_only_old_partial_files(tmp_path):
    old, new, kept = tmp_path / ".partial-a", tmp_path / ".partial-b", tmp_path / "kept"
    for path in (old, new, kept):
        path.write_bytes(b"")
    os.utime(old, (0, 0))
    assert sweep(tmp_path) == 1
    assert not old.exists()
    assert new.exists()
    assert kept.exists()


def test_sweep_removes_the_tables_that_a_killed_reader_left(tmp_path):
    folder = tmp_path / "source" / ".partial-x"
    folder.mkdir(parents=True)
    (folder / "log.parquet").write_bytes(b"somebody's data")
    os.utime(folder, (0, 0))
    assert sweep(tmp_path) == 1
    assert not folder.exists()


READER = """
import sys, time
from pathlib import Path
from storage import scratch
with scratch(Path(sys.argv[1])) as place:
    (place / "log.parquet").write_bytes(b"somebody's data")
    print(place, flush=True)
    time.sleep(60)
"""


def test_what_a_killed_reader_left_goes_at_once_and_what_one_reads_stays(tmp_path):
    """Before, it stayed for an hour, and in the system's temporary folder for ever."""
    readers = [
        subprocess.Popen([sys.executable, "-c", READER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    killed, alive = (Path(reader.stdout.readline().strip()) for reader in readers)
    readers[0].kill()
    readers[0].wait()
    assert (killed / "log.parquet").exists()
    assert clear(tmp_path) == 1
    assert not killed.exists() and (alive / "log.parquet").exists()
    assert sweep(tmp_path) == 0
    readers[1].kill()
    readers[1].wait()
    with scratch(tmp_path) as place:
        assert [*tmp_path.iterdir()] == [place]
        assert place.stat().st_mode & 0o77 == 0  # its owner alone may look
    assert [*tmp_path.iterdir()] == []
