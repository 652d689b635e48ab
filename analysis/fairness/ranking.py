"""What fairness figures are computed from: one recommender's lists, and its decisions on held-out rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from words import Phrase, Refusal, phrase

Lists = npt.NDArray[np.int32]


TWIN = "log as it is"
"""Name of the recommender under audit trained without what removes the log's bias."""
KINDS = frozenset(
    {
        "popularity",
        "additive",
        "ease",
        "mf",
        "vae",
        "sequence",
        "language",
        "prompted",
        "lists",
        "saved model",
        "pairwise",
        TWIN,
    }
)
"""Names of recommenders that the catalogue has words for."""


def recommender_title(name: str) -> Phrase | str:
    """A recommender's name in words; one of the analyst's own making stays as it is."""
    return phrase(f"models.name.{name.replace(' ', '_')}") if name in KINDS else name


@dataclass(frozen=True)
class Ranking:
    """The lists of one recommender, and what is needed to judge them.

    name: of the recommender, as in keys of findings; `title` is how people know it.
    user_ids, item_ids: str [users], [items].
    lists: int32 [users, K], item codes from best to worst, -1 where a list has ended.
    scores: float32 [users, K] on the recommender's own scale, or None for lists from a file.
    relevant: csr [users, items], the grade of each held-out relevant item (1 for binary relevance; its gain is
        2^grade - 1). Items that are not relevant are not stored.
    popularity: int64 [items], positive training interactions.
    attributes: [users x sensitive attributes] as strings, `analysis.log.UNKNOWN` where missing.
    item_groups: [items x groupings] as strings (category, provider, tail ...).
    protocol: split and candidates, as a sentence that travels with each figure.
    profile: csr [users, items] of positive training interactions, or None; what popularity lift compares with.
    Raises Refusal where lists and codes do not fit, or a list names an item twice.
    """

    name: str
    user_ids: npt.NDArray[np.str_]
    item_ids: npt.NDArray[np.str_]
    lists: Lists
    scores: npt.NDArray[np.float32] | None
    relevant: sp.csr_matrix
    popularity: npt.NDArray[np.int64]
    attributes: pd.DataFrame
    item_groups: pd.DataFrame
    protocol: Phrase
    profile: sp.csr_matrix | None = field(default=None)

    def __post_init__(self) -> None:
        shape = (len(self.user_ids), len(self.item_ids))
        sizes = (self.lists.shape[0], *self.relevant.shape, len(self.popularity))
        if sizes != (shape[0], *shape, shape[1]) or (len(self.attributes), len(self.item_groups)) != shape:
            raise Refusal("fairness.refusal.shapes", users=shape[0], items=shape[1])
        if self.lists.size and not -1 <= self.lists.min() <= self.lists.max() < shape[1]:
            raise Refusal("fairness.refusal.codes", items=shape[1])
        ordered = np.sort(self.lists, axis=1)
        twice = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
        if twice.any():
            raise Refusal("fairness.refusal.twice", user=str(self.user_ids[int(np.argmax(twice.any(axis=1)))]))

    @property
    def title(self) -> Phrase | str:
        """The name in words."""
        return recommender_title(self.name)

    @property
    def listed(self) -> npt.NDArray[np.bool_]:
        """bool [users, K]: where a list holds an item."""
        return self.lists >= 0

    def depth(self, asked: int | None) -> int:
        """Places of each list that are judged: as many as asked (None: all), but no more than the lists have."""
        width = self.lists.shape[1]
        return width if asked is None else min(asked, width)

    def depth_notes(self, asked: int | None) -> tuple[Phrase, ...]:
        """Says so where the lists are shorter than asked."""
        K = self.depth(asked)
        return (phrase("fairness.note.shorter", asked=asked, K=K),) if asked is not None and asked > K else ()

    def top(self, K: int) -> Ranking:
        """The same recommender with lists cut after the first `K` items."""
        scores = None if self.scores is None else self.scores[:, :K]
        return replace(self, lists=self.lists[:, :K], scores=scores)

    def among(self, users: npt.NDArray[np.bool_]) -> Ranking:
        """The same recommender judged on some users only; popularity stays that of all."""
        return replace(
            self,
            user_ids=self.user_ids[users],
            lists=self.lists[users],
            scores=None if self.scores is None else self.scores[users],
            relevant=self.relevant[users],
            attributes=self.attributes[users].reset_index(drop=True),
            profile=None if self.profile is None else self.profile[users],
        )


@dataclass(frozen=True)
class Decisions:
    """Held-out rows seen as yes-or-no decisions: would the system have picked this item for this user?

    user: int [rows], codes of the Ranking's users. label: 0/1 [rows], 1 where the user did want the item.
    score: float [rows]; higher is more likely picked.
    selected: 0/1 [rows] where a method decides by itself (group thresholds); None: the top-scoring rows, as many
        as there are positives.
    """

    user: npt.NDArray[np.int32]
    label: npt.NDArray[np.int8]
    score: npt.NDArray[np.float64]
    selected: npt.NDArray[np.int8] | None = None

    def among(self, users: npt.NDArray[np.bool_]) -> Decisions:
        """The rows of some users, coded as in `Ranking.among`."""
        kept, code = self.of_rows(users[self.user]), np.cumsum(users, dtype=np.int32) - np.int32(1)
        return replace(kept, user=code[kept.user])

    def of_rows(self, kept: npt.NDArray[np.bool_]) -> Decisions:
        """Some of the rows, bool [rows]; users keep their codes."""
        chosen = None if self.selected is None else self.selected[kept]
        return Decisions(self.user[kept], self.label[kept], self.score[kept], chosen)


@dataclass(frozen=True)
class Flip:
    """Users scored again with one sensitive attribute changed and all else fixed; one row a (user, other value).

    user: int [rows], codes of the Ranking's users. original, flipped: int32 [rows, K] lists, -1 padded.
    divergence: float [rows], L2 distance between the score vectors of the user and of its flipped twin.
    """

    attribute: str
    user: npt.NDArray[np.int32]
    original: Lists
    flipped: Lists
    divergence: npt.NDArray[np.float64]

    def top(self, K: int) -> Flip:
        """The same twins with both lists cut after the first `K` items; the scores behind them stay."""
        return replace(self, original=self.original[:, :K], flipped=self.flipped[:, :K])

    def among(self, users: npt.NDArray[np.bool_]) -> Flip:
        """The twins of some users, coded as in `Ranking.among`."""
        kept, code = users[self.user], np.cumsum(users, dtype=np.int32) - np.int32(1)
        parts = (self.original[kept], self.flipped[kept], self.divergence[kept])
        return Flip(self.attribute, code[self.user[kept]], *parts)
