"""How sturdy the answer is, in plain sentences: what hangs on choices first."""

from __future__ import annotations

from analysis.causal.refute import Refutation
from analysis.causal.robustness.controls import Control
from analysis.causal.robustness.findings import ALPHA, first_reason
from analysis.causal.robustness.shaken import Shaken
from analysis.causal.robustness.specifications import set_letters, set_words
from analysis.finding import Finding, Verdict, amount, signed
from words import Fact, Phrase, listed, phrase

MOSTLY = 0.8
"""Share of the ways that must agree with the answer for it hardly to hang on choices."""
MOST = 0.5
"""Share of the spread that one kind of choice must make for it to be named."""


def summary(s: Shaken, found: tuple[Finding, ...]) -> tuple[Phrase, ...]:
    """The curve, the joint test, the hidden cause, the refutations and the negative controls."""
    refutations = (_refutation(one, s) for one in s.refutations)
    return (*_curve(s), *_joint(s), *_hidden(s), *refutations, *(_control(one, s, found) for one in s.controls))


def notes(s: Shaken, more_sets: int) -> tuple[Phrase, ...]:
    """What counts as defensible, what does not, and what was not computed."""
    said = [phrase(f"robustness.note_{'curve' if s.question.obstacle is None else 'not_identified'}")]
    letters = set_letters(s.asked.sets)
    for place, choice in enumerate(s.asked.sets):
        if place in letters:
            names = listed(map(s.question.said, choice.names))
            said.append(phrase("robustness.note_set", letter=letters[place], names=names))
    if more_sets:
        said.append(phrase("robustness.note_more_sets", count=more_sets))
    skipped = sum(way.estimate is None for way in s.ways)
    if skipped:
        said.append(phrase("robustness.note_not_computed", count=skipped))
    if s.unit == "sd":
        said.append(phrase("robustness.note_scale"))
    if s.joint is not None and s.told is not None and s.joint[2] < len(s.told.values):
        said.append(phrase("robustness.note_joint"))
    if s.model is not None:
        linear: dict[str, Fact] = {"value": signed(s.model.estimate.value, s.frame.unit), "unit": _unit(s.frame.unit)}
        said.append(phrase("robustness.note_linear", **linear))
    if not s.controls:
        said.append(phrase("robustness.note_controls"))
    return tuple(said)


def _curve(s: Shaken) -> tuple[Phrase, ...]:
    if s.told is None:
        return (phrase("robustness.curve_none", count=len(s.ways), reason=first_reason(s)),)
    t = s.told
    count = len(t.values)
    facts: dict[str, Fact] = {"count": count, "unit": _unit(s.unit)}
    facts |= {"low": signed(t.low, s.unit), "high": signed(t.high, s.unit), "median": signed(t.median, s.unit)}
    sure, opposite = round(t.sure * count), round(t.opposite * count)
    if count == 1:
        only = next(way.estimate for way in s.ways if way.estimate is not None)
        limits = {"low": signed(only.low, s.unit), "high": signed(only.high, s.unit)}
        return (phrase("robustness.curve_one", value=signed(only.value, s.unit), unit=_unit(s.unit), **limits),)
    up = (t.median if s.answer is None else s.answer.value) > 0
    sides = {"above": sure if up else opposite, "below": opposite if up else sure, "open": count - sure - opposite}
    if s.answer is None:
        first = phrase("robustness.curve_withheld", **facts, **sides, reason=first_reason(s))
    elif s.answer.low <= 0 <= s.answer.high:
        first = phrase("robustness.curve_open", **facts, **sides)
    elif sure == count:
        first = phrase("robustness.curve_steady", **facts)
    elif t.sure >= MOSTLY and opposite == 0:
        first = phrase("robustness.curve_mostly", **facts, sure=sure)
    else:
        first = phrase("robustness.curve_choice", **facts, sure=sure, opposite=opposite, open=sides["open"])
    return (first, *_moved(s))


def _moved(s: Shaken) -> tuple[Phrase, ...]:
    """The choice that makes most of the spread, where the spread is more than half an interval."""
    if s.told is None or s.answer is None or not s.told.between:
        return ()
    scale = next(scale for way, scale in zip(s.ways, s.scales, strict=True) if way.specification.headline)
    if s.told.high - s.told.low < (s.answer.high - s.answer.low) / scale / 2:
        return ()
    name, share = max(s.told.between.items(), key=lambda entry: entry[1])
    if share < MOST:
        return ()
    return (phrase("robustness.moved", share=amount(share, "share"), what=phrase(f"robustness.moved_{name}")),)


