"""The specification curve: every defensible estimator x adjustment set x outcome, each computed or with its reason.

Simonsohn, Simmons & Nelson 2020 ("Specification curve analysis", Nature Human Behaviour 4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.causal import propensity
from analysis.causal.cells import Estimand
from analysis.causal.doubly_robust import nuisances
from analysis.causal.estimate import Estimate
from analysis.causal.estimators import ESTIMATORS, FEWEST
from analysis.causal.robustness.controls import few_in_a_cell
from analysis.causal.robustness.scores import SCORES, by_user
from analysis.causal.robustness.settings import RobustnessSettings
from analysis.causal.robustness.specifications import AdjustmentChoice, OutcomeChoice
from analysis.causal.settings import EffectSettings
from analysis.causal.strata import Stratified, crossed, stratified
from analysis.causal.study import Contrast, Numbers, Study, study
from analysis.causal.weighting import fitted_propensity
from words import Phrase, Refusal, phrase

RAW = "difference"
Progress = Callable[[float], None]


@dataclass(frozen=True)
class Specification:
    """One way: an estimator by its registered name, and the positions of its adjustment set and outcome."""

    estimator: str
    adjustment: int
    outcome: int
    headline: bool


@dataclass(frozen=True)
class Way:
    """A specification with its estimate, in the outcome's own unit; `reason` where there is none.

    spread: standard deviation of its outcome; score: float64 [people] of the whole contrast, each user's contribution
    to the estimate, None where the estimator gives none.
    """

    specification: Specification
    estimate: Estimate | None
    reason: Phrase | None
    spread: float
    score: Numbers | None


@dataclass(frozen=True)
class Asked:
    """What all specifications share: the table, who is compared, and the choices that are crossed."""

    table: pd.DataFrame
    treatment: str
    contrast: Contrast
    sets: tuple[AdjustmentChoice, ...]
    outcomes: tuple[OutcomeChoice, ...]
    effects: EffectSettings
    settings: RobustnessSettings
    k: int
    seed: int

    @property
    def estimand(self) -> Estimand:
        return self.effects.estimand


def ways(asked: Asked, tell: Progress) -> tuple[Way, ...]:
    """Every specification, computed or with the reason why not, in the order outcome, set, estimator."""
    every: list[Way] = []
    lacking: dict[int, float] = {}
    people = np.unique(asked.table.loc[asked.contrast.rows, "user"].astype(str).to_numpy(dtype=str))
    count = len(asked.outcomes) * len(asked.sets)
    for at, outcome in enumerate(asked.outcomes):
        base = _base(asked, outcome)
        known: dict[str, Stratified] = {}
        for place, choice in enumerate(asked.sets):
            tell((at * len(asked.sets) + place) / count)
            if isinstance(base, Phrase):
                every += _none(asked, at, place, base)
                continue
            cut = _restratified(base, choice.names, known, asked.effects.bins)
            every += (
                _none(asked, at, place, cut)
                if isinstance(cut, Phrase)
                else _of_set(asked, at, place, cut, people, lacking)
            )
    return tuple(every)


def _base(asked: Asked, outcome: OutcomeChoice) -> Study | Phrase:
    """The rows with this outcome, nothing adjusted for; or why there are none."""
    name = "outcome of the curve"
    table = asked.table.assign(**{name: outcome.values.to_numpy()})
    try:
        rows = study(table, asked.treatment, name, asked.contrast, (), asked.effects.bins)
    except Refusal:
        return phrase("robustness.outcome_constant")
    return phrase("finding.suppressed", k=asked.k) if rows.binary and few_in_a_cell(rows, asked.k) else rows


def _restratified(base: Study, names: tuple[str, ...], known: dict[str, Stratified], bins: int) -> Study | Phrase:
    """The same rows in the strata of `names`; a confounder is cut once and kept in `known`."""
    try:
        for name in names:
            if name not in known:
                known[name] = stratified(base.table[name], bins)
    except Refusal as refusal:
        return refusal.phrase
    confounders = tuple(known[name] for name in names)
    stratum, strata = crossed(confounders, base.rows)
    return replace(base, confounders=confounders, stratum=stratum, strata=strata)


def _of_set(asked: Asked, at: int, place: int, cut: Study, people: Numbers, lacking: dict[int, float]) -> list[Way]:
    """lacking: share of rows without support by set, filled in with the first outcome."""
    fine = propensity.overlap_by_strata(cut, asked.estimand).lacking
    if place not in lacking:
        lacking[place] = _lacking(asked, place, cut, fine)
    short = lacking[place] > propensity.WITHHELD
    refused = phrase("robustness.no_support", share=f"{lacking[place]:.0%}") if short else None
    headline = "strata" if fine <= propensity.WITHHELD else "aipw"
    if not cut.confounders:
        headline = RAW
    found = []
    for name in _names(asked, place, at, headline):
        own = Specification(name, place, at, _is_headline(asked, place, at) and name == headline)
        reason = refused or _not_for(asked, cut, name, place, fine)
        estimate = None
        if reason is None:
            replicates = asked.effects.replicates if own.headline else asked.settings.replicates
            estimate = ESTIMATORS[name].run(cut, asked.estimand, replicates, asked.seed)
            reason = phrase("effects.undefined") if estimate is None else None
        score = by_user(SCORES[name](cut, asked.estimand), cut, people) if estimate and name in SCORES else None
        found.append(Way(own, estimate, reason, float(cut.outcome.std()), score))
    return found


def _names(asked: Asked, place: int, at: int, headline: str) -> list[str]:
    """Estimators of one set: only the raw difference where nothing is adjusted for; the answer's own always."""
    if not asked.sets[place].names:
        return [RAW]
    chosen = [name for name in ESTIMATORS if name in set[str](asked.settings.estimators)]
    if _is_headline(asked, place, at) and headline not in chosen:
        chosen.insert(0, headline)
    return chosen


def _is_headline(asked: Asked, place: int, at: int) -> bool:
    return asked.sets[place].kind == "headline" and asked.outcomes[at].headline


def _none(asked: Asked, at: int, place: int, reason: Phrase) -> list[Way]:
    headline = "strata" if asked.sets[place].names else RAW
    return [
        Way(
            Specification(name, place, at, _is_headline(asked, place, at) and name == headline), None, reason, 0.0, None
        )
        for name in _names(asked, place, at, headline)
    ]


def _lacking(asked: Asked, place: int, cut: Study, fine: float) -> float:
    """The answer's own rule of support: by strata, or by a model for numbers and thin strata.

    The model is the answer's cross-fitted one for the answer's own set; for the others a logistic regression, which
    takes a fraction of the time.
    """
    if cut.users < FEWEST or not (cut.continuous or fine > propensity.WITHHELD):
        return fine
    if asked.sets[place].kind == "headline":
        modelled = nuisances(cut, asked.seed).propensity
    else:
        fitted = fitted_propensity(cut)
        if fitted is None:  # some combination tells the treatment for certain
            return 1.0
        modelled = fitted.probability
    return propensity.overlap_by_model(cut, modelled, asked.estimand).lacking


def _not_for(asked: Asked, cut: Study, name: str, place: int, fine: float) -> Phrase | None:
    """Why this estimator is not for this set, or None."""
    if name == "strata" and fine > propensity.WITHHELD:
        return phrase("robustness.thin_strata", share=f"{fine:.0%}")
    repeated = name == "ipw" and asked.sets[place].kind != "headline" and propensity.logged_of(cut) is not None
    return phrase("robustness.same_logged") if repeated else None
