"""One pass over a log into cells: what every estimate, bootstrap and permutation is then computed from.

Ibis expressions, run by DuckDB: a frame or a Parquet file of any size gives the same cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd


def cells(
    log: pd.DataFrame | Path,
    by: Sequence[str],
    outcome: str | None = None,
    unit: str | None = None,
    buckets: int | None = None,
) -> pd.DataFrame:
    """n, total and square (sum and sum of squares of `outcome`) of every combination of `by`, sorted by it.

    unit: a column (the user) that is a further key, so that cells can be resampled by unit; with `buckets` its
    hash modulo `buckets` stands in for it, as column ``bucket`` (int64), which bounds the number of cells.
    Missing values of `by` are a group of their own. Rows whose outcome is missing count in n and add 0 to the sums.
    Returns columns [*by, unit | "bucket", n int64, total float64, square float64]; the sums only with an outcome.
    """
    import ibis

    connection = ibis.duckdb.connect()
    try:
        if isinstance(log, Path):
            table = connection.read_parquet(str(log))
        else:
            used = dict.fromkeys([*by, *(name for name in (outcome, unit) if name is not None)])
            table = ibis.memtable(log[list(used) or list(log.columns[:1])])
        keys = list(by)
        if unit is not None and buckets is not None:
            table = table.mutate(bucket=(table[unit].hash() % buckets + buckets) % buckets)
            keys.append("bucket")
        elif unit is not None:
            keys.append(unit)
        sums = {"n": table.count()}
        if outcome is not None:
            value = table[outcome].cast("float64")
            sums |= {"total": value.sum().fill_null(0.0), "square": (value * value).sum().fill_null(0.0)}
        grouped = table.group_by(keys).aggregate(**sums) if keys else table.aggregate(**sums)
        frame: pd.DataFrame = connection.execute(grouped.order_by(keys) if keys else grouped)
        return frame
    finally:
        connection.disconnect()
