"""Rows as sparse features: a level for each user and item, and the crosses of what is known of both."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from models.data import Interactions, Ints

CROSS = 0.5
"""Value of a cross that is present; below 1 the L2 penalty lets it grow less than a single feature."""


def design(user: Ints, item: Ints, x: sp.csr_matrix, z: sp.csr_matrix) -> sp.csr_matrix:
    """csr [rows, users + items + xz + users z + x items] of (user, item) pairs.

    x, z: features of users [users, a] and of items [items, b]; without features only the levels are left.
    """
    one_user, one_item = one_hot(user, x.shape[0]), one_hot(item, z.shape[0])
    crosses = [crossed(x[user], z[item]), crossed(one_user, z[item]), crossed(x[user], one_item)]
    return sp.hstack([one_user, one_item, *crosses], format="csr")


def crossed(left: sp.csr_matrix, right: sp.csr_matrix) -> sp.csr_matrix:
    """Row by row, every feature of `left` with every one of `right`: csr [rows, a * b], CROSS * l * r."""
    n_left, n_right = np.diff(left.indptr), np.diff(right.indptr)
    row = np.repeat(np.arange(left.shape[0]), n_left)  # of each stored entry of left
    times = n_right[row]
    offset = np.repeat(right.indptr[row] - (np.cumsum(times) - times), times)
    partner = offset + np.arange(times.sum())  # the entry of right that each pair takes
    columns = np.repeat(left.indices.astype(np.int64), times) * right.shape[1] + right.indices[partner]
    values = CROSS * np.repeat(left.data, times) * right.data[partner]
    ends = np.concatenate([[0], np.cumsum(n_left * n_right)])
    return sp.csr_matrix((values, columns, ends), shape=(left.shape[0], left.shape[1] * right.shape[1]))


def features(data: Interactions, crosses: bool) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Features of users and items, csr float32 [users, a] and [items, b]; without columns where unknown or unwanted."""
    x, z = data.user_features, data.item_features
    if not crosses or x is None:
        x = sp.csr_matrix(np.zeros((data.n_users, 0), np.float32))
    if not crosses or z is None:
        z = sp.csr_matrix(np.zeros((data.n_items, 0), np.float32))
    return x.astype(np.float32), z.astype(np.float32)


def one_hot(codes: Ints, width: int) -> sp.csr_matrix:
    """csr float32 [len(codes), width], a single 1 in each row."""
    ends = np.arange(len(codes) + 1)
    return sp.csr_matrix((np.ones(len(codes), np.float32), codes, ends), shape=(len(codes), width))
