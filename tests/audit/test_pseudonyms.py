"""Ids of people replaced by a keyed hash at the door: none is left on disk, and all that is about people still fits."""

from __future__ import annotations

import hmac
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from analysis import pseudonyms
from analysis.causal.settings import EffectSettings
from analysis.fairness.disparity import DisparitySettings
from analysis.ingest import Source
from analysis.log import Roles
from analysis.mitigation.compare import MitigationSettings
from analysis.pseudonyms import DIGITS, pseudonym
from analysis.simulate import Shop, simulate
from audit import commands
from audit.__main__ import main
from audit.intake import guessed, keep_upload, read, read_listed, uploaded_as
from audit.jobs import Jobs
from audit.pseudonyms import KEY_FILE, KEY_VARIABLE, held, pseudonym_of
from audit.settings import AuditSettings, step_digest
from audit.settings_file import read_settings, settings_toml
from audit.workspace import HOME_VARIABLE, AuditFolder, read_document
from models.config import EaseSettings
from words import Refusal, phrase, say

KEY = "k" * 40
MARK = "canary"
"""Stands in every original id."""
CSV = b"who,item_id,clicked\n" + b"".join(b"canary-%d,i%d,%d\n" % (row % 20, row % 7, row % 2) for row in range(140))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace without a key."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    return tmp_path / "home"


def files(folder: Path) -> dict[str, Path]:
    """A small shop's files; the users file calls its ids otherwise and has people whom the log has not."""
    made = simulate(Shop(users=160, items=48))
    log, users, items = (frame.copy() for frame in (made.log, made.users, made.items))
    for frame in (log, users):
        frame["user_id"] = f"{MARK}-" + frame["user_id"].astype(str)
    strangers = users.tail(5).assign(user_id=[f"{MARK}-absent-{number}" for number in range(5)])
    users = pd.concat([users, strangers]).rename(columns={"user_id": "customer"})
    log.to_csv(folder / "log.csv", index=False)
    users.to_parquet(folder / "users.parquet")
    items.to_csv(folder / "items.csv", index=False)
    return {name: next(folder.glob(f"{name}.*")) for name in ("log", "users", "items")}


def settings_of(folder: Path, *flags: str) -> Path:
    """audit.toml for the small shop, every step of it in seconds."""
    given = files(folder)
    path = folder / "audit.toml"
    assert main(["init", *(f"--{name}={file}" for name, file in given.items()), *flags, "-o", str(path)]) == 0
    settings = read_settings(path)
    quick = {
        "effects": EffectSettings(replicates=100, simulations=20, doubly_robust=False),
        "recommender": settings.recommender.model_copy(update={"model": EaseSettings()}),
        "disparity": DisparitySettings(replicates=100, permutations=100, intersections=False),
        "mitigation": MitigationSettings(methods=("rerank",), strengths=(1.0,), replicates=100, permutations=100),
    }
    path.write_bytes(settings_toml(settings.model_copy(update=quick)))
    return path


def values(folder: Path) -> Iterator[str]:
    """Every value of every column of the tables under a folder, and the names of its files."""
    for path in folder.rglob("*"):
        yield path.name
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path).reset_index()
            yield from (str(value) for column in frame for value in frame[column].unique())
        elif path.suffix == ".npz":
            with np.load(path) as arrays:
                yield from (str(value) for name in arrays for value in np.unique(arrays[name].astype(str)))


