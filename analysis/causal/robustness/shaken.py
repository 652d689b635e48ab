"""Everything that is computed about the sturdiness of one contrast's answer, before any of it is put into words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from analysis.causal import propensity, refute
from analysis.causal.dag import Graph
from analysis.causal.effect_findings import Frame
from analysis.causal.estimate import Estimate
from analysis.causal.question import Question
from analysis.causal.refute import Refutation
from analysis.causal.robustness.controls import Control, Kind, negative_controls
from analysis.causal.robustness.curve import Asked, Way, ways
from analysis.causal.robustness.hidden import Benchmark, Hidden, hidden, times_as_strong
from analysis.causal.robustness.together import Told, joint_p, told
from analysis.causal.study import Study
from words import Phrase

THRICE = 3.0
"""The strongest recorded cause is also shown so many times as strong."""


@dataclass(frozen=True)
class Shaken:
    """Numbers of one contrast.

    scales: what each way's estimate is divided by (1, or the standard deviation of its outcome where outcomes differ);
    unit: of the scaled estimates. answer: the headline's estimate in its own unit, None with `withheld`.
    joint: (median, p, ways) of the joint test. model: the regression behind the partial R^2; None where undefined.
    """

    asked: Asked
    frame: Frame
    study: Study
    ways: tuple[Way, ...]
    scales: tuple[float, ...]
    unit: str
    told: Told | None
    joint: tuple[float, float, int] | None
    answer: Estimate | None
    withheld: Phrase | None
    model: Hidden | None
    benchmarks: tuple[Benchmark, ...]
    refutations: tuple[Refutation, ...]
    controls: tuple[Control, ...]

    @property
    def question(self) -> Question:
        return self.frame.question


def shake(asked: Asked, graph: Graph, rows: Study, frame: Frame, tell: Callable[[float], None]) -> Shaken:
    """Every way, the hidden cause, the refutations and the negative controls. rows: the answer's own study."""
    every = ways(asked, lambda share: tell(0.7 * share))
    tell(0.7)
    several = len({way.specification.outcome for way in every if way.estimate is not None}) > 1
    scales = tuple(way.spread if several and way.spread > 0 else 1.0 for way in every)
    own = next((way for way in every if way.specification.headline), None)
    answer = None if own is None else own.estimate
    model = hidden(rows) if answer is not None else None
    return Shaken(
        asked=asked,
        frame=frame,
        study=rows,
        ways=every,
        scales=scales,
        unit="sd" if several else frame.unit,
        told=told(every, scales),
        joint=joint_p(every, scales, asked.settings.draws, asked.seed),
        answer=answer,
        withheld=None if own is None else own.reason,
        model=model,
        benchmarks=_benchmarks(model),
        refutations=() if answer is None else _refutations(rows, asked, answer),
        controls=_controls(asked, graph, frame),
    )


def _benchmarks(model: Hidden | None) -> tuple[Benchmark, ...]:
    """Each recorded cause once, the one that would shift the estimate most first and also three times as strong."""
    if model is None:
        return ()
    once = [times_as_strong(name, own, 1.0) for name, own in model.observed.items()]
    known = [one for one in once if one.strength is not None]
    ordered = sorted(known, key=lambda one: (-model.bias(one.strength) if one.strength else 0.0, one.name))
    impossible = [one for one in once if one.strength is None]
    more = [times_as_strong(one.name, model.observed[one.name], THRICE) for one in ordered[:1]]
    return (*ordered, *more, *impossible)


def _refutations(rows: Study, asked: Asked, answer: Estimate) -> tuple[Refutation, ...]:
    thin = propensity.overlap_by_strata(rows, asked.estimand).lacking > propensity.WITHHELD
    kind: refute.Kind = "line" if thin else "strata"
    shared = (rows, asked.estimand, kind, asked.settings.simulations, asked.seed)
    return (
        refute.placebo(*shared),
        refute.dummy_outcome(*shared),
        refute.random_cause(*shared, answer.high - answer.low),
        refute.subset(*shared),
        refute.bootstrap(*shared, sure=not answer.low <= 0 <= answer.high),
    )


def _controls(asked: Asked, graph: Graph, frame: Frame) -> tuple[Control, ...]:
    named: tuple[tuple[Kind, str], ...] = (
        *(("outcome", name) for name in dict.fromkeys(asked.settings.negative_outcomes)),
        *(("exposure", name) for name in dict.fromkeys(asked.settings.negative_exposures)),
    )
    return negative_controls(asked.table, graph, frame.question, asked.contrast, named, frame)
