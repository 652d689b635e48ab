"""A Finding: the only form in which Evenhand lets a figure out (metrics are defined in docs/metrics.md)."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from words import Fact, Phrase, phrase

JSON = bool | int | float | str | None | list[Any] | dict[str, Any]
Test = Literal["", "welch", "permutation"]
"""What a p-value comes from; none named: as `method` says."""


class Verdict(StrEnum):
    """What a figure lets one say."""

    GAP = "gap"
    """A difference between groups whose interval (or corrected p-value) excludes no-difference."""
    EFFECT = "effect"
    """A causal effect whose interval excludes none."""
    EQUIVALENT = "equivalent"
    """Two one-sided tests inside the analyst's margin."""
    CANNOT_TELL = "cannot tell"
    """Neither; `smallest_detectable` says what these data could have shown."""
    MEASURED = "measured"
    """A level (one group's mean, a share) with its interval: it compares nothing, so claims nothing."""
    SUPPRESSED = "suppressed"
    """Rests on fewer people than the disclosure threshold, or would reveal such a cell by subtraction."""
    NOT_COMPUTED = "not computed"
    """Undefined on these data; `reason` says why and what to do. Never 0, None or NaN on a screen."""


CHANGE_WORDS = frozenset({"gap", "cannot_tell"})
"""Verdicts that read otherwise where no groups are compared: changed, no change shown; differ, no difference shown."""
_SIDES = (("first", "second"), ("a", "b"))
"""Names under which labels hold the two groups of a difference."""
VALUELESS = frozenset({Verdict.SUPPRESSED, Verdict.NOT_COMPUTED})
COUNTED = frozenset({"rows", "items", "interactions", "ranks", "users", "pairs", "providers", "prompts", "logs"})
"""Units of things that are counted."""
BRACKETED = frozenset({"auc", "epsilon", "own", "ratio", "score", "similarity", "strength"})
"""Units whose words stand in brackets behind a number."""
_DIFFERENT = frozenset({"gap", "change", "direct", "indirect", "spurious", "excess", "through"})
"""Parts of a key that say that one thing was taken from another."""
_CAUSAL = frozenset({"effect", "people", "mediation", "structure", "robustness", "trust"})
"""First parts of the keys of causal figures, of which all that are judged against none are differences."""
_UNSIGNED = frozenset({"auc", "epsilon", "strength", "nats"})
"""Units of what cannot fall below none."""


class Finding(BaseModel):
    """One figure with all that is needed to sign it.

    value, low, high: in `unit`, all finite, or all None when the verdict is `suppressed` or
    `not computed`. `low <= value <= high`, the limits of the `level` (0.95) interval; None where a figure has no
    valid interval (a max-min gap over three groups: see `p_value`).
    """

    model_config = ConfigDict(frozen=True)

    key: str
    """Address, unique in an audit: ``attribute.figure[.group-or-pair][.part]``, e.g. ``gender.ndcg@10.gap``."""
    label: Phrase
    """What it is, in plain words."""
    unit: str
    """Catalogue key under ``units.``: ``share``, ``points``, ``ndcg``, ``rating``, ``count``, ``ratio`` ..."""
    verdict: Verdict
    value: float | None = None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    n: int
    """People (or, where `n_unit` says so, rows) the figure rests on; after suppression 0."""
    n_unit: str = "users"
    n_effective: float | None = None
    """Kish's effective sample size where rows are weighted."""
    groups: dict[str, int] = {}
    """n of each group compared; in no order that lasts (files sort names): `sides` says which is first."""
    p_value: float | None = None
    p_adjusted: float | None = None
    """Benjamini-Hochberg over the table this figure is shown in."""
    test: Test = ""
    margin: float | None = None
    smallest_detectable: float | None = None
    """(z.975 + z.80) * standard error: what these data could have shown with 80% power."""
    reason: Phrase | None = None
    """Why there is no value and what to do; or a warning that belongs to the value."""
    method: Phrase
    """How the value and its interval were made, in one sentence."""
    settings: dict[str, JSON] = {}
    seed: int | None = None

    @property
    def sides(self) -> tuple[Fact, Fact] | None:
        """The two groups of a difference as its label names them, first minus second; None for any other figure."""
        if len(self.groups) != 2:
            return None
        for first, second in _SIDES:
            if first in self.label.facts and second in self.label.facts:
                return self.label.facts[first], self.label.facts[second]
        return None

    @model_validator(mode="after")
    def _whole(self) -> Finding:
        valueless = self.verdict in VALUELESS
        if valueless != (self.value is None):
            raise ValueError(f"{self.key}: verdict {self.verdict} with value {self.value}")
        if valueless and (self.low is not None or self.high is not None or self.p_value is not None):
            raise ValueError(f"{self.key}: {self.verdict} figures carry no interval and no p-value")
        if valueless and self.reason is None:
            raise ValueError(f"{self.key}: {self.verdict} needs its reason")
        for number in (self.value, self.low, self.high, self.smallest_detectable, self.p_value):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"{self.key}: {number} is not a figure; use not_computed")
        ends = [end for end in (self.low, self.value, self.high) if end is not None]
        if ends != sorted(ends):
            raise ValueError(f"{self.key}: {self.value} outside its interval {self.low} .. {self.high}")
        return self


