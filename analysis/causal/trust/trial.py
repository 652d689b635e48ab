"""Every estimator on many logs whose effect is known: how far off, how often right, how often it finds something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.causal.cells import Estimand
from analysis.causal.estimate import Estimate
from analysis.causal.estimators import ESTIMATORS, Estimator
from analysis.causal.study import Numbers, Study
from analysis.causal.trust.settings import TrustSettings
from analysis.causal.trust.world import World, drawn, shift_for, truth

QUICK = frozenset({"difference", "strata", "linear", "ipw", "matching"})
"""Estimators that take a fraction of a second on a log; others get `slow_logs`."""
DEFINED = 0.9
"""Share of the logs on which an estimator must give an answer to be judged at all."""
RIGHT, SURE = 0.93, 0.88
"""What the coverage of a 95% interval must not be under (docs/metrics.md), and what it must be known to exceed."""
Advice = Literal["yes", "open", "no"]


@dataclass(frozen=True)
class Share:
    """A share of logs with Clopper and Pearson's 95% interval."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Record:
    """One estimator on logs with one true effect.

    bias: mean of estimate minus truth, with the interval that the number of logs allows; error: root mean squared
    error; width: mean width of the 95% interval; covered: how often it held the truth; found: how often it left out
    none; defined: on how many of the logs there was an answer. All but `defined` are None under 90% of the logs.
    """

    estimator: str
    effect: float
    logs: int
    defined: int
    bias: tuple[float, float, float] | None
    error: float | None
    width: float | None
    covered: Share | None
    found: Share | None


@dataclass(frozen=True)
class Trial:
    """effects: the true sizes tried, none first; records: of each estimator and size, in that order."""

    effects: tuple[float, ...]
    records: tuple[Record, ...]

    def of(self, estimator: str) -> tuple[Record, ...]:
        return tuple(one for one in self.records if one.estimator == estimator)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.estimator for one in self.records))


def covered(trial: Trial, name: str) -> Share | None:
    """How often the estimator's intervals held the truth, over all sizes of effect; None where it was not judged."""
    records = [one.covered for one in trial.of(name)]
    known = [one for one in records if one is not None]
    if len(known) < len(records):
        return None
    return share(sum(round(one.value * one.n) for one in known), sum(one.n for one in known))


def advice(trial: Trial, name: str) -> Advice:
    """yes: coverage is known to be over 88% and may be 93% or more. no: it is under 93% by more than chance, or the
    estimator gives no answer. open: too few logs to tell. Covering too often is wasteful, not wrong."""
    held = covered(trial, name)
    if held is None or held.high < RIGHT:
        return "no"
    return "yes" if held.low >= SURE else "open"


def ranked(trial: Trial) -> tuple[str, ...]:
    """Estimators, the most trustworthy first: by advice, then by error over all sizes."""

    def place(name: str) -> tuple[int, bool, float]:
        errors = [one.error for one in trial.of(name)]
        known = [error for error in errors if error is not None]
        order = ("yes", "open", "no").index(advice(trial, name))
        return order, len(known) < len(errors), float(np.mean(known)) if known else 0.0

    return tuple(sorted(trial.names, key=place))


def run(
    made: World,
    estimated: float,
    estimand: Estimand,
    settings: TrustSettings,
    seed: int,
    tell: Callable[[float], None] = lambda _: None,
) -> Trial:
    """Try every estimator. estimated: the effect that the log itself seems to have."""
    wanted = [0.0, estimated, *([] if settings.size is None else [settings.size])]
    shifts = [shift_for(made, size, estimand) for size in dict.fromkeys(wanted)]
    effects = tuple(truth(made, shift, estimand) for shift in shifts)
    names = [name for name in ESTIMATORS if name in QUICK or settings.slow_logs > 0]
    found: dict[tuple[int, str], list[Estimate | None]] = {
        (at, name): [] for at in range(len(shifts)) for name in names
    }
    rounds = max(settings.logs, settings.slow_logs)
    for number in range(rounds):
        for at, shift in enumerate(shifts):
            log = drawn(made, shift, np.random.default_rng((seed, at, number)))
            for name in names:
                if number < (settings.logs if name in QUICK else settings.slow_logs):
                    answer = _tried(ESTIMATORS[name], log, estimand, settings.resamples, seed + number)
                    found[at, name].append(answer)
        tell((number + 1) / rounds)
    records = [_record(name, effects[at], found[at, name]) for name in names for at in range(len(shifts))]
    return Trial(effects, tuple(records))


def share(hits: int, n: int) -> Share:
    """hits of n with Clopper and Pearson's (1934) exact interval."""
    from scipy.stats import binomtest

    interval = binomtest(hits, n).proportion_ci(0.95, "exact")
    return Share(hits / n, float(interval.low), float(interval.high), n)


def _tried(one: Estimator, log: Study, estimand: Estimand, resamples: int, seed: int) -> Estimate | None:
    if len(np.unique(log.treated)) < 2 or len(np.unique(log.outcome)) < 2:
        return None
    return one.run(log, estimand, resamples, seed)


def _record(name: str, effect: float, answers: list[Estimate | None]) -> Record:
    known = [one for one in answers if one is not None]
    if len(known) < max(2, DEFINED * len(answers)):
        return Record(name, effect, len(answers), len(known), None, None, None, None, None)
    value: Numbers = np.array([one.value for one in known])
    low, high = np.array([one.low for one in known]), np.array([one.high for one in known])
    off = float(value.mean() - effect)
    sure = 1.96 * float(value.std(ddof=1) / np.sqrt(len(value)))
    return Record(
        estimator=name,
        effect=effect,
        logs=len(answers),
        defined=len(known),
        bias=(off, off - sure, off + sure),
        error=float(np.sqrt(((value - effect) ** 2).mean())),
        width=float((high - low).mean()),
        covered=share(int(((low <= effect) & (effect <= high)).sum()), len(known)),
        found=share(int(((low > 0) | (high < 0)).sum()), len(known)),
    )
