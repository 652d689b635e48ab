"""Cells equal the group-by they stand for, from a frame and from a file."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from analysis.engine import cells, opened


def _log() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "user": rng.integers(0, 40, 3000).astype(str),
            "group": rng.choice(["a", "b", None], 3000),
            "treated": rng.integers(0, 2, 3000),
            "y": rng.normal(size=3000),
        }
    )
    frame.loc[::7, "y"] = np.nan
    return frame


def _expected(log: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    grouped = log.assign(square=log.y**2).groupby(keys, dropna=False)
    return grouped.agg(n=("user", "size"), total=("y", "sum"), square=("square", "sum")).reset_index()


def test_cells_equal_pandas_with_missing_groups_and_outcomes(tmp_path: Path) -> None:
    log = _log()
    log.to_parquet(tmp_path / "log.parquet")
    expected = _expected(log, ["group", "treated"]).sort_values(["group", "treated"], na_position="last")
    for source in (log, tmp_path / "log.parquet"):
        found = cells(source, ["group", "treated"], "y")
        assert found["n"].tolist() == expected["n"].tolist()
        np.testing.assert_allclose(found[["total", "square"]], expected[["total", "square"]], rtol=1e-12)
        assert found["group"].isna().sum() == 2


def test_cells_by_user_add_up_to_cells() -> None:
    log = _log()
    by_user, whole = cells(log, ["treated"], "y", unit="user"), cells(log, ["treated"], "y")
    summed = by_user.groupby("treated")[["n", "total", "square"]].sum()
    np.testing.assert_allclose(summed, whole.set_index("treated")[["n", "total", "square"]], rtol=1e-12)
    assert len(by_user) == log.groupby(["treated", "user"]).ngroups


def test_buckets_keep_a_user_together_and_bound_the_cells() -> None:
    log = _log()
    found = cells(log, ["treated"], "y", unit="user", buckets=8)
    assert len(found) <= 16 and found["bucket"].between(0, 7).all()
    assert found["n"].sum() == len(log)
    one = cells(log[log.user == "3"], [], unit="user", buckets=8)
    assert len(one) == 1 and one["n"][0] == (log.user == "3").sum()


def test_no_keys_give_one_cell_without_an_outcome() -> None:
    assert cells(_log(), []).to_dict("list") == {"n": [3000]}


def test_what_duckdb_finds_no_memory_for_is_told_as_any_shortage() -> None:
    with pytest.raises(MemoryError), opened():
        raise duckdb.OutOfMemoryException("Out of Memory Error: Allocation failure")
