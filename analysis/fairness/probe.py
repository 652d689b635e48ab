"""How well a fresh probe reads a person's group from what a recommender keeps or shows of that person.

An AUC of k-fold cross-fitting has no honest interval near chance: every pair of users is used twice (each fold trains
the other's probe), which doubles the variance there, so that DeLong's 95% interval holds 0.5 in about five of six
simulations. Here users come in PARTS parts, and each part is judged by a probe that learnt from the parts before it
only (progressive validation: Blum, Kalai and Langford 1999, Beating the Hold-Out). The errors are then martingale
differences, their variances add up, and the interval holds. Arrays only.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.special import expit

from analysis.fairness.infer import SAME, two_sided

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Features = Array | sp.csr_matrix
Kind = Literal["linear", "network"]

PARTS = 6
FIRST = 2
"""Parts that only train; every later part is judged by a probe trained on all the parts before it."""
FEWEST = 30
"""Least users of a group: five in each part."""
RIDGES = (0.003, 0.03, 0.3, 3.0)
"""Inverse strengths of the ridge that are tried; the best on a held-out third of the first training parts is used."""
HIDDEN = 32
"""Width of the network's one hidden layer."""
CHANCE = 0.5


@dataclass(frozen=True)
class Leak:
    """auc: 0..1, chance 0.5; macro one-vs-rest over three or more groups, of two the share of pairs told apart.

    error: standard error, >= 0. tested: int [groups], users that a probe was judged on.
    """

    auc: float
    error: float
    tested: npt.NDArray[np.int64]

    def limits(self, level: float) -> tuple[float, float]:
        """Interval on the logit scale; where every pair is told right, Newcombe's (2006, method 5) score interval."""
        z = two_sided(level)
        if self.auc in (0.0, 1.0):
            end = _score_end(z, self.tested)
            return (end, 1.0) if self.auc == 1.0 else (0.0, 1 - end)
        middle, width = np.log(self.auc / (1 - self.auc)), z * self.error / (self.auc * (1 - self.auc))
        return float(expit(middle - width)), float(expit(middle + width))


def leak(features: Features, group: Codes, kind: Kind, seed: int) -> Leak | None:
    """The AUC of probes of `features` [users, d] for `group` int [users], codes 0..G-1 of FEWEST users or more each.

    None where all users judged have the same features: there is nothing to read. Raises ValueError under FEWEST.
    """
    size = np.bincount(group)
    if size.size < 2 or size.min() < FEWEST:
        raise ValueError(f"a probe needs two groups of {FEWEST}")
    if _constant(features):
        return None
    part = parts(group, seed)
    ridge = _ridge(features, group, np.flatnonzero(part < FIRST), seed) if kind == "linear" else 0.0
    found, variance, tested = [], 0.0, np.zeros(size.size, np.int64)
    for train, test in _rounds(part):
        score = _guess(features, group, train, test, kind, ridge, seed)
        auc, error = macro_auc(score, group[test])
        found.append(auc)
        variance += error**2
        tested += np.bincount(group[test], minlength=size.size)
    auc, error = float(np.mean(found)), float(np.sqrt(variance)) / len(found)
    certain = min(abs(auc), abs(auc - 1)) < SAME
    if error <= SAME and not certain:
        return None
    return Leak(round(auc) if certain else auc, error, tested)


def parts(group: Codes, seed: int) -> Codes:
    """int [users] in 0..PARTS-1, drawn at random within each group so that all have the same mix."""
    rng = np.random.default_rng([seed, 7301])
    part = np.empty(group.size, np.intp)
    for code in np.unique(group):
        members = rng.permutation(np.flatnonzero(group == code))
        part[members] = np.arange(members.size) % PARTS
    return part


def macro_auc(score: Array, group: Codes) -> tuple[float, float]:
    """Mean one-vs-rest AUC of score [users, G] and its standard error by DeLong's structural components.

    Ties count a half. Group sizes are taken as given, so the error adds up over the groups; with two groups and
    score columns that mirror each other it is DeLong, DeLong and Clarke-Pearson's (1988).
    """
    size = np.bincount(group, minlength=score.shape[1])
    influence, total = np.zeros(group.size), 0.0
    for code in range(score.shape[1]):
        inside = group == code
        own, other = np.sort(score[inside, code]), np.sort(score[~inside, code])
        beats = _below(other, score[inside, code])
        beaten = 1 - _below(own, score[~inside, code])
        total += float(beats.mean())
        influence[inside] += beats / size[code]
        influence[~inside] += beaten / (group.size - size[code])
    groups = score.shape[1]
    variance = sum(size[c] * float(influence[group == c].var(ddof=1)) for c in range(groups)) / groups**2
    return total / groups, float(np.sqrt(variance))


def _below(ordered: Array, values: Array) -> Array:
    """For each value, the share of `ordered` below it, ties a half."""
    left, right = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    return np.asarray((left + right) / (2 * ordered.size))


def _rounds(part: Codes) -> Iterator[tuple[Codes, Codes]]:
    for at in range(FIRST, PARTS):
        yield np.flatnonzero(part < at), np.flatnonzero(part == at)


def _ridge(features: Features, group: Codes, users: Codes, seed: int) -> float:
    """The inverse strength with the best AUC on a third of `users`, none of whom is judged on later."""
    third = parts(group[users], seed + 1) % 3 == 0
    train, test = users[~third], users[third]
    found = [macro_auc(_guess(features, group, train, test, "linear", c, seed), group[test])[0] for c in RIDGES]
    return RIDGES[int(np.argmax(found))]


def _guess(features: Features, group: Codes, train: Codes, test: Codes, kind: Kind, ridge: float, seed: int) -> Array:
    """float64 [test users, G]: how much each looks like one of each group, to a probe that learnt from `train`."""
    from sklearn.exceptions import ConvergenceWarning

    seen, judged = features[train], features[test]
    if isinstance(seen, np.ndarray) and isinstance(
        judged, np.ndarray
    ):  # indicators and shares are on one scale already
        centre, spread = seen.mean(axis=0), seen.std(axis=0)
        spread[spread == 0] = 1.0
        seen, judged = (seen - centre) / spread, (judged - centre) / spread
    model = _model(kind, ridge, seed)
    with warnings.catch_warnings():  # one that is stopped before its optimum is judged as it stands
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(seen, group[train])
    return np.asarray(model.predict_proba(judged), dtype=np.float64)


def _model(kind: Kind, ridge: float, seed: int) -> Any:
    if kind == "linear":
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=ridge, max_iter=300)
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier((HIDDEN,), alpha=1.0, max_iter=60, batch_size=64, tol=1e-3, random_state=seed)


def _constant(features: Features) -> bool:
    if sp.issparse(features):
        return bool((features.max(axis=0) - features.min(axis=0)).nnz == 0)
    return bool(np.ptp(features, axis=0).max(initial=0.0) == 0)


def _score_end(z: float, tested: npt.NDArray[np.int64]) -> float:
    """The theta below 1 at which an AUC of 1 is just z standard errors away (Hanley and McNeil's error)."""
    least = int(tested.min())
    pairs = least * int(tested.sum() - least)
    half = int(tested.sum()) / 2 - 1

    def short(theta: float) -> float:
        spread = 1 + half * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return 1 - theta - z * float(np.sqrt(theta * (1 - theta) * spread / pairs))

    low, high = CHANCE, 1 - 1e-12
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if short(middle) > 0 else (low, middle)
    return low
