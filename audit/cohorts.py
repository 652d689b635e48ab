"""Cohorts at work: what Disparity compares and judges, and which rows the causal questions are about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.cohorts import compared_attributes, people_of, words_of
from analysis.document import Section
from words import Phrase, Refusal, phrase

if TYPE_CHECKING:
    from analysis.fairness.disparity import DisparitySettings
    from analysis.fairness.ranking import Decisions, Flip, Ranking
    from analysis.fairness.rating import Ratings
    from analysis.log import Dataset
    from audit.run import Run


@dataclass(frozen=True)
class Judged:
    """What Disparity reads: everybody or the people of the scope, with a column of `attributes` for each cohort."""

    ranking: Ranking
    decisions: Decisions | None
    flips: dict[str, Flip] | None
    ratings: Ratings | None
    settings: DisparitySettings
    notes: tuple[Phrase, ...]


def judged(
    run: Run,
    ranking: Ranking,
    decisions: Decisions | None,
    flips: dict[str, Flip] | None,
    ratings: Ratings | None = None,
) -> Judged:
    """The inputs of Disparity with the analyst's cohorts. Raises Refusal(cohort.too_few) for a scope under k people."""
    settings, asked = run.settings, run.settings.disparity
    # A language model is asked for some users only: who is judged need not be everybody in the data.
    place = run.dataset.users.index.get_indexer(pd.Index(ranking.user_ids))
    everybody = np.ones(len(place), bool)
    counted = [_among_all(mask, place, run.dataset) for mask in (everybody, *_counted(ranking, decisions))]
    columns, notes = compared_attributes(run.dataset, settings.cohorts, settings.k, counted)
    cohorts = {name: values[place] for name, values in columns.items()}
    ranking = replace(ranking, attributes=ranking.attributes.assign(**cohorts))
    if asked.attributes:
        asked = asked.model_copy(update={"attributes": (*asked.attributes, *columns)})
    scope = settings.cohort(settings.scope)
    if scope is None:
        return Judged(ranking, decisions, flips, ratings, asked, tuple(notes))
    users = people_of(run.dataset, scope)[place]
    inside, outside = int(users.sum()), int((~users).sum())
    if inside < settings.k or 0 < outside < settings.k:
        raise Refusal("cohort.too_few", name=scope.name, k=settings.k)
    said = phrase("cohort.scope", name=scope.name, people=inside, where=words_of(scope))
    return Judged(
        ranking.among(users),
        None if decisions is None else decisions.among(users),
        None if flips is None else {name: flip.among(users) for name, flip in flips.items()},
        None if ratings is None else ratings.among(users),
        asked,
        (said, *notes),
    )


def _among_all(mask: npt.NDArray[np.bool_], place: npt.NDArray[np.intp], dataset: Dataset) -> npt.NDArray[np.bool_]:
    """bool [users of the data]: those of the judged users, at `place`, who are in `mask`."""
    whole = np.zeros(len(dataset.users), bool)
    whole[place[mask]] = True
    return whole


def _counted(ranking: Ranking, decisions: Decisions | None) -> list[npt.NDArray[np.bool_]]:
    """bool [users]: those with held-out items, with a past, with decisions, and with wanted rows among these."""
    masks = [np.diff(ranking.relevant.tocsr().indptr) > 0]
    if ranking.profile is not None:
        masks.append(np.diff(ranking.profile.tocsr().indptr) > 0)
    if decisions is not None:
        users = np.arange(len(ranking.user_ids))
        masks += [np.isin(users, decisions.user), np.isin(users, decisions.user[decisions.label > 0])]
    return masks


def of_population(run: Run, section: Section) -> Section:
    """The section of a causal question, saying whom it is about where that is not everybody."""
    cohort = run.settings.cohort(run.settings.population)
    if cohort is None:
        return section
    log = run.population.log
    said = phrase(
        "cohort.population",
        name=cohort.name,
        rows=len(log),
        people=int(log["user"].nunique()),
        where=words_of(cohort),
    )
    return section.model_copy(update={"summary": (*section.summary, said)})
