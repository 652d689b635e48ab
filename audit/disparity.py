"""Step `disparity`: what each group gets of the recommender that the step before left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.document import Section
from analysis.log import UNKNOWN
from audit.cohorts import judged
from audit.kept import audited_ranking, kept_lists, trained_model

if TYPE_CHECKING:
    import models.flip
    from analysis.fairness.ranking import Flip
    from audit.run import Run


def disparity_section_of(run: Run) -> Section:
    """The section: figures by group, and the attribute flip where the model reads the attribute."""
    from analysis.fairness.disparity import RATED, disparity_section

    settings, composed = run.settings, run.composed
    run.tell(0.0, "audit.progress.disparity")
    ranking = audited_ranking(run)
    kept, figures = kept_lists(run), settings.disparity.figures
    decisions = composed.decisions(composed.test, kept.test)
    ratings = composed.ratings(kept.test, kept.valid) if RATED & set(figures) else None
    asked = judged(run, ranking, decisions, _flips(run), ratings)
    section = disparity_section(
        asked.ranking, asked.decisions, asked.flips, asked.settings, settings.k, settings.seed, run.tell, asked.ratings
    )
    return section.model_copy(update={"notes": (*asked.notes, *section.notes)})


def _flips(run: Run) -> dict[str, Flip] | None:
    """Every user's list under each other value of each attribute that the model reads; None for lists alone."""
    from models.flip import flipped_lists

    settings, data, blocked = run.settings.recommender, run.composed.final, run.composed.blocked
    if settings.lists_alone:
        return None
    model = trained_model(run)
    read = [name for name in data.profile if model.reads(name) and len(set(data.profile[name]) - {UNKNOWN}) > 1]
    flips = {name: flipped_lists(model, data, name, settings.top, blocked) for name in read}
    return {name: _twins(flip, data.profile[name]) for name, flip in flips.items()}


def _twins(found: models.flip.Flip, actual: np.ndarray) -> Flip:
    """One row a user and value that is not theirs."""
    from analysis.fairness.ranking import Flip

    others = [np.flatnonzero(actual != value).astype(np.int32) for value in found.values]
    user = np.concatenate(others)
    flipped = np.concatenate([found.lists[value][rows] for value, rows in zip(found.values, others, strict=True)])
    return Flip(found.attribute, user, found.own[user], flipped, found.divergence[user].astype(np.float64))
