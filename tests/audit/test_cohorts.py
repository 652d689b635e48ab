"""Cohorts in an audit: kept in audit.toml, compared and judged by Disparity, asked about by Effects."""

from pathlib import Path

import pytest

from analysis.cohorts import Cohort, Condition
from audit.settings import AuditSettings, step_digests
from audit.steps import run_steps
from audit.workspace import Workspace, read_settings, settings_toml
from tests.pages.conftest import small_audit, unwatched
from words import Refusal, say

MEN = Cohort(name="Men", where=(Condition(column="gender", values=("men",)),), compared=False)
YOUNG = Cohort(name="Young", where=(Condition(column="age", values=("18-24", "25-34")),))
TEA = Cohort(name="Tea", where=(Condition(column="category", values=("tea", "coffee")),))


def test_cohorts_are_read_back_from_audit_toml_as_they_were_written(tmp_path: Path) -> None:
    settings = AuditSettings(cohorts=(MEN, YOUNG, TEA), scope="Men", population="Tea")
    (tmp_path / "audit.toml").write_bytes(settings_toml(settings))
    assert read_settings(tmp_path / "audit.toml") == settings
    with pytest.raises(ValueError, match="names no cohort"):
        AuditSettings(scope="Women")


def test_a_cohort_that_nothing_uses_makes_no_result_stale() -> None:
    plain, more = step_digests(AuditSettings()), step_digests(AuditSettings(cohorts=(MEN,)))
    assert plain == more
    about = step_digests(AuditSettings(cohorts=(MEN,), population="Men"))
    assert about["effects"] != plain["effects"] and about["disparity"] == plain["disparity"]
    judged = step_digests(AuditSettings(cohorts=(MEN,), scope="Men"))
    assert judged["disparity"] != plain["disparity"] and judged["effects"] == plain["effects"]


def test_disparity_compares_cohorts_and_judges_the_scope_and_effects_are_about_the_population(tmp_path: Path) -> None:
    settings = small_audit().model_copy(update={"cohorts": (MEN, YOUNG, TEA), "scope": "Men", "population": "Tea"})
    folder = Workspace(tmp_path).create(settings)
    run = run_steps(folder, ["data", "graph", "effects", "recommender", "disparity"], unwatched)
    section, users = folder.section("disparity"), run.dataset.users
    assert section is not None
    found = {finding.key: finding for finding in section.findings}
    men = users["gender"] == "men"
    young = men & users["age"].isin(("18-24", "25-34"))
    assert found["all.length"].n == men.sum()
    assert found["cohort Young.length.Young"].n == young.sum()
    assert found["cohort Young.length.others"].n == (men & ~young).sum()
    assert "cohort Men.length.Men" not in found and not any("*cohort" in key for key in found)
    assert any("Only people of the cohort Men" in say(note) for note in section.notes)
    effects = folder.section("effects")
    assert effects is not None and "rows of the cohort Tea alone" in say(effects.summary[-1])
    tea = run.dataset.items["category"].isin(("tea", "coffee"))
    rows = run.dataset.log["item"].isin(tea[tea].index).sum()
    naive = next(finding for finding in effects.findings if finding.key == "effect.naive")
    assert naive.n in (rows, run.population.log["user"].nunique())


def test_a_scope_of_too_few_people_is_refused(tmp_path: Path) -> None:
    few = Cohort(name="Few", where=(Condition(column="age", values=("nobody",)),))
    settings = small_audit().model_copy(update={"cohorts": (few,), "scope": "Few"})
    with pytest.raises(Refusal, match="fewer than 10"):
        run_steps(Workspace(tmp_path).create(settings), ["data", "recommender", "disparity"], unwatched)
