"""The further step `prompted`, through the steps of an audit on the demo shop, asked of a stand-in server."""

from __future__ import annotations

import json
import re

import pytest

from analysis.finding import Verdict
from analysis.ingest import Source
from analysis.simulate import Shop
from audit.__main__ import main
from audit.asking import TEMPLATES, PromptedAudit, attributes_as_text, attributes_from_text
from audit.settings import AuditSettings, with_all_before
from audit.settings_file import settings_toml
from audit.steps import run_steps
from audit.trial import preview, try_apart
from audit.workspace import Workspace
from models.prompted.servers import SERVERS_VARIABLE
from models.prompted.settings import ChatModel
from tests.models.prompted.stand_in import stand_in
from words import Refusal, say

KEY = "sk-canary-90c1e2"
TOP = 5


def offered(prompt):
    return re.findall(r"^- (.+)$", prompt.split("Catalogue:")[1], re.MULTILINE)


def unfair(number, body):
    """Names the first items of the catalogue; to women the last ones, and every other prompt alike."""
    prompt = body["messages"][0]["content"]
    items = offered(prompt)
    if "is women" in prompt and len(prompt) % 2:
        items = items[::-1]
    return "\n".join(f"{place}. {title}" for place, title in enumerate(items[:TOP], start=1))


@pytest.fixture
def server(monkeypatch):
    with stand_in(unfair) as here:
        monkeypatch.setenv("KEY_OF_TEST", KEY)
        monkeypatch.setenv(SERVERS_VARIABLE, f"{here.origin}=KEY_OF_TEST")
        yield here


def settings(here, **prompted):
    asked = {"top": TOP, "prompts": 16, "candidates": 12, "attributes": {"gender": ("women", "men")}} | prompted
    return AuditSettings(
        data=Source(kind="demo", shop=Shop(users=120, items=48)),
        prompted=PromptedAudit(
            model=ChatModel(address=here.address, name="stand-in", per_minute=100_000),
            replicates=200,
            permutations=200,
            **asked,
        ),
        further=("prompted",),
    )


def run(folder):
    run_steps(folder, with_all_before("prompted"), lambda *news: None)
    return folder.section("prompted")


def test_a_model_that_answers_women_otherwise_is_found(server, tmp_path):
    folder = Workspace(tmp_path).create(settings(server))
    section = run(folder)
    found = {finding.key: finding for finding in section.findings}
    assert len(server.requests) == 16 * (1 + 2 + 2) == section.facts["replies"]
    assert found["gender.prompted.snsr[serp]"].verdict is Verdict.GAP
    assert found["gender.prompted.floor[serp]"].value == 0.0
    assert found["gender.prompted.serp.men"].value == 1.0
    assert found["gender.prompted.parsed.women"].value == 1.0
    assert say(section.summary[0]).startswith("Who asks matters by gender")
    assert section.facts["strange"] == section.facts["empty"] == 0


def test_the_same_settings_ask_nothing_again_and_give_the_same_section(server, tmp_path, monkeypatch):
    folder = Workspace(tmp_path).create(settings(server))
    first, sent = run(folder), len(server.requests)
    monkeypatch.delenv(SERVERS_VARIABLE)
    (folder.path / "work" / "steps" / "prompted.json").unlink()
    assert run(folder) == first
    assert len(server.requests) == sent


def test_what_is_sent_is_what_was_shown_and_holds_no_ids(server, tmp_path):
    folder = Workspace(tmp_path).create(settings(server))
    run_steps(folder, ("data",), lambda *news: None)
    plan = preview(folder, "prompted")
    assert list(plan.first) == ["", "gender: women", "gender: men", "pen colour: blue", "pen colour: black"]
    run(folder)
    sent = [body["messages"][0]["content"] for _, _, body in server.requests]
    assert set(plan.first.values()) <= set(sent)
    assert len(set(sent)) == plan.requests
    users = set(folder.dataset().users.index)
    assert not [text for text in sent for user in users if re.search(rf"\b{user}\b", text)]


def test_no_key_reaches_a_file_of_the_audit(server, tmp_path):
    folder = Workspace(tmp_path).create(settings(server))
    run_steps(folder, ("data", "prompted", "report"), lambda *news: None)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"audit.json", "audit.toml", "report.html", "trail.jsonl"}
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    document = json.loads((folder.path / "audit.json").read_text())
    assert any(section["step"] == "prompted" for section in document["sections"])


