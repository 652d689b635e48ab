"""A name for "these settings on these data with this seed": what a checkpoint belongs to."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import scipy.sparse as sp

from models.config import Settings
from models.data import Interactions
from models.encoders import find


def stamp(data: Interactions, settings: Settings, seed: int) -> str:
    """SHA-256 over everything that training reads: also the files of an encoder that lies in a folder."""
    encoder = getattr(settings, "encoder", None)
    read = "" if encoder is None else find(encoder).digest
    digest = hashlib.sha256(f"{settings.model_dump_json()}|{seed}|{read}".encode())
    for name in sorted(field.name for field in dataclasses.fields(data)):  # not what it has worked out meanwhile
        digest.update(f"|{name}|".encode())
        _update(digest, getattr(data, name))
    return digest.hexdigest()


def _update(digest: hashlib._Hash, value: object) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype}{value.shape}".encode())
        # The bytes of an array of objects are where they lie, other ones in each process.
        digest.update(repr(value.tolist()).encode() if value.dtype.hasobject else np.ascontiguousarray(value).tobytes())
    elif isinstance(value, sp.csr_matrix):
        for part in (value.data, value.indices, value.indptr):
            _update(digest, part)
    elif isinstance(value, dict):
        for name in sorted(value):
            digest.update(f"|{name}|".encode())
            _update(digest, value[name])
    else:
        digest.update(repr(value).encode())
