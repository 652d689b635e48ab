"""What a reader is warned of beside a gap: every warning that applies, whatever else is said of it."""

from dataclasses import replace

from analysis.fairness.judge import Comparison, judge
from analysis.finding import Verdict, warns
from words import phrase

WORDS = phrase("fairness.group.all")
BOUNDS = phrase("fairness.reason.unknown", attribute="gender", low="-0.1", high="0.3")
GAP = Comparison(
    "a.x.gap", WORDS, "ndcg", 50, WORDS, {}, {}, 1, value=0.1, limits=(0.05, 0.2), inner=(0.06, 0.19), p=0.01
)


def test_bounds_and_the_warning_of_many_looks_are_both_said():
    found = judge(replace(GAP, reason=BOUNDS), 0.2)
    assert found.verdict is Verdict.GAP
    assert warns(found, "fairness.reason.unknown") and warns(found, "fairness.reason.many")
    assert judge(replace(GAP, reason=BOUNDS), 0.01).reason == BOUNDS


def test_a_small_gap_that_may_be_chance_has_both_warnings():
    found = judge(replace(GAP, margin=0.3), 0.2)
    assert warns(found, "fairness.reason.small") and warns(found, "fairness.reason.many")
