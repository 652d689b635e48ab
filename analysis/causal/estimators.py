"""Every estimator by name, each from a study to one estimate with its interval: to be run side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from analysis.causal import estimate
from analysis.causal.cells import Estimand, compress
from analysis.causal.doubly_robust import nuisances
from analysis.causal.estimate import Estimate
from analysis.causal.matching import by_matching
from analysis.causal.propensity import by_logged, logged_of
from analysis.causal.study import Study
from analysis.causal.weighting import by_weighting, fitted_propensity

Run = Callable[[Study, Estimand, int, int], Estimate | None]
FEWEST = 10
"""Users that a fitted model needs: two in each of five folds."""


@dataclass(frozen=True)
class Estimator:
    """One way of estimating. Its text stands under ``effects.name_NAME`` and ``effects.method_NAME``.

    run: (study, estimand, replicates, seed) -> the estimate, or None where these data do not define it (an empty arm,
    too few users, a model that explains all of the treatment). Everything but the seed's own randomness is fixed.
    adjusts: False for the raw difference.
    numbers: confounders with many values enter as the numbers that they are; else in quantile bins.
    att: tells the effect on the treated from the effect on all. Without it there is one effect for all rows, whichever
    is asked for.
    replicates: whether the interval comes from resampling users that many times; else from clustered errors, at a
    cost that does not grow with replicates.
    """

    run: Run
    adjusts: bool = True
    numbers: bool = False
    att: bool = True
    replicates: bool = False


def difference(study: Study, estimand: Estimand, replicates: int, seed: int) -> Estimate | None:
    """The raw difference of means; the same for every estimand."""
    return estimate.raw(compress(study), replicates, seed)


def strata(study: Study, estimand: Estimand, replicates: int, seed: int) -> Estimate | None:
    """Standardisation over the strata that hold both kinds of rows."""
    done = estimate.by_strata(compress(study), estimand, replicates, seed)
    return None if done is None else done.effect


def linear(study: Study, estimand: Estimand, replicates: int, seed: int) -> Estimate | None:
    """Least squares on treatment and confounders, one effect for all rows."""
    return estimate.by_line(study)


def ipw(study: Study, estimand: Estimand, replicates: int, seed: int) -> Estimate | None:
    """Weighting by the logged propensities where the log has them and they fit, else by fitted ones."""
    logged = logged_of(study)
    if logged is not None:
        return by_logged(study, logged, estimand)
    return by_weighting(study, fitted_propensity(study), estimand) if study.confounders else None


def matching(study: Study, estimand: Estimand, replicates: int, seed: int) -> Estimate | None:
    """Bias-corrected matching: exactly on categories, on the fitted propensity where there are numbers."""
    if not study.confounders or study.users < FEWEST:
        return None
    return by_matching(study, fitted_propensity(study) if study.continuous else None, estimand, seed)


def aipw(study: Study, estimand: Estimand, replicates: int, seed: int) -> Estimate | None:
    """Cross-fitted doubly robust estimate."""
    if not study.confounders or study.users < FEWEST:
        return None
    done = estimate.by_models(study, nuisances(study, seed), estimand)
    return None if done is None else done.effect


ESTIMATORS: Mapping[str, Estimator] = MappingProxyType(
    {
        "difference": Estimator(difference, adjusts=False, att=False, replicates=True),
        "strata": Estimator(strata, replicates=True),
        "linear": Estimator(linear, numbers=True, att=False),
        "ipw": Estimator(ipw, numbers=True),
        "matching": Estimator(matching, numbers=True),
        "aipw": Estimator(aipw, numbers=True),
    }
)
"""Name -> estimator of a treatment of two kinds, the plainest first. Callers hold the rule of support
(`analysis.causal.propensity.WITHHELD`): these estimate whatever is left after their own trimming."""
