"""Training data changed before a fit: rows drawn anew, flipped twins of users, features freed of an attribute."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from models.data import UNKNOWN, Interactions

ROWS = ("user", "item", "label", "rating", "weight", "propensity", "position", "randomised", "time")
"""Fields of Interactions with one entry a training row."""
TWIN = " twin"
"""Ends the id of a twin."""


def taking(data: Interactions, rows: npt.NDArray[np.int64]) -> Interactions:
    """The same data with these training rows, in this order; a row may come several times."""
    values = {name: getattr(data, name) for name in ROWS}
    return replace(data, **{name: value[rows] for name, value in values.items() if value is not None})


def with_twins(data: Interactions, attribute: str, share: float, seed: int) -> Interactions:
    """The data with a twin for a `share` of the users of known `attribute`, drawn at random: equal rows, another value.

    The other value is drawn evenly from the others that the data know. Twins come after all users, have no validation
    rows, and differ from them in `profile` and in the features named ``attribute=value`` alone. Data that know
    fewer than two values are returned as they are.
    """
    own = np.asarray(data.profile[attribute], dtype=str)
    values = sorted(set(own.tolist()) - {UNKNOWN})
    rng = np.random.default_rng(seed)
    users = np.flatnonzero((own != UNKNOWN) & (rng.random(len(own)) < share))
    if len(values) < 2 or users.size == 0:
        return data
    place = np.searchsorted(values, own[users])
    other = np.array(values)[(place + rng.integers(1, len(values), users.size)) % len(values)]
    rows = np.flatnonzero(np.isin(data.user, users))
    both = taking(data, np.concatenate([np.arange(len(data.user)), rows]))
    code = both.user.copy()
    code[len(data.user) :] = data.n_users + np.searchsorted(users, data.user[rows])
    profile = {name: np.concatenate([np.asarray(one), np.asarray(one)[users]]) for name, one in data.profile.items()}
    profile[attribute] = np.concatenate([own, other])
    return replace(
        both,
        user=code,
        user_ids=(*data.user_ids, *(data.user_ids[user] + TWIN for user in users)),
        seen=sp.csr_matrix(sp.vstack([data.seen, data.seen[users]])),
        user_features=_flipped(data, users, attribute, other),
        profile=profile,
    )


def _flipped(
    data: Interactions, users: npt.NDArray[np.int64], attribute: str, other: npt.NDArray[np.str_]
) -> sp.csr_matrix | None:
    """User features with those of the twins below: the columns of the attribute say the other value."""
    if data.user_features is None:
        return None
    twins = data.user_features[users].toarray()
    for at, name in enumerate(data.user_feature_names or ()):
        if name.startswith(f"{attribute}="):
            twins[:, at] = other == name.partition("=")[2]
    return sp.csr_matrix(sp.vstack([data.user_features, sp.csr_matrix(twins)]), dtype=np.float32)


def with_features(data: Interactions, features: npt.NDArray[np.float64]) -> Interactions:
    """The data with other user features [users, a], under the same names."""
    return replace(data, user_features=sp.csr_matrix(features, dtype=np.float32))
