"""Numbers of the structural model as Findings, and how they are called."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.effect_findings import verdict
from analysis.causal.estimate import Estimate
from analysis.causal.structure.actions import Action
from analysis.causal.structure.settings import StructureSettings
from analysis.causal.structure.whatif import Answers
from analysis.fairness.infer import smallest_detectable
from analysis.fairness.partition import group_label
from analysis.finding import Finding, Verdict, amount, not_computed, signed
from words import Phrase, phrase


@dataclass(frozen=True)
class Frame:
    """What all findings share. unit: of differences; level_unit: of the outcome's mean; spoken: column -> its name."""

    outcome: str
    treatment: str | None
    spoken: dict[str, str]
    unit: str
    level_unit: str
    margin: float
    settings: StructureSettings
    users: int
    seed: int

    def name(self, variable: str) -> str:
        return self.spoken.get(variable, variable)

    def level(self, number: float) -> str:
        """An outcome's mean in words."""
        return amount(number, self.level_unit)

    def signed(self, number: float) -> str:
        """A difference in words, its sign always shown."""
        return signed(number, self.unit)

    def limits(self, one: Estimate) -> dict[str, str]:
        return {"low": self.signed(one.low), "high": self.signed(one.high)}

    @property
    def unit_words(self) -> Phrase:
        return phrase(f"units.{self.unit}")

    @property
    def method(self) -> Phrase:
        return phrase("structure.method", replicates=self.settings.replicates)


def deed(frame: Frame, action: Action) -> Phrase:
    """An action in words: promoted = 30% of the rows, slot set to 1, activity shifted by +2."""
    return phrase(f"structure.do_{action.kind}", name=frame.name(action.variable), label=action.label)


def action_key(action: Action) -> str:
    """The action's part of a key: ``what_if[promoted:share=30%]``."""
    return f"what_if[{action.variable}:{action.kind}={action.label}]"


def difference(
    frame: Frame,
    key: str,
    label: Phrase,
    found: Estimate | None,
    reason: Phrase,
    claim: Verdict = Verdict.EFFECT,
    n: int | None = None,
    groups: dict[str, int] | None = None,
    p_adjusted: float | None = None,
    method: Phrase | None = None,
) -> Finding:
    """One difference in the outcome as a Finding; not computed for `reason` where there is none."""
    people, how = frame.users if n is None else n, method or frame.method
    shared = {"seed": frame.seed, "groups": groups or {}}
    if found is None:
        return not_computed(key, label, frame.unit, people, reason, how, **shared)
    return Finding(
        key=key,
        label=label,
        unit=frame.unit,
        verdict=verdict(found, frame.margin, claim, p_adjusted),
        value=found.value,
        low=found.low,
        high=found.high,
        n=people,
        p_value=found.p,
        p_adjusted=p_adjusted,
        margin=frame.margin,
        smallest_detectable=smallest_detectable(np.array([found.error])),
        method=how,
        **shared,
    )


def level(
    frame: Frame, key: str, label: Phrase, found: Estimate | None, reason: Phrase, n: int, groups: dict[str, int]
) -> Finding:
    """An expected outcome as a Finding; a share's interval is kept within 0 and 1."""
    if found is None:
        return not_computed(key, label, frame.level_unit, n, reason, frame.method, seed=frame.seed, groups=groups)
    least, most = (0.0, 1.0) if frame.level_unit == "share" else (-np.inf, np.inf)
    value = float(np.clip(found.value, least, most))
    return Finding(
        key=key,
        label=label,
        unit=frame.level_unit,
        verdict=Verdict.MEASURED,
        value=value,
        low=max(found.low, least),
        high=min(found.high, most),
        n=n,
        groups=groups,
        method=frame.method,
        seed=frame.seed,
    )


def action_findings(frame: Frame, found: Answers, place: int) -> tuple[Finding, ...]:
    """Level and change of the action at `place` in every group, everybody first."""
    one = found.each[place]
    key = action_key(one.action)
    made = []
    for at, ((attribute, group), users) in enumerate(zip(found.base.groups, found.base.users, strict=True)):
        end = f".{attribute}.{group}" if attribute else ""
        groups = {group: users} if attribute else {}
        reason = unsupported(frame, one.action, one.lacking[at])
        said = who(frame, attribute, group, outcome=frame.name(frame.outcome), deed=deed(frame, one.action))
        made += [
            level(frame, f"{key}.level{end}", said["level"], one.level[at], reason, users, groups),
            difference(frame, f"{key}.change{end}", said["change"], one.change[at], reason, n=users, groups=groups),
        ]
    return tuple(made)


def who(frame: Frame, attribute: str, group: str, **facts: str | Phrase) -> dict[str, Phrase]:
    """Labels of level and change, for everybody or in a group."""
    given = {**facts, "attribute": frame.name(attribute), "group": group_label(group)} if attribute else facts
    end = "_in" if attribute else ""
    return {name: phrase(f"structure.label_{name}{end}", **given) for name in ("level", "change")}


def unsupported(frame: Frame, action: Action, lacking: float) -> Phrase:
    """Why there is no answer: too many rows that nothing in the log is like, or too few users."""
    if lacking > 0:
        return phrase("structure.unsupported", share=amount(lacking, "share"), deed=deed(frame, action))
    return phrase("structure.too_few")