def _joint(s: Shaken) -> tuple[Phrase, ...]:
    if s.joint is None or s.joint[2] < 2:
        return ()
    _, p, count = s.joint
    key = "robustness.joint_sure" if p <= ALPHA else "robustness.joint_open"
    return (phrase(key, count=count, p=amount(p, "p")),)


def _hidden(s: Shaken) -> tuple[Phrase, ...]:
    if s.model is None:
        return ()
    facts: dict[str, Fact] = {"treatment": s.question.treatment_name, "outcome": s.question.outcome_name}
    value = amount(s.model.value, "explained")
    if s.model.bound == 0:
        first = phrase("robustness.hidden_open", **facts, value=value)
    else:
        first = phrase("robustness.hidden", **facts, value=value, bound=amount(s.model.bound, "explained"))
    return (first, *_beside(s))


def _beside(s: Shaken) -> tuple[Phrase, ...]:
    model = s.model
    assert model is not None
    once = next((one.strength for one in s.benchmarks if one.times == 1), None)
    if once is None:
        return () if s.benchmarks else (phrase("robustness.hidden_nothing"),)
    strongest = s.question.said(s.benchmarks[0].name)
    beyond = [s.question.said(one.name) for one in s.benchmarks if one.times == 1 and one.strength is None]
    thrice = next((one.strength for one in s.benchmarks if one.times > 1), None)
    facts: dict[str, Fact] = {
        "name": strongest if beyond else phrase("robustness.strongest", name=strongest),
        "before": signed(model.estimate.value, s.frame.unit),
        "after": signed(model.adjusted(once), s.frame.unit),
        "unit": _unit(s.frame.unit),
    }
    stronger = tuple(phrase("robustness.hidden_beyond", name=name) for name in beyond)
    if thrice is None:
        return (phrase("robustness.hidden_beside_only", **facts), *stronger)
    more = signed(model.adjusted(thrice), s.frame.unit)
    return (phrase("robustness.hidden_beside", **facts, thrice=more), *stronger)


def _refutation(one: Refutation, s: Shaken) -> Phrase:
    room = "robustness" if one.kind in ("dummy_outcome", "bootstrap") else "effects"
    key = f"{room}.{one.kind}_{'stood' if one.stood else 'fell'}"
    unit = s.frame.unit
    return phrase(key, mean=signed(one.mean, unit), low=signed(one.low, unit), high=signed(one.high, unit))


def _control(one: Control, s: Shaken, found: tuple[Finding, ...]) -> Phrase:
    """By its finding, which disclosure may have emptied."""
    name = one.said
    own = next(each for each in found if each.key.endswith(f".control.{one.kind}[{one.name}]"))
    if own.value is None or own.low is None or own.high is None:
        return phrase("robustness.control_none", name=name, reason=own.reason)
    key = f"robustness.control_{one.kind}_{'gap' if own.verdict is Verdict.GAP else 'quiet'}"
    unit = one.frame.unit
    facts: dict[str, Fact] = {"name": name, "value": signed(own.value, unit), "unit": _unit(unit)}
    facts |= {"low": signed(own.low, unit), "high": signed(own.high, unit)}
    facts |= {"treatment": s.question.treatment_name, "outcome": s.question.outcome_name}
    return phrase(key, **facts)


def _unit(unit: str) -> Phrase:
    return phrase(f"units.{unit}")


def way_words(s: Shaken, place: int) -> Phrase:
    """What tells one way from the others: its estimator, and its set and outcome where there are several."""
    own = s.ways[place].specification
    parts: list[Phrase | str] = [phrase(f"robustness.name_{own.estimator}")]
    if len(s.asked.sets) > 1:
        parts.append(set_words(s.asked.sets, own.adjustment, s.question))
    if len(s.asked.outcomes) > 1:
        parts.append(s.asked.outcomes[own.outcome].words)
    key = {1: "one", 2: "two", 3: "three"}[len(parts)]
    return phrase(f"robustness.way_{key}", **dict(zip(("first", "second", "third"), parts, strict=False)))
