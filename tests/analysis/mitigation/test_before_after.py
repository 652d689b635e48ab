"""Before and after one mitigation: judged by the margins, and given the intervals, of the disparity step."""

import numpy as np
import pandas as pd
import pytest

from analysis.fairness.bygroup import gaps, resample
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
