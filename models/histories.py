"""What users took, in order, and who they are: what a transformer reads of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.config import PairwiseSettings, SequentialSettings
from models.data import UNKNOWN, Floats, Interactions, Ints
from words import Refusal

PAD = -1
"""Code of "no item" in a history; the padding is at the end, where the causal mask keeps it from being read."""
MASKED = -2
"""Code of an item that is hidden: its place is read, but not what stands there."""


@dataclass(frozen=True)
class Histories:
    """What each user took, the latest `t` positives, oldest first; PAD at the end.

    items: int32 [users, t]; weight: float32 [users, t], of the rows, 0 at PAD.
    """

    items: Ints
    weight: Floats


@dataclass(frozen=True)
class Profiles:
    """Sensitive attributes as codes: int64 [users, a]; 0 unknown, then the values in order."""

    codes: npt.NDArray[np.int64]
    values: dict[str, tuple[str, ...]]


def histories(data: Interactions, weight: Floats, most: int) -> Histories:
    """The latest `most` positives of each user by time, or by row where there are no times."""
    wanted = np.nonzero(data.label > 0)[0]
    time = wanted if data.time is None else data.time[wanted]
    rows = wanted[np.lexsort((wanted, time, data.user[wanted]))]  # by user, oldest first
    users = data.user[rows]
    counts = np.bincount(users, minlength=data.n_users)
    first = np.cumsum(counts) - counts
    place = np.arange(len(rows)) - first[users] - np.maximum(counts - most, 0)[users]
    kept = place >= 0
    items = np.full((data.n_users, most), PAD, np.int32)
    weights = np.zeros((data.n_users, most), np.float32)
    items[users[kept], place[kept]] = data.item[rows[kept]]
    weights[users[kept], place[kept]] = weight[rows[kept]]
    return Histories(items, weights)


def profiles(data: Interactions, settings: SequentialSettings | PairwiseSettings) -> Profiles:
    """The attributes that `settings` name; None: all of the data's, but the adversary's, and none with erasure.

    Erasing moves vectors that are kept; one that is read anew, of another profile, would not be moved.
    """
    names = settings.profile
    if settings.erasure is not None and settings.erasure.strength > 0:
        if names:
            raise Refusal("fair.reads", attribute=settings.erasure.attribute)
        names = ()
    if names is None:
        hidden = settings.adversary.attribute if settings.adversary else None
        names = tuple(name for name in sorted(data.profile) if name != hidden)
    codes = np.zeros((data.n_users, len(names)), np.int64)
    values: dict[str, tuple[str, ...]] = {}
    for at, name in enumerate(names):
        if name not in data.profile:
            raise Refusal("models.no_attribute", attribute=name)
        column = data.profile[name]
        values[name] = tuple(sorted({str(value) for value in column} - {UNKNOWN}))
        codes[:, at] = [code(str(value), values[name]) for value in column]
    return Profiles(codes, values)


def code(value: str, values: tuple[str, ...]) -> int:
    """The code of an attribute's value, 0 for one that is not known."""
    return values.index(value) + 1 if value in values else 0


def inside(codes: npt.NDArray[Any], low: int, end: int) -> npt.NDArray[Any]:
    """`codes` where all lie in [low, end); raises ValueError otherwise."""
    if codes.dtype.kind != "i" or (codes.size and (codes.min() < low or codes.max() >= end)):
        raise ValueError("codes outside their range")
    return codes
