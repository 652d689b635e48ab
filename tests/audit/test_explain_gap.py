"""The further steps `gap` and `mediation`, through the steps of an audit on the demo shop."""

from collections.abc import Callable

import pytest

from analysis.causal.gap.settings import GapSettings, MediationSettings
from analysis.document import Section
from analysis.ingest import Source
from analysis.simulate import Shop
from audit.settings import AuditSettings, with_all_before
from audit.steps import run_steps
from audit.workspace import AuditFolder, Workspace
from words import say

Made = Callable[..., Section]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> AuditFolder:
    """A shop of 400 with its recommender."""
    settings = AuditSettings(
        data=Source(kind="demo", shop=Shop(users=400, items=96)),
        gap=GapSettings(attribute="gender", replicates=100),
        mediation=MediationSettings(replicates=100),
    )
    made = Workspace(tmp_path_factory.mktemp("gap")).create(settings)
    run_steps(made, (*with_all_before("gap"), "mediation"), lambda *news: None)
    return made


def kept(folder: AuditFolder, step: str) -> Section:
    section = folder.section(step)  # type: ignore[arg-type]
    assert section is not None
    return section


def test_the_gap_in_ndcg_is_the_one_of_the_lists_and_its_parts_sum_to_it(folder: AuditFolder) -> None:
    run_steps(folder, ("disparity",), lambda *news: None)
    found = {one.key: one for one in kept(folder, "gap").findings}
    judged = {one.key: one for one in kept(folder, "disparity").findings}
    whole = found["why.gender.ndcg@10.gap"]
    assert whole.value == pytest.approx(judged["gender.ndcg@10.gap"].value, abs=1e-9)
    parts = [found[f"why.gender.ndcg@10.{name}"].value or 0.0 for name in ("direct", "indirect", "spurious")]
    assert sum(parts) == pytest.approx(whole.value, abs=1e-9)


def test_activity_popularity_and_exposure_lie_in_between_by_themselves(folder: AuditFolder) -> None:
    section = kept(folder, "gap")
    assert section.facts["mediators"] == ["activity", "treatment", "popularity"]
    assert section.facts["confounders"] == ["age"]
    assert any("as good as the graph" in say(one) for one in section.summary)


@pytest.mark.parametrize("gap_in", ["hit", "popularity", "lift", "longtail", "shown", "outcome"])
def test_every_outcome_can_be_taken_apart(folder: AuditFolder, gap_in: str) -> None:
    settings = folder.settings()
    folder.save_settings(settings.model_copy(update={"gap": settings.gap.model_copy(update={"gap_in": gap_in})}))
    run_steps(folder, ("gap",), lambda *news: None)
    section = kept(folder, "gap")
    whole, *rest = section.findings
    assert whole.value is not None and len(rest) >= 3


def test_the_effect_of_promotion_runs_in_part_through_the_slot(folder: AuditFolder) -> None:
    section = kept(folder, "mediation")
    assert section.facts["mediators"] == ["position"]
    assert {one.key for one in section.findings} == {"mediation.te", "mediation.nie", "mediation.nde"}


def test_a_whole_run_and_the_report_take_them_in_when_named() -> None:
    settings = AuditSettings(further=("gap", "mediation"))
    assert settings.steps.index("gap") > settings.steps.index("disparity")
    assert {"gap", "mediation"} <= set(settings.steps)
