"""What is said of whom it works for claims no more than the figures show."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.causal.people import telling
from analysis.causal.people.rule import Leaf, Question
from analysis.finding import Finding, Verdict
from analysis.log import UNKNOWN
from words import phrase

WORDS = phrase("people.everybody")
VOICE: Any = SimpleNamespace(
    base="effect",
    question=SimpleNamespace(said=lambda name: name),
    unit="points",
    settings={},
    facts=lambda: {"treatment": "x", "outcome": "y"},
    limits=lambda one: {"value": "14", "low": "10", "high": "18", "unit": "points"},
    signed=lambda number, unit: str(number),
)


def figure(verdict: Verdict, value: float, low: float | None = None, high: float | None = None, **rest: Any) -> Finding:
    named = {"key": "effect.f", "label": WORDS, "unit": "points", "verdict": verdict, "n": 99, "method": WORDS}
    return Finding.model_validate(named | {"value": value, "low": low, "high": high} | rest)


def test_the_headline_names_the_two_groups_that_differ_and_not_the_noisiest_as_least() -> None:
    gap = figure(Verdict.GAP, -23.8, -31.7, -15.9, key="effect.cate.g.gap.a-b", groups={"a": 1500, "b": 950})
    known = {"cate.g.gap.a-b": gap} | {
        f"cate.g.{name}": figure(Verdict.EFFECT, value) for name, value in (("a", 5.0), ("b", 29.0), ("c", -0.4))
    }
    people: Any = SimpleNamespace(
        average=SimpleNamespace(value=14.0, low=10.0, high=18.0),
        groups=[SimpleNamespace(attribute="g", labels=("a", "b", "c"))],
    )
    (said,) = telling._headline(people, VOICE, known)
    rest: Any = said.facts["rest"]
    assert rest.key == "people.rest_differs" and (rest.facts["a"], rest.facts["b"]) == ("b", "a")


@pytest.mark.parametrize(("low", "said"), [(1.0, "people.rule_helps"), (-12.3, "people.rule_parts")])
def test_those_whom_the_rule_treats_gain_only_where_that_is_shown(
    low: float, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "rule_words", lambda people, voice: WORDS)
    known = {
        "rule.lift": figure(Verdict.EFFECT, 8.0, 4.0, 12.0),
        "rule.treated": figure(Verdict.EFFECT, low + 3, low, low + 6),
        "rule.left": figure(Verdict.EFFECT, -49.0, -55.0, -43.0),
    }
    people: Any = SimpleNamespace(rule=SimpleNamespace(share=0.5), groups=[])
    assert [one.key for one in telling._rule(people, VOICE, known)] == ["people.rule", said]


ABOVE, OLDER, GAPS = Question("age", "most", "30"), Question("age", "most", "60"), Question("age", "is", UNKNOWN)


@pytest.mark.parametrize(
    ("path", "ages", "key"),
    [
        (((ABOVE, False),), [20, 40, np.nan], "people.most_not_known"),
        (((ABOVE, False),), [20, 40, 50], "people.most_not"),
        (((GAPS, False), (ABOVE, False)), [20, 40, np.nan], "people.most_not"),
        (((OLDER, True), (ABOVE, False)), [20, 40, np.nan], "people.most_not"),
        (((ABOVE, True),), [20, 40, np.nan], "people.most"),
    ],
)
def test_a_rule_says_where_those_without_a_value_go(
    path: tuple[tuple[Question, bool], ...], ages: list[float], key: str
) -> None:
    people: Any = SimpleNamespace(study=SimpleNamespace(table=pd.DataFrame({"age": ages})))
    question, answer = path[-1]
    assert telling._limit(people, Leaf(path, True), question, answer, VOICE).key == key
