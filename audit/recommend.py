"""The recommender under audit: trained, loaded, or given by its lists; ranked for every user."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.document import Section
from analysis.log import UNKNOWN
from audit.compose import Composed
from models.base import Recommender
from storage import write_atomic
from words import Refusal, phrase

if TYPE_CHECKING:
    import models.flip
    from analysis.fairness.ranking import Flip
    from audit.steps import Run
    from models.fitted import Fitted

DEPTH = 100
"""Candidates kept for each user: what re-ranking may choose from."""
BLOCK = 512
LISTS_FILE = "chosen.npz"


@dataclass(frozen=True)
class Scored:
    """What the figures need of one recommender.

    codes: int32 [users, depth], best first, -1 where there is no more; scores: float32, -inf there.
    test, valid: float64 scores of the held-out rows of Composed.test and .validation(); None for lists alone.
    """

    codes: np.ndarray
    scores: np.ndarray
    test: np.ndarray | None
    valid: np.ndarray | None

    def save(self, path: Path) -> None:
        """Plain arrays, no objects."""
        arrays = {name: array for name, array in vars(self).items() if array is not None}
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        write_atomic(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> Scored:
        """The arrays as saved. Raises Refusal(audit.needs_step) where there are none."""
        if not path.exists():
            raise Refusal("audit.needs_step", step=phrase("audit.step.recommender"))
        with np.load(path, allow_pickle=False) as kept:
            return cls(kept["codes"], kept["scores"], kept.get("test"), kept.get("valid"))


def scored(model: Recommender, composed: Composed, depth: int = DEPTH) -> Scored:
    """Rank the candidates of every user and score the held-out rows."""
    from models.ranking import best_unseen

    data = composed.data
    depth = min(depth, data.n_items)
    codes = np.full((data.n_users, depth), -1, np.int32)
    scores = np.full((data.n_users, depth), -np.inf, np.float32)
    test, valid = composed.test, composed.validation()
    test_scores, valid_scores = np.zeros(len(test)), np.zeros(len(valid))
    for start in range(0, data.n_users, BLOCK):
        users = np.arange(start, min(start + BLOCK, data.n_users), dtype=np.int32)
        block = model.score(users)
        for rows, kept in ((test, test_scores), (valid, valid_scores)):
            inside = np.flatnonzero((rows["user"] >= start) & (rows["user"] < start + len(users)))
            kept[inside] = block[rows["user"].to_numpy()[inside] - start, rows["item"].to_numpy()[inside]]
        codes[users], scores[users] = best_unseen(block, composed.blocked(users), depth)
    return Scored(codes, scores, test_scores, valid_scores)


def chosen_model(run: Run) -> Fitted[Any] | None:
    """The model under audit, trained or loaded; None where the audit is of lists from a file."""
    from models.fitted import must_know
    from models.store import load
    from models.train import fit

    settings, composed = run.settings.recommender, run.composed
    if settings.lists is not None:
        return None
    if settings.saved is not None:
        model = load(Path(settings.saved))
        must_know(model, composed.data)
        return model
    model = fit(composed.data, settings.model, run.settings.seed, run.folder.checkpoints, run.tell)
    model.save(run.folder.model)
    return model


def recommender_section_of(run: Run) -> Section:
    """Step `recommender`: lists of the chosen recommender and of popularity beside it, with their accuracy."""
    from analysis.fairness.utility import recommender_section
    from models.config import PopularitySettings
    from models.train import fit

    run.tell(0.0, "audit.progress.compose")
    composed, settings = run.composed, run.settings
    run.tell(0.05, "audit.progress.train")
    model = chosen_model(run)
    run.tell(0.85, "audit.progress.rank")
    kept = _lists_from_file(run) if model is None else scored(model, composed)
    kept.save(run.folder.path / "work" / "lists" / LISTS_FILE)
    top = settings.recommender.top
    baseline = scored(fit(composed.data, PopularitySettings(), settings.seed), composed, top)
    rankings = [
        composed.ranking(_name(run), kept.codes[:, :top], kept.scores[:, :top]),
        composed.ranking("popularity", baseline.codes, baseline.scores),
    ]
    return recommender_section(rankings, _records(model), settings.k, top, settings.seed)


def disparity_section_of(run: Run) -> Section:
    """Step `disparity`: figures by group, and the attribute flip where the model reads the attribute."""
    from analysis.fairness.disparity import disparity_section

    settings, composed = run.settings, run.composed
    run.tell(0.0, "audit.progress.disparity")
    kept = Scored.load(run.folder.path / "work" / "lists" / LISTS_FILE)
    top = settings.recommender.top
    ranking = composed.ranking(_name(run), kept.codes[:, :top], kept.scores[:, :top])
    decisions = None if kept.test is None else composed.decisions(composed.test, kept.test)
    return disparity_section(ranking, decisions, _flips(run), settings.disparity, settings.k, settings.seed, run.tell)


def trained_model(run: Run) -> Fitted[Any]:
    """The model that the recommender step left. Raises Refusal where the audit has lists alone."""
    from models.store import load

    settings = run.settings.recommender
    if settings.lists is not None:
        raise Refusal("audit.lists_without_scores")
    return load(Path(settings.saved) if settings.saved else run.folder.model)


def _name(run: Run) -> str:
    settings = run.settings.recommender
    return "lists" if settings.lists else "saved model" if settings.saved else settings.model.kind


def _lists_from_file(run: Run) -> Scored:
    from models.lists import read_lists

    path = Path(str(run.settings.recommender.lists))
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=str)
    codes, scores = read_lists(frame, run.composed.data, run.settings.recommender.top)
    return Scored(codes, scores, None, None)


def _flips(run: Run) -> dict[str, Flip] | None:
    """Every user's list under each other value of each attribute that the model reads; None for lists alone."""
    from models.flip import flipped_lists

    settings, data = run.settings.recommender, run.composed.data
    if settings.lists is not None:
        return None
    model = trained_model(run)
    read = [name for name in data.profile if model.reads(name) and len(set(data.profile[name]) - {UNKNOWN}) > 1]
    return {name: _twins(flipped_lists(model, data, name, settings.top), data.profile[name]) for name in read}


def _twins(found: models.flip.Flip, actual: np.ndarray) -> Flip:
    """One row a user and value that is not theirs."""
    from analysis.fairness.ranking import Flip

    others = [np.flatnonzero(actual != value).astype(np.int32) for value in found.values]
    user = np.concatenate(others)
    flipped = np.concatenate([found.lists[value][rows] for value, rows in zip(found.values, others, strict=True)])
    return Flip(found.attribute, user, found.own[user], flipped, found.divergence[user].astype(np.float64))


def _records(model: Fitted[Any] | None) -> dict[str, list[dict[str, float]]]:
    """The training curves of a model, one record an epoch."""
    if model is None or not model.curves:
        return {}
    epochs = range(max(len(values) for values in model.curves.values()))
    named = [
        {"epoch": float(at + 1)} | {name: values[at] for name, values in model.curves.items() if at < len(values)}
        for at in epochs
    ]
    return {model.kind: named}
