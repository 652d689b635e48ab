"""From estimates to Findings: which figures are defined, and what each lets one say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from analysis.fairness.infer import benjamini_hochberg, inside_margin
from analysis.finding import JSON, Finding, Test, Verdict, joined, not_computed, p_said, within
from words import Fact, Phrase, phrase

Array = npt.NDArray[np.float64]

SIGNED_UNIT = {"share": "points"}
"""The unit of a difference where it is not that of the figure: shares differ by percentage points."""


@dataclass(frozen=True)
class Measure:
    """A figure of any group of users: sum(numerator) / sum(denominator), or its root.

    name: as in a finding's key. numerator, denominator: float64 [users]; denominator 0 = the user does not count.
    counted_numerator: a rate whose numerator is also held to the disclosure threshold (error rates).
    relative_margin: the margin of equivalence is a share of the overall value (for figures not on 0..1).
    pairs: over three or more groups, signed pairs are given beside the widest gap.
    root: the figure is the square root of the ratio (a root mean square).
    undefined: why nobody may count, where that can happen.
    """

    name: str
    label: Phrase
    unit: str
    numerator: Array
    denominator: Array
    method: Phrase
    counted_numerator: bool = False
    relative_margin: bool = False
    pairs: bool = True
    root: bool = False
    undefined: Phrase = field(default_factory=lambda: phrase("fairness.reason.nobody"))

    @property
    def gap_unit(self) -> str:
        """The unit of its differences."""
        return SIGNED_UNIT.get(self.unit, self.unit)

    @property
    def overall(self) -> float:
        """The figure over all users that count; NaN where none does."""
        bottom = float(self.denominator.sum())
        if bottom <= 0:
            return float("nan")
        ratio = float(self.numerator[self.denominator > 0].sum()) / bottom
        return ratio**0.5 if self.root else ratio


@dataclass(frozen=True)
class Comparison:
    """A difference (or ratio) before it is judged: judging needs the other p-values of the same table.

    value, limits, p: None where not computed (then `reason` says why); `limits` alone None where the figure has no
    valid interval, or no group has spread. inner: the 90% interval of the two one-sided tests. null: the value of no
    difference. corrected: the verdict also needs the corrected p (pairs of many groups, groups without spread). test:
    what p is from.
    """

    key: str
    label: Phrase
    unit: str
    n: int
    method: Phrase
    groups: dict[str, int]
    settings: dict[str, JSON]
    seed: int
    value: float | None = None
    limits: tuple[float, float] | None = None
    inner: tuple[float, float] | None = None
    p: float | None = None
    null: float = 0.0
    margin: float | None = None
    smallest: float | None = None
    reason: Phrase | None = None
    level: float = 0.95
    corrected: bool = False
    test: Test = ""


def tested(comparison: Comparison, p: float, permutations: int | None = None) -> Comparison:
    """The comparison with its p-value, and in words what this is from: so many `permutations`, or Welch's t."""
    facts: dict[str, Fact] = {"figure": comparison.method}
    if permutations is None:
        return replace(comparison, p=p, test="welch", method=phrase("figures.method.welch", **facts))
    method = phrase("figures.method.permuted", **facts, permutations=permutations)
    return replace(comparison, p=p, test="permutation", method=method)


def judged(comparisons: Sequence[Comparison]) -> tuple[Finding, ...]:
    """Findings of one table: p-values adjusted together (Benjamini and Hochberg), then each judged."""
    tested = [index for index, comparison in enumerate(comparisons) if comparison.p is not None]
    raw = np.array([comparisons[index].p for index in tested], dtype=np.float64)
    adjusted = dict(zip(tested, benjamini_hochberg(raw).tolist(), strict=True))
    return tuple(judge(comparison, adjusted.get(index)) for index, comparison in enumerate(comparisons))


def judge(comparison: Comparison, p_adjusted: float | None) -> Finding:
    """The Finding of one comparison.

    `gap`: the interval leaves out the null; without a valid interval, or for one of many pairs, the corrected p is at
    most 1 - level. `equivalent`: two one-sided tests inside the margin; else `cannot tell`. `reason` warns of a gap
    inside the margin, and of one that the correction for many looks does not support.
    """
    c = comparison
    shared: dict[str, JSON] = {"groups": c.groups, "settings": c.settings, "seed": c.seed}
    if c.value is None:
        reason = c.reason or phrase("fairness.reason.nobody")
        return not_computed(c.key, c.label, c.unit, c.n, reason, c.method, **shared)
    verdict = _verdict(c, p_adjusted)
    low, high = _holding(c.limits, c.value)
    return Finding(
        key=c.key,
        label=c.label,
        unit=c.unit,
        verdict=verdict,
        value=c.value,
        low=low,
        high=high,
        level=c.level,
        n=c.n,
        groups=c.groups,
        p_value=c.p,
        p_adjusted=p_adjusted,
        test=c.test,
        margin=c.margin,
        smallest_detectable=c.smallest,
        reason=joined(c.reason, _warning(c, p_adjusted, verdict)),
        method=c.method,
        settings=c.settings,
        seed=c.seed,
    )


def _verdict(c: Comparison, p_adjusted: float | None) -> Verdict:
    if _outside(c) and (_sure(c, p_adjusted) or not (c.corrected or c.limits is None)):
        return Verdict.GAP
    return Verdict.EQUIVALENT if _immaterial(c) else Verdict.CANNOT_TELL


def _outside(c: Comparison) -> bool:
    return c.limits is None or not c.limits[0] <= c.null <= c.limits[1]


def _sure(c: Comparison, p_adjusted: float | None) -> bool:
    return p_adjusted is not None and within(p_adjusted, c.level)


def _immaterial(c: Comparison) -> bool:
    return c.inner is not None and c.margin is not None and inside_margin(*c.inner, c.margin, c.null)


def _warning(c: Comparison, p_adjusted: float | None, verdict: Verdict) -> Phrase | None:
    """What a reader of the interval alone would get wrong."""
    if verdict is Verdict.CANNOT_TELL and c.limits is not None and _outside(c):
        return phrase("fairness.reason.corrected", p=p_said(p_adjusted))
    if verdict is not Verdict.GAP:
        return None
    many = p_adjusted is not None and not _sure(c, p_adjusted)
    return joined(
        phrase("fairness.reason.many", p=p_said(p_adjusted)) if many else None,
        phrase("fairness.reason.small") if _immaterial(c) else None,
    )


def _holding(limits: tuple[float, float] | None, value: float) -> tuple[float, float] | tuple[None, None]:
    """The interval, stretched to hold its value where resamples of few unlike users all lie to one side of it."""
    return (None, None) if limits is None else (min(limits[0], value), max(limits[1], value))


def measured(
    key: str,
    label: Phrase,
    unit: str,
    value: float,
    limits: tuple[float, float] | None,
    n: int,
    method: Phrase,
    **rest: object,
) -> Finding:
    """A level: it compares nothing, so its verdict is `measured`."""
    low, high = _holding(limits, value)
    return Finding.model_validate(
        {
            "key": key,
            "label": label,
            "unit": unit,
            "verdict": Verdict.MEASURED,
            "value": value,
            "low": low,
            "high": high,
            "n": n,
            "method": method,
        }
        | rest
    )
