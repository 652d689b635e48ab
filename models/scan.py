"""The best of each row of scores, what wanted items are worth there, the cells of a csr. Imported where used: numba."""

from __future__ import annotations

import numpy as np

from storage.compiled import compiled, summing

CHUNK = 64
"""Scores that are held against the row's k-th best at once; only a chunk with a better one is looked through."""
PART = 2048
"""Scores that an item's place is counted among at once; then it may be too low already."""
MOST = np.float32(np.finfo(np.float32).max)
"""The largest finite float32."""


@summing
def scan(scores, starts, seen, codes, values):  # type: ignore[no-untyped-def]  # numba infers them
    """Write the best of each row into `codes` and `values`, best first; False where a score is NaN or infinite.

    scores: float32 [rows, items]; starts, seen: indptr and indices of a csr of the items to leave out; codes int32 and
    values float32 [rows, k >= 1], filled by -1 and -inf beforehand. Items are read by code and only a better score
    moves another down: therefore equal scores stay in the order of codes.
    """
    rows, items = scores.shape
    k = codes.shape[1]
    hidden = np.zeros(items, np.bool_)
    finite = True
    for row in range(rows):
        for item in seen[starts[row] : starts[row + 1]]:
            hidden[item] = True
        score, code, value = scores[row], codes[row], values[row]
        size, edge = 0, np.float32(-np.inf)
        for start in range(0, items, CHUNK):
            stop = min(start + CHUNK, items)
            above = sound = np.float32(0)
            for item in range(start, stop):  # no branch in here, so that the processor does eight at once
                above += np.float32(score[item] > edge)
                sound += np.float32(abs(score[item]) <= MOST)
            if sound < stop - start:
                finite = False
            if above > 0:
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


@summing
def gains(scores, starts, seen, wanted_starts, wanted, discount, mine, gain, hits):  # type: ignore[no-untyped-def]
    """Add up what the wanted items among the first k unseen of each row are worth; False as for `scan`.

    scores: float32 [rows, items]; starts, seen: indptr and indices of a csr, and wanted_starts, wanted of another with
    none of its cells; discount: float64 [k], worth of each place; mine: float32 [items], memory to work in; gain:
    float64, and hits: int64 [rows], zeros: sum of these worths, and their number. Nothing is sorted: an item stands
    behind as many as have a better score, ties by code.
    """
    items, k = scores.shape[1], len(discount)
    finite = True
    for row in range(len(scores)):
        sound = np.float32(0)
        for item in range(items):
            mine[item] = scores[row, item]
            sound += np.float32(abs(mine[item]) <= MOST)
        finite = finite and sound == items
        for item in seen[starts[row] : starts[row + 1]]:
            mine[item] = -np.inf
        for own in wanted[wanted_starts[row] : wanted_starts[row + 1]]:
            score, above, alike = mine[own], np.float32(0), np.float32(0)
            start = 0
            while start < items and above < k:
                for item in range(start, min(start + PART, items)):  # without a branch, as in `scan`
                    above += np.float32(mine[item] > score)
                    alike += np.float32(mine[item] == score)
                start += PART
            if alike > 1:
                for item in range(own):
                    above += np.float32(mine[item] == score)
            if above < k:
                gain[row] += discount[int(above)]
                hits[row] += 1
    return finite
