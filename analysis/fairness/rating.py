"""Predicted ratings against the true ones, by group: sizes of error, and Yao and Huang's four kinds of unfairness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from analysis.fairness.contrasts import Contrast, Statistic
from analysis.fairness.judge import Measure
from words import Phrase, phrase

Array = npt.NDArray[np.float64]

KINDS: dict[str, Callable[[Array, Array], Array]] = {
    "value": lambda own, other: np.abs(own - other),
    "absolute": lambda own, other: np.abs(np.abs(own) - np.abs(other)),
    "under": lambda own, other: np.abs(np.maximum(-own, 0) - np.maximum(-other, 0)),
    "over": lambda own, other: np.abs(np.maximum(own, 0) - np.maximum(other, 0)),
}
"""Unfairness at one item from the mean errors (predicted - true) of two groups (Yao and Huang 2017, eq. 4 to 7)."""


@dataclass(frozen=True)
class Ratings:
    """Held-out ratings and what was predicted, one row a (user, item).

    user, item: int [rows], codes. true, predicted: float64 [rows], on one scale. unit: ``rating``, or ``share`` where
    the truth is 0 or 1. protocol: how the predictions came about, as a sentence.
    """

    user: npt.NDArray[np.int32]
    item: npt.NDArray[np.int32]
    true: Array
    predicted: Array
    unit: str
    protocol: Phrase

    def among(self, users: npt.NDArray[np.bool_]) -> Ratings:
        """The rows of some users, coded as in `Ranking.among`."""
        kept, code = users[self.user], np.cumsum(users, dtype=np.int32) - np.int32(1)
        rows = (code[self.user[kept]], self.item[kept], self.true[kept], self.predicted[kept])
        return Ratings(*rows, self.unit, self.protocol)


def rating_measures(ratings: Ratings, users: int) -> list[Measure]:
    """``predicted``: mean predicted rating (its gap is Yao and Huang's non-parity); ``mae``: mean absolute error;
    ``rmse``: root of the mean squared error. Over rows, summed by user, who stays the unit."""
    error = ratings.predicted - ratings.true
    rows = np.bincount(ratings.user, minlength=users).astype(np.float64)
    sums = {"predicted": ratings.predicted, "mae": np.abs(error), "rmse": error**2}
    return [
        Measure(
            name=name,
            label=phrase(f"figures.name.{name}"),
            unit="score" if ratings.unit == "share" else ratings.unit,
            numerator=np.bincount(ratings.user, values, minlength=users).astype(np.float64),
            denominator=rows,
            method=phrase("fairness.method.protocol", what=phrase(f"figures.what.{name}"), protocol=ratings.protocol),
            root=name == "rmse",
            undefined=phrase("figures.reason.no_ratings"),
        )
        for name, values in sums.items()
    ]


def unfairness(ratings: Ratings, users: int, items: int) -> list[Contrast]:
    """``unfair_value``, ``_absolute``, ``_under``, ``_over``: mean over the items rated by both sides.

    With e the mean error (predicted - true) of a side at an item; 0 = the same errors on both sides at every item.
    """
    shape = (users, items)
    error = sp.csr_matrix((ratings.predicted - ratings.true, (ratings.user, ratings.item)), shape=shape)
    rows = sp.csr_matrix((np.ones(len(ratings.user)), (ratings.user, ratings.item)), shape=shape)
    rated = np.flatnonzero(np.asarray(rows.sum(axis=0)).ravel())
    values = sp.hstack([rows[:, rated], error[:, rated]], format="csr")  # [users, 2 x rated items]
    return [
        Contrast(
            name=f"unfair_{kind}",
            label=phrase(f"figures.name.unfair_{kind}"),
            unit="score" if ratings.unit == "share" else ratings.unit,
            method=phrase(
                "fairness.method.protocol", what=phrase(f"figures.what.unfair_{kind}"), protocol=ratings.protocol
            ),
            values=values,
            statistic=_over_items(kind),
            items=lambda own, rest: rated_by_both(own, rest).sum(axis=-1).astype(np.float64),
        )
        for kind in KINDS
    ]


def rated_by_both(own: Array, rest: Array) -> npt.NDArray[np.bool_]:
    """[..., items]: items that both sides rated, from sums as `unfairness` stacks them."""
    items = own.shape[-1] // 2
    return np.asarray((own[..., :items] > 0.5) & (rest[..., :items] > 0.5))


def _over_items(kind: str) -> Statistic:
    def figure(own: Array, rest: Array) -> Array:
        items = own.shape[-1] // 2
        both = rated_by_both(own, rest)
        means = (side[..., items:] / np.maximum(side[..., :items], 1) for side in (own, rest))
        total = np.where(both, KINDS[kind](*means), 0.0).sum(axis=-1)
        return np.asarray(total / np.maximum(both.sum(axis=-1), 1))

    return figure
