"""The further step `attacks`, through the steps of an audit on the demo shop."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.fairness.attacks import AttackSettings
from analysis.finding import Verdict
from analysis.ingest import Source
from analysis.simulate import Shop
from audit.attacks import _lists
from audit.kept import kept_lists
from audit.recommending import Recommending
from audit.settings import AuditSettings, with_all_before
from audit.steps import run_steps
from audit.workspace import Workspace
from models.config import EaseSettings
from models.robust import usual_target, with_fakes
from words import Refusal, say


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    settings = AuditSettings(
        data=Source(kind="demo", shop=Shop(users=300, items=60)),
        recommender=Recommending(model=EaseSettings(l2=50.0)),
        attacks=AttackSettings(noise=(0.5,), fakes=(0.2,)),
    )
    folder = Workspace(tmp_path_factory.mktemp("attacks")).create(settings)
    return run_steps(folder, with_all_before("attacks"), lambda *news: None), folder


def test_fakes_push_their_item_by_as_much_as_counting_lists_says(made):
    run, folder = made
    found = {finding.key: finding for finding in folder.section("attacks").findings}
    pushed = found["attacks.fakes[0.2].pushed@10.change"]
    target = usual_target(run.composed.data)
    before = (kept_lists(run).codes[:, :10] == target).any(1).mean()
    after = (_lists(run, lambda data: with_fakes(data, 0.2, target, "popular", 1)) == target).any(1).mean()
    assert pushed.value == pytest.approx(after - before, abs=1e-9) and pushed.low > 0
    assert pushed.n == run.composed.data.n_users


def test_each_strength_has_its_change_of_accuracy_and_of_its_gap_with_intervals(made):
    _, folder = made
    section = folder.section("attacks")
    for how in ("noise[0.5]", "fakes[0.2]"):
        for figure in ("ndcg@10.change", "ndcg@10.gap.change"):
            finding = next(one for one in section.findings if one.key == f"attacks.{how}.{figure}")
            assert finding.low <= finding.value <= finding.high and np.isfinite(finding.value)
    assert len(section.findings) == len(section.tables[0].rows) == 5
    moved = [finding for finding in section.findings if finding.verdict is Verdict.GAP]
    assert len(section.summary) == 1 + len(moved) and f"{len(moved)} moved" in say(section.summary[0])
    assert "50% noise" in say(section.findings[0].label) and "which" in say(section.notes[0])


def test_an_item_that_is_not_there_and_a_system_that_cannot_be_trained_are_refused(made):
    run, folder = made
    folder.save_settings(run.settings.model_copy(update={"attacks": AttackSettings(target="nothing like it")}))
    with pytest.raises(Refusal, match="no item nothing like it"):
        run_steps(folder, ["attacks"], lambda *news: None)
    chosen = run.settings.recommender.model_copy(update={"saved": str(folder.model)})
    folder.save_settings(run.settings.model_copy(update={"recommender": chosen}))
    with pytest.raises(Refusal):
        run_steps(folder, ["recommender", "attacks"], lambda *news: None)


def test_the_chart_of_shares_counts_percentage_points_as_its_axis_says(made):
    section = made[1].section("attacks")
    found = {finding.key: finding for finding in section.findings}["attacks.fakes[0.2].pushed@10.change"]
    drawn = {chart.key: chart for chart in section.charts}["attacks.points"].series[0]
    assert (drawn.x, drawn.low, drawn.high) == ((100 * found.value,), (100 * found.low,), (100 * found.high,))
    ndcg = {chart.key: chart for chart in section.charts}["attacks.ndcg"].series[0]
    assert ndcg.x[0] == section.findings[0].value
