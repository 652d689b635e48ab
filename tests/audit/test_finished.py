"""A classifier in Hugging Face form under audit: ranked, judged, flipped and served without training."""

from __future__ import annotations

import numpy as np

from analysis.ingest import Source
from analysis.simulate import Shop
from audit.kept import place_of, trained_model
from audit.recommending import Recommending
from audit.run import Run
from audit.settings import AuditSettings
from audit.steps import run_steps
from audit.workspace import Workspace
from models import store
from models.config import PairwiseSettings
from tests.models.test_finished import write_classifier
from words import say


def test_a_folder_is_audited_like_any_recommender(tmp_path):
    folder = write_classifier(tmp_path / "classifier")
    like = PairwiseSettings(candidates=3, history=2, tokens=24, profile=("gender",))
    settings = AuditSettings(
        data=Source(kind="demo", shop=Shop(users=100, items=48)),
        recommender=Recommending(top=5, saved=str(folder), model=like),
        disparity={"replicates": 100, "permutations": 100, "intersections": False},
    )
    audit = Workspace(tmp_path / "audits").create(settings)
    run_steps(audit, ("data", "recommender", "disparity"), lambda *news: None)
    section = audit.section("recommender")
    assert any("trained elsewhere" in say(note) for note in section.notes)
    assert {finding.key for finding in section.findings} >= {"recommender.ndcg@5.saved model"}
    run = Run(audit, settings, lambda *news: None)
    model = trained_model(run)
    assert model.settings.candidates == 3 and model.settings.finished
    assert "gender.flip" in " ".join(finding.key for finding in audit.section("disparity").findings)
    served = store.load(place_of(settings.recommender, audit.model))  # as `python -m audit serve` finds it
    everyone = np.arange(run.composed.data.n_users, dtype=np.int32)
    assert served.score(everyone).tobytes() == model.score(everyone).tobytes()


def test_a_saved_model_of_ours_is_still_taken_from_its_own_folder(tmp_path):
    assert place_of(Recommending(saved=str(tmp_path / "kept")), tmp_path / "own") == tmp_path / "kept"
    assert place_of(Recommending(), tmp_path / "own") == tmp_path / "own"