def clean_of_originals(folder: Path) -> bool:
    raw = [path for path in folder.rglob("*") if path.is_file() and MARK.encode() in path.read_bytes()]
    return not raw and not any(MARK in value for value in values(folder))


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same files audited with original ids and with pseudonyms."""
    place = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME_VARIABLE, str(place / "home"))
        patch.setenv(KEY_VARIABLE, KEY)
        for name, flags in (("plain", ()), ("keyed", ("--pseudonyms",))):
            (place / name).mkdir()
            path = settings_of(place / name, *flags)
            assert main(["run", str(path), "-o", str(place / name / "result"), "--quiet"]) == 0
    return place / "plain" / "result", place / "keyed" / "result"


def test_no_original_id_and_no_key_is_left_after_a_whole_run(two_runs: tuple[Path, Path]) -> None:
    plain, keyed = two_runs
    assert not clean_of_originals(plain), "the search finds originals where there are some"
    assert clean_of_originals(keyed)
    assert not any(KEY.encode() in path.read_bytes() for path in keyed.rglob("*") if path.is_file())
    assert (keyed / "report.pdf").exists() and (keyed / "work" / "catalogue").exists()


def test_the_report_says_that_ids_are_pseudonyms_and_not_anonymous(two_runs: tuple[Path, Path]) -> None:
    plain, keyed = two_runs
    said = say(phrase("data.note.pseudonyms", column="user_id"))
    assert "not anonymity" in said
    assert said in (keyed / "report.html").read_text() and said not in (plain / "report.html").read_text()
    assert read_document(keyed).settings["data"]["pseudonyms"] == "user_id"  # type: ignore[index, call-overload]


def test_the_users_file_still_fits_and_figures_are_those_of_the_same_people(two_runs: tuple[Path, Path]) -> None:
    """Only what draws people at random, in the order of their ids, may differ: intervals, not the figures."""
    plain, keyed = (AuditFolder(folder) for folder in two_runs)
    before, after = plain.dataset(), keyed.dataset()
    assert before is not None and after is not None
    renamed = before.users.rename(index=lambda name: pseudonym(KEY, name)).sort_index()
    pd.testing.assert_frame_equal(renamed, after.users)
    for step in ("effects", "disparity"):
        figures = [
            {one.key: one.value for one in section.findings if one.value is not None}
            for folder in (plain, keyed)
            if (section := folder.section(step)) is not None  # type: ignore[arg-type]
        ]
        shared = figures[0].keys() - {"effect.subset"}  # of a random part of the people
        differing = {key for key in shared if figures[0][key] != pytest.approx(figures[1].get(key), abs=1e-9)}
        assert not differing, (step, differing)


def test_a_pseudonym_is_hmac_sha256_of_the_id_under_the_operators_key(tmp_path: Path) -> None:
    expected = hmac.new(KEY.encode(), b"canary-7", "sha256").hexdigest()[:20]
    assert pseudonym(KEY, "canary-7") == expected and DIGITS >= 16


def source(path: Path, **more: object) -> Source:
    return Source.model_validate({"kind": "files", "log": str(path), "pseudonyms": "who", **more})


def test_one_key_gives_the_same_pseudonyms_in_other_files_and_audits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    frame = pd.DataFrame({"who": [1, 2, 3, None], "item_id": ["a", "b", "c", "d"]})
    frame.to_csv(tmp_path / "log.csv", index=False)
    frame.astype({"who": "Int64"}).to_parquet(tmp_path / "log.parquet")
    one = read(AuditFolder(tmp_path / "one"), source(tmp_path / "log.csv")).log["who"]
    other = read(AuditFolder(tmp_path / "other"), source(tmp_path / "log.parquet")).log["who"]
    assert one.equals(other) and one.isna().tolist() == [False, False, False, True]
    assert one[0] == pseudonym(KEY, "1"), "a whole number is its digits, whatever is missing elsewhere"


def test_a_key_is_made_at_random_and_kept_in_the_workspace_for_its_owner_alone(tmp_path: Path, home: Path) -> None:
    (tmp_path / "log.csv").write_bytes(CSV)
    first = read(AuditFolder(tmp_path / "one"), source(tmp_path / "log.csv")).log["who"]
    kept = home / KEY_FILE
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600 and len(kept.read_text()) == 64
    assert read(AuditFolder(tmp_path / "two"), source(tmp_path / "log.csv")).log["who"].equals(first)
    audit = [path.read_bytes() for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert audit and not any(kept.read_bytes() in content for content in audit)


def test_a_missing_a_changed_and_a_short_key_are_each_refused_in_a_sentence(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "log.csv").write_bytes(CSV)
    folder = AuditFolder(tmp_path / "audit")
    monkeypatch.setenv(KEY_VARIABLE, "short")
    with pytest.raises(Refusal, match="fewer than 32"):
        read(folder, source(tmp_path / "log.csv"))
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    read(folder, source(tmp_path / "log.csv"))
    monkeypatch.setenv(KEY_VARIABLE, KEY[::-1] + "x")
    with pytest.raises(Refusal, match="not the one"):
        read(folder, source(tmp_path / "log.csv"))
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(Refusal, match="is gone"):
        pseudonym_of(folder, "canary-7")
    assert not (home / KEY_FILE).exists(), "no other key is made in its place"


def test_an_upload_is_kept_as_a_table_of_pseudonyms_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    folder = AuditFolder(tmp_path / "audit")
    early = keep_upload(folder, "log", CSV, "early.csv")  # before it was said that ids are to be replaced
    given = Source(kind="files", pseudonyms="who")
    users = b"customer;pay;gender\n" + b"".join(b"canary-%d;1,5;%s\n" % (n, b"wm"[n % 2 :][:1]) for n in range(25))
    items = b"item_id,who\n" + b"".join(b"i%d,canary-%d\n" % (n, n) for n in range(7))
    kept = {
        "log": keep_upload(folder, "log", CSV, "people.csv", given),
        "users": keep_upload(folder, "users", users, "users.csv", given),
        "items": keep_upload(folder, "items", items, "items.csv", given),
    }
    assert not early.exists() and clean_of_originals(folder.path)
    assert uploaded_as(kept["log"]) == "people.csv"
    tables = read(folder, source(kept["log"], users=str(kept["users"]), items=str(kept["items"])))
    assert tables.users is not None and tables.items is not None
    assert set(tables.log["who"]) == {pseudonym(KEY, f"canary-{n}") for n in range(20)} < set(tables.users["customer"])
    assert set(tables.items["who"]) < set(tables.users["customer"]), "a column of that name is of people, too"
    said = " ".join(map(say, tables.notes))
    assert "people.csv: 140 rows" in said and "separated by semicolon" in said, "what was detected is not forgotten"
    assert "not anonymity" in said and guessed(tables, source(kept["log"])).roles.user == "who"
    with pytest.raises(Refusal, match="people.csv"):
        keep_upload(folder, "log", b"who,item_id\ncanary-1\n", "people.csv", given)
    with pytest.raises(Refusal, match="no column nobody"):
        keep_upload(folder, "log", CSV, "people.csv", Source(kind="files", pseudonyms="nobody"))
    assert clean_of_originals(folder.path)


def test_a_file_of_lists_has_the_same_pseudonyms_from_an_upload_and_from_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    (tmp_path / "log.csv").write_bytes(CSV)
    folder, data = AuditFolder(tmp_path / "audit"), source(tmp_path / "log.csv")
    log = read(folder, data).log
    lists = (
        b"rank,user,item,who,User ID\n1, canary-3 ,i1,canary-3,canary-3\n"
        b"2,canary-3,i2,canary-3,canary-3\n1,canary-9,i1,canary-9,canary-9\n"
    )
    (tmp_path / "lists.csv").write_bytes(lists)
    by_path = read_listed(folder, "lists", tmp_path / "lists.csv", data)
    uploaded = read_listed(folder, "lists", keep_upload(folder, "lists", lists, "lists.csv", data), data)
    pd.testing.assert_frame_equal(by_path, uploaded)
    assert set(by_path["user"]) == {pseudonym(KEY, "canary-3"), pseudonym(KEY, "canary-9")} < set(log["who"])
    replies = b"prompt,attribute,value,rank,item\ncanary-3,gender,,1,i1\n"
    kept = keep_upload(folder, "replies", replies, "replies.csv", data)
    assert read_listed(folder, "replies", kept, data)["prompt"].tolist() == [pseudonym(KEY, "canary-3")]
    assert clean_of_originals(folder.path)


def test_an_audit_keeps_to_the_ids_that_it_began_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    (tmp_path / "log.csv").write_bytes(CSV)
    folder, data = AuditFolder(tmp_path / "audit"), source(tmp_path / "log.csv")
    read(folder, data)
    assert held(folder) == "pseudonyms"
    with pytest.raises(Refusal, match="begun with pseudonyms"):
        read(folder, data.model_copy(update={"pseudonyms": None}))
    other = AuditFolder(tmp_path / "other")
    other.data.mkdir(parents=True)
    with pytest.raises(Refusal, match="holds original ids"):
        read(other, data)


def test_the_command_line_refuses_a_folder_with_original_ids(
    two_runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    plain, keyed = two_runs
    assert main(["run", str(keyed.parent / "audit.toml"), "-o", str(plain), "--quiet"]) == 2
    assert "holds original ids" in capsys.readouterr().err
    assert main(["init", "--log", "demo", "--pseudonyms", "-o", str(plain.parent / "demo.toml")]) == 2
    assert "nobody's ids" in capsys.readouterr().err


def test_two_ids_of_one_pseudonym_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pseudonyms, "DIGITS", 1)
    with pytest.raises(Refusal, match="one pseudonym"):
        pseudonyms.pseudonyms(KEY, map(str, range(17)))


def test_settings_say_which_column_is_replaced_and_their_digest_knows() -> None:
    roles = Roles(user="who", item="item_id")
    plain, keyed = (
        AuditSettings(data=Source(kind="files", log="l", pseudonyms=on), roles=roles) for on in (None, "who")
    )
    assert step_digest(plain, "data") != step_digest(keyed, "data")
    with pytest.raises(ValueError, match="name the same column"):
        AuditSettings(data=keyed.data, roles=Roles(user="other", item="item_id"))
    with pytest.raises(ValueError, match="nobody's ids"):
        Source(kind="demo", pseudonyms="who")


def test_the_service_is_asked_by_original_ids(
    two_runs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[TestClient] = []
    monkeypatch.setattr("models.serve.run", lambda app, *_: made.append(TestClient(app, base_url="http://localhost")))
    _, keyed = two_runs
    dataset = AuditFolder(keyed).dataset()
    assert dataset is not None
    given = pd.read_csv(keyed.parent / "log.csv")["user_id"]
    original = next(name for name in given if pseudonym(KEY, name) in dataset.users.index)
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    commands.serve(keyed, "127.0.0.1", 1)
    assert len(made[0].get(f"/recommend/{original}").json()["items"]) == 10
    assert made[0].get(f"/recommend/{pseudonym(KEY, original)}").status_code == 404
    monkeypatch.setenv(KEY_VARIABLE, "another key" * 4)
    assert main(["serve", str(keyed)]) == 2
    assert "not the one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"{MARK}-1,i1,1\n{MARK}-2,i2,0\n", "not kept"),
        (f"{MARK}-1,{MARK}-1,1\n{MARK}-2,i2,0\n", "not kept"),
        ("4711,12,1\n4712,13,0\n", "holds numbers"),
    ],
)
def test_a_job_keeps_no_line_of_a_file_that_was_refused(tmp_path: Path, home: Path, content: str, said: str) -> None:
    """A file without a header has people in its first line, which the refusal quotes."""
    (tmp_path / "log.csv").write_text(content)
    folder = AuditFolder(home / "audits" / "a")
    folder.path.mkdir(parents=True)
    source = Source(kind="files", log=str(tmp_path / "log.csv"), pseudonyms="user")
    folder.save_settings(AuditSettings(data=source, roles=Roles(user="user", item="item")))
    jobs = Jobs(home)
    job = jobs.start(folder, ["data"])
    while jobs.get(job).active:
        time.sleep(0.1)
    error = jobs.get(job).error
    assert error is not None
    assert said in say(error)
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file() and path.name != KEY_FILE)
    assert MARK.encode() not in kept and b"4711" not in kept


def test_damaged_records_of_pseudonyms_are_refused_with_their_name(tmp_path: Path) -> None:
    folder = AuditFolder(tmp_path / "audit")
    source = Source(kind="files", pseudonyms="who")
    upload = keep_upload(folder, "log", CSV, "log.csv", source)
    kept = source.model_copy(update={"log": str(upload)})
    upload.with_name(f"{upload.name}.notes").write_bytes(b"[{")
    with pytest.raises(Refusal, match="notes is not the one that was saved"):
        read(folder, kept)
    (folder.path / "work" / "pseudonyms.json").write_bytes(b"{}")
    with pytest.raises(Refusal, match=r"pseudonyms\.json is not the one that was saved"):
        read(folder, kept.model_copy(update={"log": str(tmp_path / "another.csv")}))
