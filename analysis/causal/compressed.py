"""A causal question put to a whole log that need not fit into memory: cells straight from Parquet.

An engine reads the log and hands over, for every row, its user, its cell (stratum x treatment) and its outcome; here
they are summed by user and cell. The cells are those that `study` and `compress` make of a frame, so every
estimate of `estimate` runs on them unchanged, users resampled and all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from analysis.causal import estimate
from analysis.causal.cells import MANY_USERS, Cells, Estimand
from analysis.causal.estimate import Adjusted
from analysis.causal.gather import Gathering
from analysis.causal.levels import Level, levels_of
from analysis.causal.log_rows import LogQuestion, LogRows, log_rows
from analysis.causal.propensity import WITHHELD
from analysis.engine import Engine
from words import Refusal

MAX_STRATA = 1 << 20
"""Strata that are numbered at most; a finer adjustment leaves nobody to compare with."""
SPARSE = 8
"""Users that are whole numbers are their own codes where the range is at most so many times the rows."""


@dataclass(frozen=True)
class WholeLog:
    """The cells of a question over every row of a log.

    levels: what is adjusted for, as categories; strata: their labels in each stratum of the cells. rows: those
    compared; dropped: those of the log without a user, a treatment or an outcome. binary: whether every outcome is 0
    or 1. spread: the outcome's standard deviation. arms: users with a row of (reference, level).
    """

    cells: Cells
    reference: str
    level: str
    levels: tuple[Level, ...]
    strata: tuple[tuple[str, ...], ...]
    rows: int
    dropped: int
    binary: bool
    spread: float
    arms: tuple[int, int]

    def lacking(self, estimand: Estimand) -> float:
        """Share of the target rows in strata that have no row of the other kind."""
        n = self.cells.totals()[0][0]  # [strata, 2]
        target = n.sum(axis=1) if estimand == "ATE" else n[:, 1]
        return float(target[(n == 0).any(axis=1)].sum() / target.sum())

    def effect(self, estimand: Estimand, replicates: int, seed: int) -> Adjusted | None:
        """Naive and adjusted difference, resampling users; None without support or where undefined."""
        if self.lacking(estimand) > WITHHELD:
            return None
        return estimate.by_strata(self.cells, estimand, replicates, seed)


def compress_log(log: Path | pd.DataFrame, asked: LogQuestion, engine: Engine) -> WholeLog:
    """The cells of `asked` over all of `log`: a frame, a Parquet file, or a folder of them.

    The same cells, strata and labels as `compress(study(...))` of the same rows, and the same order of users while
    there are few enough for multinomial resampling, so that the same seed gives the same interval. Missing values of
    an adjustment are a category of their own. Raises Refusal(effects.* | scale.*) for columns that are missing or
    cannot be what they are asked to be.
    """
    rows = log_rows(engine.table(log), asked, engine)
    levels = levels_of(rows.kept, asked.adjustment, rows.found, asked.bins, engine)
    cells, strata = _cells(rows, levels, asked, engine)
    arms = [len(np.unique(_users_of(cells.n, arm))) for arm in (0, 1)]
    return WholeLog(
        cells=cells,
        reference=rows.treatment.labels[rows.reference],
        level=rows.treatment.labels[rows.level],
        levels=levels,
        strata=strata,
        rows=int(cells.n.sum()),
        dropped=rows.rows - rows.complete,
        binary=rows.binary,
        spread=rows.spread,
        arms=(arms[0], arms[1]),
    )


def _cells(
    rows: LogRows, levels: tuple[Level, ...], asked: LogQuestion, engine: Engine
) -> tuple[Cells, tuple[tuple[str, ...], ...]]:
    """The cells, strata that do not occur left out, and the labels of those that do."""
    sizes = [len(one.labels) for one in levels]
    count = int(np.prod(sizes, dtype=float))
    if count > MAX_STRATA:
        raise Refusal("scale.many_strata", names=", ".join(asked.adjustment), limit=f"{MAX_STRATA:,}")
    n, y, users = _gathered(rows, levels, 2 * count, asked, engine)
    occupied = np.unique(n.indices // 2)
    number = np.zeros(count, np.int32)
    number[occupied] = np.arange(len(occupied))
    index = number[n.indices // 2] * 2 + n.indices % 2
    start = _without_gaps(n.indptr)
    shape = (len(start) - 1, 2 * len(occupied))
    n, y = (sp.csr_matrix((one.data, index, start), shape=shape) for one in (n, y))
    if users is not None and len(users) < MANY_USERS:  # the order in which `study` counts them
        order = np.argsort(users.astype(str), kind="stable")
        n, y = n[order], y[order]
    codes = np.unravel_index(occupied, sizes) if sizes else ()
    strata = tuple(
        tuple(one.labels[code[at]] for one, code in zip(levels, codes, strict=True)) for at in range(len(occupied))
    )
    return Cells(n, y, (1, len(occupied), 2)), strata


def _gathered(
    rows: LogRows, levels: tuple[Level, ...], cells: int, asked: LogQuestion, engine: Engine
) -> tuple[sp.csr_matrix, sp.csr_matrix, np.ndarray | None]:
    """n and y by user and cell; users who are whole numbers, None where they are in the order of their names."""
    import ibis

    kept = rows.kept
    stratum = reduce(lambda code, one: code * len(one.labels) + one.code(kept), levels, ibis.literal(0, "int32"))
    treated = (rows.treatment.code(kept) == rows.level).cast("int32")
    plain = kept.select(
        who=kept[asked.user], cell=(stratum * 2 + treated).cast("int32"), y=kept[asked.outcome].cast("float64")
    )
    low = _codes_from(rows)
    if low is None:
        people = plain.select("who").distinct()
        people = people.mutate(user=ibis.row_number().over(order_by=people.who.cast("string")))
        coded = plain.join(people, "who").select("user", "cell", "y")
    else:
        coded = plain.select(user=plain.who.cast("int64") - low, cell=plain.cell, y=plain.y)
    if engine.remote:
        coded = coded.group_by("user", "cell").aggregate(n=coded.count(), y=coded.y.sum())
    gathering = Gathering(cells)
    for batch in engine.batches(coded):
        user, cell, y = (batch.column(name).to_numpy(zero_copy_only=False) for name in ("user", "cell", "y"))
        n = batch.column("n").to_numpy(zero_copy_only=False).astype(float) if engine.remote else None
        gathering.add(user.astype(np.int64), cell.astype(np.int64), n, y)
    n_by_user, y_by_user = gathering.done()
    met = np.flatnonzero(np.diff(n_by_user.indptr))
    return n_by_user, y_by_user, None if low is None else met + low


def _codes_from(rows: LogRows) -> int | None:
    """The lowest user, where users are whole numbers without wide gaps; None else."""
    if rows.users is None:
        return None
    low, high = rows.users
    return low if high - low < SPARSE * rows.rows else None


def _without_gaps(start: np.ndarray) -> np.ndarray:
    """Row pointers without the rows that are empty."""
    filled = np.diff(start) > 0
    return np.concatenate([[0], start[1:][filled]])


def _users_of(n: sp.csr_matrix, arm: int) -> np.ndarray:
    """The user of every cell of one arm that a user occupies."""
    user = np.repeat(np.arange(n.shape[0]), np.diff(n.indptr))
    return np.asarray(user[n.indices % 2 == arm])
