"""Numbers of an analysis as Findings: each with its interval, n, method and what it lets one say."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from analysis.causal.analyse import ESTIMANDS, Analysis
from analysis.causal.cells import Estimand
from analysis.causal.estimate import Adjusted, Estimate
from analysis.causal.question import Question
from analysis.causal.settings import EffectSettings
from analysis.fairness.infer import inside_margin, smallest_detectable
from analysis.finding import JSON, Finding, Verdict, amount, not_computed
from words import Phrase, phrase

LEVEL = 0.05
POINT, OF_MEAN, OF_SPREAD = 0.01, 0.1, 0.05


@dataclass(frozen=True)
class Frame:
    """What all findings of one contrast share. base: `effect`, or `effect[column=level]` for several kinds."""

    question: Question
    base: str
    arms: Phrase
    unit: str
    margin: float
    settings: EffectSettings
    k: int
    seed: int
    n: int = 0
    arms_users: dict[str, int] = field(default_factory=dict)
    how: Phrase | str = ""
    """How the answer was reached, as the end of a sentence: adjusted for ..., by the instrument ..."""
    subject: Phrase | None = None
    """What acts, in words, where it is more than the treatment's name."""
    scale: float = 1.0
    """How much more of a treatment that is a number the effect is told of."""

    @property
    def figure(self) -> str:
        """Name of the adjusted figure in keys: ate or att, or remaining where it is no effect."""
        return self.settings.estimand.lower() if self.question.obstacle is None else "remaining"

    @property
    def treatment(self) -> Phrase | str:
        """What acts, in words."""
        return self.subject or self.question.treatment_name

    def facts(self) -> dict[str, Phrase | str]:
        q = self.question
        return {"treatment": q.treatment_name, "outcome": q.outcome_name, "arms": self.arms, "names": q.names}

    def label(self, key: str, **more: str | Phrase) -> Phrase:
        return phrase(f"effects.label_{key}", **{**self.facts(), **more})

    def method(self, key: str, **more: str | int) -> Phrase:
        given = {"names": self.question.names, "replicates": self.settings.replicates}
        return phrase(f"effects.method_{key}", **{**given, "simulations": self.settings.simulations, **more})

    def recorded(self) -> dict[str, JSON]:
        own = self.settings.model_dump(mode="json", exclude_none=True)
        return {**own, "adjustment": list(self.question.adjustment)}


def unit_of(analysis_outcome: np.ndarray, binary: bool, is_role: bool) -> str:
    """points for 0/1 outcomes, rating for few whole values of the log's outcome, else the outcome's own unit."""
    if binary:
        return "points"
    few = len(np.unique(analysis_outcome)) <= 20
    return "rating" if is_role and few else "own"


def default_margin(binary: bool, mean: float, spread: float) -> float:
    """The margin of equivalence where the analyst gives none, from the outcome's mean and standard deviation.

    A point of a 0/1 outcome, but at most a tenth of how often it happens; else a twentieth of the standard deviation.
    """
    return min(POINT, OF_MEAN * mean) if binary else OF_SPREAD * spread


def main_findings(a: Analysis, frame: Frame) -> tuple[Finding, ...]:
    """The raw difference, the answer, what the raw one mixes in, and the other estimators."""
    return (*_main(a, frame), *_beside(a, frame))


def headline(a: Analysis) -> Adjusted | None:
    """The answer for the estimand asked for, or None where it is withheld or undefined."""
    return a.adjusted.get(a.estimand)


def withheld_reason(a: Analysis, frame: Frame, estimand: Estimand | None = None) -> Phrase:
    """Why there is no adjusted estimate of `estimand`; None: the one asked for."""
    wanted = estimand or a.estimand
    lacking = a.unsupported.get(wanted, a.overlap.lacking if a.by is None else None)
    if lacking is not None:
        return phrase("effects.no_overlap", share=amount(lacking, "share"), names=frame.question.names)
    return phrase("effects.undefined")


