"""What all figures of one contrast share, and how numbers become Findings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.effect_findings import verdict
from analysis.causal.estimate import Estimate
from analysis.causal.question import Question
from analysis.fairness.infer import benjamini_hochberg, smallest_detectable
from analysis.finding import JSON, Finding, Verdict, not_computed, signed
from words import Fact, Phrase, phrase


@dataclass(frozen=True)
class Voice:
    """base: `people`, or `people[column=level]` for several kinds; treatment: as it is called in sentences, with its
    kind where there are several; unit and margin of the effect."""

    question: Question
    base: str
    treatment: str
    arms: Phrase
    unit: str
    margin: float
    settings: dict[str, JSON]
    k: int
    seed: int
    users: int

    @property
    def small(self) -> str:
        """Unit of gains per row of the whole log: points are told per 1,000 rows."""
        return "per_thousand" if self.unit == "points" else self.unit

    def label(self, key: str, **more: Fact) -> Phrase:
        return phrase(f"people.label_{key}", **self.facts(), **more)

    def facts(self) -> dict[str, Fact]:
        """Treatment and outcome by the names that the analyst knows them by."""
        return {"treatment": self.treatment, "outcome": self.question.outcome_name}

    def signed(self, number: float, unit: str | None = None) -> str:
        """An effect with its sign."""
        return signed(number, unit or self.unit)

    def limits(self, one: Estimate) -> dict[str, Fact]:
        """value, low and high, signed, with their unit."""
        written = {name: self.signed(number) for name, number in zip(("value", "low", "high"), ends(one), strict=True)}
        return {**written, "unit": phrase(f"units.{self.unit}")}

    def figure(
        self,
        key: str,
        label: Phrase,
        method: Phrase,
        found: Estimate | None,
        claim: Verdict,
        *,
        n: int | None = None,
        groups: dict[str, int] | None = None,
        p_adjusted: float | None = None,
        reason: Phrase | None = None,
        unit: str | None = None,
        margin: float | None = None,
    ) -> Finding:
        """One estimate as a Finding; `margin` None: nothing is called equivalent."""
        people = self.users if n is None else n
        shared = {"settings": self.settings, "seed": self.seed, "groups": groups or {}}
        address, written = f"{self.base}.{key}", unit or self.unit
        if found is None:
            why = reason or phrase("people.undefined")
            return not_computed(address, label, written, people, why, method, **shared)
        value, low, high = ends(found)
        level = claim is Verdict.MEASURED
        return Finding(
            key=address,
            label=label,
            unit=written,
            verdict=claim if level else verdict(found, margin or 0.0, claim, p_adjusted),
            value=value,
            low=low,
            high=high,
            n=people,
            p_value=None if level else found.p,
            p_adjusted=None if level else p_adjusted,
            margin=margin,
            smallest_detectable=None if level else smallest_detectable(np.array([found.error])),
            method=method,
            **shared,
        )


def ends(one: Estimate) -> tuple[float, float, float]:
    """(value, low, high) as plain floats, the value inside."""
    value = float(one.value)
    return value, min(float(one.low), value), max(float(one.high), value)


def corrected(found: list[Estimate | None], more: list[float] | None = None) -> tuple[list[float | None], list[float]]:
    """Benjamini-Hochberg over the p-values of one table: those of the estimates (None stays None), then `more`."""
    own = [float(one.p) for one in found if one is not None]
    adjusted = benjamini_hochberg(np.array([*own, *(more or [])], dtype=float)).tolist() if own or more else []
    rest = iter(adjusted)
    return [None if one is None else next(rest) for one in found], list(rest)
