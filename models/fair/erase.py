"""Erasing an attribute from trained vectors: groups are moved onto each other until a fresh probe is at a coin."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.config import Gradient
from models.data import Floats, Interactions
from models.fair.fresh import CHANCE, Array, Codes, Reader, fresh_auc
from models.fair.groups import group_codes

HALVINGS = 6
"""Bisections of how far the groups are moved: to 1/64 of the way."""
NEGLIGIBLE = 1e-3
"""Directions of less than this share of the largest variance are left out of the vectors."""
BARYCENTRE_STEPS = 25
Moved = Callable[[float], Array]
"""Vectors [n, r] moved by a share 0..1 of the way."""


def without(vectors: Floats, data: Interactions, settings: Gradient) -> Floats:
    """`vectors` [users, d] without what the settings erase."""
    erasure = settings.erasure
    if erasure is None or erasure.strength == 0:
        return vectors
    return erased(vectors, group_codes(data, erasure.attribute), erasure.strength)


def erased(vectors: Floats, codes: Codes, strength: float) -> Floats:
    """`vectors` [users, d] with the group, `codes` int [users], -1 unknown, erased; 0 leaves them bit for bit.

    First the groups' means are moved together, then their covariances along the optimal transport between normals
    (Agueh and Carlier 2011), each as far as a fresh probe needs to come down from its AUC to
    chance + (1 - strength) * (AUC - chance), a linear probe for the means, one of a Gaussian kernel for the
    covariances. Moved all the way they would agree better than two random halves of one group do, and a probe would
    be *worse* than a coin, which gives the group away to whoever turns its answer round. People of unknown group keep
    their vectors.
    """
    if strength == 0:
        return vectors
    known = codes >= 0
    group, start = codes[known], vectors[known].astype(np.float64)
    mean, axes = _principal(start)
    if axes.size == 0:  # one vector for everybody tells nothing
        return vectors
    x = (start - mean) @ axes

    def far_enough(moved: Moved, reader: Reader) -> Array:
        """`moved` by the least share, in [0, 1], at which the probe reads no more than the goal."""
        goal = CHANCE + (1 - strength) * max(fresh_auc(start, group, reader) - CHANCE, 0)
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            reads = fresh_auc(moved(middle) @ axes.T, group, reader)
            low, high = (middle, high) if reads > goal else (low, middle)
        return moved(high)

    x = far_enough(_means_moved(x, group), "linear")
    x = far_enough(_covariances_moved(x, group), "kernel")
    x = far_enough(_means_moved(x, group), "linear")  # another shape is read in other directions
    out = vectors.copy()
    out[known] = (x @ axes.T + mean).astype(np.float32)
    return out


def _principal(x: Array) -> tuple[Array, Array]:
    """Mean [d] and the principal axes [d, r] of more than NEGLIGIBLE variance."""
    mean = x.mean(0)
    _, spread, axes = np.linalg.svd(x - mean, full_matrices=False)
    return mean, axes[spread**2 > NEGLIGIBLE * spread[0] ** 2].T


def _means_moved(x: Array, group: Codes) -> Moved:
    apart = np.zeros_like(x)
    for code in np.unique(group):
        apart[group == code] = x[group == code].mean(0) - x.mean(0)
    return lambda share: x - share * apart


def _covariances_moved(x: Array, group: Codes) -> Moved:
    """Each group's vectors on their way to the groups' common covariance; means stay."""
    codes = np.unique(group)
    own = [_covariance(x, group == code) for code in codes]
    common = _barycentre(own, [float(np.mean(group == code)) for code in codes])
    out = x.copy()
    for code, covariance in zip(codes, own, strict=True):
        root, back = _power(covariance, 0.5), _power(covariance, -0.5)
        mean = x[group == code].mean(0)
        out[group == code] = (x[group == code] - mean) @ (back @ _power(root @ common @ root, 0.5) @ back) + mean
    return lambda share: (1 - share) * x + share * out


def _barycentre(own: list[Array], share: list[float]) -> Array:
    """The covariance that is nearest to all, by their shares, in the optimal transport between normals."""
    common = np.asarray(sum(part * one for part, one in zip(share, own, strict=True)))
    for _ in range(BARYCENTRE_STEPS):
        root, back = _power(common, 0.5), _power(common, -0.5)
        middle = sum(part * _power(root @ one @ root, 0.5) for part, one in zip(share, own, strict=True))
        common = back @ middle @ middle @ back
    return common


def _covariance(x: Array, inside: np.ndarray) -> Array:
    """[d, d]: a group's covariance, pulled to that of all by as much as the group is small for its dimensions."""
    n, d = int(inside.sum()), x.shape[1]
    pull = d / (d + n)
    own, every = (np.atleast_2d(np.cov(rows.T, bias=True)) for rows in (x[inside], x))
    return np.asarray((1 - pull) * own + pull * every)


def _power(matrix: Array, exponent: float) -> Array:
    """A symmetric positive matrix to a power."""
    values, axes = np.linalg.eigh(matrix)
    return np.asarray((axes * np.maximum(values, 1e-12) ** exponent) @ axes.T)
