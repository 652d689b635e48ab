"""How a change is said: which way, by how much, with an interval along that way."""

from __future__ import annotations

import pytest

from analysis.finding import Finding, Verdict
from analysis.mitigation.moved import moved
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