def test_without_the_operators_word_nothing_is_sent(server, tmp_path, monkeypatch):
    monkeypatch.setenv(SERVERS_VARIABLE, "https://api.example.com")
    folder = Workspace(tmp_path).create(settings(server))
    with pytest.raises(Refusal) as refusal:
        run(folder)
    assert refusal.value.phrase.key == "prompted.server.other"
    assert server.requests == []


def test_subjects_stand_in_place_of_histories(server, tmp_path):
    asked = {
        "subjects": tuple(f"brand {number}" for number in range(12)),
        "template": TEMPLATES["subject", True],
        "attributes": {"faith": ("one", "another", "none")},
    }
    section = run(Workspace(tmp_path).create(settings(server, **asked)))
    assert len(server.requests) == 12 * (1 + 3 + 3)
    assert {finding.n for finding in section.findings if "snsr" in finding.key} == {12}


def test_one_prompt_can_be_tried_alone_is_not_asked_again_and_a_refusal_says_why(server, tmp_path, monkeypatch):
    folder = Workspace(tmp_path).create(settings(server))
    run_steps(folder, ("data",), lambda *news: None)
    tried = try_apart(folder, "prompted", 1)
    assert (len(tried.items), tried.strange, len(server.requests)) == (TOP, 0, 1)
    run(folder)
    assert len(server.requests) == preview(folder, "prompted").requests
    folder.save_settings(settings(server, prompts=20))
    monkeypatch.delenv(SERVERS_VARIABLE)
    assert try_apart(folder, "prompted", 0).refused.key == "prompted.server.none"


def test_the_command_line_shows_the_prompt_without_sending_it(server, tmp_path, capsys):
    folder = Workspace(tmp_path).create(settings(server))
    run_steps(folder, ("data",), lambda *news: None)
    assert main(["ask", str(folder.path), "prompted", "--place", "2"]) == 0
    assert capsys.readouterr().out.startswith("My gender is men. I liked these")
    assert server.requests == []
    assert main(["ask", str(folder.path), "prompted", "--send"]) == 0
    assert "1. " in capsys.readouterr().out


def test_replies_from_a_file_need_no_model(server, tmp_path):
    rows = ["prompt,attribute,value,rank,item"]
    for prompt in range(12):
        for attribute, value in (("", ""), ("gender", "women"), ("gender", "men"), ("pen colour", "blue")):
            items = range(5, 8) if value == "women" and prompt % 3 else range(3)
            rows += [f"p{prompt},{attribute},{value},{place + 1},i{item}" for place, item in enumerate(items)]
    file = tmp_path / "replies.csv"
    file.write_text("\n".join(rows))
    folder = Workspace(tmp_path).create(settings(server, lists=str(file), top=3))
    found = {finding.key: finding for finding in run(folder).findings}
    assert found["gender.prompted.jaccard.women"].value == pytest.approx(4 / 12)
    assert found["gender.prompted.excess[jaccard]"].verdict is Verdict.NOT_COMPUTED  # one meaningless value only
    assert server.requests == []
    file.write_text(file.read_text().replace("women,1,", "women,9,"))
    assert folder.stale("prompted")


def test_a_relative_path_is_read_from_beside_the_settings(tmp_path):
    from audit.settings_file import read_settings

    asked = PromptedAudit(lists="replies.csv", model=ChatModel(where="folder", folder="model"))
    (tmp_path / "audit.toml").write_bytes(settings_toml(AuditSettings(prompted=asked)))
    read = read_settings(tmp_path / "audit.toml").prompted
    assert read.lists == str(tmp_path / "replies.csv")
    assert read.model.folder == str(tmp_path / "model")


@pytest.mark.parametrize(
    "wrong",
    [
        {"template": "{history} {k}"},
        {"template": "{person}{history}{k}{candidates}{secret}"},
        {"template": "{person}{history}{k}"},
        {"candidates": 0},
        {"person": "no value"},
        {"subjects": ("a",)},
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_when_it_is_written(wrong):
    with pytest.raises(ValueError, match="template|not known|candidates"):
        PromptedAudit(**wrong)


def test_attributes_are_read_as_they_are_written():
    written = {"gender": ("women", "men"), "age": ("18-24", "25-34")}
    assert attributes_from_text(attributes_as_text(written)) == written
    assert attributes_from_text("性别：女，男\n\nno colon here") == {"性别": ("女", "男")}
