import json

import pytest

from analysis.document import Document, Section, canonical
from analysis.ingest import Source
from audit.settings import FURTHER, STEPS, AuditSettings, GraphChoice
from audit.settings_file import read_settings, settings_toml
from audit.workspace import SETTINGS_FILE, Workspace, read_document
from words import Refusal, phrase


def test_settings_survive_the_file(tmp_path):
    settings = AuditSettings(title="评估 “a”", graph=GraphChoice(template="shop"))
    (tmp_path / SETTINGS_FILE).write_bytes(settings_toml(settings))
    assert read_settings(tmp_path / SETTINGS_FILE) == settings


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = ", "not valid TOML"),
        ("titel = 'x'", "titel"),
        ("k = 2", "k is not right"),
        ("[split]\nkind = 'magic'", "split.kind"),
        ("[recommender]\npositive_from = nan", "recommender.positive_from must be a number with an end"),
        ("[disparity]\nmargin = inf", "disparity.margin"),
        ("seed = 18446744073709551616", "seed is not right"),
        ("[data.shop]\nseed = -1", "data.shop.seed"),
    ],
)
def test_wrong_settings_are_refused_with_their_place(tmp_path, text, said):
    (tmp_path / "audit.toml").write_text(text)
    with pytest.raises(Refusal, match=said):
        read_settings(tmp_path / "audit.toml")


def test_a_step_is_stale_after_its_settings_or_those_before_it_changed(tmp_path):
    folder = Workspace(tmp_path).create(AuditSettings())
    for step in ("data", "graph", "effects", "recommender"):
        folder.save_section(Section(step=step, summary=()), folder.stamp(folder.settings(), step))
    folder.save_settings(folder.settings().model_copy(update={"graph": GraphChoice(template="shop")}))
    states = folder.states()
    assert (states["data"], states["graph"], states["effects"]) == ("done", "stale", "stale")
    assert states["recommender"] == "done"
    assert states["report"] == "missing"


@pytest.mark.parametrize("audit_id", ["../demo", "/etc", "", ".", "demo/../demo", "unknown"])
def test_only_listed_audits_are_opened(tmp_path, audit_id):
    workspace = Workspace(tmp_path)
    workspace.demo()
    with pytest.raises(Refusal, match="no such audit"):
        workspace.open(audit_id)


def test_the_demo_is_made_once_and_listed_first(tmp_path):
    workspace = Workspace(tmp_path)
    workspace.demo()
    other = workspace.create(AuditSettings())
    assert workspace.demo().settings() == workspace.open("demo").settings()
    assert [folder.id for folder in workspace.audits()] == ["demo", other.id]


def test_the_trail_only_grows(tmp_path):
    folder = Workspace(tmp_path).create(AuditSettings())
    before = (folder.path / "trail.jsonl").read_text()
    folder.save_settings(AuditSettings(title="b"))
    after = (folder.path / "trail.jsonl").read_text()
    assert after.startswith(before)
    assert [json.loads(line)["event"] for line in after.splitlines()] == ["settings", "settings"]


