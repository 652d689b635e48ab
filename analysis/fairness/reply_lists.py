"""Replies from a file, for analysts who asked the model themselves: prompt, attribute, value, rank, item."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.fairness.prompted import Replies
from analysis.fairness.ranking import Lists
from words import Refusal

NAMES = {
    "prompt": ("prompt", "prompt_id", "question"),
    "attribute": ("attribute", "sensitive_attribute"),
    "value": ("value", "attribute_value", "group"),
    "rank": ("rank", "position", "place"),
    "item": ("item", "item_id", "title"),
}
"""Names under which a column is recognised, in any case; `attribute` may be missing where there is one alone."""
NEUTRAL = frozenset({"", "neutral", "none"})
"""Values as which nobody in particular asked."""
ONLY = "attribute"


def read_replies(frame: pd.DataFrame, top: int, meaningless: str) -> Replies:
    """The first `top` items of each reply. Every value of an attribute is expected for every prompt.

    A reply that the file does not have is one that named nothing. Raises Refusal for a missing column, a rank that is
    no whole number from 1, an item or rank twice in one reply, and where there is no neutral reply.
    """
    rows = _coded(frame)
    rows = rows[rows["rank"] <= top]
    prompts = pd.Index(rows["prompt"]).unique().sort_values()
    neutral = rows["value"] == ""
    if not neutral.any():
        raise Refusal("prompted.file.no_neutral")
    others = rows[~neutral]
    attributes = {
        str(name): {str(value): _lists(one, prompts, top) for value, one in own.groupby("value", sort=True)}
        for name, own in others.groupby("attribute", sort=True)
    }
    return Replies(_lists(rows[neutral], prompts, top), attributes, meaningless if meaningless in attributes else None)


def _lists(rows: pd.DataFrame, prompts: pd.Index, top: int) -> Lists:
    lists = np.full((len(prompts), top), -1, np.int32)
    lists[prompts.get_indexer(pd.Index(rows["prompt"])), rows["rank"].to_numpy(int) - 1] = rows["code"]
    return lists


def _coded(frame: pd.DataFrame) -> pd.DataFrame:
    """prompt, attribute, value, rank, code; checked."""
    rows = pd.DataFrame({role: _text(frame, role) for role in ("prompt", "value", "item")})
    rows["attribute"] = _text(frame, "attribute", needed=False)
    nobody = rows["value"].str.lower().isin(NEUTRAL)  # one neutral reply serves every attribute
    rows.loc[nobody, ["attribute", "value"]] = ""
    rank = pd.to_numeric(frame[_column(frame, "rank")], errors="coerce").to_numpy(float)
    wrong = ~((rank >= 1) & (rank == np.round(rank)))
    if wrong.any():
        raise Refusal("prompted.file.rank", row=int(np.argmax(wrong)) + 1)
    rows["rank"] = rank.astype(int)
    rows["code"] = pd.factorize(rows["item"], sort=True)[0].astype(np.int32)
    for what in ("rank", "item"):
        twice = rows.duplicated(["prompt", "attribute", "value", what])
        if twice.any():
            raise Refusal("prompted.file.twice", row=int(np.argmax(twice.to_numpy())) + 1)
    return rows


def _text(frame: pd.DataFrame, role: str, needed: bool = True) -> pd.Series:
    name = _column(frame, role, needed)
    if name is None:
        return pd.Series(ONLY, index=frame.index)
    return frame[name].astype("string").fillna("").str.strip().astype(object)


def _column(frame: pd.DataFrame, role: str, needed: bool = True) -> str | None:
    by_name = {str(name).strip().lower(): str(name) for name in frame.columns}
    found = next((by_name[name] for name in NAMES[role] if name in by_name), None)
    if found is None and needed:
        raise Refusal("prompted.file.column", role=role, names=", ".join(NAMES[role]))
    return found
