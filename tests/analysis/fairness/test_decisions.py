"""Rates equal fairlearn's MetricFrame and are guarded where it returns a number for nothing."""

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame, selection_rate, true_positive_rate

from analysis.fairness.bygroup import levels, resample
from analysis.fairness.decisions import decision_measures, impact_ratios, rates, selected
from analysis.fairness.gaps import gaps
from analysis.fairness.infer import InferenceSettings
from analysis.fairness.judge import judged
from analysis.fairness.partition import partition
from analysis.fairness.ranking import Decisions
from analysis.finding import Verdict

SETTINGS = InferenceSettings(replicates=200, permutations=200)


def shop(seed=0, users=120, rows=2000):
    rng = np.random.default_rng(seed)
    people = pd.DataFrame({"gender": rng.choice(["F", "M", "unknown"], users, p=[0.4, 0.5, 0.1])})
    user = rng.integers(0, users, rows).astype(np.int32)
    label = (rng.random(rows) < 0.35).astype(np.int8)
    score = label + rng.normal(0, 1, rows) + 0.3 * (people["gender"].to_numpy()[user] == "M")
    return Decisions(user, label, score), people


def test_rates_by_group_equal_fairlearn():
    decisions, people = shop()
    group = partition(people, ("gender",))
    found = {f.key: f for f in levels(resample(decision_measures(decisions, 120), group, SETTINGS, 1))}
    peer = MetricFrame(
        metrics={"selection": selection_rate, "opportunity": true_positive_rate},
        y_true=decisions.label,
        y_pred=selected(decisions).astype(int),
        sensitive_features=people["gender"].to_numpy()[decisions.user],
    ).by_group
    for name in ("F", "M", "unknown"):
        for figure in ("selection", "opportunity"):
            assert found[f"gender.{figure}.{name}"].value == pytest.approx(peer.loc[name, figure], abs=1e-12)
            assert rates(decisions, group).loc[name, figure] == pytest.approx(peer.loc[name, figure])


def test_as_many_rows_are_picked_as_there_are_positives():
    decisions, _ = shop()
    assert selected(decisions).sum() == decisions.label.sum()


def test_a_group_without_positives_is_not_computed_where_fairlearn_says_nought():
    decisions, people = shop()
    members = people["gender"].to_numpy()[decisions.user] == "F"
    decisions.label[members] = 0
    group = partition(people, ("gender",))
    found = {f.key: f for f in levels(resample(decision_measures(decisions, 120), group, SETTINGS, 1))}
    finding = found["gender.opportunity.F"]
    assert finding.verdict is Verdict.NOT_COMPUTED and finding.reason.key == "fairness.reason.no_positives"
    assert np.isnan(rates(decisions, group).loc["F", "opportunity"])


def test_impact_ratios_are_levels_against_the_highest_group():
    decisions, people = shop()
    group = partition(people, ("gender",))
    found = {f.key: f for f in impact_ratios(decisions, group, frozenset(), SETTINGS, 1)}
    peer = rates(decisions, group)["selection"]
    assert set(found) == {"gender.impact.F", "gender.impact.M"}
    assert found["gender.impact.F"].value == pytest.approx(peer["F"] / peer["M"])
    assert found["gender.impact.M"].value == 1 and {f.verdict for f in found.values()} == {Verdict.MEASURED}


def test_a_group_of_which_nobody_is_picked_shows_no_interval_of_nought_to_nought():
    users = 60
    people = pd.DataFrame({"gender": np.repeat(["F", "M"], users // 2)})
    label = np.tile([0, 1], users // 2).astype(np.int8)
    score = np.where(people["gender"] == "M", label, 0).astype(float)
    decisions = Decisions(np.arange(users, dtype=np.int32), label, score, selected=score)
    found = {f.key: f for f in impact_ratios(decisions, partition(people, ("gender",)), frozenset(), SETTINGS, 1)}
    assert found["gender.impact.F"].value == 0 and found["gender.impact.F"].high is None


def test_one_group_gives_no_gap_of_nought():
    decisions, people = shop()
    group = partition(people.assign(gender="F"), ("gender",))
    headlines, _ = gaps(resample(decision_measures(decisions, 120), group, SETTINGS, 1), {})
    assert {f.verdict for f in judged(headlines)} == {Verdict.NOT_COMPUTED}
