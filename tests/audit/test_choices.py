"""Step `choices` on an audit: the audit's own way is the gap that Disparity shows, rated items are ranked by score."""

from pathlib import Path

import numpy as np
import pytest

from analysis.fairness.choices.settings import ChoiceSettings
from audit.choices import _rated
from audit.kept import kept_lists
from audit.steps import run_steps
from audit.workspace import Workspace
from tests.pages.conftest import small_audit, unwatched
from words import say


def test_the_audits_own_way_is_the_gap_of_disparity_and_each_choice_is_tried(tmp_path: Path) -> None:
    settings = small_audit().model_copy(
        update={"choices": ChoiceSettings(attribute="gender", permutations=100, tops=(5, 10))}
    )
    folder = Workspace(tmp_path).create(settings)
    run = run_steps(folder, ["data", "recommender", "disparity", "choices"], unwatched)
    section, disparity = folder.section("choices"), folder.section("disparity")
    assert section is not None and disparity is not None
    gap = next(f for f in disparity.findings if f.key == "gender.ndcg@10.gap")
    first, second = gap.groups
    ways = next(table for table in section.tables if table.key == "choices.ways")
    at = {column.key: place for place, column in enumerate(ways.columns)}
    rows = [tuple(say(cell) if hasattr(cell, "key") else cell for cell in row) for row in ways.rows]
    usual = {"metric": "NDCG", "K": "10", "who": "groups as recorded", "items": "all held-out items"}
    usual |= {"candidates": "whole catalogue ranked", "model": "the audited recommender"}
    own = [row for row in rows if all(row[at[name]] == value for name, value in usual.items())]
    levels = {f.key: f for f in disparity.findings}
    means = [levels[f"gender.ndcg@10.{group}"] for group in (first, second)]
    both = sum(level.value * level.n for level in means) / sum(level.n for level in means)  # type: ignore[operator]
    assert len(own) == 1 and own[0][at["difference"]] == pytest.approx(-gap.value / both)  # type: ignore[operator]
    assert {row[at["model"]] for row in rows} == {"the audited recommender", "popularity"}
    assert {row[at["candidates"]] for row in rows} == {"whole catalogue ranked", "rated items ranked"}
    lists = _rated(run.composed, kept_lists(run), 10)
    user = int(np.argmax((lists >= 0).sum(axis=1)))
    scores = run.composed.test.assign(score=kept_lists(run).test).query("user == @user").set_index("item")["score"]
    listed = [item for item in lists[user] if item >= 0]
    assert list(scores.loc[listed]) == sorted(scores, reverse=True)[: len(listed)]
