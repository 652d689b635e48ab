"""What is compared: two arms, an outcome, what stands before (confounders) and what lies in between (mediators)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.causal.study import Codes, Marks, Numbers, Stratified, stratified


@dataclass(frozen=True)
class Column:
    """One confounder or mediator of every row.

    strata: as categories (numbers cut at quantiles where they have many values). numbers: float64 [n], missing as NaN,
    where it is a number with many values; None where the categories are all there is to it.
    """

    strata: Stratified
    numbers: Numbers | None

    @property
    def name(self) -> str:
        return self.strata.name


@dataclass(frozen=True)
class Sample:
    """Rows [n] of two arms with a known outcome.

    arm: int8 [n], 1 for the first arm (x1), 0 for the second (x0). outcome: float64 [n]. user: int64 [n] in
    0..users-1; rows of one user count as one draw. before: confounders. between: mediators, in causal order.
    """

    arm: npt.NDArray[np.int8]
    outcome: Numbers
    user: Codes
    before: tuple[Column, ...]
    between: tuple[Column, ...]

    @property
    def rows(self) -> int:
        return len(self.arm)

    @property
    def users(self) -> int:
        return int(self.user.max()) + 1 if len(self.user) else 0

    @property
    def continuous(self) -> bool:
        """Whether any column is a number with many values."""
        return any(one.numbers is not None for one in (*self.before, *self.between))

    def of(self, arm: int) -> Marks:
        """bool [n]: rows of one arm."""
        found: Marks = self.arm == arm
        return found

    def people(self, arm: int) -> int:
        """Users with a row in the arm."""
        return len(np.unique(self.user[self.arm == arm]))

    def upto(self, count: int) -> tuple[Column, ...]:
        """Confounders and the first `count` mediators."""
        return (*self.before, *self.between[:count])

    def turned(self) -> Sample:
        """The same rows with the arms exchanged."""
        return replace(self, arm=(1 - self.arm).astype(np.int8))


def sample(
    table: pd.DataFrame,
    arm: npt.NDArray[np.int8],
    outcome: Numbers,
    before: tuple[str, ...],
    between: tuple[str, ...],
    bins: int,
) -> Sample:
    """The rows of `table` (one a value of `arm` and `outcome`) whose outcome is known.

    table: the columns named in `before` and `between`, and `user` (else one user a row). Missing values are a category
    of their own. Raises Refusal for a text column of more than 50 values.
    """
    known = np.isfinite(outcome)
    kept = table.loc[known].reset_index(drop=True)
    names = kept["user"].astype(str).to_numpy(dtype=str) if "user" in kept else np.arange(len(kept)).astype(str)
    return Sample(
        arm=arm[known],
        outcome=np.asarray(outcome[known], dtype=float),
        user=np.unique(names, return_inverse=True)[1].astype(np.int64),
        before=tuple(column(kept[name], bins) for name in before),
        between=tuple(column(kept[name], bins) for name in between),
    )


def column(values: pd.Series, bins: int) -> Column:
    """A column as categories, and as numbers where it has many values."""
    coded = stratified(values, bins)
    return Column(coded, values.to_numpy(dtype=float, na_value=np.nan) if coded.edges else None)
