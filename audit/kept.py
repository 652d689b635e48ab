"""What the recommender step leaves: its lists and scores, and its model."""

from __future__ import annotations

import io
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.recommending import Recommending
from storage import MANIFEST, write_atomic
from words import Refusal

if TYPE_CHECKING:
    from analysis.fairness.ranking import Ranking
    from audit.run import Run
    from audit.workspace import AuditFolder
    from models.fitted import Fitted


@dataclass(frozen=True)
class Scored:
    """What the figures need of one recommender.

    codes: int32 [users, depth], best first, -1 where there is no more; scores: float32, -inf there.
    test, valid: float64 scores of the held-out rows of Composed.test and .validation(); None for lists alone.
    rehearsed_codes, rehearsed_scores: as codes and scores, of the model that has seen the training rows alone, for
        Composed.rehearsal; None where there is no such model or no validation row.
    vectors: float32 [users, d], None for kinds without.
    """

    codes: np.ndarray
    scores: np.ndarray
    test: np.ndarray | None
    valid: np.ndarray | None
    rehearsed_codes: np.ndarray | None = None
    rehearsed_scores: np.ndarray | None = None
    vectors: np.ndarray | None = None

    def save(self, path: Path) -> None:
        """Plain arrays, no objects."""
        arrays = {name: array for name, array in vars(self).items() if array is not None}
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        write_atomic(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> Scored:
        """The arrays as saved."""
        with np.load(path, allow_pickle=False) as kept:
            return cls(**{field.name: kept.get(field.name) for field in fields(cls)})


def lists_file(folder: AuditFolder) -> Path:
    """Where an audit keeps its `Scored`."""
    return folder.path / "work" / "lists" / "chosen.npz"


def audited_ranking(run: Run) -> Ranking:
    """The lists that the recommender step left, at the length that is judged."""
    kept, top = kept_lists(run), run.settings.recommender.top
    return run.composed.ranking(name_of(run), kept.codes[:, :top], kept.scores[:, :top])


def kept_lists(run: Run) -> Scored:
    """The lists and scores that the recommender step left."""
    return Scored.load(run.folder.left_by("recommender", lists_file(run.folder)))


def trained_model(run: Run) -> Fitted[Any]:
    """The model that the recommender step left. Raises Refusal where the audit has lists alone."""
    from models.store import load

    settings = run.settings.recommender
    if settings.lists_alone:
        raise Refusal("audit.lists_without_scores")
    place = place_of(settings, run.folder.model)
    if place == run.folder.model:
        run.folder.left_by("recommender", place / MANIFEST)
    return load(place)


def place_of(settings: Recommending, own: Path) -> Path:
    """The folder of the model under audit: a saved one of ours, else what the audit keeps (`own`)."""
    from models.encoders import is_classifier

    saved = None if settings.saved is None else Path(settings.saved)
    return own if saved is None or is_classifier(saved) else saved


def name_of(run: Run) -> str:
    """What the figures call the recommender under audit."""
    settings = run.settings.recommender
    if settings.prompted is not None:
        return "prompted"
    return "lists" if settings.lists else "saved model" if settings.saved else settings.model.kind
