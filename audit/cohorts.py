"""Cohorts at work: whom a report is about, what Disparity compares, which rows the causal questions are about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.cohorts import Cohort, compared_attributes, people_of, words_of
from analysis.document import Section
from audit.settings import ABOUT_ROWS, ABOUT_SCOPE
from words import Phrase, Refusal, phrase

if TYPE_CHECKING:
    from analysis.fairness.disparity import DisparitySettings
    from analysis.fairness.ranking import Decisions, Flip, Ranking
    from analysis.fairness.rating import Ratings
    from analysis.log import Dataset
    from audit.run import Run
    from audit.settings import AuditSettings


@dataclass(frozen=True)
class Judged:
    """What Disparity reads: everybody or the people of the scope, with a column of `attributes` for each cohort.

    notes: which cohorts are not compared, and why.
    """

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
    settings, asked, dataset = run.settings, run.settings.disparity, run.dataset
    users = of_scope(run, ranking)
    if users is not None:
        ranking, decisions = ranking.among(users), None if decisions is None else decisions.among(users)
        flips = None if flips is None else {name: flip.among(users) for name, flip in flips.items()}
        ratings = None if ratings is None else ratings.among(users)
        dataset = replace(dataset, users=dataset.users.loc[pd.Index(ranking.user_ids)])
    # A language model is asked for some users only: who is judged need not be everybody in the data.
    place = _place(dataset, ranking)
    everybody = np.ones(len(place), bool)
    counted = [_among_all(mask, place, dataset) for mask in (everybody, *_counted(ranking, decisions, flips))]
    columns, notes = compared_attributes(dataset, settings.cohorts, settings.k, counted)
    cohorts = {name: values[place] for name, values in columns.items()}
    ranking = replace(ranking, attributes=ranking.attributes.assign(**cohorts))
    if asked.attributes:
        asked = asked.model_copy(update={"attributes": (*asked.attributes, *columns)})
    return Judged(ranking, decisions, flips, ratings, asked, tuple(notes))


def of_scope(run: Run, ranking: Ranking) -> npt.NDArray[np.bool_] | None:
    """bool [users of the ranking]: the people that the report is about; None where that is everybody.

    Raises Refusal(cohort.too_few) for a scope of under k of these people, or one that leaves out under k.
    """
    settings = run.settings
    scope = settings.cohort(settings.scope)
    if scope is None:
        return None
    users = people_of(run.dataset, scope)[_place(run.dataset, ranking)]
    inside, outside = int(users.sum()), int((~users).sum())
    if inside < settings.k or 0 < outside < settings.k:
        raise Refusal("cohort.too_few", name=scope.name, k=settings.k)
    return users


def cohort_columns(run: Run, ranking: Ranking) -> dict[str, npt.NDArray[np.str_]]:
    """A two-valued attribute [users of the ranking] for each cohort that may be compared."""
    columns, _ = compared_attributes(run.dataset, run.settings.cohorts, run.settings.k)
    return {name: values[_place(run.dataset, ranking)] for name, values in columns.items()}


def _place(dataset: Dataset, ranking: Ranking) -> npt.NDArray[np.intp]:
    """[users of the ranking]: their rows in the users of the data."""
    return dataset.users.index.get_indexer(pd.Index(ranking.user_ids))


def _among_all(mask: npt.NDArray[np.bool_], place: npt.NDArray[np.intp], dataset: Dataset) -> npt.NDArray[np.bool_]:
    """bool [users of the data]: those of the judged users, at `place`, who are in `mask`."""
    whole = np.zeros(len(dataset.users), bool)
    whole[place[mask]] = True
    return whole


def _counted(
    ranking: Ranking, decisions: Decisions | None, flips: dict[str, Flip] | None
) -> list[npt.NDArray[np.bool_]]:
    """bool [users] of every figure that counts some users only: those with held-out items, a list, a past, a past and
    a list, decisions, wanted, unwanted and picked rows among these, and twins."""
    from analysis.fairness.decisions import selected

    listed: npt.NDArray[np.bool_] = np.asarray(ranking.listed.any(axis=1))
    users = np.arange(len(ranking.user_ids))
    masks = [np.diff(ranking.relevant.tocsr().indptr) > 0, listed]
    if ranking.profile is not None:
        past: npt.NDArray[np.bool_] = np.diff(ranking.profile.tocsr().indptr) > 0
        masks += [past, past & listed]
    if decisions is not None:
        wanted = decisions.label > 0
        rows = (np.ones(len(wanted), bool), wanted, ~wanted, selected(decisions))
        masks += [np.isin(users, decisions.user[some]) for some in rows]
    return masks + [np.isin(users, flip.user) for flip in (flips or {}).values()]


def said_of_whom(run: Run, section: Section) -> Section:
    """The section, with a last sentence that says whom it is about where that is not everybody."""
    from audit.kept import audited_ranking

    settings = run.settings
    population, scope = settings.cohort(settings.population), settings.cohort(settings.scope)
    if section.step in ABOUT_ROWS and population is not None:
        said = _rows_said("cohort.population", population, run.population)
    elif scope is None or section.step not in (*ABOUT_ROWS, *ABOUT_SCOPE):
        return section
    elif section.step in ABOUT_ROWS:
        said = _rows_said("cohort.all_rows", scope, run.population)
    else:
        users = of_scope(run, audited_ranking(run))
        people = 0 if users is None else int(users.sum())
        said = phrase("cohort.scope", name=scope.name, people=people, where=words_of(scope))
    return section.model_copy(update={"summary": (*section.summary, said)})


def beyond_scope(settings: AuditSettings, step: str) -> Phrase | None:
    """What is to be said of a step that is about everybody in an audit that is not; None where nothing is."""
    if settings.scope is None or step in (*ABOUT_SCOPE, *ABOUT_ROWS, "report"):
        return None
    return phrase("cohort.everybody", name=settings.scope)


def _rows_said(key: str, cohort: Cohort, asked: Dataset) -> Phrase:
    people = int(asked.log["user"].nunique())
    return phrase(key, name=cohort.name, rows=len(asked.log), people=people, where=words_of(cohort))
