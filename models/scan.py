"""The best of each row in one reading of its scores, and which cells a csr holds. Imported where used: loads numba."""

from __future__ import annotations

import numpy as np

from storage.compiled import compiled

CHUNK = 64
"""Scores that are held against the row's k-th best at once; only a chunk with a better one is looked through."""
EXPONENT = 0x7F800000
"""The bits of a float32 that are all set in NaN and infinities, and in no other number."""


@compiled
def scan(scores, bits, starts, seen, codes, values):  # type: ignore[no-untyped-def]  # numba infers them
    """Write the best of each row into `codes` and `values`, best first; False where a score is NaN or infinite.

    scores: float32 [rows, items]; bits: the same memory as int32; starts, seen: indptr and indices of a csr of the
    items to leave out; codes int32 and values float32 [rows, k >= 1], filled by -1 and -inf beforehand. Items are
    read by code and only a better score moves another down: therefore equal scores stay in the order of codes.
    """
    rows, items = scores.shape
    k = codes.shape[1]
    hidden = np.zeros(items, np.bool_)
    finite = True
    for row in range(rows):
        for item in seen[starts[row] : starts[row + 1]]:
            hidden[item] = True
        score, bit, code, value = scores[row], bits[row], codes[row], values[row]
        size, edge = 0, np.float32(-np.inf)
        for start in range(0, items, CHUNK):
            stop = min(start + CHUNK, items)
            above = odd = 0
            for item in range(start, stop):  # no branch in here, so that the processor does eight at once
                above += score[item] > edge
                odd |= (bit[item] & EXPONENT) == EXPONENT
            if odd:
                finite = False
            if above:
                for item in range(start, stop):
                    if score[item] > edge and not hidden[item]:
                        place = min(size, k - 1)
                        while place > 0 and value[place - 1] < score[item]:
                            value[place], code[place] = value[place - 1], code[place - 1]
                            place -= 1
                        value[place], code[place] = score[item], item
                        size = min(size + 1, k)
                        if size == k:
                            edge = value[k - 1]
        for item in seen[starts[row] : starts[row + 1]]:
            hidden[item] = False
    return finite


@compiled
def held(starts, columns, rows, sought):  # type: ignore[no-untyped-def]
    """bool [len(rows)]: whether the csr of `starts` and sorted `columns` holds these cells (rows, sought)."""
    found = np.zeros(len(rows), np.bool_)
    for at in range(len(rows)):
        low, high = starts[rows[at]], starts[rows[at] + 1]
        while low < high:
            middle = (low + high) // 2
            if columns[middle] < sought[at]:
                low = middle + 1
            else:
                high = middle
        found[at] = low < starts[rows[at] + 1] and columns[low] == sought[at]
    return found
