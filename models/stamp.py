"""A name for "these settings on these data with this seed": what a checkpoint belongs to."""

from __future__ import annotations

import hashlib

import numpy as np
import scipy.sparse as sp

from models.config import Settings
from models.data import Interactions


def stamp(data: Interactions, settings: Settings, seed: int) -> str:
    """SHA-256 over everything that training reads."""
    digest = hashlib.sha256(f"{settings.model_dump_json()}|{seed}".encode())
    for name, value in sorted(vars(data).items()):
        digest.update(f"|{name}|".encode())
        _update(digest, value)
    return digest.hexdigest()


def _update(digest: hashlib._Hash, value: object) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, sp.csr_matrix):
        for part in (value.data, value.indices, value.indptr):
            _update(digest, part)
    elif isinstance(value, dict):
        for name in sorted(value):
            digest.update(f"|{name}|".encode())
            _update(digest, value[name])
    else:
        digest.update(repr(value).encode())
