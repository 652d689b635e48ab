"""What a mechanism sees of its causes: cells where all of them are categories, else columns of numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.causal.structure.variables import Variable
from analysis.causal.study import Codes, Numbers

Form = Literal["table", "pairs", "additive"]
"""table: each combination of causes has its own law; pairs: effects and their products two by two; additive."""
MAX_CELLS = 20_000
"""Combinations of categories up to which they are worked out once and looked up."""
WIDEST = 40
"""Products of two causes with more columns cost more than they explain."""

Values = Mapping[str, Codes | Numbers]


@dataclass(frozen=True)
class Design:
    """How causes become columns. scale: number -> (mean, standard deviation) over the log's rows."""

    causes: tuple[Variable, ...]
    form: Form
    scale: dict[str, tuple[float, float]]

    @property
    def cells(self) -> int | None:
        """Combinations of the causes' categories; None where a cause is a number or they are too many."""
        if not all(cause.discrete for cause in self.causes):
            return None
        count = math.prod(len(cause.labels) for cause in self.causes)
        return count if count <= MAX_CELLS else None

    def cell(self, values: Values, n: int) -> Codes:
        """int64 [n]: which combination each row has."""
        code: Codes = np.zeros(n, np.int64)
        for cause in self.causes:
            code = code * len(cause.labels) + np.asarray(values[cause.name], dtype=np.int64)
        return code

    def combinations(self) -> dict[str, Codes]:
        """The causes' codes in every cell, each int64 [cells]."""
        sizes = [len(cause.labels) for cause in self.causes]
        grid = np.indices(sizes).reshape(len(sizes), -1) if sizes else np.zeros((0, 1), np.int64)
        return {cause.name: grid[place].astype(np.int64) for place, cause in enumerate(self.causes)}

    def matrix(self, values: Values, n: int) -> Numbers:
        """float64 [n, p]: a constant, each cause, and for `pairs` squares of numbers and products of two causes."""
        own = [self._columns(cause, values[cause.name]) for cause in self.causes]
        columns = [np.ones((n, 1)), *own]
        if self.form == "pairs":
            columns += [block**2 for cause, block in zip(self.causes, own, strict=True) if not cause.discrete]
            columns += [
                (left[:, :, None] * right[:, None, :]).reshape(n, -1)
                for place, left in enumerate(own)
                for right in own[place + 1 :]
                if left.shape[1] * right.shape[1] <= WIDEST
            ]
        return np.hstack(columns)

    def _columns(self, cause: Variable, values: Codes | Numbers) -> Numbers:
        if cause.discrete:
            return np.asarray(values[:, None] == np.arange(1, len(cause.labels))[None, :], dtype=float)
        mean, spread = self.scale[cause.name]
        return np.asarray((values - mean) / spread, dtype=float)[:, None]


def forms(causes: tuple[Variable, ...], scale: dict[str, tuple[float, float]], rows: int) -> tuple[Design, ...]:
    """The designs worth trying, the richest first.

    A table needs twenty rows a cell on average. One cause that is a category, or none, leaves nothing but a table.
    """
    table = Design(causes, "table", scale)
    fits = table.cells is not None and table.cells * 20 <= rows
    if len(causes) < 2 and table.cells is not None:
        return (table,)
    more = (Design(causes, "pairs", scale), Design(causes, "additive", scale))
    return (table, *more) if fits else more
