"""A causal question put to a whole log that need not fit into memory: cells straight from Parquet.

An engine reads the log and hands over, for every row, its user, its cell (stratum x treatment) and its outcome; here
they are summed by user and cell. The cells are those that `study` and `compress` make of a frame, so every
estimate of `estimate` runs on them unchanged, users resampled and all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from analysis.causal import estimate
from analysis.causal.cells import MANY_USERS, Cells, Estimand
from analysis.causal.estimate import Adjusted
from analysis.causal.gather import Tally, starts
from analysis.causal.levels import Level, levels_of
from analysis.causal.log_rows import LogQuestion, LogRows, log_rows
from analysis.causal.propensity import WITHHELD
from analysis.causal.study import Numbers
from analysis.engine import Engine
from words import Refusal

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

MAX_STRATA = 1 << 20
"""Strata that are numbered at most; a finer adjustment leaves nobody to compare with."""


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

    @property
    def mean(self) -> float:
        """Mean of the outcome."""
        return float(self.cells.y.sum() / self.cells.n.sum())

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
    arms = [_users(cells.n, arm) for arm in (0, 1)]
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
    strata = int(np.prod(sizes, dtype=float))
    if strata > MAX_STRATA:
        raise Refusal("scale.many_strata", names=", ".join(asked.adjustment), limit=f"{MAX_STRATA:,}")
    summed = (_counted if rows.outcomes else _summed)(rows, _coded(rows, levels, asked), 2 * strata, engine)
    occupied = np.flatnonzero(np.bincount(summed.cell // 2, minlength=strata))
    number = np.zeros(strata, np.int32)
    number[occupied] = np.arange(len(occupied))
    cell = number[summed.cell // 2] * 2 + summed.cell % 2
    first = starts(summed.user)
    shape = (len(first), 2 * len(occupied))
    start = np.append(first, len(cell))
    n, y = (sp.csr_matrix((values, cell, start), shape=shape) for values in (summed.n, summed.y))
    low = rows.codes_from
    if low is not None and len(first) < MANY_USERS:  # the order in which `study` counts them
        order = np.argsort((summed.user[first].astype(np.int64) + low).astype(str), kind="stable")
        n, y = n[order], y[order]
    codes = np.unravel_index(occupied, sizes) if sizes else ()
    labels = tuple(
        tuple(one.labels[code[at]] for one, code in zip(levels, codes, strict=True)) for at in range(len(occupied))
    )
    return Cells(n, y, (1, len(occupied), 2)), labels


@dataclass(frozen=True)
class _Summed:
    """One entry for every user and cell with rows, in the order of users, then cells: user and cell codes, rows n and
    sum of outcomes y, each [entries]."""

    user: npt.NDArray[np.integer]
    cell: npt.NDArray[np.integer]
    n: Numbers
    y: Numbers


def _coded(rows: LogRows, levels: tuple[Level, ...], asked: LogQuestion) -> ibis.Table:
    """Each row's user and cell as whole numbers (int64) and its outcome; still in the engine."""
    import ibis

    kept = rows.kept
    stratum = reduce(lambda code, one: code * len(one.labels) + one.code(kept), levels, ibis.literal(0, "int32"))
    treated = (rows.treatment.code(kept) == rows.level).cast("int32")
    who, cell = kept[asked.user], (stratum * 2 + treated).cast("int64")
    outcome = rows.outcomes.code(kept) if rows.outcomes else kept[asked.outcome].cast("float64")
    if rows.codes_from is not None:
        return kept.select(user=who.cast("int64") - rows.codes_from, cell=cell, y=outcome)
    plain = kept.select(who=who, cell=cell, y=outcome)
    people = plain.select("who").distinct()
    people = people.mutate(user=ibis.row_number().over(order_by=people.who.cast("string")))
    return plain.join(people, "who").select("user", "cell", "y")


def _counted(rows: LogRows, coded: ibis.Table, cells: int, engine: Engine) -> _Summed:
    """Outcomes of few values: user, cell and outcome are one number, and only those numbers are counted."""
    assert rows.outcomes is not None
    values = np.array([own[0] for own in rows.outcomes.values], dtype=float)
    width = cells * len(values)
    limit = rows.codes * width
    key = coded.user * width + coded.cell * len(values) + coded.y
    keys = coded.select(key=key if engine.remote or limit > 1 << 32 else key.cast("uint32"))
    tally = Tally(limit, rows.rows)
    if engine.remote:
        for batch in engine.batches(keys.group_by("key").aggregate(n=keys.count())):
            tally.add_counted(_array(batch, "key"), _array(batch, "n"))
    else:
        for batch in engine.batches(keys):
            tally.add(_array(batch, "key"))
    key, count = tally.done()
    place, value = np.divmod(key, key.dtype.type(len(values)))
    first = starts(place)
    user, cell = np.divmod(place[first], place.dtype.type(cells))
    n = np.add.reduceat(count, first, dtype=float)
    return _Summed(user, cell.astype(np.int32), n, np.add.reduceat(count * values[value], first))


def _summed(rows: LogRows, coded: ibis.Table, cells: int, engine: Engine) -> _Summed:
    """Outcomes of many values: summed by user and cell in the engine."""
    grouped = coded.group_by("user", "cell").aggregate(n=coded.count(), y=coded.y.sum())
    parts = [[_array(batch, name) for name in ("user", "cell", "n", "y")] for batch in engine.batches(grouped)]
    user, cell, n, y = (np.concatenate([part[at] for part in parts]) for at in range(4))
    order = np.argsort(user * cells + cell)
    return _Summed(user[order], cell[order].astype(np.int32), n[order].astype(float), y[order])


def _array(batch: pa.RecordBatch, name: str) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = batch.column(name).to_numpy(zero_copy_only=False)
    return values


def _users(n: sp.csr_matrix, arm: int) -> int:
    """How many users have a row of one arm."""
    own = np.concatenate([[0], np.cumsum(n.indices % 2 == arm)])
    return int(np.count_nonzero(own[n.indptr[1:]] - own[n.indptr[:-1]]))
