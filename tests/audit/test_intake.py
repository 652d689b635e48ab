import pytest

from analysis.ingest import Source
from audit.intake import ROOTS_VARIABLE, allowed_path, keep_upload, read, uploaded_as
from audit.workspace import AuditFolder
from words import Refusal, say


@pytest.mark.parametrize(
    "text", ["/etc/passwd", "../../etc/passwd", "allowed/../../secret", "", "\x00", "~/x", "a" * 5000, "link/secret"]
)
def test_no_path_outside_the_allowed_roots_is_opened(tmp_path, monkeypatch, text):
    root = tmp_path / "allowed"
    root.mkdir()
    (tmp_path / "secret").write_text("x")
    (root / "link").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(ROOTS_VARIABLE, str(root))
    for given in (text, f"{root}/{text}" if text not in ("", "~/x") else "/"):
        with pytest.raises(Refusal, match="outside the folders"):
            allowed_path(given)


def test_a_path_under_an_allowed_root_is_given_back(tmp_path, monkeypatch):
    (tmp_path / "log.csv").write_text("user,item\n")
    monkeypatch.setenv(ROOTS_VARIABLE, str(tmp_path))
    assert allowed_path(str(tmp_path / "log.csv")) == tmp_path / "log.csv"


def test_without_an_operator_no_path_is_allowed(tmp_path, monkeypatch):
    monkeypatch.delenv(ROOTS_VARIABLE, raising=False)
    with pytest.raises(Refusal):
        allowed_path(str(tmp_path))


def test_an_upload_is_kept_under_a_name_made_here(tmp_path):
    folder = AuditFolder(tmp_path / "a")
    path = keep_upload(folder, "log", b"user,item\n", "../../evil/名字.CSV")
    assert path.parent == folder.uploads
    assert path.name.startswith("log-")
    assert path.suffix == ".csv"
    assert uploaded_as(path) == "名字.CSV"
    assert keep_upload(folder, "log", b"x", "payload.php").suffix == ""


def test_an_upload_is_called_by_its_own_name_in_what_is_said_of_it(tmp_path):
    folder = AuditFolder(tmp_path / "a")
    good = keep_upload(folder, "log", b"user,item\n" + b"u1,i1\nu2,i2\n" * 20, "shop.csv")
    notes = " ".join(map(say, read(folder, Source(kind="files", log=str(good))).notes))
    assert "shop.csv: 40 rows" in notes and good.name not in notes
    bad = keep_upload(folder, "log", b"user,item\nu1\n", "torn.csv")
    with pytest.raises(Refusal, match="torn.csv, line 2"):
        read(folder, Source(kind="files", log=str(bad)))
