"""Fresh probes for training: how well people are told apart by their vectors, on people the probe has not seen.

They decide when enough is hidden. The audit's own probes (analysis.fairness.probe) are other ones, so that what
training was stopped by is not what it is judged by.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve
from scipy.spatial.distance import cdist

from words import Refusal

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Reader = Literal["linear", "kernel"]

FOLDS = 4
MOST = 1200
"""People that a probe reads; of more, as many drawn at random, but of each group at least KEPT."""
KEPT = 3 * FOLDS
RIDGES = (0.001, 0.01, 0.1)
"""Ridges that are tried, as shares of the kernel's sum over people; the probe that tells most counts."""
CHANCE = 0.5


def fresh_auc(vectors: Array, codes: Codes, reader: Reader, seed: int = 0) -> float:
    """Macro one-vs-rest AUC, 0..1, chance 0.5, of a ridge probe of `vectors` [n, d] for `codes` int [n], -1 unknown.

    Cross-fitted: each of FOLDS parts of the people is told by a probe that learnt from the others. Groups weigh the
    same while learning. linear: of the standardised vectors; kernel: of their Gaussian kernel at the median distance.
    Groups of fewer than FOLDS people cannot be in every part and are left out; Refusal where fewer than two are left.
    """
    rng = np.random.default_rng([seed, 4105])
    rows = _read(codes, rng)
    groups = np.unique(codes[rows])
    part = _parts(codes[rows], rng)
    x = vectors[rows] - vectors[rows].mean(0)
    x = x / np.maximum(x.std(0), 1e-12)
    y = (codes[rows, None] == groups).astype(np.float64)  # [n, groups]
    gram = x @ x.T / x.shape[1] if reader == "linear" else _gaussian(x)
    told = [[_auc(score, truth) for score, truth in _told(gram, y, part, fold)] for fold in range(FOLDS)]
    return float(np.mean(told, axis=0).max())


def _read(codes: Codes, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """The people that a probe reads."""
    size = np.bincount(codes[codes >= 0])
    enough = np.flatnonzero(size >= FOLDS)
    if len(enough) < 2:
        raise Refusal("models.few_to_hide", least=FOLDS)
    rows = rng.permutation(np.flatnonzero(np.isin(codes, enough)))
    place = np.empty(len(rows), np.int64)  # in the queue of the own group
    for code in enough:
        own = np.flatnonzero(codes[rows] == code)
        place[own] = np.arange(len(own))
    return rows[np.argsort(place >= KEPT, kind="stable")][:MOST]


def _parts(codes: Codes, rng: np.random.Generator) -> Codes:
    """A part 0..FOLDS-1 for each person, the same mix of groups in all."""
    part = np.empty(len(codes), np.int64)
    for code in np.unique(codes):
        members = rng.permutation(np.flatnonzero(codes == code))
        part[members] = np.arange(len(members)) % FOLDS
    return part


def _gaussian(x: Array) -> Array:
    """[n, n]: exp(-d^2 / (2 median d^2))."""
    far = cdist(x, x, "sqeuclidean")
    return np.asarray(np.exp(-far / (2 * max(float(np.median(far)), 1e-12))))


def _told(gram: Array, y: Array, part: Codes, fold: int) -> list[tuple[Array, Array]]:
    """Scores and truth, each [people of the fold, groups], by kernel ridge regression on the others; for each ridge."""
    train, test = np.flatnonzero(part != fold), np.flatnonzero(part == fold)
    root = np.sqrt((y[train] / y[train].sum(0)).sum(1) / y.shape[1])  # squares: 1 in sum, the same for each group
    centred = y[train] - root**2 @ y[train]
    own = root[:, None] * gram[np.ix_(train, train)] * root
    across, eye = gram[np.ix_(test, train)] * root, np.eye(len(train))
    ridges = [ridge * float(own.trace()) for ridge in RIDGES]
    return [(across @ solve(own + ridge * eye, root[:, None] * centred, assume_a="pos"), y[test]) for ridge in ridges]


def _auc(score: Array, truth: Array) -> float:
    """Mean over groups of the share of pairs (one inside, one outside) told right, ties a half."""
    found = []
    for told, inside in zip(score.T, truth.T > 0, strict=True):
        other = np.sort(told[~inside])
        below, upto = np.searchsorted(other, told[inside]), np.searchsorted(other, told[inside], "right")
        found.append(float((below + upto).mean()) / (2 * len(other)))
    return float(np.mean(found))
