"""The step `shrink`: smaller forms beside the model, on the same users, in both languages, small groups hidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.document import Section
from audit.settings import AuditSettings
from audit.steps import run_steps
from audit.workspace import AuditFolder
from models.config import PopularitySettings
from tests.pages.conftest import small_audit, unwatched
from words import Refusal, say


def shrunk(folder: Path, settings: AuditSettings) -> Section:
    audit = AuditFolder(folder)
    audit.save_settings(settings)
    run_steps(audit, ("data", "recommender", "shrink"), unwatched)
    section = audit.section("shrink")
    assert section is not None
    return section


@pytest.fixture(scope="module")
def section(tmp_path_factory: pytest.TempPathFactory) -> Section:
    return shrunk(tmp_path_factory.mktemp("shrink") / "audit", small_audit())


def test_levels_and_changes_of_each_form_add_up(section: Section) -> None:
    by_key = {finding.key: finding for finding in section.findings}
    before = by_key["shrink.before.all.ndcg@10"].value
    for form in ("int8", "pruned-50", "pruned-90"):
        after, change = by_key[f"shrink.{form}.all.ndcg@10"].value, by_key[f"shrink.{form}.all.ndcg@10.change"]
        assert before is not None and after is not None
        assert change.value is None or change.value == pytest.approx(after - before)
        assert change.low is None or change.low <= change.value <= change.high  # type: ignore[operator]


def test_the_table_names_the_full_model_first_and_its_bytes_are_the_whole(section: Section) -> None:
    rows = section.tables[0].rows
    assert rows[0][2] == 1.0 and len(rows) == 4
    assert 0.25 < float(str(rows[1][2])) < 0.35


def test_every_sentence_is_said_in_both_languages(section: Section) -> None:
    for words in (*section.summary, *section.notes, *(f.label for f in section.findings)):
        assert say(words, "en") != say(words, "zh") or words.key.startswith("mitigation.label")


def test_a_kind_without_a_product_is_refused(tmp_path: Path) -> None:
    settings = small_audit()
    chosen = settings.recommender.model_copy(update={"model": PopularitySettings()})
    with pytest.raises(Refusal):
        shrunk(tmp_path / "audit", settings.model_copy(update={"recommender": chosen}))
