"""Bootstrap samples of very many users: Poisson counts, blocks of users, one matrix product a block.

Drawing n of n users with replacement gives each user a count; for many users those counts are independent and Poisson
with mean 1, up to the size of the whole sample, which no mean, share or difference depends on (Hanley & MacGibbon
2006; Chamandy et al. 2012). Each user is still drawn whole. Independent counts can be made block by block, so that
a thousand samples of a million users need some megabytes at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.special import pdtrc

Numbers = npt.NDArray[np.float64]
Short = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int64]

USERS = 4096
"""Users of a block."""
TOTALS = 8_000_000
"""Totals held at once (64 MB); with more cells the samples come in several parts."""
CHUNK = 1 << 17
"""Counts made at once, so that what is worked on stays in the processor's cache."""
RESOLUTION = 1 << 16
"""Probabilities of a user's count are multiples of 1 / 65,536; their mean is 1 exactly, their variance to 1e-4."""


@dataclass(frozen=True)
class _Block:
    """Some users: columns that they occupy [c], and their rows and centred outcomes float32 [users, 2c]."""

    columns: Codes
    values: Short


def resampled_totals(
    n: sp.csr_matrix, y: sp.csr_matrix, replicates: int, seed: int
) -> Iterator[tuple[Numbers, Numbers]]:
    """Rows and sum of outcomes by cell in bootstrap samples of users: float64 [some, cells] twice, `replicates` in all.

    n, y: csr [users, cells]. The same seed gives the same totals on any number of processors. Outcomes are centred
    before they are summed in single precision, and rows are whole numbers, so that totals are right to 1e-6 of their
    standard error.
    """
    cells = int(n.shape[1])
    mean = float(y.sum() / n.sum())
    order = _by_first_cell(n)
    step = max(1, TOTALS // (2 * cells))
    for part, start in enumerate(range(0, replicates, step)):
        count = min(step, replicates - start)
        rows, outcome = np.zeros((count, cells)), np.zeros((count, cells))
        for columns, totals in _totals(n, y, mean, order, count, (seed, part)):
            width = len(columns)
            rows[:, columns] += totals[:, :width]
            outcome[:, columns] += totals[:, width:]
        yield rows, outcome + mean * rows


def poisson_counts(shape: tuple[int, int], generator: np.random.Generator) -> Short:
    """Independent Poisson(1) counts, float32 of whole numbers 0..8."""
    size = shape[0] * shape[1]
    words = generator.integers(0, 1 << 64, size=(size + 3) // 4, dtype=np.uint64)
    uniform = words.view(np.uint16)[:size]
    counts = np.empty(size, np.float32)
    whole, reached = np.empty(CHUNK, np.uint8), np.empty(CHUNK, np.bool_)
    for start in range(0, size, CHUNK):
        drawn = uniform[start : start + CHUNK]
        count, more = whole[: len(drawn)], reached[: len(drawn)]
        count[:] = 0
        for tail in _TAILS:
            np.less(drawn, tail, out=more)
            np.add(count, more.view(np.uint8), out=count)
        counts[start : start + CHUNK] = count
    return counts.reshape(shape)


def _tails() -> list[np.uint16]:
    """Of 65,536 uniform values, how many give a count of at least 1, 2, ..., 8; they add up to 65,536: mean 1."""
    tails = [round(RESOLUTION * float(pdtrc(least - 1, 1.0))) for least in range(1, 9)]
    tails[0] += RESOLUTION - sum(tails)
    return [np.uint16(tail) for tail in tails]


_TAILS = _tails()


def _by_first_cell(n: sp.csr_matrix) -> Codes:
    """Users in the order of the first cell they occupy: neighbours share cells, which keeps blocks narrow."""
    filled = np.flatnonzero(np.diff(n.indptr))
    first = n.indices[n.indptr[filled]]
    return filled[np.argsort(first, kind="stable")].astype(np.int64)


def _totals(
    n: sp.csr_matrix, y: sp.csr_matrix, mean: float, order: Codes, replicates: int, seed: tuple[int, int]
) -> Iterator[tuple[Codes, Short]]:
    """Each block's columns and its totals [replicates, 2 columns], blocks in order, made on every processor."""

    def made(number: int) -> tuple[Codes, Short]:
        block = _block(n, y, mean, order[number * USERS : (number + 1) * USERS])
        generator = np.random.Generator(np.random.SFC64((*seed, number)))
        return block.columns, poisson_counts((replicates, len(block.values)), generator) @ block.values

    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        blocks = range(-(-len(order) // USERS))
        for start in range(0, len(blocks), 16):  # results wait for their turn: no more than 16 of them
            yield from pool.map(made, blocks[start : start + 16])


def _block(n: sp.csr_matrix, y: sp.csr_matrix, mean: float, users: Codes) -> _Block:
    rows, outcome = n[users], y[users]
    columns, place = np.unique(rows.indices, return_inverse=True)
    width = len(columns)
    user = np.repeat(np.arange(len(users)), np.diff(rows.indptr))
    values = np.zeros((len(users), 2 * width), np.float32)
    values[user, place] = rows.data
    # n and y have the same pattern, or y lacks cells whose outcomes are all 0
    user = np.repeat(np.arange(len(users)), np.diff(outcome.indptr))
    values[user, width + np.searchsorted(columns, outcome.indices)] = outcome.data
    values[:, width:] -= np.float32(mean) * values[:, :width]
    return _Block(columns.astype(np.int64), values)
