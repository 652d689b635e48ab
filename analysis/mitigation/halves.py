"""Halves of the users: what is learnt of one is put to use on the other, so that nobody is judged by his own rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def first_half(user_group: npt.NDArray, seed: int) -> npt.NDArray[np.bool_]:
    """bool [users]: half of each group's users (str [users]), drawn at random; of an odd number the smaller half."""
    rng = np.random.default_rng([seed, len(user_group)])
    first = np.zeros(len(user_group), bool)
    for group in np.unique(user_group):
        members = np.flatnonzero(user_group == group)
        first[rng.permutation(members)[: len(members) // 2]] = True
    return first
