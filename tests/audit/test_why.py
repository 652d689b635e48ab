"""What a list rests on, by the audit's own model: earlier items, words, and the profile tokens over all users."""

from __future__ import annotations

import pytest

from audit.run import Run
from audit.steps import run_steps
from audit.why import place_rests_on
from audit.workspace import AuditFolder
from models.config import LanguageSettings
from tests.pages.conftest import small_audit, unwatched
from words import say


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    settings = small_audit()
    model = LanguageSettings(dimensions=16, epochs=3, history=8)
    chosen = settings.recommender.model_copy(update={"model": model})
    folder = AuditFolder(tmp_path_factory.mktemp("why") / "audit")
    folder.save_settings(settings.model_copy(update={"recommender": chosen}))
    return run_steps(folder, ("data", "recommender"), unwatched)


def test_a_place_is_told_by_earlier_items_and_words(run: Run) -> None:
    data = run.composed.final
    section = place_rests_on(run, data.user_ids[3], 5)
    history, words = section.tables
    assert 0 < len(history.rows) <= 8 and len(words.rows) > 0
    sizes = [abs(float(str(row[1]))) for row in history.rows]
    assert sizes == sorted(sizes, reverse=True)
    assert say(section.summary[0]) != say(section.summary[0], "zh")


def test_each_token_that_the_model_reads_has_the_share_of_a_list_that_it_leaves(run: Run) -> None:
    section = run.folder.section("recommender")
    assert section is not None
    kept = {finding.key: finding for finding in section.findings if finding.key.startswith("recommender.kept[")}
    assert set(kept) == {f"recommender.kept[{name}]" for name in run.composed.final.profile}
    assert all(0 <= finding.low <= finding.value <= finding.high <= 1 for finding in kept.values())  # type: ignore
