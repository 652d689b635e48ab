"""The ladder from one mean to the other: every rung a mean, every step between two rungs a part of the whole."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.causal.doubly_robust import clustered_error
from analysis.causal.estimate import Estimate, from_error, from_replicates
from analysis.causal.study import Codes, Numbers


@dataclass(frozen=True)
class Ladder:
    """Means that differ by one way of the influence each, from x0's to x1's; so their steps sum to the whole exactly.

    rungs: float64 [m + 2 or m + 3] (see `decompose` and `mediate`). Exactly one of the two is given:
    replicates: float64 [B, rungs], the same of resampled users; influences: float64 [n, rungs], of each row, mean 0.
    users: resampled, or clusters of `user` int64 [n]. least: users of the smaller arm, the degrees of freedom.
    """

    rungs: Numbers
    user: Codes
    users: int
    least: int
    replicates: Numbers | None = None
    influences: Numbers | None = None

    def step(self, start: int, end: int) -> Estimate | None:
        """Rung `end` minus rung `start` with its interval; None where the data do not define it."""
        value = float(self.rungs[end] - self.rungs[start])
        if self.replicates is not None:
            return from_replicates(value, self.replicates[:, end] - self.replicates[:, start], self.users)
        assert self.influences is not None
        score = self.influences[:, end] - self.influences[:, start]
        return from_error(value, clustered_error(score, self.user, self.users), self.least)
