"""One walk over all lists and held-out items. Imported where used: it loads numba."""

from __future__ import annotations

from storage.compiled import compiled


@compiled
def walk(lists, starts, items, gains, discount, worth, best, found):  # type: ignore[no-untyped-def]  # numba infers them
    """Write what each list found into `found`, float64 [5, users], one row each of:

    the discounted gain of the list; that of the user's best possible list; relevant items shown; the sum of the
    precision at the rank of each; the rank of the first, 0 where none is shown.

    lists: int32 [users, width], -1 where a list has ended; starts, items, gains: csr of held-out items and their
    gain; discount: float64 [K >= width]; worth: float64 [items], all 0, and best: float64 [K], memory to work in.
    """
    for user in range(len(lists)):
        size = 0
        for at in range(starts[user], starts[user + 1]):
            gain = gains[at]
            worth[items[at]] = gain
            if size == len(best) and gain <= best[-1]:
                continue
            place = min(size, len(best) - 1)
            while place > 0 and best[place - 1] < gain:
                best[place] = best[place - 1]
                place -= 1
            best[place] = gain
            size = min(size + 1, len(best))
        for rank in range(size):
            found[1, user] += best[rank] * discount[rank]
        for rank in range(lists.shape[1]):
            item = lists[user, rank]
            if item < 0:
                continue
            found[0, user] += worth[item] * discount[rank]
            if worth[item] > 0:
                found[2, user] += 1
                found[3, user] += found[2, user] / (rank + 1)
                if found[4, user] == 0:
                    found[4, user] = rank + 1
        for at in range(starts[user], starts[user + 1]):
            worth[items[at]] = 0
