"""Counting numbers that arrive in any order and by the hundred million: sorted in place, then told apart."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.unsignedinteger]
Counts = npt.NDArray[np.uint32]
Whole = npt.NDArray[np.int64]

WAITING = 50_000_000
"""Keys that wait to be counted: 200 MB, 400 MB where they need 64 bits."""
PARTS = 64
"""Ranges of keys that runs are merged in, one after the other."""


class Tally:
    """How often each key was met. Keys are whole numbers in 0..limit-1."""

    def __init__(self, limit: int, rows: int) -> None:
        self._waiting: Keys = np.empty(min(rows, WAITING), np.uint32 if limit <= 1 << 32 else np.uint64)
        self._filled = 0
        self._runs: list[tuple[Keys, Counts]] = []  # each: keys ascending, and how often each was met

    def add(self, keys: npt.NDArray[np.integer]) -> None:
        """Meet keys, each once."""
        while len(keys):
            room = min(len(self._waiting) - self._filled, len(keys))
            self._waiting[self._filled : self._filled + room] = keys[:room]
            self._filled += room
            keys = keys[room:]
            if self._filled == len(self._waiting):
                self._count()

    def add_counted(self, keys: npt.NDArray[np.integer], counts: npt.NDArray[np.integer]) -> None:
        """Meet keys, each as often as its count says."""
        order = np.argsort(keys)
        self._runs.append((keys[order].astype(self._waiting.dtype), counts[order].astype(np.uint32)))

    def done(self) -> tuple[Keys, Counts]:
        """The keys met, ascending, and how often each was."""
        self._count()
        self._waiting = self._waiting[:0].copy()
        if len(self._runs) == 1:
            return self._runs.pop()
        ends = np.quantile(np.concatenate([keys[:: 1 + len(keys) // 1000] for keys, _ in self._runs]), _SHARES)
        cuts = [
            np.concatenate([[0], np.searchsorted(keys, ends.astype(keys.dtype)), [len(keys)]]) for keys, _ in self._runs
        ]
        merged = [self._merged([slice(cut[at], cut[at + 1]) for cut in cuts]) for at in range(PARTS)]
        self._runs = []
        keys = np.concatenate([part[0] for part in merged])
        return keys, np.concatenate([part[1] for part in merged])

    def _merged(self, where: list[slice]) -> tuple[Keys, Counts]:
        keys = np.concatenate([run[0][part] for run, part in zip(self._runs, where, strict=True)])
        counts = np.concatenate([run[1][part] for run, part in zip(self._runs, where, strict=True)])
        order = np.argsort(keys, kind="stable")  # ascending runs behind each other: merged, not sorted
        keys = keys[order]
        first = starts(keys)
        return keys[first], np.add.reduceat(counts[order], first) if len(keys) else counts

    def _count(self) -> None:
        if not self._filled and self._runs:
            return
        met = self._waiting[: self._filled]
        met.sort()
        first = starts(met)
        self._runs.append((met[first], np.diff(first, append=len(met)).astype(np.uint32)))
        self._filled = 0


_SHARES = np.arange(1, PARTS) / PARTS


def starts(ascending: npt.NDArray[np.integer]) -> Whole:
    """Where each run of equal numbers begins."""
    new = np.empty(len(ascending), np.bool_)
    new[:1] = True
    np.not_equal(ascending[1:], ascending[:-1], out=new[1:])
    return np.flatnonzero(new)
