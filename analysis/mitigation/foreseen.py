"""How likely each candidate is to be wanted, learnt from the validation part: what stands in for test labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.mitigation.candidates import Array, Candidates

FEWEST_WANTED = 50
"""A group of users with fewer wanted candidates in the validation part is read with all users together."""
PENALTY = 1.0
"""C of the logistic regression."""


@dataclass(frozen=True)
class Rehearsal:
    """What a recommender taught by the training rows ranks for the validation part, and what was wanted there.

    wanted: bool [users, M] of the candidates. popularity: int64 [items], training positives.
    """

    candidates: Candidates
    wanted: npt.NDArray[np.bool_]
    popularity: npt.NDArray[np.int64]


def foreseen(rehearsal: Rehearsal, candidates: Candidates, user_group: npt.NDArray) -> Array:
    """Chance that each candidate is wanted, float64 [users, M] in (0, 1), 0 where padded.

    A logistic regression for each group of users (str [users]) on the scaled score, the logarithm of the rank and
    that of the item's popularity; 0 everywhere where nothing was wanted in the validation part.
    """
    past, now = (_signs(one, rehearsal.popularity) for one in (rehearsal.candidates, candidates))
    listed = rehearsal.candidates.codes >= 0
    chance = np.zeros(candidates.codes.shape)
    if not rehearsal.wanted[listed].any():
        return chance
    for group in np.unique(user_group):
        members = np.asarray(user_group) == group
        taught = members if rehearsal.wanted[members].sum() >= FEWEST_WANTED else np.ones(len(members), bool)
        inside = listed & taught[:, None]
        chance[members] = _learnt(past[inside], rehearsal.wanted[inside], now[members])
    return np.where(candidates.codes >= 0, chance, 0.0)


def _signs(candidates: Candidates, popularity: npt.NDArray[np.int64]) -> Array:
    """Scaled score, log of the rank, log of the popularity: [users, M, 3]."""
    M = candidates.codes.shape[1]
    relevance = np.where(candidates.codes >= 0, candidates.relevance, 0.0)
    rank = np.broadcast_to(np.log(np.arange(1, M + 1)), candidates.codes.shape)
    return np.stack([relevance, rank, np.log1p(popularity[candidates.codes])], axis=-1)


def _learnt(signs: Array, wanted: npt.NDArray[np.bool_], now: Array) -> Array:
    """Chances for `now` [users, M, 3] by the logistic regression of `wanted` [rows] on `signs` [rows, 3]."""
    from sklearn.linear_model import LogisticRegression

    mean, spread = signs.mean(axis=0), signs.std(axis=0)
    spread[spread == 0] = 1.0
    if wanted.all():
        return np.ones(now.shape[:2])
    fit = LogisticRegression(C=PENALTY).fit((signs - mean) / spread, wanted)
    flat = (now.reshape(-1, now.shape[2]) - mean) / spread
    return np.asarray(fit.predict_proba(flat)[:, 1]).reshape(now.shape[:2])
