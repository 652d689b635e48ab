"""The recommender step where the log's bias is removed: on the demo shop, and on Coat where its folder is at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.ingest import Source
from analysis.simulate import Shop
from analysis.split import Split
from audit.recommending import Recommending
from audit.settings import AuditSettings, with_all_before
from audit.steps import run_steps
from audit.workspace import Workspace
from models.config import AdditiveSettings, Debias, FactorSettings, PopularitySettings, Weighting
from words import Refusal, say

COAT = Path(__file__).resolve().parents[2] / "../shared/data/coat"
QUICK = FactorSettings(loss="logistic", dimensions=4, epochs=2, batch=2000)


def section_of(tmp_path: Path, model, **data):  # type: ignore[no-untyped-def]
    source = data or {"data": Source(kind="demo", shop=Shop(users=120, items=72))}
    folder = Workspace(tmp_path).create(AuditSettings(recommender=Recommending(model=model), **source))
    run_steps(folder, with_all_before("recommender"), lambda *news: None)
    section = folder.section("recommender")
    assert section is not None
    return section


def test_the_step_says_what_the_weights_do_and_whether_they_help(tmp_path):
    debias = Debias(correction="ips", confounder=True, factors=2)
    section = section_of(tmp_path, QUICK.model_copy(update={"debias": debias}))
    keys = {finding.key for finding in section.findings}
    assert "recommender.ndcg@10.gap.mf-log as it is" in keys
    figures = ("effective", "heaviest", "clipped", "auc", "calibration", "unbalanced", "balanced", "check", "told")
    assert keys >= {f"recommender.propensity.{name}" for name in figures}
    said = " ".join(say(one, "en") for one in section.summary)
    assert "against the same recommender on the log as it is" in said and "favours the log as it is" in said
    assert "Substitute confounder" in said


def test_positions_of_the_shop_are_read_and_its_propensities_of_promotion_are_not(tmp_path):
    by_place = Weighting(correction="snips", propensity="position")
    section = section_of(tmp_path / "a", AdditiveSettings(debias=by_place, strengths=(0.1,)))
    found = {finding.key: finding for finding in section.findings}
    assert 0.2 < found["recommender.propensity.effective"].value < 1
    with pytest.raises(Refusal, match="of the treatment"):
        logged = Weighting(correction="snips", propensity="given")
        section_of(tmp_path / "b", AdditiveSettings(debias=logged, strengths=(0.1,)))


def test_without_a_correction_nothing_is_trained_twice(tmp_path):
    section = section_of(tmp_path, PopularitySettings())
    assert not [finding.key for finding in section.findings if "propensity" in finding.key or "log as" in finding.key]


@pytest.mark.skipif(not COAT.is_dir(), reason=f"no folder {COAT}: Coat may not be redistributed")
def test_on_coat_weights_by_features_mend_the_gender_filter_and_are_not_shown_to_help(tmp_path):
    asked = Weighting(correction="ips", propensity="features")
    data = {"data": Source(kind="coat", folder=str(COAT)), "split": Split(kind="randomised")}
    model = AdditiveSettings(crosses=False, strengths=(0.03,), debias=asked)
    section = section_of(tmp_path, model, **data)
    found = {finding.key.removeprefix("recommender.propensity."): finding for finding in section.findings}
    assert found["auc"].value > 0.7 and found["calibration"].value < 0.02
    assert found["balanced"].value < found["unbalanced"].value / 2
    assert "favours the log as it is" not in " ".join(say(one, "en") for one in section.summary)
    assert found["recommender.ndcg@10.gap.additive-log as it is"].value < 0.01
