"""What speaks for or against an estimate, as Findings: support, refutations, E-value, shares treated."""

from __future__ import annotations

import numpy as np

from analysis.causal.analyse import Analysis
from analysis.causal.effect_findings import Frame, headline
from analysis.causal.estimate import Estimate
from analysis.causal.refute import Refutation, approximate_ratio, e_value
from analysis.finding import Finding, Verdict, amount, not_computed
from words import phrase

MAX_STRATA = 200
"""With more strata, shares treated are not listed one by one."""


def check_findings(a: Analysis, frame: Frame) -> tuple[Finding, ...]:
    """Support, refutations, E-value and the share treated in every stratum."""
    return (
        lacking(frame, a.overlap.lacking, "lacking_strata" if a.overlap.by == "strata" else "lacking_model"),
        *refuted(a.refutations, frame),
        *_e_value(a, frame),
        *_propensities(a, frame),
    )


def lacking(frame: Frame, share: float, method: str) -> Finding:
    """The share of the rows that have nothing to be compared with."""
    return Finding(
        key=f"{frame.base}.lacking",
        label=frame.label("lacking"),
        unit="share",
        verdict=Verdict.MEASURED,
        value=share,
        n=frame.n,
        method=frame.method(method),
        settings=frame.recorded(),
        seed=frame.seed,
    )


def refuted(refutations: tuple[Refutation, ...], frame: Frame) -> list[Finding]:
    """What each attempt to break the estimate gave."""
    return [
        Finding(
            key=f"{frame.base}.{one.kind}",
            label=frame.label(one.kind),
            unit=frame.unit,
            verdict=Verdict.MEASURED,
            value=one.mean,
            low=min(one.low, one.mean),
            high=max(one.high, one.mean),
            n=frame.n,
            method=frame.method(one.kind),
            settings={**frame.recorded(), "stood": one.stood},
            seed=frame.seed,
        )
        for one in refutations
    ]


def e_values(a: Analysis) -> tuple[float, float, float] | None:
    """(risk ratio, its E-value, the E-value that brings the interval to none); None without a ratio."""
    done = headline(a)
    if done is None:
        return None
    if a.study.binary:
        return None if done.ratio is None else _with_bound(*done.ratio)
    return approximate_e_values(done.effect, float(a.study.outcome.std()))


def approximate_e_values(effect: Estimate, spread: float) -> tuple[float, float, float]:
    """As `e_values`, the ratio approximated from the standardised effect; spread: of the outcome, above 0."""
    near = effect.low if effect.value > 0 else effect.high
    return _with_bound(approximate_ratio(effect.value, spread), approximate_ratio(near, spread))


def _with_bound(ratio: float, bound: float) -> tuple[float, float, float]:
    crossed = (ratio - 1) * (bound - 1) <= 0
    return ratio, e_value(ratio), 1.0 if crossed else e_value(bound)


def _e_value(a: Analysis, frame: Frame) -> list[Finding]:
    if headline(a) is None:
        return []
    found = e_values(a)
    if found is None:
        method, reason = frame.method("evalue", ratio=""), phrase("effects.no_ratio")
        return [not_computed(f"{frame.base}.evalue", frame.label("evalue"), "ratio", frame.n, reason, method)]
    return [hidden_cause(frame, *found)]


def hidden_cause(frame: Frame, ratio: float, value: float, bound: float) -> Finding:
    """The E-value as a finding."""
    return Finding(
        key=f"{frame.base}.evalue",
        label=frame.label("evalue"),
        unit="ratio",
        verdict=Verdict.MEASURED,
        value=value,
        n=frame.n,
        method=frame.method("evalue", ratio=amount(ratio, "ratio")),
        settings={**frame.recorded(), "risk_ratio": ratio, "bound": bound},
        seed=frame.seed,
    )


def stratum_users(a: Analysis) -> list[int]:
    """Users with a row in each stratum."""
    pairs = np.unique(a.study.stratum * a.study.users + a.study.user)
    return [int(count) for count in np.bincount(pairs // a.study.users, minlength=len(a.study.strata))]


def _propensities(a: Analysis, frame: Frame) -> list[Finding]:
    if not frame.question.adjustment or len(a.study.strata) > MAX_STRATA:
        return []
    found = []
    for code, (one, users) in enumerate(zip(a.propensities, stratum_users(a), strict=True)):
        name = a.study.stratum_name(code)
        if one is None or users < frame.k:
            continue
        found.append(
            Finding(
                key=f"{frame.base}.propensity[{name}]",
                label=frame.label("propensity", stratum=a.study.stratum_label(code, frame.question.spoken)),
                unit="share",
                verdict=Verdict.MEASURED,
                value=one.value,
                low=max(one.low, 0.0),
                high=min(one.high, 1.0),
                n=users,
                method=frame.method("propensity"),
                settings=frame.recorded(),
                seed=frame.seed,
            )
        )
    return found
