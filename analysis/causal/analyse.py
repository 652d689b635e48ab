"""Everything that is computed about one contrast, before any of it is put into words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.causal import estimate, propensity, refute
from analysis.causal.cells import Cells, Estimand, compress
from analysis.causal.doubly_robust import Nuisances, nuisances
from analysis.causal.estimate import Adjusted, Estimate, GroupEffects
from analysis.causal.matching import by_matching
from analysis.causal.propensity import Balance, Overlap
from analysis.causal.settings import EffectSettings
from analysis.causal.strata import Numbers, Stratified, stratified
from analysis.causal.study import Rows, Study
from analysis.causal.weighting import by_weighting, fitted_propensity
from words import Refusal

Estimator = Literal["strata", "models"]
ESTIMANDS: tuple[Estimand, ...] = ("ATE", "ATT")
MAX_GROUPS = 20
"""An attribute with more groups is left to the disparity step."""


@dataclass(frozen=True)
class ByGroup:
    """The effect inside the groups of one attribute; users: of each group; pairs: (a, b) of the differences -> users
    of both, who may be the same people.

    lacking: share of each group's rows (for the ATT: treated rows) without a counterpart in the group; a group with too
    many has no effect.
    """

    attribute: str
    labels: tuple[str, ...]
    users: tuple[int, ...]
    pairs: dict[tuple[int, int], int]
    lacking: tuple[float, ...]
    effects: GroupEffects


@dataclass(frozen=True)
class Analysis:
    """Numbers of one contrast. `by` is None where the adjusted estimate is withheld for want of support.

    raw: the naive difference; adjusted: estimand -> the headline estimator's answer, those with support; unsupported:
    estimand -> share of its rows that lack it, where that is too much; beside: the other estimators of
    the chosen estimand, None where undefined; strata_lacking: share of rows in strata without both arms.
    """

    study: Study
    estimand: Estimand
    raw: Estimate | None
    overlap: Overlap
    strata_lacking: float
    by: Estimator | None
    adjusted: dict[Estimand, Adjusted | None]
    unsupported: dict[Estimand, float]
    beside: dict[str, Estimate | None]
    groups: tuple[ByGroup, ...]
    balance: tuple[Balance, ...]
    propensities: tuple[Estimate | None, ...]
    refutations: tuple[refute.Refutation, ...]
    logged: Literal["none", "used", "unfit"]


def analyse(study: Study, settings: EffectSettings, by: tuple[str, ...], seed: int) -> Analysis:
    """Estimate, overlap, balance, groups and refutations of `study`.

    The headline is standardisation over strata; where strata are too fine for it but a model finds support, the
    doubly robust estimate; where more than 10% of the target rows lack support, none.
    """
    cells = compress(study)
    estimand = settings.estimand
    fitted = _models(study, settings, seed)
    strata = propensity.overlap_by_strata(study, estimand)
    model = None if fitted is None else propensity.overlap_by_model(study, fitted.propensity, estimand)
    overlap, headline = _support(study, strata, model)
    lacking = {one: _lacking(study, fitted, headline, one) for one in ESTIMANDS}
    unsupported = {one: share for one, share in lacking.items() if share > propensity.WITHHELD}
    done = {} if headline is None else _adjusted(study, cells, fitted, headline, settings, seed)
    logged = propensity.logged_of(study)
    return Analysis(
        study=study,
        estimand=estimand,
        raw=estimate.raw(cells, settings.replicates, seed),
        overlap=overlap,
        strata_lacking=strata.lacking,
        by=headline,
        adjusted={one: found for one, found in done.items() if one not in unsupported},
        unsupported=unsupported,
        beside={} if headline is None else _beside(study, fitted, headline, estimand, logged, seed),
        groups=() if headline is None else _groups(study, fitted, headline, settings, by, seed),
        balance=tuple(propensity.balance(study, study.confounders, overlap.propensity, estimand)),
        propensities=tuple(propensity.propensity_by_stratum(cells)),
        refutations=_refutations(study, done.get(estimand), headline, settings, seed),
        logged="none" if "propensity" not in study.table or study.treatment != "treatment" else _fit(logged),
    )


def _models(study: Study, settings: EffectSettings, seed: int) -> Nuisances | None:
    """Cross-fitted models where they are asked for or needed (numbers, or strata too fine)."""
    if not study.confounders or study.users < 10:
        return None
    thin = propensity.overlap_by_strata(study, settings.estimand).lacking > propensity.WITHHELD
    needed = bool(study.continuous) or thin
    return nuisances(study, seed) if needed or settings.doubly_robust else None


def _support(study: Study, strata: Overlap, model: Overlap | None) -> tuple[Overlap, Estimator | None]:
    fine = strata.lacking > propensity.WITHHELD
    if model is None:
        return strata, None if fine else "strata"
    if study.continuous or fine:
        if model.lacking > propensity.WITHHELD:
            return model, None
        return model, "models" if fine else "strata"
    return strata, "strata"


def _lacking(study: Study, fitted: Nuisances | None, by: Estimator | None, estimand: Estimand) -> float:
    """Share of the estimand's rows without support: all rows for the ATE, the treated for the ATT."""
    found = []
    if by == "strata" or fitted is None:
        found.append(propensity.overlap_by_strata(study, estimand).lacking)
    if fitted is not None and (by != "strata" or study.continuous):
        found.append(propensity.overlap_by_model(study, fitted.propensity, estimand).lacking)
    return max(found)


