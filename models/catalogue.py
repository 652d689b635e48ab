"""Who and what a model's codes stand for, kept beside the model so that it can be asked by ids."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import scipy.sparse as sp

from models import store
from models.fitted import expect, packed, unpacked
from models.store import Arrays
from words import Refusal

PURPOSE = "catalogue"


@dataclass(frozen=True)
class Catalogue:
    """user_ids, item_ids: str, in the order of the codes. seen: csr bool [users, items], never to be recommended."""

    user_ids: tuple[str, ...]
    item_ids: tuple[str, ...]
    seen: sp.csr_matrix

    def save(self, folder: Path) -> None:
        """safetensors and JSON, as models are kept."""
        arrays = _texts("user_ids", self.user_ids) | _texts("item_ids", self.item_ids) | packed("seen", self.seen)
        store.write(folder, arrays, {}, PURPOSE)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` kept; raises Refusal for anything else."""
        arrays, _ = store.read(folder, PURPOSE)
        try:
            users, items = _ids("user_ids", arrays), _ids("item_ids", arrays)
            seen = unpacked("seen", arrays)
            if seen.shape != (len(users), len(items)):
                raise ValueError("seen items of another catalogue")
        except (KeyError, ValueError) as error:  # a UnicodeDecodeError is a ValueError
            raise Refusal("models.not_a_model", folder=folder.name) from error
        return cls(users, items, seen)


def _texts(name: str, ids: tuple[str, ...]) -> Arrays:
    """Ids as the bytes of all of them and where each ends."""
    raw = [one.encode() for one in ids]
    ends = np.cumsum([len(one) for one in raw], dtype=np.int64)
    return {f"{name}.bytes": np.frombuffer(b"".join(raw), np.uint8), f"{name}.ends": ends}


def _ids(name: str, arrays: Arrays) -> tuple[str, ...]:
    ends = arrays[f"{name}.ends"]
    raw, ends = arrays[f"{name}.bytes"].tobytes(), expect(ends, ends.shape[:1], np.int64)
    starts = np.concatenate([[0], ends[:-1]])
    return tuple(raw[start:end].decode() for start, end in zip(starts.tolist(), ends.tolist(), strict=True))
