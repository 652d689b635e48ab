import errno
import json
import shutil
from types import SimpleNamespace

import pytest

import storage.atomic
from analysis.document import Document, canonical
from analysis.report import FORMATS, write
from tests.analysis.report.sample import document
from words import Refusal


def test_every_form_is_written_and_the_same_audit_gives_the_same_bytes(tmp_path):
    first = write(document(), tmp_path / "a", FORMATS, "en")
    second = write(document(), tmp_path / "b", FORMATS, "en")
    assert [p.relative_to(tmp_path / "a") for p in first] == [p.relative_to(tmp_path / "b") for p in second]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    assert {"audit.json", "report.html", "report.pdf", "findings.csv"} <= {path.name for path in first}
    assert not list((tmp_path / "a").rglob(".partial-*"))


def test_audit_json_is_the_canonical_document_and_reads_back(tmp_path):
    (path,) = write(document(), tmp_path, ["json"], "zh")
    assert path.read_bytes() == canonical(document())
    assert canonical(Document.model_validate(json.loads(path.read_bytes()))) == path.read_bytes()


def test_tables_of_an_earlier_report_are_not_left_behind_and_nothing_else_is_removed(tmp_path):
    tables = tmp_path / "tables"
    tables.mkdir()
    (tables / "my-log.csv").write_text("the analyst's own")
    whole = document()
    earlier = write(whole, tmp_path, ["csv"], "en")
    kept = write(whole.model_copy(update={"sections": whole.sections[:1]}), tmp_path, ["csv"], "en")
    assert len(kept) < len(earlier)
    assert {path.name for path in tables.iterdir()} == {path.name for path in kept} | {"my-log.csv", "manifest.json"}


def test_a_form_that_does_not_exist_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(Refusal, match="docx is not a form"):
        write(document(), tmp_path, ["html", "docx"], "en")
    assert not list(tmp_path.iterdir())


def test_a_document_of_a_newer_version_is_refused(tmp_path):
    with pytest.raises(Refusal, match="newer"):
        write(document().model_copy(update={"format": 99}), tmp_path, ["json"], "en")


def test_a_full_disk_keeps_the_earlier_report(tmp_path, monkeypatch):
    (path,) = write(document(), tmp_path, ["html"], "en")
    before = path.read_bytes()

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(storage.atomic.os, "fsync", full)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=0))
    with pytest.raises(Refusal, match="Could not save"):
        write(document(title="another"), tmp_path, ["html"], "en")
    assert path.read_bytes() == before
