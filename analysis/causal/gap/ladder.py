"""The ladder from one mean to the other: every rung a mean, every step between two rungs a part of the whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.doubly_robust import clustered_error
from analysis.causal.estimate import Estimate, from_error, from_replicates
from analysis.causal.study import Codes, Numbers


@dataclass(frozen=True)
class Ladder:
    """Means that differ by one way of the influence each, from x0's to x1's; so their steps sum to the whole exactly.

    rungs: float64 [m + 2 or m + 3] (see `decompose` and `mediate`). Exactly one of the two is given:
    replicates: float64 [B, rungs], the same of resampled users; or splits: of each draw of the folds the rungs,
    float64 [rungs], and the influence of each row, float64 [n, rungs], mean 0; the rungs are their mean.
    columns: of the finest fitted model; errors are widened by least / (least - columns), as HC3 does at mean leverage.
    users: resampled, or clusters of `user` int64 [n]. least: users of the smaller arm, the degrees of freedom.
    """

    rungs: Numbers
    user: Codes
    users: int
    least: int
    replicates: Numbers | None = None
    splits: tuple[tuple[Numbers, Numbers], ...] = ()
    columns: int = 0

    def step(self, start: int, end: int, fitted: bool = True) -> Estimate | None:
        """Rung `end` minus rung `start` with its interval; None where the data do not define it.

        fitted: a rung of the two comes from a model. Over splits the variance is the mean of each split's own plus the
        spread of the splits' values (Chernozhukov et al. 2018, definition 3.3, by means).
        """
        value = float(self.rungs[end] - self.rungs[start])
        if self.replicates is not None:
            return from_replicates(value, self.replicates[:, end] - self.replicates[:, start], self.users)
        variance = [
            clustered_error(scores[:, end] - scores[:, start], self.user, self.users) ** 2
            + float(rungs[end] - rungs[start] - value) ** 2
            for rungs, scores in self.splits
        ]
        left = self.least - self.columns if fitted else self.least
        widened = self.least / left if left > 0 else np.inf
        return from_error(value, float(np.sqrt(np.mean(variance))) * widened, self.least)
