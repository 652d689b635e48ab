"""Cohorts in an audit: kept in audit.toml, compared and judged by Disparity, asked about by Effects."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from analysis.cohorts import Cohort, Condition
from analysis.ingest import Source
from analysis.log import Dataset, Roles
from analysis.report.content import content
from analysis.simulate import Shop
from audit.__main__ import parser
from audit.cohorts import judged
from audit.commands import _about
from audit.settings import AuditSettings, step_digests
from audit.settings_file import read_settings, settings_toml
from audit.steps import run_steps
from audit.workspace import Workspace
from tests.analysis.fairness.lists import ranking
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
    assert judged["disparity"] != plain["disparity"] and judged["effects"] != plain["effects"]
    assert judged["recommender"] == plain["recommender"] and judged["effects"] != about["effects"]


def test_disparity_compares_cohorts_and_judges_the_scope_and_effects_are_about_the_population(tmp_path: Path) -> None:
    chosen = {"cohorts": (MEN, YOUNG, TEA), "scope": "Men", "population": "Tea"}
    shop = Source(kind="demo", shop=Shop(users=400, items=48))
    settings = small_audit().model_copy(update={"data": shop, **chosen})
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
    assert "Only people of the cohort Men" in say(section.summary[-1])
    effects = folder.section("effects")
    assert effects is not None and "rows of the cohort Tea alone" in say(effects.summary[-1])
    tea = run.dataset.items["category"].isin(("tea", "coffee"))
    rows = run.dataset.log["item"].isin(tea[tea].index).sum()
    naive = next(finding for finding in effects.findings if finding.key == "effect.naive")
    assert naive.n in (rows, run.population.log["user"].nunique())


def test_every_step_says_whom_it_is_about_and_mitigation_judges_the_scope(tmp_path: Path) -> None:
    settings = small_audit().model_copy(update={"cohorts": (MEN,), "scope": "Men", "further": ("leakage", "gap")})
    folder = Workspace(tmp_path).create(settings)
    run = run_steps(folder, settings.steps, unwatched)
    men = int((run.dataset.users["gender"] == "men").sum())
    document = folder.document()
    found = document.findings()
    assert found["mitigation.before.all.ndcg@10"].n <= men == found["all.length"].n
    assert found["mitigation.before.all.ndcg@10"].value == pytest.approx(found["all.ndcg@10"].value)
    assert found["mitigation.rerank@1.gender.ndcg@10.men"].n == found["all.ndcg@10"].n
    assert found["recommender.ndcg@10.ease"].n > found["all.ndcg@10"].n
    rows = run.dataset.log["user"].map(run.dataset.users["gender"] == "men").sum()
    assert len(run.population.log) == rows and set(run.population.users["gender"]) == {"men"}
    last = {section.step: section.summary[-1].key for section in document.sections}
    assert {last.pop(step) for step in ("disparity", "mitigation", "leakage", "gap")} == {"cohort.scope"}
    assert last.pop("effects") == "cohort.all_rows" and set(last.values()) == {"cohort.everybody"}
    told = content(document, "en")
    assert "gap" not in {row.word for part in told.parts for row in part.findings if row.key.endswith(".change")}
    said = told.about
    assert len(said) == 2 and all(f"{men} people" in words for words in said)
    assert (folder.path / "report.html").read_text().count(said[0]) >= 2
    own = run.dataset.log[run.dataset.log["user"].map(run.dataset.users["gender"] == "men")]
    shown = own["treatment"].astype(int) == 1
    by_hand = own.loc[shown, "outcome"].mean() - own.loc[~shown, "outcome"].mean()
    assert found["effect.naive"].value == pytest.approx(by_hand)
    folder.save_settings(settings.model_copy(update={"scope": None}))
    run_steps(folder, ["disparity"], unwatched)
    of_all = {one.key: one for one in (folder.section("disparity") or document.sections[0]).findings}
    for figure in ("ndcg@10", "length", "popularity"):
        assert found[f"all.{figure}"].value == pytest.approx(of_all[f"gender.{figure}.men"].value)


def test_the_command_line_names_scope_and_population_in_place_of_audit_toml(tmp_path: Path) -> None:
    settings = AuditSettings(cohorts=(MEN, TEA), scope="Men")
    assert _about(settings, {"scope": "Tea", "population": "Men"}).scope == "Tea"
    assert parser().parse_args(["run", "a.toml", "-o", "out", "--scope", "Tea"]).scope == "Tea"
    with pytest.raises(Refusal, match="no cohort Women; there are: Men, Tea"):
        _about(settings, {"scope": "Women"})


def test_a_scope_of_too_few_people_is_refused(tmp_path: Path) -> None:
    few = Cohort(name="Few", where=(Condition(column="age", values=("nobody",)),))
    settings = small_audit().model_copy(update={"cohorts": (few,), "scope": "Few"})
    with pytest.raises(Refusal, match="fewer than 10"):
        run_steps(Workspace(tmp_path).create(settings), ["data", "recommender", "disparity"], unwatched)


def test_a_cohort_beside_which_few_women_with_a_list_remain_is_not_compared() -> None:
    """Of 20 women outside the cohort 4 have a list: their popularity followed from all women's and the cohort's."""
    users = np.arange(300)
    frame = pd.DataFrame(
        {"gender": np.where(users < 150, "women", "men"), "tea": np.where(users < 130, "yes", "no")},
        index=pd.Index([f"u{user}" for user in users], name="user"),
    )
    log = pd.DataFrame({"user": frame.index, "item": "i0", "part": "train"})
    items = pd.DataFrame(index=pd.Index(["i0"]))
    dataset = Dataset(log, frame, items, Roles(user="user", item="item", sensitive=("gender",)), "0" * 64)
    lists = np.where(((users >= 130) & (users < 146))[:, None], -1, np.tile(np.arange(3), (300, 1)))
    frequent = Cohort(
        name="Frequent",
        match="any",
        where=(Condition(column="tea", values=("yes",)), Condition(column="gender", values=("men",))),
    )
    settings = AuditSettings(cohorts=(frequent,), k=10)
    run = SimpleNamespace(settings=settings, dataset=dataset)
    shown = ranking(lists, np.ones((300, 3)), {"gender": frame["gender"].to_numpy()})
    found = judged(run, replace(shown, user_ids=np.array(frame.index, str)), None, None)
    assert frequent.attribute not in found.ranking.attributes and len(found.notes) == 1