def _adjusted(
    study: Study, cells: Cells, fitted: Nuisances | None, by: Estimator, settings: EffectSettings, seed: int
) -> dict[Estimand, Adjusted | None]:
    if by == "models" and fitted is not None:
        return {one: estimate.by_models(study, fitted, one) for one in ESTIMANDS}
    return {one: estimate.by_strata(cells, one, settings.replicates, seed) for one in ESTIMANDS}


def _beside(
    study: Study, fitted: Nuisances | None, by: Estimator, estimand: Estimand, logged: Numbers | None, seed: int
) -> dict[str, Estimate | None]:
    if not study.confounders:
        return {}
    others: dict[str, Estimate | None] = {"linear": estimate.by_line(study)}
    if fitted is not None and by != "models":
        robust = estimate.by_models(study, fitted, estimand)
        others["aipw"] = None if robust is None else robust.effect
    chances = fitted_propensity(study) if logged is None or study.continuous else None
    if logged is not None:
        others["ipw"] = propensity.by_logged(study, logged, estimand)
    else:
        others["weighting"] = by_weighting(study, chances, estimand)
    if study.continuous:  # on categories alone, exact matching is the comparison within strata
        others["matching"] = by_matching(study, chances, estimand, seed)
    return others


def _fit(logged: Numbers | None) -> Literal["used", "unfit"]:
    return "unfit" if logged is None else "used"


def _groups(
    study: Study,
    fitted: Nuisances | None,
    headline: Estimator,
    settings: EffectSettings,
    by: tuple[str, ...],
    seed: int,
) -> tuple[ByGroup, ...]:
    return tuple(_by_group(study, fitted, headline, settings, split_by(study, name), seed) for name in by)


def split_by(study: Rows, name: str) -> Stratified:
    """The groups of a column; refuses one that is not there or has more than 20 groups."""
    if name not in study.table:
        raise Refusal("effects.no_group_column", name=name)
    split = stratified(study.table[name], bins=4)
    if len(split.labels) > MAX_GROUPS:
        raise Refusal("effects.many_groups", name=name, n=len(split.labels), limit=MAX_GROUPS)
    return split


def _by_group(
    study: Study, fitted: Nuisances | None, headline: Estimator, settings: EffectSettings, split: Stratified, seed: int
) -> ByGroup:
    count = len(split.labels)
    users = tuple(split.users(study.user, code) for code in range(count))
    pairs = {pair: split.users(study.user, *pair) for pair in pairs_of(split.labels, users)}
    if headline == "models" and fitted is not None:
        effects = estimate.within_groups_by_models(study, fitted, settings.estimand, split.codes, count, list(pairs))
    else:
        cells = compress(study, split.codes, count)
        effects = estimate.within_groups(cells, settings.estimand, settings.replicates, seed, list(pairs), users)
    lacking = _lacking_inside(study, fitted if headline == "models" else None, settings.estimand, split)
    return ByGroup(split.name, split.labels, users, pairs, lacking, _supported(effects, lacking))


def _lacking_inside(study: Study, fitted: Nuisances | None, estimand: Estimand, split: Stratified) -> tuple[float, ...]:
    """Each group's share of rows that no row of the group alike in all else, or by the model none, compares with."""
    cell = split.codes * len(study.strata) + study.stratum
    inside = np.bincount(cell, weights=study.treated)[cell] / np.bincount(cell)[cell]
    alone = (inside == 0) | (inside == 1) if fitted is None else propensity.outside(fitted.propensity, estimand)
    target = np.ones(study.rows, bool) if estimand == "ATE" else study.treated == 1
    return tuple(
        float(alone[rows].mean()) if (rows := target & (split.codes == code)).any() else 0.0
        for code in range(len(split.labels))
    )


def _supported(found: GroupEffects, lacking: tuple[float, ...]) -> GroupEffects:
    thin = [share > propensity.WITHHELD for share in lacking]
    effect = tuple(None if bad else one for bad, one in zip(thin, found.effect, strict=True))
    return GroupEffects(effect, {(a, b): None if thin[a] or thin[b] else one for (a, b), one in found.gap.items()})


def pairs_of(labels: tuple[str, ...], users: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Each known group against the largest known one; the second is the larger."""
    from analysis.log import UNKNOWN

    known = [code for code, label in enumerate(labels) if label != UNKNOWN]
    if len(known) < 2:
        return ()
    largest = max(known, key=lambda code: (users[code], -code))
    return tuple((code, largest) for code in known if code != largest)


def _refutations(
    study: Study, found: Adjusted | None, headline: Estimator | None, settings: EffectSettings, seed: int
) -> tuple[refute.Refutation, ...]:
    if found is None or headline is None:
        return ()
    kind: refute.Kind = "strata" if headline == "strata" else "line"
    width = found.effect.high - found.effect.low
    runs, estimand = settings.simulations, settings.estimand
    return (
        refute.placebo(study, estimand, kind, runs, seed),
        refute.random_cause(study, estimand, kind, runs, seed, width),
        refute.subset(study, estimand, kind, runs, seed),
    )
