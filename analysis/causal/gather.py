"""Rows (user, cell, outcome) that arrive in any order, summed by user and cell within little memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Codes = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]

TABLE = 1 << 21
"""Entries (users x cells) of the table that a part of the users is summed in: 32 MB for rows and outcomes."""
WAITING = 16_000_000
"""Rows that wait to be summed: 320 MB."""
CHUNK = 4_000_000
"""Rows sorted by part at once."""


@dataclass(frozen=True)
class _Chunk:
    """Rows sorted by part: entry in the part's table, rows and outcome; part p has start[p]..start[p + 1]."""

    entry: npt.NDArray[np.int32]
    n: Numbers | None
    y: Numbers
    start: Codes

    def of(self, part: int) -> slice:
        return slice(self.start[part], self.start[part + 1]) if part + 1 < len(self.start) else slice(0, 0)


class Gathering:
    """Sums of n and y by user and cell. Users are codes from 0 on, in any order; cells 0..cells-1."""

    def __init__(self, cells: int) -> None:
        self._cells = cells
        self._users = max(1, TABLE // cells)  # of a part
        self._fresh: list[tuple[Codes, Codes, Numbers | None, Numbers]] = []
        self._chunks: list[_Chunk] = []
        self._sums: dict[int, tuple[npt.NDArray[np.int32], Numbers, Numbers]] = {}

    def add(self, user: Codes, cell: Codes, n: Numbers | None, y: Numbers) -> None:
        """Take in rows; n: how many rows each stands for, None: one each."""
        self._fresh.append((user, cell, n, y))
        if sum(len(one[0]) for one in self._fresh) >= CHUNK:
            self._sort()
        if sum(len(one.y) for one in self._chunks) >= WAITING:
            self._sum()

    def done(self) -> tuple[sp.csr_matrix, sp.csr_matrix]:
        """n and y, csr float64 [users, cells] with the same entries stored; users up to the largest code met."""
        self._sort()
        self._sum()
        parts = sorted(self._sums)
        size = sum(len(self._sums[part][0]) for part in parts)
        users = (parts[-1] + 1) * self._users if parts else 0
        cell, n, y = np.empty(size, np.int32), np.empty(size), np.empty(size)
        filled = np.zeros(users + 1, np.int64)
        at = 0
        for part in parts:
            entry, rows, outcome = self._sums.pop(part)
            where = slice(at, at + len(entry))
            user, cell[where] = np.divmod(entry, self._cells)
            n[where], y[where] = rows, outcome
            first = part * self._users
            filled[first + 1 : first + 1 + self._users] = np.bincount(user, minlength=self._users)
            at += len(entry)
        start = np.cumsum(filled)
        shape = (users, self._cells)
        return sp.csr_matrix((n, cell, start), shape=shape), sp.csr_matrix((y, cell, start), shape=shape)

    def _sort(self) -> None:
        if not self._fresh:
            return
        user, cell, y = (np.concatenate([one[at] for one in self._fresh]) for at in (0, 1, 3))
        counts = [one[2] for one in self._fresh if one[2] is not None]
        n = np.concatenate(counts) if counts else None
        self._fresh = []
        part = user // self._users
        entry = ((user - part * self._users) * self._cells + cell).astype(np.int32)
        last = int(part.max())
        order = np.argsort(part.astype(np.uint16) if last < 1 << 16 else part, kind="stable")
        start = np.concatenate([[0], np.cumsum(np.bincount(part, minlength=last + 1))])
        self._chunks.append(_Chunk(entry[order], None if n is None else n[order], y[order], start))

    def _sum(self) -> None:
        parts = max((len(one.start) - 1 for one in self._chunks), default=0)
        rows, outcome = np.zeros(self._users * self._cells), np.zeros(self._users * self._cells)
        for part in range(parts):
            waiting = [(one, one.of(part)) for one in self._chunks]
            if not any(where.stop > where.start for _, where in waiting):
                continue
            if part in self._sums:
                entry, n, y = self._sums[part]
                rows[entry], outcome[entry] = n, y
            for chunk, where in waiting:
                np.add.at(rows, chunk.entry[where], 1.0 if chunk.n is None else chunk.n[where])
                np.add.at(outcome, chunk.entry[where], chunk.y[where])
            entry = np.flatnonzero(rows).astype(np.int32)
            self._sums[part] = entry, rows[entry], outcome[entry]
            rows[entry] = outcome[entry] = 0.0
        self._chunks = []