def not_computed(key: str, label: Phrase, unit: str, n: int, reason: Phrase, method: Phrase, **rest: Any) -> Finding:
    """A figure that these data do not define, with the reason."""
    return Finding(
        key=key,
        label=label,
        unit=unit,
        n=n,
        verdict=Verdict.NOT_COMPUTED,
        reason=reason,
        method=method,
        **rest,
    )


def suppressed(finding: Finding, k: int) -> Finding:
    """The same figure with everything removed that tells of fewer than `k` people."""
    return Finding(
        key=finding.key,
        label=finding.label,
        unit=finding.unit,
        n=0,
        n_unit=finding.n_unit,
        verdict=Verdict.SUPPRESSED,
        reason=phrase("finding.suppressed", k=k),
        method=finding.method,
        level=finding.level,
    )


def is_difference(finding: Finding) -> bool:
    """Whether it is one thing minus another: its sign says which is more."""
    if finding.verdict in VALUELESS | {Verdict.MEASURED} or finding.unit in _UNSIGNED:
        return False
    first, *parts = finding.key.split(".")
    if first in _CAUSAL:
        return finding.unit != "ratio"
    return any(part.partition("[")[0] in _DIFFERENT for part in parts)


def is_change(finding: Finding) -> bool:
    """Whether it compares the same people served in two ways (``...change``, ``feedback.change...``), not groups."""
    return finding.key.endswith(".change") or finding.key.startswith("feedback.change.")


def within(p: float, level: float) -> bool:
    """Whether a p-value is small enough to speak of a gap at that level of confidence."""
    return p <= 1 - level + 1e-12


def is_sure(finding: Finding) -> bool:
    """Whether the correction for how many were looked at, where one was made, leaves the finding standing."""
    return finding.p_adjusted is None or within(finding.p_adjusted, finding.level)


def is_certain_gap(finding: Finding) -> bool:
    """Whether groups differ (or a change is there) by more than chance, also after the correction for many looks."""
    return finding.verdict is Verdict.GAP and is_sure(finding)


def joined(*reasons: Phrase | None) -> Phrase | None:
    """Reasons one after the other, as one; None where there are none."""
    said = [reason for reason in reasons if reason is not None]
    if len(said) < 2:
        return said[0] if said else None
    return phrase("finding.both", first=said[0], second=joined(*said[1:]) or "")


def warns(finding: Finding, key: str) -> bool:
    """Whether the finding's reason is, or holds among others, the one with this key."""
    reason = finding.reason
    while reason is not None:
        facts = reason.facts if reason.key == "finding.both" else {"first": reason, "second": None}
        first, rest = facts["first"], facts["second"]
        if isinstance(first, Phrase) and first.key == key:
            return True
        reason = rest if isinstance(rest, Phrase) else None
    return False


def verdict_word(finding: Finding) -> Phrase:
    """The verdict in a word or two. A change has its own, and so have two recommenders: neither is a gap of groups."""
    name = finding.verdict.name.lower()
    words = "change" if is_change(finding) else "pair" if finding.key.startswith("recommender.") else "verdict"
    return phrase(f"finding.{words if name in CHANGE_WORDS else 'verdict'}.{name}")


