"""Intents read from texts take most of the confounding away that they stand for: docs/intent.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.browsing import EFFECT, simulate_browsing
from analysis.ingest import Source
from analysis.simulate import Shop
from audit.run import Run
from audit.settings import AuditSettings
from audit.steps import run_steps
from audit.topics import understood
from audit.workspace import AuditFolder
from benchmarks.intent import effects_with
from models.topics import TopicSettings
from words import Refusal


def test_adjusting_for_interest_leaves_a_quarter_of_the_bias_at_most(tmp_path: Path) -> None:
    topics = TopicSettings(enabled=True, count=12, signs="treatment")
    section = effects_with(topics, tmp_path, users=400, rows=60, seed=2)
    found = {one.key: one.value for one in section.findings}
    naive, adjusted = found["effect.naive"], found["effect.ate[aipw]"]
    assert naive is not None
    assert adjusted is not None
    assert naive == pytest.approx(simulate_browsing(2, 2, 1).naive, abs=0.02)
    assert abs(adjusted - EFFECT) < 0.25 * (naive - EFFECT)


def test_without_intents_no_effect_is_offered(tmp_path: Path) -> None:
    section = effects_with(TopicSettings(), tmp_path, users=100, rows=20, seed=2)
    found = {one.key: one for one in section.findings}
    assert found["effect.ate"].value is None


def test_topics_change_the_digest_and_show_their_table(tmp_path: Path) -> None:
    digests = []
    for name, topics in (("plain", TopicSettings()), ("topics", TopicSettings(enabled=True, count=12))):
        folder = AuditFolder(tmp_path / name)
        folder.save_settings(AuditSettings(data=Source(kind="demo", shop=Shop(users=60, items=36)), topics=topics))
        run_steps(folder, ("data",), lambda *_: None)
        section = folder.section("data")
        assert section is not None
        digests.append(section.facts["digest"])
        assert ("data.topics" in [table.key for table in section.tables]) is topics.enabled
    assert digests[0] != digests[1]


def test_what_a_user_took_is_told_in_topics(tmp_path: Path) -> None:
    demo, run = Source(kind="demo", shop=Shop(users=60, items=36)), {}
    for name, topics in (("plain", TopicSettings()), ("topics", TopicSettings(enabled=True, count=4))):
        folder = AuditFolder(tmp_path / name)
        folder.save_settings(AuditSettings(data=demo, topics=topics))
        run_steps(folder, ("data",), lambda *_: None)
        run[name] = Run(folder, folder.settings(), lambda *_: None)
    dataset = run["topics"].dataset
    user = str(dataset.users.index[7])
    assert understood(run["plain"], user) is None
    own = dataset.log[(dataset.log["user"] == user) & (dataset.log["part"] != "test") & (dataset.log["outcome"] > 0)]
    counts = dataset.items["topic"].loc[own["item"].unique()].value_counts()
    found = understood(run["topics"], user)
    assert found is not None and found.taken
    assert [count for _, count in found.taken] == sorted(counts, reverse=True)[:3]
    assert all(counts[topic] == count for topic, count in found.taken)
    assert found.intent == dataset.users["intent"].loc[user]


def test_topics_without_a_text_are_refused(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("user,item,bought\n" + "".join(f"u{row % 9},i{row % 7},{row % 2}\n" for row in range(90)))
    folder = AuditFolder(tmp_path / "audit")
    source = Source(kind="files", log=str(log))
    folder.save_settings(AuditSettings(data=source, topics=TopicSettings(enabled=True)))
    with pytest.raises(Refusal, match="Topics need item texts"):
        run_steps(folder, ("data",), lambda *_: None)
