"""What a run may build on, what it tries again, and that its progress goes one way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from analysis.ingest import Source
from analysis.mitigation.compare import MitigationSettings
from analysis.report.content import content
from analysis.simulate import Shop
from audit.kept import kept_lists, trained_model
from audit.publish import composed_document, printed_settings
from audit.recommending import Recommending
from audit.run import Run
from audit.settings import AuditSettings, Step
from audit.steps import run_steps
from audit.workspace import AuditFolder, Workspace
from models.config import Debias, EaseSettings, FactorSettings, LanguageSettings, PopularitySettings
from words import Refusal

QUICK = FactorSettings(epochs=4, dimensions=4)


def audit(root: Path, **settings: object) -> AuditFolder:
    source = Source(kind="demo", shop=Shop(users=150, items=40))
    return Workspace(root).create(AuditSettings.model_validate({"data": source, **settings}))


def quietly(folder: AuditFolder, *steps: str) -> None:
    run_steps(folder, steps, lambda *news: None)


def test_nothing_is_made_from_what_must_run_again(tmp_path: Path) -> None:
    folder = audit(tmp_path, recommender=Recommending(model=PopularitySettings()))
    quietly(folder, "data", "recommender", "disparity")
    folder.save_settings(folder.settings().model_copy(update={"recommender": Recommending(model=EaseSettings())}))
    with pytest.raises(Refusal, match="Recommender, which must run again"):
        quietly(folder, "disparity")
    assert folder.states()["disparity"] == "stale"
    quietly(folder, "recommender", "disparity")
    section = folder.section("disparity")
    assert section is not None
    assert folder.states()["disparity"] == "done"


def test_what_a_run_left_without_its_section_is_built_on_by_nobody(tmp_path: Path) -> None:
    """A run that was killed after its lists leaves them without a word of the settings that they are of."""
    folder = audit(tmp_path, recommender=Recommending(model=PopularitySettings()))
    quietly(folder, "data", "recommender")
    (folder.path / "work" / "steps" / "recommender.json").unlink()
    folder.save_settings(folder.settings().model_copy(update={"recommender": Recommending(model=EaseSettings())}))
    with pytest.raises(Refusal, match="Run the step before this one first: Recommender"):
        quietly(folder, "disparity")


@pytest.mark.parametrize("name", ["lists/chosen.npz", "model/manifest.json"])
def test_another_audits_files_are_read_by_nobody(tmp_path: Path, name: str) -> None:
    one, other = (audit(tmp_path / "home", seed=seed, recommender=Recommending(model=QUICK)) for seed in (1, 2))
    for folder in (one, other):
        quietly(folder, "data", "recommender")
    run = Run(one, one.settings(), lambda *news: None)
    read = kept_lists if name.startswith("lists") else trained_model
    read(run)
    (one.path / "work" / name).write_bytes((other.path / "work" / name).read_bytes())
    with pytest.raises(Refusal, match="is not the one that was saved"):
        read(run)


def test_a_step_that_could_not_run_is_told_once_and_tried_again(tmp_path: Path) -> None:
    lists = tmp_path / "lists.csv"
    lists.write_text("user,item\n")
    folder = audit(tmp_path / "home", recommender=Recommending(lists=str(lists)), mitigation=MitigationSettings())
    quietly(folder, *folder.settings().steps)
    printed = {section.step: section for section in composed_document(folder).sections}
    assert set(printed) == {*folder.settings().steps} - {"report"}
    assert printed["recommender"].findings[0].verdict == "not computed"
    refused = {step for step, how in folder.states().items() if how == "refused"}
    assert refused == {step for step in printed if folder.stale(step)} == {"recommender", "disparity", "mitigation"}
    (said,) = content(folder.document(), "en").missing
    assert said.startswith("Recommender, Disparity, Mitigation – could not run: ")
    reason = said.partition("run: ")[2]
    assert (folder.path / "report.html").read_text().count(reason) == 1
    moved = folder.settings().model_copy(update={"recommender": Recommending(model=EaseSettings())})
    folder.save_settings(moved)
    assert folder.states()["recommender"] == "missing"
    folder.save_settings(moved.model_copy(update={"recommender": Recommending(lists=str(lists))}))
    before = lists.stat()
    log = (folder.dataset() or pytest.fail("no data")).log
    lists.write_text("user,item,rank\n" + "".join(f"{one.user},{one.item},1\n" for one in log[:1].itertuples()))
    os.utime(lists, ns=(before.st_atime_ns, before.st_mtime_ns))  # as if nothing had told that it is there now
    quietly(folder, *folder.settings().steps)
    again = folder.section("recommender")
    assert again is not None and again.not_run is None
    assert "models.lists.without_list" in {note.key for note in again.notes}, "what the file lacks is told"
    assert folder.states()["recommender"] == "done"


def test_what_was_removed_or_changed_is_refused_as_ground_and_made_again_by_a_run(tmp_path: Path) -> None:
    folder = audit(tmp_path, recommender=Recommending(model=PopularitySettings()))
    steps: tuple[Step, ...] = ("data", "recommender", "report")
    quietly(folder, *steps)
    lists, document = folder.path / "work" / "lists" / "chosen.npz", folder.path / "audit.json"
    whole, told = lists.read_bytes(), document.read_bytes()
    lists.write_bytes(b"of a run under other settings, ended before it could say so")
    with pytest.raises(Refusal, match="Recommender, which must run again"):
        quietly(folder, "disparity")
    for gone in (document, folder.path / "report.pdf", folder.data / "users.parquet", folder.data / "manifest.json"):
        gone.unlink()
    quietly(folder, *steps)
    assert document.read_bytes() == told and (folder.path / "report.pdf").exists()
    assert lists.read_bytes() == whole and folder.dataset() is not None
    assert all(folder.intact(step) and not folder.stale(step) for step in steps)


def test_a_file_makes_stale_what_reads_it_and_nothing_else(tmp_path: Path) -> None:
    replies = tmp_path / "replies.csv"
    replies.write_text("a")
    folder = audit(tmp_path / "home")
    before = {step: folder.stamp(folder.settings(), step) for step in ("data", "recommender", "prompted", "report")}
    settings = folder.settings()
    asked = settings.prompted.model_copy(update={"lists": str(replies)})
    folder.save_settings(settings.model_copy(update={"prompted": asked}))
    after = {step: folder.stamp(folder.settings(), step) for step in before}
    assert {step for step in before if before[step] != after[step]} == {"prompted"}
    replies.write_text("another")
    assert folder.stamp(folder.settings(), "prompted") != after["prompted"]
    assert folder.stamp(folder.settings(), "data") == after["data"]


def test_an_encoders_folder_is_watched_and_only_its_name_is_printed(tmp_path: Path) -> None:
    encoder = tmp_path / "secret place" / "mine"
    encoder.mkdir(parents=True)
    folder = audit(tmp_path / "home", recommender=Recommending(model=LanguageSettings(encoder=str(encoder))))
    before = folder.stamp(folder.settings(), "recommender")
    assert printed_settings(folder.settings())["recommender"]["model"]["encoder"] == "mine"
    (encoder / "config.json").write_text("{}")
    assert folder.stamp(folder.settings(), "recommender") != before
    pinned = "owner/model@" + "0" * 40
    named = folder.settings().recommender.model_copy(update={"model": LanguageSettings(encoder=pinned)})
    shown = printed_settings(folder.settings().model_copy(update={"recommender": named}))
    assert shown["recommender"]["model"]["encoder"] == pinned


@pytest.mark.parametrize(
    "choice",
    [
        Recommending(model=QUICK),
        Recommending(model=QUICK, trials=2),
        Recommending(model=QUICK.model_copy(update={"debias": Debias(correction="ips")})),
    ],
    ids=["trained", "after a search", "with its twin"],
)
def test_progress_never_goes_back(tmp_path: Path, choice: Recommending) -> None:
    folder, told = audit(tmp_path, recommender=choice), []
    run_steps(folder, ["data", "recommender"], lambda fraction, *news: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] <= 1.0


@pytest.mark.parametrize("content", [b"PK\x03\x04 no table", b"PAR1 broken"], ids=["a spreadsheet", "a broken Parquet"])
def test_a_list_file_is_read_like_every_upload_whatever_its_name(tmp_path: Path, content: bytes) -> None:
    lists = tmp_path / "lists.parquet"
    lists.write_bytes(content)
    folder = audit(tmp_path / "home", recommender=Recommending(lists=str(lists)))
    with pytest.raises(Refusal):
        quietly(folder, "data", "recommender")