def test_a_language_model_that_changed_in_its_folder_makes_what_it_said_stale(tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.safetensors").write_bytes(b"old")
    asked = {"model": {"where": "folder", "folder": str(model)}}
    settings = AuditSettings.model_validate({"prompted": asked, "recommender": {"prompted": asked}})
    folder = Workspace(tmp_path).create(settings)
    for step in ("data", "recommender", "prompted"):
        folder.save_section(Section(step=step, summary=()), folder.stamp(settings, step))
    assert not any(folder.stale(step) for step in ("data", "recommender", "prompted"))
    (model / "model.safetensors").write_bytes(b"other")
    assert [step for step in ("data", "recommender", "prompted") if folder.stale(step)] == ["recommender", "prompted"]


def test_a_log_that_changed_under_its_name_makes_its_results_stale(tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("user,item\na,x\n")
    folder = Workspace(tmp_path).create(AuditSettings(data=Source(kind="files", log=str(log))))
    folder.save_section(Section(step="data", summary=()), folder.stamp(folder.settings(), "data"))
    assert not folder.stale("data")
    log.write_text("user,item\na,x\nb,y\n")
    assert folder.stale("data")


def test_what_another_version_kept_counts_as_not_run(tmp_path):
    folder = Workspace(tmp_path).create(AuditSettings())
    folder.save_section(Section(step="data", summary=()), folder.stamp(folder.settings(), "data"))
    assert folder.section("data") is not None
    path = folder.path / "work" / "steps" / "data.json"
    path.write_text(path.read_text().replace(folder.stamp(folder.settings(), "data"), "0.0.9-abc:def"))
    assert folder.section("data") is None
    assert folder.states()["data"] == "missing"
    assert folder.of_another_version("data")
    assert not folder.of_another_version("graph")


@pytest.mark.parametrize("said", [{"key": "audit.long_gone", "facts": {}}, {"key": "audit.no_document", "facts": {}}])
def test_a_document_whose_sentences_have_no_text_here_is_refused(tmp_path, said):
    written = {"title": "a", "evenhand": "0.0.9", "versions": {}, "seed": 1, "digest": "x", "settings": {}}
    (tmp_path / "audit.json").write_text(json.dumps(written | {"sections": [{"step": "data", "summary": [said]}]}))
    with pytest.raises(Refusal, match="not one that this version"):
        read_document(tmp_path)


def test_a_document_of_a_newer_version_is_refused_whoever_reads_it(tmp_path):
    document = Document(format=99, title="t", evenhand="9", versions={}, seed=1, digest="d", settings={}, sections=())
    (tmp_path / "audit.json").write_bytes(canonical(document))
    with pytest.raises(Refusal, match="newer"):
        read_document(tmp_path)


def test_further_analyses_are_those_of_the_list_in_its_order():
    steps = tuple(FURTHER)[:2]
    settings = AuditSettings(further=tuple(reversed(steps)))
    assert settings.further == steps
    assert set(steps) <= set(settings.steps)
    assert AuditSettings().steps == STEPS
    assert AuditSettings().including(steps) == settings
    with pytest.raises(ValueError, match="no further analysis"):
        AuditSettings(further=("data",))


def test_the_report_is_stale_once_it_is_to_show_one_analysis_more(tmp_path):
    folder = Workspace(tmp_path).create(AuditSettings())
    folder.save_section(Section(step="report", summary=()), folder.stamp(folder.settings(), "report"))
    assert folder.states()["report"] == "done"
    folder.save_settings(folder.settings().including(FURTHER))
    assert folder.states()["report"] == "stale"


@pytest.mark.parametrize("trail", ["", "{", "[1]", '{"event": "settings"}'])
def test_an_audit_whose_trail_says_nothing_is_listed_all_the_same(tmp_path, trail):
    workspace = Workspace(tmp_path)
    folder = workspace.create(AuditSettings())
    (folder.path / "trail.jsonl").write_text(trail)
    other = workspace.create(AuditSettings())
    assert [one.id for one in workspace.audits()] == [other.id, folder.id]


def test_every_changed_byte_of_a_kept_section_is_found(tmp_path):
    folder = Workspace(tmp_path).create(AuditSettings())
    folder.save_section(
        Section(step="graph", summary=(phrase("audit.busy"),)), folder.stamp(folder.settings(), "graph")
    )
    (kept,) = tmp_path.rglob("graph.json")
    whole = kept.read_bytes()
    assert folder.intact("graph") and not folder.stale("graph")
    for at in range(len(whole)):
        kept.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert folder.stale("graph") or not folder.intact("graph"), whole[at - 5 : at + 5]
    kept.write_bytes(whole.replace(b"audit.busy", b"audit.wrote"))
    with pytest.raises(Refusal):
        folder.section("graph")
    kept.write_bytes(whole[:40])
    assert folder.section("graph") is None


def test_two_runs_of_one_audit_never_mix(tmp_path):
    folder = Workspace(tmp_path).create(AuditSettings())
    with folder.alone(), pytest.raises(Refusal, match="running already"), folder.alone():
        pass
    with folder.alone():
        pass


def test_settings_that_say_the_same_keep_the_comments_of_their_file(tmp_path):
    folder = Workspace(tmp_path).create(AuditSettings())
    file = folder.path / SETTINGS_FILE
    file.write_text("# why k is 12\nk = 12\n")
    folder.save_settings(folder.settings())
    assert "why k is 12" in file.read_text()
    folder.save_settings(AuditSettings(k=13))
    assert read_settings(file).k == 13
