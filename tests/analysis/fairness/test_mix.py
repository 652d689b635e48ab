"""Distances between mixes equal hand computations and a dense second way; equal mixes are 0; gaps turn with groups."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import entropy

from analysis.fairness.disparity import DisparitySettings, disparity_section
from analysis.fairness.mix import calibration, calibration_measures, ndkl, ndkl_measures
from analysis.finding import Verdict
from tests.analysis.fairness.lists import ranking
from words import LANGUAGES, say

TWO = np.array([0, 0, 1, 1])
CHOSEN = DisparitySettings(
    replicates=200, permutations=200, intersections=False, figures=("map", "calibration", "ndkl")
)


def test_calibration_worked_by_hand():
    past = sp.csr_matrix([[1, 1, 1, 5], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]])
    lists = np.array([[0, 1, 2, -1], [2, 3, -1, -1], [1, -1, -1, -1], [0, -1, -1, -1], [-1, -1, -1, -1]], np.int32)
    distance, counted = calibration(lists, past, TWO)
    mixed = 0.99 * np.array([2 / 3, 1 / 3]) + 0.01 * 0.5
    assert distance[0] == pytest.approx(0.5 * np.log(0.5 / mixed[0]) + 0.5 * np.log(0.5 / mixed[1]))
    assert distance[1] == pytest.approx(np.log(100))  # nothing in common
    assert distance[2] == 0.0  # the same mix, by another item
    assert counted.tolist() == [True, True, True, False, False]


def test_calibration_equals_the_dense_formula_and_ignores_order_and_names():
    rng = np.random.default_rng(2)
    value = rng.integers(0, 6, 30)
    past = sp.csr_matrix(rng.random((50, 30)) < 0.3)
    lists = np.argsort(rng.random((50, 30)), axis=1)[:, :8].astype(np.int32)
    found = calibration(lists, past, value)[0]
    p = np.array([np.bincount(value[row.indices], minlength=6) / row.nnz for row in past])
    q = np.array([np.bincount(value[row], minlength=6) / 8 for row in lists])
    assert found == pytest.approx(entropy(p, 0.99 * q + 0.01 * p, axis=1))
    assert calibration(lists[:, ::-1], past, 5 - value)[0] == pytest.approx(found)


def test_ndkl_worked_by_hand_and_by_a_second_way():
    first, second = np.log(2), 0.0  # {a}: log(1 / .5); {a, b}: the catalogue's own mix
    v = 1 / np.log2([2, 3])
    found, counted = ndkl(np.array([[0, 2], [3, -1], [-1, -1]], np.int32), TWO)
    assert found == pytest.approx([(v[0] * first + v[1] * second) / v.sum(), np.log(2), 0.0])
    assert counted.tolist() == [True, True, False]
    rng = np.random.default_rng(3)
    value = np.concatenate([np.arange(5), rng.integers(0, 5, 35)])
    lists = np.argsort(rng.random((20, 40)), axis=1)[:, :9].astype(np.int32)
    whole, weight = np.bincount(value), 1 / np.log2(np.arange(2, 11))
    slow = (
        [[entropy(np.bincount(value[row[: r + 1]], minlength=5), whole) for r in range(9)] for row in lists]
        @ weight
        / weight.sum()
    )
    assert ndkl(lists, value)[0] == pytest.approx(slow)


def test_ndkl_of_one_value_is_nothing_and_spreading_early_is_better():
    assert ndkl(np.array([[0, 1, 2]], np.int32), np.zeros(4, np.intp))[0][0] == 0.0
    found = ndkl(np.array([[0, 2, 1, 3], [0, 1, 2, 3]], np.int32), TWO)[0]
    assert found[0] < found[1]


def test_calibration_needs_a_past():
    shown = ranking([[0, 1]], [[1, 0, 0, 0]], item_groups={"category": list("aabb")})
    assert calibration_measures(shown, 2, "category") == []
    assert ndkl_measures(shown, 2, "category")[0].name == "ndkl[category]"


def planted(names, seed=0):
    """200 users a group; the first group's lists follow the past, the second's have category b in every place."""
    rng = np.random.default_rng(seed)
    value = np.array(["a", "b"])[np.arange(40) % 2]
    group = np.repeat(names, 200)
    lists = np.array([rng.permutation(40)[:5] for _ in group])
    lists[200:] = np.array([1 + 2 * rng.permutation(20)[:5] for _ in range(200)])
    past = sp.csr_matrix(rng.random((400, 40)) < 0.5)
    wanted = np.eye(40)[rng.integers(0, 40, 400)]
    return ranking(lists, wanted, {"gender": group}, {"category": value}, profile=past)


def test_they_stand_in_the_section_by_group_with_interval_gap_and_words():
    section = disparity_section(planted(["F", "M"]), None, None, CHOSEN, 10, 1)
    found = {finding.key: finding for finding in section.findings}
    for figure in ("calibration[category]", "ndkl[category]"):
        gap, level = found[f"gender.{figure}.gap"], found[f"gender.{figure}.F"]
        assert gap.verdict is Verdict.GAP and gap.low < gap.value < gap.high < 0
        assert level.low < level.value < level.high and level.unit == "nats"
    assert found["gender.map@5.gap"].low is not None
    for language in LANGUAGES:
        assert all(say(text, language) for text in (*section.summary, *(f.label for f in section.findings)))


def test_exchanging_the_groups_turns_the_sign_of_the_gap():
    one, two = (
        {f.key: f for f in disparity_section(planted(names), None, None, CHOSEN, 10, 1).findings}
        for names in (["F", "M"], ["M", "F"])
    )
    for figure in ("calibration[category]", "ndkl[category]"):
        gaps = [found[f"gender.{figure}.gap"] for found in (one, two)]
        ordered = [gap.value * (1 if list(gap.groups)[0] == "F" else -1) for gap in gaps]
        assert ordered[0] == pytest.approx(-ordered[1])
