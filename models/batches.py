"""Which rows of an epoch share a step."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]


def batches(rows: int, size: int, lengths: npt.NDArray[np.int64] | None, rng: np.random.Generator) -> list[Rows]:
    """Every row once, in batches of `size` (the last may be smaller), in random order.

    With `lengths`, rows are sorted by length first, ties at random, so that a batch holds rows of like length; then
    the batches are put into random order.
    """
    order = rng.permutation(rows)
    if lengths is None:
        return np.split(order, range(size, rows, size))
    order = order[np.argsort(lengths[order], kind="stable")]
    cut = np.split(order, range(size, rows, size))
    return [cut[at] for at in rng.permutation(len(cut))]