def sentence(finding: Finding) -> Phrase:
    """The finding as one plain sentence: value, interval, n and what it lets one say."""
    facts: dict[str, Fact] = {
        "label": finding.label,
        "n": finding.n,
        "n_unit": phrase(f"units.{finding.n_unit}"),
        "level": round(finding.level * 100),
    }
    if finding.verdict in VALUELESS:
        assert finding.reason is not None
        return phrase(f"finding.sentence.{finding.verdict.name.lower()}", **facts, reason=finding.reason)
    assert finding.value is not None
    facts |= {"value": written(finding, finding.value), "unit": phrase(f"units.{finding.unit}")}
    name = finding.verdict.name.lower()
    key = f"finding.{'change_sentence' if is_change(finding) and name in CHANGE_WORDS else 'sentence'}.{name}"
    if finding.low is None or finding.high is None:
        p = p_said(finding.p_value if finding.p_adjusted is None else finding.p_adjusted)
        return phrase(f"{key}_no_interval", **facts, tested=phrase(f"finding.tested.{finding.test or 'plain'}", p=p))
    facts |= {"low": written(finding, finding.low), "high": written(finding, finding.high)}
    if finding.verdict is Verdict.CANNOT_TELL and finding.smallest_detectable is not None:
        key += "_mde"
        facts["smallest"] = bare(finding.smallest_detectable, finding.unit)
    if finding.verdict is Verdict.GAP and not is_sure(finding):
        key += "_perhaps"
        facts["p"] = p_said(finding.p_adjusted)
    if finding.verdict is Verdict.EQUIVALENT:
        facts["margin"] = bare(finding.margin or 0.0, finding.unit)
    return phrase(key, **facts)


def p_said(p: float | None) -> str:
    """What follows "p" in a sentence: ``= 0.012``, ``< 0.001``; None, where nothing could be tested, reads as 1."""
    said = amount(1.0 if p is None else p, "p")
    return said if said.startswith("<") else f"= {said}"


def interval(finding: Finding) -> Phrase | None:
    """The two limits of a finding's interval in its unit; None where it has none."""
    if finding.low is None or finding.high is None:
        return None
    return span(written(finding, finding.low), written(finding, finding.high))


def span(low: str, high: str) -> Phrase:
    """A range between two written numbers: with a word, as a dash beside a minus is misread."""
    return phrase("report.interval", low=low, high=high)


def written(finding: Finding, number: float) -> str:
    """The finding's value, or an end of its interval, in its unit: with its sign where the finding is a difference."""
    return (signed if is_difference(finding) else amount)(number, finding.unit)


def signed(number: float, unit: str) -> str:
    """A difference as people write it, always with its sign."""
    text = amount(number, unit)
    return text if text.startswith(("-", "+")) else f"+{text}"


def bare(number: float, unit: str) -> str:
    """A size as people write it: without the plus of a difference."""
    return amount(number, unit).removeprefix("+")


def axis_unit(unit: str) -> Phrase:
    """The unit in the title of an axis, which sets brackets around it: without those it has of its own."""
    return phrase(f"units.bare.{unit}" if unit in BRACKETED else f"units.{unit}")


def amount(number: float, unit: str) -> str:
    """A number as people write it in that unit: shares as percent, counts whole, means of counted things and the rest
    to about three digits, and never so that a decimal point can be taken for that of thousands; never -0."""
    if unit in ("share", "explained"):
        return f"{100 * number:z.1f}%"
    if unit == "overall":
        return f"{100 * number:+z.1f}%"
    if unit == "points":
        return f"{100 * number:+z.1f}"
    if unit == "per_thousand":
        return f"{1000 * number:+z.1f}"
    if unit == "count":
        return f"{number:z,.0f}"
    if unit == "p":
        return "< 0.001" if number < 0.001 else f"{number:.3f}"
    size, counted = round(abs(number), 3), unit in COUNTED
    digits = 1 if size >= (10 if counted else 100) else 2 if counted or size >= 10 else 3
    return f"{number:z,.{digits}f}"
