"""How a change is said: which way, by how much, with an interval along that way."""

from __future__ import annotations

import pytest

from analysis.finding import Finding, Verdict
from analysis.mitigation.moved import gap_moved, moved, resized
from words import phrase, say


def change(verdict: Verdict = Verdict.GAP, **facts: object) -> Finding:
    words = phrase("mitigation.moved.same")
    named = {"key": "c", "label": words, "unit": "share", "verdict": verdict, "n": 100, "method": words}
    return Finding.model_validate(named | facts)


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        (change(value=0.02, low=0.01, high=0.03), "rises by 2.0% (1.0% to 3.0%)"),
        (change(value=-0.02, low=-0.03, high=-0.01), "falls by 2.0% (1.0% to 3.0%)"),
        # a permutation may be sure of what the interval just is not: then the interval begins on the other side
        (change(value=-0.02, low=-0.041, high=0.001), "falls by 2.0% (-0.1% to 4.1%)"),
        (change(value=-0.25, p_value=0.01), "falls by 25.0% for every user alike"),
        (change(Verdict.CANNOT_TELL, value=-0.02, low=-0.05, high=0.01), "more than chance (-5.0% to 1.0%)"),
        (change(value=0.02, low=0.01, high=0.03, p_value=0.04, p_adjusted=0.2), "by chance alone"),
        (change(Verdict.NOT_COMPUTED, reason=phrase("fairness.reason.unchanged")), "does not change"),
        (change(Verdict.NOT_COMPUTED, reason=phrase("fairness.reason.no_lists")), "cannot be compared"),
        (None, "cannot be compared"),
    ],
)
def test_the_words_follow_the_sign_and_the_certainty(finding: Finding | None, words: str) -> None:
    said = say(moved(finding), "en").replace("\N{MINUS SIGN}", "-")
    assert words in said


def level(value: float, reach: float = 0.02) -> Finding:
    return change(Verdict.MEASURED, value=value, low=value - reach, high=value + reach)


@pytest.mark.parametrize(
    ("before", "after", "reach", "size"),
    [
        (0.05, 0.01, 0.02, -1),
        (-0.05, -0.09, 0.02, 1),
        (0.05, -0.048, 0.022, 0),  # turned round: the sizes differ by 0.002, which is chance
        (0.073, -0.001, 0.02, -1),
        (0.001, -0.073, 0.02, 1),
    ],
)
def test_a_gap_that_turns_round_is_smaller_only_where_that_is_shown(
    before: float, after: float, reach: float, size: int
) -> None:
    apart = after - before
    told = change(value=apart, low=apart - reach, high=apart + reach)
    assert resized(level(before), level(after), told) == size
    assert resized(level(before), level(after), None) == 0
    unsure = change(Verdict.CANNOT_TELL, value=apart, low=apart - 1, high=apart + 1)
    assert resized(level(before), level(after), unsure) == 0


def test_the_variance_of_the_sum_is_that_of_independent_gaps() -> None:
    """Gaps of .05 and -.01, each +- .02 and independent: sum .04 +- .0283, shown; +- .03 each: .04 +- .0424, not."""
    for reach, size in ((0.02, -1), (0.03, 0)):
        both = 2**0.5 * reach
        told = change(value=-0.06, low=-0.06 - both, high=-0.06 + both)
        assert resized(level(0.05, reach), level(-0.01, reach), told) == size


def test_a_minoritys_lead_that_shrinks_falls() -> None:
    narrower = change(value=0.03, low=0.02, high=0.04)
    assert say(gap_moved(level(-0.05), level(-0.02), narrower)) == "falls by 3.0% (2.0% to 4.0%)"
    assert say(gap_moved(level(0.05), level(0.08), narrower)) == "rises by 3.0% (2.0% to 4.0%)"
    assert gap_moved(level(-0.05), None, None).key == "mitigation.moved.unknown"


def test_a_gap_that_grows_while_it_turns_round_does_not_fall() -> None:
    turned = change(value=0.05, low=0.04, high=0.06)
    assert say(gap_moved(level(-0.02), level(0.03), turned)) == "turns round, from 2.0% to 3.0% the other way"
