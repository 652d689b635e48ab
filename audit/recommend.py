"""The recommender under audit: trained, loaded, or given by its lists; ranked for every user."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.document import Section
from audit.compose import Composed
from audit.kept import Scored, lists_file, name_of
from audit.search import SEARCHED, chosen_settings, with_search
from audit.why import with_tokens
from models.base import BLOCK, Recommender, Scorer, Tell, part, silent
from models.catalogue import Catalogue
from models.config import RecommenderSettings, finished
from words import Phrase

if TYPE_CHECKING:
    from audit.run import Run
    from models.fitted import Fitted

DEPTH = 100
"""Candidates kept for each user: what re-ranking may choose from."""


def trained(
    composed: Composed,
    settings: RecommenderSettings,
    seed: int,
    checkpoints: Path | None = None,
    tell: Tell = silent,
    taught: Composed | None = None,
    cache: Path | None = None,
) -> tuple[Fitted[Any], Scored]:
    """A recommender fitted and scored.

    taught: what it learns from, where a mitigation changed the rows; it is scored on `composed` all the same.
    cache: where the vectors of texts are kept, which are the same for all that an audit trains.

    Kinds that stop by the validation rows are fitted once. The others are fitted on the training rows to score the
    validation rows, and again on both for everything after: no row is wasted and none is judged by itself.
    """
    from models.config import Gradient
    from models.train import fit

    taught = taught or composed
    if isinstance(settings, Gradient):
        model = fit(taught.data, settings, seed, checkpoints, tell, cache)
        return model, _rehearsed(scored(model, composed), model, composed)
    first = fit(taught.data, settings, seed)
    model = fit(taught.final, first.settled(), seed, None, tell)
    return model, _rehearsed(scored(model, composed), first, composed)


def scored(model: Recommender, composed: Composed, depth: int = DEPTH) -> Scored:
    """Rank the candidates of every user and score the held-out rows."""
    codes, scores = ranked(model, composed, depth)
    vectors = model.user_vectors()
    return Scored(
        codes,
        scores,
        _row_scores(model, composed.test),
        _row_scores(model, composed.validation()),
        vectors=None if vectors is None else vectors[: composed.data.n_users],
    )


def _rehearsed(kept: Scored, first: Recommender, composed: Composed) -> Scored:
    """`kept` with what the model of the training rows gives for the validation rows."""
    if not len(composed.data.valid_user):
        return kept
    codes, scores = ranked(first, composed.rehearsal, DEPTH)
    rows = _row_scores(first, composed.validation())
    return replace(kept, valid=rows, rehearsed_codes=codes, rehearsed_scores=scores)


def ranked(model: Scorer, composed: Composed, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """codes int32 and scores float32 [users, depth] of the best candidates of every user."""
    from models.ranking import best_unseen

    data = composed.data
    depth = min(depth, data.n_items)
    codes = np.full((data.n_users, depth), -1, np.int32)
    scores = np.full((data.n_users, depth), -np.inf, np.float32)
    for start in range(0, data.n_users, BLOCK):
        users = np.arange(start, min(start + BLOCK, data.n_users), dtype=np.int32)
        codes[users], scores[users] = best_unseen(model.score(users), composed.blocked(users), depth)
    return codes, scores


def _row_scores(model: Recommender, rows: pd.DataFrame) -> np.ndarray:
    """float64 [rows]: the score of each (user, item) row."""
    kept = np.zeros(len(rows))
    user, item = rows["user"].to_numpy(np.int32), rows["item"].to_numpy()
    users = np.unique(user)
    for start in range(0, len(users), BLOCK):
        block = users[start : start + BLOCK]
        inside = np.flatnonzero(np.isin(user, block))
        kept[inside] = model.score(block)[np.searchsorted(block, user[inside]), item[inside]]
    return kept


def audited(run: Run, chosen: RecommenderSettings, tell: Tell) -> tuple[Fitted[Any] | None, Scored, tuple[Phrase, ...]]:
    """The recommender under audit: trained by the `chosen` settings, loaded, or (None) given by its lists; and what
    is to be said of it. tell: hears of the training."""
    from models.encoders import is_classifier
    from models.fitted import must_know
    from models.store import load

    settings, composed = run.settings.recommender, run.composed
    if settings.lists is not None:
        return None, *_lists_from_file(run)
    if settings.prompted is not None:
        from audit.prompted_lists import asked_lists

        return None, *asked_lists(run)
    if settings.saved is not None and not is_classifier(Path(settings.saved)):
        model = load(Path(settings.saved))
        must_know(model, composed.data)
        return model, scored(model, composed), model.remarks()
    if settings.saved is not None:
        chosen = finished(Path(settings.saved), settings.model)
    folder = run.folder
    model, kept = trained(composed, chosen, run.settings.seed, folder.checkpoints, tell, cache=folder.cache)
    model.save(run.folder.model)
    return model, kept, model.remarks()


def train_along(run: Run) -> None:
    """Take part in the training that the first process of several does, and keep nothing."""
    from audit import unbiased
    from models.config import Gradient

    settings = run.settings.recommender
    if not settings.lists_alone and settings.saved is None and isinstance(settings.model, Gradient):
        chosen, _ = chosen_settings(run)
        cache = run.folder.cache
        trained(run.composed, chosen, run.settings.seed, run.folder.checkpoints, cache=cache)
        plain = unbiased.twin(run, chosen)
        if plain is not None:
            trained(run.composed, plain, run.settings.seed, cache=cache)


def recommender_section_of(run: Run) -> Section:
    """Step `recommender`: lists of the chosen recommender and of popularity beside it, with their accuracy."""
    from analysis.fairness.infer import InferenceSettings
    from analysis.fairness.ranking import TWIN
    from analysis.fairness.utility import recommender_section
    from audit import unbiased
    from models.config import PopularitySettings

    run.tell(0.0, "audit.progress.compose")
    composed, settings = run.composed, run.settings
    run.tell(0.05, "audit.progress.train")
    chosen, found = chosen_settings(run)
    plain = unbiased.twin(run, chosen)
    begun, ended = 0.05 if found is None else SEARCHED, 0.95 if plain is None else 0.6 if found is None else 0.9
    model, kept, remarks = audited(run, chosen, part(run.tell, begun, ended))
    if model is not None:
        Catalogue(composed.data.user_ids, composed.data.item_ids, composed.final.seen).save(run.folder.catalogue)
    kept.save(lists_file(run.folder))
    top = settings.recommender.top
    _, baseline = trained(composed, PopularitySettings(), settings.seed)
    rankings = [
        composed.ranking(name_of(run), kept.codes[:, :top], kept.scores[:, :top]),
        composed.ranking("popularity", baseline.codes[:, :top], baseline.scores[:, :top]),
    ]
    if plain is not None:
        run.tell(ended, "audit.progress.twin")
        _, other = trained(composed, plain, settings.seed, cache=run.folder.cache)
        rankings.append(composed.ranking(TWIN, other.codes[:, :top], other.scores[:, :top]))
    section = recommender_section(rankings, _records(model), settings.k, top, settings.seed)
    if plain is not None:
        section = unbiased.said(run, section, model, name_of(run))
    section = with_tokens(section, model, composed, top, InferenceSettings(), settings.seed)
    if found is not None:
        section = with_search(section, found, len(np.unique(composed.data.valid_user)))
    return section.model_copy(update={"notes": (*section.notes, *remarks)})


def _lists_from_file(run: Run) -> tuple[Scored, tuple[Phrase, ...]]:
    """The lists, and what of the file could not be used."""
    from audit.intake import read_listed
    from models.lists import read_lists

    settings = run.settings.recommender
    frame = read_listed(run.folder, "lists", Path(str(settings.lists)), run.settings.data)
    lists = read_lists(frame, run.composed.data, settings.top)
    return Scored(lists.codes, lists.scores, None, None), lists.notes


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
