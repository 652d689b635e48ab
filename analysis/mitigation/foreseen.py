"""How likely each candidate is to be wanted, learnt from the validation part: what stands in for test labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.mitigation.candidates import Array, Candidates
from analysis.mitigation.halves import first_half

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

    def among(self, users: npt.NDArray[np.bool_]) -> Rehearsal:
        """The same of some users, bool [users]."""
        candidates = Candidates(self.candidates.codes[users], self.candidates.scores[users])
        return Rehearsal(candidates, self.wanted[users], self.popularity)


def foreseen(
    rehearsal: Rehearsal, candidates: Candidates, user_group: npt.NDArray, taught_group: npt.NDArray | None = None
) -> Array:
    """Chance that each candidate is wanted, float64 [users, M] in (0, 1), 0 where padded.

    user_group, taught_group: str [users], of the candidates' users and of the rehearsal's; None: they are the same.
    A logistic regression for each group on the scaled score, the logarithm of the rank and
    that of the item's popularity; 0 everywhere where nothing was wanted in the validation part.
    """
    past, now = (_signs(one, rehearsal.popularity) for one in (rehearsal.candidates, candidates))
    listed = rehearsal.candidates.codes >= 0
    chance = np.zeros(candidates.codes.shape)
    if not rehearsal.wanted[listed].any():
        return chance
    of_taught = np.asarray(user_group if taught_group is None else taught_group)
    for group in np.unique(user_group):
        members, taught = np.asarray(user_group) == group, of_taught == group
        if rehearsal.wanted[taught].sum() < FEWEST_WANTED:
            taught = np.ones(len(of_taught), bool)
        inside = listed & taught[:, None]
        chance[members] = _learnt(past[inside], rehearsal.wanted[inside], now[members])
    return np.where(candidates.codes >= 0, chance, 0.0)


def crossed(rehearsal: Rehearsal, user_group: npt.NDArray, seed: int) -> Array:
    """`foreseen` of the rehearsal's own candidates, those of each half of the users learnt from the other half."""
    user_group = np.asarray(user_group)
    chance = np.zeros(rehearsal.candidates.codes.shape)
    first = first_half(user_group, seed)
    for mine in (first, ~first):
        taught, own = rehearsal.among(~mine), rehearsal.among(mine)
        chance[mine] = foreseen(taught, own.candidates, user_group[mine], user_group[~mine])
    return chance


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
