"""A log with rows that nobody meant: noise among people's own rows, and fake profiles that push an item (shilling)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from models.data import UNKNOWN, Interactions, Ints
from models.negatives import Negatives

Filler = Literal["random", "popular"]
FAKE = "\U0010ffff"
"""Begins the id of a fake user: it comes after every other id, so the codes of real users stay."""


def with_noise(data: Interactions, share: float, seed: int) -> Interactions:
    """`data` with round(`share` x wanted rows) more rows: users as active as they are, items they have not taken.

    An added row is wanted as much as the middle wanted row, weighs 1, and stands at a time drawn from the log's.
    """
    rng = np.random.default_rng([seed, 1])
    wanted = np.nonzero(data.label > 0)[0]
    users = data.user[rng.choice(wanted, round(share * len(wanted)))]
    return _with_rows(data, users, Negatives(data).draw(users, rng), rng)


def with_fakes(data: Interactions, share: float, target: int, filler: Filler, seed: int) -> Interactions:
    """`data` with ceil(`share` x users) fake users, each of whom took the item `target` and fillers.

    A fake took as many items as the middle real user. filler: ``random``, every item as likely; ``popular``, in
    proportion to how often it was taken (the bandwagon attack). Real users keep their codes. Of a fake user nothing
    else is known: no features, unknown groups.
    """
    rng = np.random.default_rng([seed, 2])
    fakes, length = int(np.ceil(share * data.n_users)), _middle_length(data)
    chance = np.ones(data.n_items) if filler == "random" else data.popularity + 1e-9
    chance = np.where(np.arange(data.n_items) == target, 0.0, chance)
    chance = chance / chance.sum()
    profiles = [
        np.append(rng.choice(data.n_items, min(length - 1, data.n_items - 1), replace=False, p=chance), target)
        for _ in range(fakes)
    ]
    users = np.repeat(np.arange(data.n_users, data.n_users + fakes), [len(one) for one in profiles]).astype(np.int32)
    items = np.concatenate([rng.permutation(one) for one in profiles]).astype(np.int32)
    return _with_rows(_with_users(data, fakes, users, items), users, items, rng)


def usual_target(data: Interactions) -> int:
    """An item that few took, for fakes to push: three quarters down the items that were taken, by popularity."""
    by_count = np.argsort(-data.popularity, kind="stable")
    taken = int((data.popularity > 0).sum())
    return int(by_count[min(taken - 1, 3 * taken // 4)])


def _middle_length(data: Interactions) -> int:
    """Items that the middle user took, at least two."""
    rows = np.bincount(data.user[data.label > 0], minlength=data.n_users)
    return max(2, int(np.median(rows[rows > 0])))


def _with_rows(data: Interactions, users: Ints, items: Ints, rng: np.random.Generator) -> Interactions:
    """`data` with wanted rows of these users and items at its end."""
    more = len(users)
    wanted = data.label > 0
    added: dict[str, Any] = {
        "user": np.append(data.user, users).astype(np.int32),
        "item": np.append(data.item, items).astype(np.int32),
        "label": np.append(data.label, np.ones(more)).astype(np.float32),
    }
    if data.rating is not None:
        usual = np.median(data.rating[wanted])
        added["rating"] = np.append(data.rating, np.full(more, usual)).astype(np.float32)
    if data.weight is not None:
        added["weight"] = np.append(data.weight, np.ones(more)).astype(np.float32)
    if data.time is not None:
        added["time"] = np.append(data.time, rng.choice(data.time, more))
    return replace(data, **added, **data.shown_as_usual(more))


def _with_users(data: Interactions, fakes: int, users: Ints, items: Ints) -> Interactions:
    """`data` with room for so many more users, who have seen these items."""
    cells = (np.ones(len(users), bool), (users - data.n_users, items))
    seen = sp.csr_matrix(cells, shape=(fakes, data.n_items))
    features = data.user_features
    if features is not None:
        nothing = sp.csr_matrix(np.zeros((fakes, features.shape[1]), np.float32))
        features = sp.csr_matrix(sp.vstack([features, nothing]))
    return replace(
        data,
        user_ids=(*data.user_ids, *(f"{FAKE}{number:08}" for number in range(fakes))),
        seen=sp.csr_matrix(sp.vstack([data.seen, seen])),
        user_features=features,
        profile={name: _with_unknown(values, fakes) for name, values in data.profile.items()},
    )


def _with_unknown(values: npt.NDArray[Any], more: int) -> npt.NDArray[Any]:
    return np.append(values.astype(object), [UNKNOWN] * more).astype(values.dtype if values.dtype == object else str)
