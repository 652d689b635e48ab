"""Which item of the catalogue a written title means: exact, normalised, then a close match by a stated rule.

1. Exact: the title as written, or the item's id; of two items with one title the first.
2. Normalised: Unicode-folded, accents and punctuation gone, ", The" moved to the front; then without a year in
   brackets, where a single item has that title.
3. Close, without the year: the item whose normalised title shares most trigrams with what is written (Dice's
   coefficient over distinct trigrams), where that is at least CLOSE, ahead of every other item by AHEAD, and both
   name the same numbers (so that a second part is never taken for the first).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

CLOSE = 0.8
AHEAD = 0.05
LONGEST = 300
"""Letters of a written title that are looked at."""
ARTICLE = re.compile(r"^(.*), (the|a|an|le|la|les|der|die|das|el|los|il)$")
YEAR = re.compile(r"\((?:19|20)\d\d\)")
NONE = -1


class Titles:
    """A catalogue that can be looked up by what somebody wrote. `code` remembers what it was asked."""

    def __init__(self, titles: Sequence[str], ids: Sequence[str] = ()) -> None:
        by_id = _firsts(
            ["" if name.isdigit() else name for name in ids]
        )  # "3" is a place in a list before it is an item
        self._exact = by_id | _firsts([" ".join(title.split()) for title in titles])
        undated = [_undated(title) for title in titles]
        self._plain = _firsts([normalised(title) for title in titles])
        self._undated = _only(undated)
        self._numbers = [_numbers(title) for title in undated]
        self._known: dict[str, int] = {}
        self._place: dict[str, int] = {}
        self._marks, self._size = self._trigrams(undated)

    def code(self, written: str) -> int:
        """The item's code, or NONE."""
        written = " ".join(written[:LONGEST].split())
        if written not in self._known:
            self._known[written] = self._looked_up(written)
        return self._known[written]

    def _looked_up(self, written: str) -> int:
        if written in self._exact:
            return self._exact[written]
        plain, undated = normalised(written), _undated(written)
        if plain in self._plain:
            return self._plain[plain]
        if undated in self._undated:
            return self._undated[undated]
        return self._closest(undated)

    def _closest(self, undated: str) -> int:
        grams = _grams(undated)
        known = [self._place[gram] for gram in grams if gram in self._place]
        if not known:
            return NONE
        asked = np.zeros(self._marks.shape[1])
        asked[known] = 1.0
        alike = 2 * (self._marks @ asked) / (self._size + len(grams))
        best = int(np.argmax(alike))
        second = float(np.delete(alike, best).max(initial=0.0))
        sure = alike[best] >= CLOSE and alike[best] - second >= AHEAD
        return best if sure and self._numbers[best] == _numbers(undated) else NONE

    def _trigrams(self, plain: Sequence[str]) -> tuple[sp.csr_matrix, npt.NDArray[np.float64]]:
        """Titles by distinct trigrams, 0/1, and how many each title has."""
        rows, columns = [], []
        for row, title in enumerate(plain):
            for gram in sorted(_grams(title)):
                rows.append(row)
                columns.append(self._place.setdefault(gram, len(self._place)))
        shape = (len(plain), max(1, len(self._place)))
        marks = sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
        return marks, np.asarray(marks.sum(axis=1), np.float64).ravel()


def normalised(title: str) -> str:
    """Letters and digits in one case, single spaces, the article in front."""
    folded = unicodedata.normalize("NFKD", title).casefold()
    folded = "".join(sign for sign in folded if not unicodedata.combining(sign)).replace("&", " and ")
    folded = " ".join(folded.split())
    year = YEAR.search(folded)
    body = ARTICLE.sub(r"\2 \1", YEAR.sub("", folded).strip())
    return " ".join(re.sub(r"[^\w]+|_", " ", body + (f" {year[0]}" if year else "")).split())


def _undated(title: str) -> str:
    return normalised(YEAR.sub(" ", title))


def _grams(plain: str) -> frozenset[str]:
    padded = f" {plain} "
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2)) if plain else frozenset()


def _numbers(plain: str) -> tuple[str, ...]:
    return tuple(sorted(re.findall(r"\d+", plain)))


def _firsts(names: Sequence[str]) -> dict[str, int]:
    """Name -> the first code that has it; empty names are nobody's."""
    return {name: code for code, name in reversed(list(enumerate(names))) if name}


def _only(names: Sequence[str]) -> dict[str, int]:
    """Name -> its code, for names that one item alone has."""
    count: dict[str, int] = {}
    for name in names:
        count[name] = count.get(name, 0) + 1
    return {name: code for name, code in _firsts(names).items() if count[name] == 1}
