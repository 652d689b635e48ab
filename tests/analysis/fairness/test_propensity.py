"""What is said of propensities and weights: against sklearn, by hand, and where there is nothing to say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.metrics import roc_auc_score

from analysis.document import Section
from analysis.fairness.propensity import (
    Check,
    Judged,
    Removal,
    balance,
    calibration,
    calibration_miss,
    effective_share,
    exposure_auc,
    verdict_said,
    with_propensities,
)
from analysis.finding import Finding, Verdict
from words import phrase, say

USERS, ITEMS = 60, 40


def judged(seed: int = 0, tilt: float = 1.0) -> Judged:
    """Every cell, seen with its chance; `tilt` other than 1 makes the chances wrong."""
    rng = np.random.default_rng(seed)
    chance = rng.uniform(0.02, 0.6, USERS * ITEMS)
    user = np.repeat(np.arange(USERS, dtype=np.int32), ITEMS)
    return Judged(user, rng.random(len(chance)) < chance, chance**tilt, np.ones(len(chance)))


def removal(**other: Any) -> Removal:
    """Women's coats are shown to women alone; two in three rows are of women."""
    women = np.arange(6) < 3
    user = np.array([0, 1, 2, 3, 4, 0, 1, 2, 5], np.int32)
    item = np.array([0, 1, 0, 2, 3, 1, 0, 1, 2], np.int32)
    made: dict[str, Any] = {
        "user": user,
        "item": item,
        "weight": np.where(women[user], 0.5, 1.0),
        "clipped": np.arange(len(user)) == 0,
        "cells": None,
        "x": sp.csr_matrix(women[:, None].astype(float)),
        "z": sp.csr_matrix((np.arange(4) < 2)[:, None].astype(float)),
        "x_names": ("gender=women",),
        "z_names": ("for=women",),
    }
    return Removal(**{**made, **other})


def test_the_auc_is_sklearns_and_its_interval_holds_it():
    cells = judged()
    value, low, high = exposure_auc(cells, 0)
    assert value == pytest.approx(roc_auc_score(cells.seen, cells.chance), abs=2e-3)
    assert low < value < high < low + 0.1


def test_a_drawn_cell_counts_for_those_it_stands_for():
    cells = judged()
    count = np.where(cells.seen, 1.0, 3.0)
    value, _, _ = exposure_auc(Judged(cells.user, cells.seen, cells.chance, count), 0)
    assert value == pytest.approx(roc_auc_score(cells.seen, cells.chance, sample_weight=count), abs=2e-3)
    expected, actual, seen = calibration(Judged(cells.user, cells.seen, cells.chance, count))[-1]
    top = cells.chance >= np.sort(cells.chance)[-seen]
    assert actual < cells.seen[top].mean() and expected > 0.5


def test_right_propensities_mean_what_they_say_and_wrong_ones_do_not():
    assert calibration_miss(judged()) < 0.05 < calibration_miss(judged(tilt=2.0))


def test_kishs_share_by_hand():
    assert effective_share(np.array([1.0, 1.0])) == 1
    assert effective_share(np.array([1.0, 3.0])) == pytest.approx(16 / 10 / 2)


def test_balance_by_hand():
    rows = {name: (before, after) for name, before, after in balance(removal())}
    assert rows["gender=women"] == pytest.approx(((6 / 9 - 0.5) / 0.5, (3 / 6 - 0.5) / 0.5))
    assert rows["for=women"] == pytest.approx(((6 / 9 - 0.5) / 0.5, 0.0))
    spread = np.sqrt(0.25 * 0.75)
    assert rows["gender=women × for=women"] == pytest.approx(((6 / 9 - 0.25) / spread, (3 / 6 - 0.25) / spread))


def test_the_section_says_what_was_done_in_both_languages():
    section = with_propensities(Section(step="recommender", summary=()), removal(cells=judged()), None, 1, 0)
    found = {finding.key.rsplit(".", 1)[1]: finding for finding in section.findings}
    assert found["effective"].value == pytest.approx(6**2 / 4.5 / 9)
    assert found["clipped"].value == pytest.approx(1 / 9)
    assert found["unbalanced"].value > found["balanced"].value
    assert found["auc"].low < found["auc"].value < found["auc"].high
    assert [table.key.rsplit(".", 1)[1] for table in section.tables] == ["calibration", "balance"]
    assert say(section.summary[0], "en") != say(section.summary[0], "zh")


def test_without_a_model_of_exposure_it_is_not_judged():
    section = with_propensities(Section(step="recommender", summary=()), removal(), None, 1, 0)
    found = {finding.key.rsplit(".", 1)[1]: finding for finding in section.findings}
    assert found["auc"].verdict is Verdict.NOT_COMPUTED and found["calibration"].verdict is Verdict.NOT_COMPUTED


def test_few_rows_left_are_said_to_be_few():
    heavy = np.ones(9)
    heavy[0] = 1e4
    section = with_propensities(Section(step="recommender", summary=()), removal(weight=heavy), None, 1, 0)
    assert "hangs on few rows" in say(section.summary[0], "en")


@pytest.mark.parametrize(("p", "auc", "word"), [(0.5, 0.8, "reproduces"), (0.05, 0.8, "fails"), (0.5, 0.5, "fails")])
def test_a_confounder_whose_check_fails_is_not_to_be_trusted(p, auc, word):
    section = with_propensities(Section(step="recommender", summary=()), None, Check(p, auc), 1, 0)
    assert word in say(section.summary[0], "en")


@pytest.mark.parametrize(
    ("value", "low", "high", "verdict", "word"),
    [
        (0.02, 0.01, 0.03, Verdict.GAP, "raised"),
        (-0.02, -0.03, -0.01, Verdict.GAP, "lowered"),
        (0.01, -0.01, 0.03, Verdict.CANNOT_TELL, "not shown to help"),
    ],
)
def test_whether_it_helped_is_said_with_its_interval(value, low, high, verdict, word):
    gap = Finding(
        key="x",
        label=phrase("models.name.mf"),
        unit="ndcg",
        verdict=verdict,
        value=value,
        low=low,
        high=high,
        n=50,
        method=phrase("models.fitted"),
    )
    assert word in say(verdict_said(gap, True, 10)[0], "en")
    assert "randomised exposure can tell" in say(verdict_said(gap, False, 10)[1], "en")


def test_the_balance_tells_nothing_of_few_people():
    """Three people of another gender: how often rows show them something, less how often the whole table does."""
    gender = np.repeat(["men", "women", "other"], [30, 20, 3])
    names = ("gender=men", "gender=other", "gender=women", "age=old", "age=young")
    old = np.arange(53) % 2
    x = np.column_stack([*((gender == name[7:]) for name in names[:3]), old, 1 - old]).astype(float)
    user = np.arange(106, dtype=np.int32) % 53
    rows = {"user": user, "item": user % 4, "weight": np.ones(106), "clipped": np.zeros(106, bool)}
    shown = with_propensities(
        Section(step="recommender", summary=()), removal(x=sp.csr_matrix(x), x_names=names, **rows), None, 10, 0
    )
    [table] = [table for table in shown.tables if table.key.endswith("balance")]
    said = " ".join(str(row[0]) for row in table.rows)
    assert "age=old" in said and "gender=men" in said
    assert "gender=other" not in said and "gender=women" not in said  # who would give the three away
