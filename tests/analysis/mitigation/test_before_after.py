"""Before and after one mitigation: judged by the margins, and given the intervals, of the disparity step."""

import numpy as np
import pandas as pd
import pytest

from analysis.fairness.bygroup import resample
from analysis.fairness.gaps import gaps
from analysis.fairness.infer import InferenceSettings
from analysis.fairness.judge import Measure, judged
from analysis.fairness.partition import partition
from analysis.mitigation.before_after import Terms, measure_changes
from words import phrase

WORDS = phrase("fairness.group.all")


def measure(values, relative=False):
    unit = "interactions" if relative else "ndcg"
    return Measure("x", WORDS, unit, np.asarray(values), np.ones(len(values)), WORDS, relative_margin=relative)


def terms(first, second, **settings):
    group = partition(pd.DataFrame({"g": ["a"] * first + ["b"] * second}), ("g",))
    return Terms(group, "x", "tail", 10, 5, InferenceSettings(**settings), 1)


def test_a_relative_margin_is_a_share_of_the_overall_value():
    rng = np.random.default_rng(0)
    popularity = rng.normal(800, 100, 60)
    one, two = measure(popularity, True), measure(popularity + rng.normal(0, 3, 60), True)
    _, changes = measure_changes(one, two, "rerank@1", terms(35, 25, replicates=200, margin=0.01))
    assert [change.margin for change in changes] == pytest.approx([0.01 * popularity.mean()] * 4)
    assert {finding.verdict.value for finding in judged(changes)} == {"equivalent"}
    _, plain = measure_changes(measure(popularity), measure(popularity), "rerank@1", terms(35, 25, margin=0.01))
    assert {change.margin for change in plain} <= {None, 0.01}


def test_a_gap_of_small_groups_has_the_interval_of_the_disparity_step():
    rng = np.random.default_rng(1)
    values, of = rng.random(14), terms(8, 6, replicates=8000, permutations=100)
    levels, _ = measure_changes(measure(values), measure(values**2), "rerank@1", of)
    before = {finding.key: finding for finding in levels}["mitigation.before.g.x.gap"]
    [gap] = judged(gaps(resample([measure(values)], of.group, of.settings, 1), {})[0])
    assert before.value == pytest.approx(gap.value)
    assert [before.low, before.high] == pytest.approx([gap.low, gap.high], abs=0.02)


def test_a_gap_without_spread_has_no_interval():
    values = np.repeat([1.0, 0.0], [8, 6])
    levels, _ = measure_changes(measure(values), measure(values / 2), "rerank@1", terms(8, 6, replicates=100))
    before = {finding.key: finding for finding in levels}["mitigation.before.g.x.gap"]
    assert before.value == 1 and before.low is None and before.reason.key == "fairness.reason.no_spread"