def verdict(found: Estimate, margin: float, claim: Verdict, p_adjusted: float | None = None) -> Verdict:
    """`claim` where the interval (and the corrected p) excludes none, else equivalent inside the margin, else open."""
    sure = not found.low <= 0 <= found.high and (p_adjusted is None or p_adjusted <= LEVEL)
    if sure:
        return claim
    return Verdict.EQUIVALENT if inside_margin(*found.inner, margin) else Verdict.CANNOT_TELL


def finding(
    frame: Frame,
    key: str,
    label: Phrase,
    method: Phrase,
    found: Estimate | None,
    claim: Verdict,
    reason: Phrase | None = None,
    n: int | None = None,
    groups: dict[str, int] | None = None,
    p_adjusted: float | None = None,
) -> Finding:
    """One difference as a Finding; not computed with `reason` where there is no estimate."""
    people = frame.n if n is None else n
    shared = {
        "settings": frame.recorded(),
        "seed": frame.seed,
        "groups": frame.arms_users if groups is None else groups,
    }
    if found is None:
        why = reason or phrase("effects.undefined")
        return not_computed(f"{frame.base}.{key}", label, frame.unit, people, why, method, **shared)
    decided = Verdict.MEASURED if claim is Verdict.MEASURED else verdict(found, frame.margin, claim, p_adjusted)
    return Finding(
        key=f"{frame.base}.{key}",
        label=label,
        unit=frame.unit,
        verdict=decided,
        value=found.value,
        low=found.low,
        high=found.high,
        n=people,
        p_value=found.p,
        p_adjusted=p_adjusted,
        margin=frame.margin,
        smallest_detectable=smallest_detectable(np.array([found.error])),
        method=method,
        **shared,
    )


def _main(a: Analysis, frame: Frame) -> list[Finding]:
    found = [finding(frame, "naive", frame.label("naive"), frame.method("naive"), a.raw, Verdict.GAP)]
    withheld = withheld_reason(a, frame)
    method = _headline_method(a, frame)
    obstacle = frame.question.obstacle
    for estimand in ESTIMANDS:
        done = a.adjusted.get(estimand) if obstacle is None else None
        label, reason = frame.label(estimand.lower()), obstacle or withheld_reason(a, frame, estimand)
        effect = None if done is None else done.effect
        found.append(finding(frame, estimand.lower(), label, method, effect, Verdict.EFFECT, reason))
    done = headline(a)
    if obstacle is not None:
        remaining = None if done is None else done.effect
        found.append(finding(frame, "remaining", frame.label("remaining"), method, remaining, Verdict.GAP, withheld))
    if frame.question.adjustment:
        label = frame.label("selection" if obstacle is None else "explained")
        selection = None if done is None else done.selection
        found.append(finding(frame, "selection", label, frame.method("selection"), selection, Verdict.GAP, withheld))
    return found


def _headline_method(a: Analysis, frame: Frame) -> Phrase:
    return frame.method("models") if a.by == "models" else frame.method("strata", strata=len(a.study.strata))


def _beside(a: Analysis, frame: Frame) -> list[Finding]:
    claim = Verdict.EFFECT if frame.question.obstacle is None else Verdict.GAP
    found = []
    for name, one in a.beside.items():
        method = frame.method({"aipw": "models", "matching": _matched(a)}.get(name, name))
        found.append(finding(frame, f"{frame.figure}[{name}]", frame.label(name), method, one, claim))
    if a.logged == "unfit":  # those fitted in their place stand under [weighting]
        label, reason = frame.label("ipw"), phrase("effects.bad_logged")
        found.append(finding(frame, f"{frame.figure}[ipw]", label, frame.method("ipw"), None, claim, reason))
    return found


def _matched(a: Analysis) -> str:
    return "matching_near" if a.study.continuous else "matching_exact"
