"""Do the data agree with what the graph forbids? Every testable claim tested, corrected for how many there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.causal.dag import Edge, Graph
from analysis.causal.encoded import Columns
from analysis.causal.falsify import ROWS, Shuffled, Why, shuffled
from analysis.causal.implications import Implication, implied
from analysis.causal.independence import LEVEL, Independence, Untested, independence
from analysis.fairness.infer import benjamini_hochberg

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Checked:
    """One claim and what the data say; `adjusted` is its p after Benjamini-Hochberg, 1 where it was not tested."""

    claim: Implication
    found: Independence | Untested
    adjusted: float

    @property
    def fails(self) -> bool:
        """Whether the data disagree: adjusted p under 0.05."""
        return self.adjusted < LEVEL


@dataclass(frozen=True)
class Fit:
    """How a graph fits a log.

    checks: the failing claims first, the strongest association first; then the tested, then those that could not be.
    left_out, silent: as `implications.Implied` has them. beside: the graph among its shuffled twins, or why not.
    rows, people: of the log tested; sampled: whether that is a part of a larger log.
    """

    checks: tuple[Checked, ...]
    left_out: int
    silent: tuple[Edge, ...]
    beside: Shuffled | Why
    rows: int
    people: int
    sampled: bool

    @property
    def failing(self) -> tuple[Checked, ...]:
        return tuple(each for each in self.checks if each.fails)

    @property
    def tested(self) -> tuple[Checked, ...]:
        return tuple(each for each in self.checks if not isinstance(each.found, str))


def fit(table: pd.DataFrame, graph: Graph, seed: int, tell: Progress, k: int = 1) -> Fit:
    """Test the claims of `graph` on `table` (one row an event, a column `user`); `tell` hears the share done.

    A claim that fewer than `k` people bear on counts as not tested: nothing may be told of so few.
    """
    columns = Columns(table, seed)
    claims = implied(graph, columns.names)
    checks = check(columns, claims.claims, lambda done: tell(0.6 * done), k)
    beside = shuffled(graph, Columns(table, seed, ROWS), seed) if claims.claims else "untested"
    tell(1.0)
    return Fit(
        checks=checks,
        left_out=claims.left_out,
        silent=claims.silent,
        beside=beside,
        rows=columns.rows,
        people=int(columns.user.max(initial=-1)) + 1,
        sampled=columns.rows < len(table),
    )


def check(columns: Columns, claims: Sequence[Implication], tell: Progress, k: int = 1) -> tuple[Checked, ...]:
    """Every claim tested, with p after Benjamini-Hochberg, in the order of `Fit.checks`."""
    found: list[Independence | Untested] = []
    for number, claim in enumerate(claims):
        one = independence(columns, claim.a, claim.b, claim.given)
        found.append("few" if not isinstance(one, str) and one.people < k else one)
        tell((number + 1) / len(claims))
    adjusted = iter(benjamini_hochberg(np.array([one.p for one in found if not isinstance(one, str)])))
    checks = (
        Checked(claim, one, 1.0 if isinstance(one, str) else float(next(adjusted)))
        for claim, one in zip(claims, found, strict=True)
    )
    return tuple(sorted(checks, key=_telling))


def _telling(each: Checked) -> tuple[int, float]:
    if isinstance(each.found, str):
        return (2, 0.0)
    return (0, -each.found.strength) if each.fails else (1, each.found.p)
