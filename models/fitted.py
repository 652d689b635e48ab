"""What all kinds have in common once they are fitted: who they are, and how they are kept."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

import numpy as np
import scipy.sparse as sp

from models import store
from models.base import Tell, silent
from models.config import Settings
from models.data import Floats, Interactions, Ints
from models.store import Arrays, Facts
from words import Phrase, Refusal

if TYPE_CHECKING:
    from models.private import Spent  # with torch, which not every kind needs

Own = TypeVar("Own", bound=Settings)

Curves = dict[str, list[float]]


@dataclass(frozen=True)
class Product:
    """score(u, i) = left[u] . right[i] + level[i], up to a constant of the user.

    left: float32 [n, d], dense, or csr where it is the log's own rows (EASE), which are data and not kept weights;
    right: float32 [i, d]; level: float32 [i].
    """

    left: Floats | sp.csr_matrix
    right: Floats
    level: Floats


class Fitted(ABC, Generic[Own]):
    """A recommender of one kind. `state` and `_restore` are each other's inverse, bit for bit."""

    kind: str

    def __init__(self, settings: Own, seed: int = 0) -> None:
        self.settings = settings
        self.seed = seed
        self.ids = ""
        """Digest of the user and item ids that the codes stand for."""
        self.cache: Path | None = None
        """Where encoded item texts are kept (language model); None: beside the checkpoints, if those are kept."""
        self.private: Spent | None = None
        """What training with differential privacy has spent (models.private); None without."""
        self.curves: Curves = {}
        """``loss`` and ``validation``, one figure an epoch; empty for kinds without epochs."""

    @abstractmethod
    def fit(self, data: Interactions, tell: Tell = silent, folder: Path | None = None) -> Self:
        """Learn from `data`; with a `folder`, checkpoints go there and a stopped fit resumes from it."""

    @abstractmethod
    def score(self, users: Ints) -> Floats:
        """float32 [len(users), items]; higher is better; on the model's own scale."""

    @abstractmethod
    def state(self) -> Arrays:
        """Everything that was learned."""

    @abstractmethod
    def _restore(self, arrays: Arrays) -> None:
        """Take what `state` gave; raises KeyError or ValueError where it does not fit together."""

    def user_vectors(self) -> Floats | None:
        """float32 [users, d], or None for kinds that have none."""
        return None

    def item_vectors(self) -> Floats | None:
        """float32 [items, d], or None."""
        return None

    def product(self) -> Product | None:
        """What a score is the product of, or None for kinds that do not rank by one product."""
        return None

    def reads(self, attribute: str) -> bool:
        """Whether the score is a function of the user's `attribute` (then `score_as` can change it)."""
        return False

    def score_as(self, users: Ints, attribute: str, value: str) -> Floats:
        """float32 [len(users), items]: the scores of these users were their `attribute` `value`."""
        raise Refusal("models.flip.blind", attribute=attribute)

    def settled(self) -> Own:
        """The settings with what the fit chose by itself made fixed, so that fitting again chooses nothing anew."""
        return self.settings

    def remarks(self) -> tuple[Phrase, ...]:
        """What a reader of this model's figures should know of how it was made; for the notes of its section."""
        return ()

    def facts(self) -> dict[str, Any]:
        """Small facts of a kind that are kept beside the arrays, plain JSON."""
        return {}

    def _recall(self, facts: dict[str, Any]) -> None:
        """Take what `facts` gave."""

    def save(self, folder: Path) -> None:
        """safetensors and JSON, manifest last (models.store)."""
        facts: Facts = {
            "settings": self.settings.model_dump(mode="json"),
            "seed": self.seed,
            "ids": self.ids,
            "curves": self.curves,
            "own": self.facts(),
        }
        store.write(folder, self.state(), facts, "model")

    @classmethod
    def restored(cls, settings: Own, arrays: Arrays, facts: Facts) -> Self:
        """The model that `save` kept."""
        model = cls(settings, int(facts["seed"]))
        model.ids = str(facts["ids"])
        model.curves = {name: [float(v) for v in values] for name, values in facts["curves"].items()}
        model._recall(facts["own"])
        model._restore(arrays)
        return model


class Coded(Protocol):
    """What has users and items in the order of their codes: Interactions, or a Catalogue."""

    @property
    def user_ids(self) -> tuple[str, ...]: ...

    @property
    def item_ids(self) -> tuple[str, ...]: ...


def ids_digest(data: Coded) -> str:
    """SHA-256 over the user and item ids, which tells whether codes of two data sets mean the same."""
    digest = hashlib.sha256()
    for ids in (data.user_ids, data.item_ids):
        for one in ids:
            digest.update(one.encode() + b"\0")
        digest.update(b"\1")
    return digest.hexdigest()


def must_know(model: Fitted[Any], data: Coded) -> None:
    """Refuse a model whose codes stand for other users or items than those of `data`."""
    if model.ids != ids_digest(data):
        raise Refusal("models.other_data")


def packed(name: str, matrix: sp.csr_matrix) -> Arrays:
    """A sparse matrix as plain arrays, for `state`."""
    return {
        f"{name}.data": matrix.data,
        f"{name}.indices": matrix.indices,
        f"{name}.indptr": matrix.indptr,
        f"{name}.shape": np.array(matrix.shape, np.int64),
    }


def unpacked(name: str, arrays: Arrays) -> sp.csr_matrix:
    """The inverse of `packed`; raises ValueError where indices point outside the shape."""
    rows, columns = (int(side) for side in arrays[f"{name}.shape"])
    parts = (arrays[f"{name}.data"], arrays[f"{name}.indices"], arrays[f"{name}.indptr"])
    matrix = sp.csr_matrix(parts, shape=(rows, columns))
    matrix.check_format(full_check=True)  # scipy's C++ loops trust these indices
    return matrix


def expect(array: Any, shape: tuple[int, ...], dtype: type = np.float32) -> Any:
    """`array` if it has that shape and dtype; raises ValueError otherwise."""
    if array.shape != shape or array.dtype != dtype:
        raise ValueError(f"array {array.dtype}{array.shape}, expected {dtype}{shape}")
    return array
