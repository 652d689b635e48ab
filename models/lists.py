"""Recommendation lists from a file, for analysts who have the system's output but not the system."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.data import Floats, Interactions, Ints
from words import Phrase, Refusal, phrase

NAMES: dict[str, tuple[str, ...]] = {
    "user": ("user", "user_id", "userid"),
    "item": ("item", "item_id", "itemid"),
    "rank": ("rank", "position"),
    "score": ("score", "prediction", "relevance"),
}
"""Names under which a column of the file is recognised, in any case; the first that is there."""

LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Lists:
    """Lists as `top_k` gives them, and what of the file could not be used.

    codes: int32 [users, k], -1 where a list is short or absent; scores: float32 [users, k], higher is better:
    the file's scores, or -rank; -inf beside -1. Unpacks as ``codes, scores = read_lists(...)``.
    """

    codes: Ints
    scores: Floats
    unknown_users: int
    """Users of the file that the log does not have."""
    unknown_items: int
    """Items of the file that the log does not have."""
    without: int
    """Users of the log without a list."""
    notes: tuple[Phrase, ...]
    """The same in sentences, for what is not 0."""

    def __iter__(self) -> Iterator[Any]:
        return iter((self.codes, self.scores))


def read_lists(frame: pd.DataFrame, data: Interactions, k: int) -> Lists:
    """The first k items of each user's list: columns user, item and rank (1 is best) or score (NAMES).

    Ties of score break by item code. Unknown users and items are left out and counted, before the list is cut
    at k. Raises Refusal for a missing column, a rank that is not 1, 2, 3 ..., a repeated item or rank of one user,
    and where nothing is known.
    """
    rows = _coded(frame, data)
    known = rows[(rows["user_code"] >= 0) & (rows["item_code"] >= 0)]
    if known.empty:
        raise Refusal("models.lists.nothing_known", rows=len(rows))
    best = known.sort_values(["user_code", "score", "item_code"], ascending=[True, False, True], kind="stable")
    best = best.assign(place=best.groupby("user_code").cumcount())
    best = best[best["place"] < k]
    codes = np.full((data.n_users, k), -1, np.int32)
    scores = np.full((data.n_users, k), -np.inf, np.float32)
    cells = (best["user_code"].to_numpy(), best["place"].to_numpy())
    codes[cells] = best["item_code"].to_numpy()
    scores[cells] = best["score"].clip(-LARGEST, LARGEST).to_numpy()
    return _counted(rows, codes, scores)


def _coded(frame: pd.DataFrame, data: Interactions) -> pd.DataFrame:
    """user, item, score and their codes (-1: unknown), checked."""
    user, item = _text(frame[_column(frame, "user")]), _text(frame[_column(frame, "item")])
    rows = pd.DataFrame(
        {
            "user": user.to_numpy(),
            "item": item.to_numpy(),
            "score": _scores(frame),
            "user_code": pd.Index(data.user_ids).get_indexer(pd.Index(user)),
            "item_code": pd.Index(data.item_ids).get_indexer(pd.Index(item)),
        }
    )
    _refuse_repeats(rows, "item", "models.lists.repeated")
    if _column(frame, "score", needed=False) is None:
        ranked = rows.assign(rank=(-rows["score"]).astype(int))
        _refuse_repeats(ranked, "rank", "models.lists.tied_rank")
    return rows


def _scores(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Higher is better: the score, or -rank."""
    column = _column(frame, "score", needed=False)
    if column is not None:
        return _numbers(frame[column])
    column = _column(frame, "rank", needed=False)
    if column is None:
        raise Refusal("models.lists.no_order")
    ranks = _numbers(frame[column])
    wrong = (ranks < 1) | (ranks != np.round(ranks))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise Refusal("models.lists.bad_rank", row=at + 1, rank=f"{ranks[at]:.10g}")
    return -ranks


def _column(frame: pd.DataFrame, role: str, needed: bool = True) -> Any:
    """The file's own name of the column for `role`."""
    by_name = {str(name).strip().lower(): name for name in frame.columns}
    for name in NAMES[role]:
        if name in by_name:
            return by_name[name]
    if needed:
        raise Refusal("models.lists.no_column", role=phrase(f"models.lists.{role}"), names=", ".join(NAMES[role]))
    return None


def _numbers(column: pd.Series) -> npt.NDArray[np.float64]:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise Refusal("models.lists.bad_number", count=int(wrong.sum()), column=str(column.name), row=at + 1)
    return numbers


def _text(ids: pd.Series) -> pd.Series:
    """Ids as text; whole numbers without a decimal point, which a missing value elsewhere had forced on them."""
    if pd.api.types.is_float_dtype(ids) and (ids.dropna() % 1 == 0).all():
        ids = ids.astype("Int64")
    return ids.astype("string").fillna("").str.strip().astype(object)


def _refuse_repeats(rows: pd.DataFrame, what: str, key: str) -> None:
    twice = rows.duplicated(["user", what])
    if twice.any():
        raise Refusal(key, row=int(np.argmax(twice.to_numpy())) + 1)  # no value of a person: refusals are printed


def _counted(rows: pd.DataFrame, codes: Ints, scores: Floats) -> Lists:
    users = int(rows.loc[rows["user_code"] < 0, "user"].nunique())
    strange = rows["item_code"] < 0
    items = int(rows.loc[strange, "item"].nunique())
    lengths = (codes >= 0).sum(1)
    without = int((lengths == 0).sum())
    short = int(((lengths > 0) & (lengths < codes.shape[1])).sum())
    notes = (
        (users, phrase("models.lists.unknown_users", count=users)),
        (items, phrase("models.lists.unknown_items", count=items, rows=int(strange.sum()))),
        (without, phrase("models.lists.without_list", count=without)),
        (short, phrase("models.lists.shorter", count=short, k=codes.shape[1])),
    )
    return Lists(codes, scores, users, items, without, tuple(note for count, note in notes if count))
