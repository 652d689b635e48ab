"""A search for settings within an audit: what is trained is the best that was tried, and the section says so."""

from __future__ import annotations

import pytest

from analysis.fairness.attacks import AttackSettings
from analysis.ingest import Source
from analysis.mitigation.compare import MitigationSettings
from analysis.simulate import Shop
from audit.kept import trained_model
from audit.recommending import Recommending
from audit.settings import AuditSettings
from audit.steps import run_steps
from audit.workspace import AuditFolder, Workspace
from models import texts
from models.config import SETTINGS, LanguageSettings
from tests.models.blocks import EVEN, ODD
from tests.models.tiny import tiny_encoder
from tests.pages.conftest import small_audit, unwatched
from words import Refusal, say


def run_of(folder, **recommender):
    shop = Source(kind="demo", shop=Shop(users=200, items=48))
    choice = Recommending.model_validate({"model": {"kind": "ease", "l2": 5.0}, **recommender})
    audit = AuditFolder(folder)
    audit.save_settings(AuditSettings(data=shop, recommender=choice))
    return run_steps(audit, ["data", "recommender"], lambda *news: None), audit


def test_the_best_of_the_settings_tried_is_trained_and_the_section_shows_all_of_them(tmp_path):
    run, audit = run_of(tmp_path, trials=4)
    section = audit.section("recommender")
    table = next(table for table in section.tables if table.key == "recommender.search")
    figures = [row[2] for row in table.rows]
    assert len(figures) == 4 and table.rows[0][1] == "l2 = 5"
    best = figures.index(max(figures))
    assert [row[0] for row in table.rows if row[4].key == "training.search.best"] == [best + 1]
    taken = trained_model(run).settings
    assert f"l2 = {taken.l2!r}" == table.rows[best][1] and taken != SETTINGS.validate_python({"kind": "ease"})
    assert any(f"the best was trial {best + 1}" in say(note) for note in section.notes)


def test_without_a_search_the_given_settings_are_trained(tmp_path):
    run, audit = run_of(tmp_path)
    assert trained_model(run).settings.l2 == 5.0
    assert all(table.key != "recommender.search" for table in audit.section("recommender").tables)


def test_private_training_says_its_epsilon_and_its_unit(tmp_path):
    kind = {"kind": "sequence", "dimensions": 8, "heads": 1, "epochs": 1, "history": 5, "epsilon": 5.0}
    _, audit = run_of(tmp_path, model=kind)
    said = " ".join(say(note) for note in audit.section("recommender").notes)
    assert "epsilon = 5.00" in said.replace("4.99", "5.00") and "one person" in said


def test_a_search_of_a_kind_without_settings_is_refused(tmp_path):

    with pytest.raises(Refusal, match="nothing to search"):
        run_of(tmp_path, model={"kind": "popularity"}, trials=3)


def test_texts_are_read_once_whatever_is_trained(tmp_path, monkeypatch):
    """The search's trials, the chosen settings, each mitigation and each log that was tampered with share them."""
    reads, encoded = [], texts._encoded
    monkeypatch.setattr(texts, "_encoded", lambda *given: reads.append(len(given[0])) or encoded(*given))
    model = LanguageSettings(encoder=tiny_encoder(EVEN, ODD), dimensions=8, epochs=1, history=4)
    settings = small_audit().model_copy(
        update={
            "recommender": Recommending(model=model, trials=2),
            "mitigation": MitigationSettings(methods=("reweigh",), strengths=(1.0,), replicates=100),
            "attacks": AttackSettings(noise=(0.1,), fakes=()),
        }
    )
    folder = Workspace(tmp_path).create(settings)
    run_steps(folder, ("data", "recommender", "mitigation", "attacks"), unwatched)
    assert len(reads) == 1
