"""The simulated loop's figures: by hand, and intervals that hold what they promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.feedback.section import Followed, feedback_section
from analysis.feedback.worlds import FIGURES, World, mean_of
from analysis.finding import Verdict
from words import LANGUAGES, say

CHANCE = np.array([[0.8, 0.4, 0.0], [0.2, 0.6, 1.0], [0.5, 0.5, 0.5]])
WORLD = World(CHANCE, np.array([1, 0, -1]), np.array([False, False, True]))


def test_the_figures_of_lists_by_hand():
    lists = np.array([[0, 1], [2, -1], [0, 1]], np.int32)
    found = dict(zip(FIGURES, WORLD.figures(lists), strict=True))
    assert found["clicks"] == pytest.approx((0.6 + 1.0 + 0.5) / 3)
    assert found["gap"] == pytest.approx(0.6 - 1.0)
    assert found["tail"] == pytest.approx(1 / 5)
    assert found["variety"] == 1


def test_a_listed_item_is_clicked_where_luck_is_under_its_chance():
    user, item = WORLD.clicked(np.array([[0, 1], [2, -1], [1, 0]], np.int32), np.full((3, 3), 0.5))
    assert list(zip(user, item, strict=True)) == [(0, 0), (1, 2)]


def followed(effect, users=100, repetitions=8, seed=1):
    """Loops whose long tail is changed by `effect` [rounds]."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0.3, 0.002, (repetitions, 2, len(effect), len(FIGURES)))
    values[:, 1, :, FIGURES.index("tail")] += effect
    return Followed(values, "rerank", 1.0, {"men": 60, "women": 40}, users, seed)


@pytest.mark.parametrize(
    ("effect", "said"),
    [
        ([0.2, 0.2, 0.2], "The mend lasts."),
        ([0.2, 0.15, 0.1], "The mend fades."),
        ([0.2, 0.25, 0.3], "The mend grows."),
        ([0.2, 0.1, 0.0], "The mend does not last."),
        ([0.0, 0.0, 0.0], "There is no mend to follow"),
        ([-0.2, -0.2, -0.2], "This is no mend"),
    ],
)
def test_what_becomes_of_the_mend_is_said(effect, said):
    section = feedback_section(followed(effect))
    assert say(section.summary[0]).startswith(said)
    found = {finding.key: finding for finding in section.findings}
    assert found["feedback.change.tail.last"].value == pytest.approx(effect[-1], abs=0.005)
    assert (found["feedback.change.tail.first"].verdict is Verdict.GAP) == (effect[0] != 0)
    for language in LANGUAGES:
        assert all("{" not in say(one, language) for one in (*section.summary, *section.notes))


@pytest.mark.parametrize(
    ("gap", "said"), [(-0.1, "The mend lasts."), (0.1, "This is no mend"), (-0.01, "This is no mend")]
)
def test_a_gap_that_widens_or_turns_into_a_larger_one_is_no_mend(gap, said):
    """The mitigation moves the gap by +0.05."""
    loops = followed([0.0, 0.0, 0.0])
    at = FIGURES.index("gap")
    loops.values[..., at] += gap - 0.3
    loops.values[:, 1, :, at] += 0.05
    section = feedback_section(replace(loops, mend="utility"))
    assert say(section.summary[0]).startswith(said) and "{" not in say(section.summary[0], "zh")


def test_a_last_round_that_shows_nothing_is_no_proof_that_the_mend_is_gone():
    loops = followed([0.05, 0.05, 0.045])
    loops.values[:, 1, -1, FIGURES.index("tail")] += np.tile([-0.08, 0.08], 4)
    section = feedback_section(loops)
    assert say(section.summary[0]).startswith("Whether the mend lasts cannot be told.")
    assert "{" not in say(section.summary[0], "zh")


def test_intervals_over_repetitions_hold_the_truth_in_95_of_100():
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(2000):
        low, high = mean_of(rng.normal(0.1, 0.05, 6)).limits()
        held += low <= 0.1 <= high
    assert 0.94 < held / 2000 < 0.965


def test_a_change_that_never_varies_is_as_sure_as_can_be_and_none_is_none():
    assert mean_of(np.full(5, 0.2)).p < 1e-100
    assert mean_of(np.zeros(5)).p == 1.0
