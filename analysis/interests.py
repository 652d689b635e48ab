"""Topics of items and intents of users as columns of the data, so that graphs, effects and gaps can name them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.document import Cell, Column, Table
from analysis.log import UNKNOWN, Dataset
from words import phrase

TOPIC, INTENT, INTEREST = "topic", "intent", "interest"
BLOCK = 20_000
"""Rows whose vectors are held at once."""

Numbers = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]
Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Read:
    """Texts as a language model read them: topic: a name each, "" for an empty text; vectors: float32 [texts, d]."""

    topic: tuple[str, ...]
    vectors: Vectors


def with_topics(dataset: Dataset, items: Read, said: Read | None, by_treatment: bool, by_rows: bool) -> Dataset:
    """The dataset with three columns more, each left as it is where the files have one of that name.

    items: the item texts, in the order of `dataset.items`; said: the users' own words, in the order of
    `dataset.users`; None: intents are read from the items a user took: those with outcome 1 (any, where the outcome
    is a rating), with `by_treatment` also those treated, with `by_rows` all.

    items["topic"]    str, UNKNOWN where the item has no text
    users["intent"]   str: the topic that the user takes most beyond its share among all users (the largest Pearson
                      residual), or that of the user's own words; UNKNOWN where there is neither
    log["interest"]   float64, -1..1: how near (cosine, each side less its mean) the item's text is to what the user
                      took in *other* rows, so that no row explains itself, or to the user's own words; 0 where
                      either is unknown
    """
    topic = pd.Series([name or UNKNOWN for name in items.topic], index=dataset.items.index)
    item = dataset.items.index.get_indexer(pd.Index(dataset.log["item"]))
    user = dataset.users.index.get_indexer(pd.Index(dataset.log["user"]))
    if said is None:
        took = np.ones(len(item), bool) if by_rows else _took(dataset.log, by_treatment)
        intent = _intents(topic.to_numpy(str)[item[took]], user[took], len(dataset.users))
        near = _near_history(_centred(items.vectors), item, user, took, len(dataset.users))
    else:
        intent = [name or UNKNOWN for name in said.topic]
        near = _near(_centred(items.vectors), item, _centred(said.vectors), user)
    return replace(
        dataset,
        items=_joined(dataset.items, TOPIC, topic.to_numpy()),
        users=_joined(dataset.users, INTENT, np.array(intent, dtype=object)),
        log=_joined(dataset.log, INTEREST, near),
    )


def topics_table(dataset: Dataset, k: int) -> Table:
    """Each topic with its items and the users whose intent it is; counts of fewer than `k` users are left out, with
    the next larger one where these would follow from the number of all users."""
    items, users = dataset.items[TOPIC].value_counts(), dataset.users[INTENT].value_counts()
    small = set(users.index[users < k])
    if small and (len(small) == 1 or users[list(small)].sum() < k) and len(small) < len(users):
        small.add(users[~users.index.isin(small)].index[-1])
    rows: list[tuple[Cell, ...]] = []
    for name in sorted(set(items.index) | set(users.index), key=lambda name: (name == UNKNOWN, -items.get(name, 0))):
        people = int(users.get(name, 0))
        rows.append((str(name), int(items.get(name, 0)), None if name in small else people))
    columns = ("topic", "topic_items", "topic_users")
    return Table(
        key="data.topics",
        title=phrase("data.table.topics"),
        columns=tuple(Column(key=name, title=phrase(f"data.column.{name}")) for name in columns),
        rows=tuple(rows),
    )


def _joined(frame: pd.DataFrame, name: str, column: npt.NDArray[np.generic]) -> pd.DataFrame:
    return frame if name in frame.columns else frame.assign(**{name: column})


def _took(log: pd.DataFrame, by_treatment: bool) -> Marks:
    """Rows that show what the user wants."""
    took = np.ones(len(log), bool)
    if "outcome" in log and log["outcome"].dropna().isin((0.0, 1.0)).all():
        took = (log["outcome"] == 1.0).to_numpy()
        if by_treatment and "treatment" in log:
            took = took | log["treatment"].isin((1, True, "1")).to_numpy()
    return took


def _intents(topic: npt.NDArray[np.str_], user: npt.NDArray[np.intp], users: int) -> list[str]:
    """Each user's topic of the largest (observed - expected) / sqrt(expected); UNKNOWN for a user without any."""
    names = sorted(set(topic.tolist()) - {UNKNOWN})
    code = pd.Index(names).get_indexer(pd.Index(topic)) if names else np.full(len(topic), -1)
    count = np.zeros((users, max(1, len(names))))
    np.add.at(count, (user[code >= 0], code[code >= 0]), 1.0)
    expected = count.sum(axis=1, keepdims=True) * (count.sum(axis=0) / max(count.sum(), 1.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        residual = np.where(expected > 0, (count - expected) / np.sqrt(expected), -np.inf)
    return [names[best] if n else UNKNOWN for best, n in zip(residual.argmax(axis=1), count.sum(axis=1), strict=True)]


def _near_history(
    vectors: Vectors, item: npt.NDArray[np.intp], user: npt.NDArray[np.intp], took: Marks, users: int
) -> Numbers:
    """Cosine between each row's item and the sum of the items that its user took in other rows."""
    summed = np.zeros((users, vectors.shape[1]), np.float32)
    for start in range(0, len(item), BLOCK):
        taken = start + np.flatnonzero(took[start : start + BLOCK])
        np.add.at(summed, user[taken], vectors[item[taken]])
    near = np.zeros(len(item))
    for start in range(0, len(item), BLOCK):
        rows = slice(start, start + BLOCK)
        own = vectors[item[rows]]
        near[rows] = _cosine(own, summed[user[rows]] - np.where(took[rows, None], own, np.float32(0)))
    return near


def _near(vectors: Vectors, item: npt.NDArray[np.intp], said: Vectors, user: npt.NDArray[np.intp]) -> Numbers:
    near = np.zeros(len(item))
    for start in range(0, len(item), BLOCK):
        rows = slice(start, start + BLOCK)
        near[rows] = _cosine(vectors[item[rows]], said[user[rows]])
    return near


def _centred(vectors: Vectors) -> Vectors:
    """Less the mean of the texts that are known: what all texts share says nothing; unknown texts stay 0."""
    known = np.abs(vectors).sum(axis=1) > 0
    if not known.any():
        return vectors
    centred = np.where(known[:, None], vectors - vectors[known].mean(axis=0), np.float32(0))
    return centred.astype(np.float32)


def _cosine(one: Vectors, other: Vectors) -> Numbers:
    """[rows] -1..1; 0 where either is a row of zeros (or what rounding leaves of one)."""
    lengths = np.linalg.norm(one, axis=1).astype(float) * np.linalg.norm(other, axis=1)
    dots = np.einsum("ij,ij->i", one, other).astype(float)
    return np.clip(np.where(lengths > 1e-5, dots / np.maximum(lengths, 1e-5), 0.0), -1.0, 1.0)
