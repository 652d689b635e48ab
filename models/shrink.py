"""A fitted model made smaller: its numbers as bytes (dynamic int8), or its smallest weights left out (pruning).

Every kind that ranks by a product of what it keeps of users and of items (EASE, matrix factorisation, Mult-VAE, the
sequence and the language model) is shrunk where it ranks: score = left . right + level. Letters in shapes: n users,
d numbers a user, i items.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from models.data import Floats, Ints
from models.fitted import Fitted, Product
from words import Refusal, phrase

FLOAT = 4
"""Bytes of a number as it is kept."""
PLACE = 4
"""Bytes of the place of a weight that is left in a pruned matrix (its column, in compressed rows)."""
STEPS = 127
"""Int8 reaches from -127 to 127 times the step of its row."""


@dataclass(frozen=True)
class Small:
    """A shrunk model: what ranks, and the bytes of its weights. Has `score`, as a Recommender."""

    kind: str
    bytes: int
    of: int
    """Bytes of the same weights in full."""
    _score: Callable[[Ints], Floats]

    def score(self, users: Ints) -> Floats:
        """float32 [len(users), i]; higher is better; up to a constant of the user."""
        return self._score(users)


def _product(model: Fitted[Any]) -> Product:
    """What a model ranks by. Raises Refusal for kinds that do not rank by one product."""
    found = model.product()
    if found is None:
        raise Refusal("models.shrink.no_product", kind=phrase(f"models.name.{model.kind}"))
    return found


def full(model: Fitted[Any]) -> Small:
    """The model as it is, by the same path: what the others are compared with."""
    kept = _product(model)
    size = FLOAT * _weights(kept)
    return Small(model.kind, size, size, lambda users: _dense(kept.left[users]) @ kept.right.T + kept.level)


def in_bytes(model: Fitted[Any]) -> Small:
    """Dynamic int8: each row of the kept matrices as whole numbers -127..127 times a step of its own.

    A kept weight is right to within half a step, max |w| of its row / 127 / 2. A user's numbers are read once more when
    items are ranked (for EASE: the history alone), in seven bits, so that no sum on the way overflows: 128 values from
    the least to the greatest of them and 0. The product is one of whole numbers, and the level is added in full.
    """
    import torch

    kept = _product(model)
    rows = len(kept.right) + (0 if sp.issparse(kept.left) else kept.left.shape[0])
    size = _weights(kept) - len(kept.level) + FLOAT * (rows + len(kept.level))
    step = torch.from_numpy(_steps(kept.right))
    with warnings.catch_warnings():  # torch names a successor package; these kernels are in the pinned torch
        warnings.simplefilter("ignore")
        zero = torch.zeros(len(step), dtype=torch.int64)
        whole = torch.quantize_per_channel(torch.from_numpy(kept.right), step, zero, 0, torch.qint8)
        packed = torch.ops.quantized.linear_prepack(whole, torch.from_numpy(kept.level))

    def score(users: Ints) -> Floats:
        left = _dense(kept.left[users])
        if not sp.issparse(kept.left):
            own = _steps(left)[:, None]
            left = np.round(left / own).astype(np.float32) * own
        # One user at a time: the kernel reads a whole batch by one scale, and a list must not depend on its neighbours.
        rows = torch.from_numpy(left)[:, None]  # [n, 1, d]
        answers = [torch.ops.quantized.linear_dynamic(row, packed, reduce_range=True) for row in rows]
        return np.asarray(torch.cat(answers).numpy(), np.float32)

    return Small(model.kind, size, FLOAT * _weights(kept), score)


def pruned(model: Fitted[Any], share: float) -> Small:
    """Magnitude pruning: the `share` of smallest weights of each kept matrix set to 0, the rest kept with its place."""
    if not 0.0 <= share < 1.0:
        raise ValueError("the share that is left out is in [0, 1)")
    kept = _product(model)
    left = kept.left if sp.issparse(kept.left) else _largest(kept.left, share)
    right = _largest(kept.right, share)
    nonzero = right.nnz + (0 if sp.issparse(kept.left) else left.nnz)
    size = (FLOAT + PLACE) * nonzero + FLOAT * len(kept.level)

    def score(users: Ints) -> Floats:
        return np.asarray((left[users] @ right.T).toarray() + kept.level, np.float32)

    return Small(model.kind, size, FLOAT * _weights(kept), score)


def _largest(matrix: Floats, share: float) -> sp.csr_matrix:
    """The matrix without its `share` of entries of smallest magnitude; of equal ones the later are left out."""
    order = np.argsort(-np.abs(matrix), axis=None, kind="stable")
    flat = np.zeros(matrix.size, np.float32)
    chosen = order[: matrix.size - int(share * matrix.size)]
    flat[chosen] = matrix.ravel()[chosen]
    return sp.csr_matrix(flat.reshape(matrix.shape))


def _steps(matrix: Floats) -> npt.NDArray[np.float32]:
    """float32 [rows]: what one unit of a row's bytes stands for; 1 for rows of nothing but 0."""
    most = np.abs(matrix).max(axis=1) / STEPS
    return np.where(most > 0, most, 1.0).astype(np.float32)


def _weights(kept: Product) -> int:
    """Numbers that are kept of users and items."""
    return int(kept.right.size + kept.level.size + (0 if sp.issparse(kept.left) else kept.left.size))


def _dense(rows: Floats | sp.csr_matrix) -> Floats:
    return np.asarray(rows.toarray() if sp.issparse(rows) else rows, np.float32)
