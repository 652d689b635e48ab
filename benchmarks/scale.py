"""The adjusted effect over a whole log with a 1,000-replicate interval: how long, in how much memory.

    python -m benchmarks.scale [--rows 10000000,30000000,100000000] [--rows-a-user 100] [--replicates 1000]
                               [--text-users]

A Parquet log is made in a temporary folder and deleted afterwards. Every size is measured in a process of its own, so
that the peak memory is its own. First, 1,000,000 rows are answered twice: from Parquet, and row by row as a frame.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from analysis.causal.compressed import compress_log
from analysis.causal.estimate import Adjusted, by_strata
from analysis.causal.log_rows import LogQuestion
from analysis.engine import THREADS, opened
from benchmarks.machine import machine

ASKED = LogQuestion(
    treatment="shown", outcome="bought", user="user_id", adjustment=("gender", "age", "category", "position")
)
TRUE_EFFECT = 0.04
BILLION = 1_000_000_000
SAMPLE = 1_000_000


def make(path: Path, rows: int, users: int, text_users: bool) -> None:
    """A log of people (gender, age), what was shown (category, position, promoted or not) and what was bought.

    Promotion goes to people and places where more is bought anyway; it adds 4 points to the share bought.
    """
    import duckdb

    who = "'user-' || (u % {users})" if text_users else "(u % {users})::INTEGER"
    query = f"""
        WITH event AS (
            SELECT hash(range) AS u, hash(range + 1000000007) AS h FROM range({rows})
        ), row_of AS (
            SELECT {who.format(users=users)} AS user_id, hash(u % {users}) AS person,
                   (h % 4)::TINYINT AS category, ((h >> 8) % 10 < 3)::TINYINT AS position,
                   ((h >> 16) % 65536) / 65536.0 AS a, ((h >> 32) % 65536) / 65536.0 AS b
            FROM event
        ), people AS (
            SELECT *, (person % 2)::TINYINT AS gender, ((person >> 8) % 5)::TINYINT AS age FROM row_of
        ), shown_to AS (
            SELECT *, (a < 0.2 + 0.1 * gender + 0.05 * age + 0.1 * position)::TINYINT AS shown FROM people
        )
        SELECT user_id, gender, age, category, position, shown,
               (b < 0.05 + 0.03 * gender + 0.02 * age + 0.03 * position + 0.01 * category
                    + {TRUE_EFFECT} * shown)::TINYINT AS bought
        FROM shown_to"""
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '1GB'; SET threads = {THREADS}; SET preserve_insertion_order = false")
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")


def measure(path: Path, replicates: int) -> dict[str, float]:
    """Seconds to the cells and to the interval, peak memory, the answer; in this process."""
    begun = time.perf_counter()
    with opened() as engine:
        whole = compress_log(path, ASKED, engine)
    grouped = time.perf_counter()
    found = whole.effect("ATE", replicates, 1)
    ended = time.perf_counter()
    assert found is not None
    return {
        "rows": whole.rows,
        "users": whole.cells.users,
        "cells": int(whole.cells.n.nnz),
        "group": grouped - begun,
        "resample": ended - grouped,
        "total": ended - begun,
        "processor": time.process_time(),
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "naive": found.naive.value,
        "value": found.effect.value,
        "low": found.effect.low,
        "high": found.effect.high,
    }


def alone(path: Path, replicates: int) -> dict[str, float]:
    """`measure` in a process of its own; imports and Python's start count neither as time nor against it."""
    command = [sys.executable, "-m", "benchmarks.scale", "--measure", str(path), "--replicates", str(replicates)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def by_rows(path: Path, replicates: int) -> Adjusted:
    """The same question over the frame."""
    import pandas as pd

    from analysis.causal.cells import compress
    from analysis.causal.study import contrasts, study

    table = pd.read_parquet(path).rename(columns={ASKED.user: "user"})
    contrast = contrasts(table[ASKED.treatment], None, None)[0]
    rows = study(table, ASKED.treatment, ASKED.outcome, contrast, ASKED.adjustment, ASKED.bins)
    found = by_strata(compress(rows), "ATE", replicates, 1)
    assert found is not None
    return found


def difference(path: Path, replicates: int) -> tuple[float, float]:
    """Largest absolute difference of (the values, the limits) between Parquet and frame."""
    expected = by_rows(path, replicates)
    with opened() as engine:
        found = compress_log(path, ASKED, engine).effect("ATE", replicates, 1)
    assert found is not None
    pairs = [(expected.effect, found.effect), (expected.naive, found.naive), (expected.selection, found.selection)]
    values = max(abs(one.value - other.value) for one, other in pairs)
    limits = max(max(abs(one.low - other.low), abs(one.high - other.high)) for one, other in pairs)
    return values, limits


def main(arguments: list[str]) -> int:
    """Make, measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("--rows", default="10000000,30000000,100000000")
    parser.add_argument("--rows-a-user", type=int, default=100)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--text-users", action="store_true", help="users are text, not numbers")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.measure is not None:
        print(json.dumps(measure(chosen.measure, chosen.replicates)))
        return 0
    print(f"scale: {machine()}; load {Path('/proc/loadavg').read_text().split()[0]}")
    print(
        f"adjusted for {', '.join(ASKED.adjustment)}; {chosen.replicates} replicates over users; true {TRUE_EFFECT}\n"
    )
    with TemporaryDirectory(prefix="evenhand-scale-") as folder:
        path = Path(folder) / "log.parquet"
        make(path, SAMPLE, SAMPLE // chosen.rows_a_user, chosen.text_users)
        values, limits = difference(path, chosen.replicates)
        print(f"{SAMPLE:,} rows, Parquet against row by row: values differ by {values:.1e}, limits by {limits:.1e}\n")
        print("| rows | users | user cells | grouping s | resampling s | total s | processor s | peak GB | effect |")
        print("|---|---|---|---|---|---|---|---|---|")
        lines = [_measured(path, int(rows), chosen) for rows in chosen.rows.split(",")]
    if len(lines) > 1:
        print(_billion(lines))
    return 0


def _measured(path: Path, rows: int, chosen: argparse.Namespace) -> dict[str, float]:
    make(path, rows, max(2, rows // chosen.rows_a_user), chosen.text_users)
    found = alone(path, chosen.replicates)
    answer = f"{found['naive']:.4f} raw, {found['value']:.5f} ({found['low']:.5f} to {found['high']:.5f})"
    times = " | ".join(f"{found[name]:.1f}" for name in ("group", "resample", "total", "processor"))
    counts = " | ".join(f"{int(found[name]):,}" for name in ("rows", "users", "cells"))
    print(f"| {counts} | {times} | {found['gigabytes']:.2f} | {answer} |", flush=True)
    return found


def _billion(lines: list[dict[str, float]]) -> str:
    """The straight line through the sizes measured, read at a billion rows (and ten times the users)."""
    rows = [line["rows"] for line in lines]
    at = {name: float(np.polyval(np.polyfit(rows, [line[name] for line in lines], 1), BILLION)) for name in _SHOWN}
    return f"\n1 billion rows by that line: {at['total']:.0f} s, {at['gigabytes']:.1f} GB"


_SHOWN = ("total", "gigabytes")

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
