"""EconML's LinearDML and CausalForestDML beside our scores: do they see the same groups gain, and rank as well?"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.causal.doubly_robust import FOLDS, learner
from analysis.causal.estimate import Estimate
from analysis.causal.people.covariates import Design, design
from analysis.causal.people.scores import Scores
from analysis.causal.people.settings import PeopleSettings
from analysis.causal.people.targeting import qini
from analysis.causal.study import Marks, Numbers, Study

TREES, LEAF = 100, 20
"""Trees of the causal forest, and rows that each of its leaves holds at least."""
INNER = 3
"""Folds of users in which EconML cross-fits its own nuisance models."""


@dataclass(frozen=True)
class Peer:
    """fitted: expected gain of each row of the sample by the model learnt from all of it, float64 [rows of the sample].

    qini: of the order by what models learnt from the folds before a row's own expect of it, on our scores.
    """

    name: str
    fitted: Numbers
    qini: Estimate | None


@dataclass(frozen=True)
class Peers:
    """sample: bool [all rows], whole users; ours: the Qini coefficient of our own order on the same rows."""

    sample: Marks
    models: tuple[Peer, ...]
    ours: Estimate | None


def peers(
    study: Study,
    scores: Scores,
    columns: Design,
    expected: Numbers,
    settings: PeopleSettings,
    seed: int,
    tell: Callable[..., None],
) -> Peers:
    """Fit both models on the sample; and on every beginning of the folds, to predict the fold that follows."""
    rows = sample(scores, settings.forest_rows, seed)
    mine = scores.of(rows)
    everything = design(study, tuple(one.name for one in study.confounders)).columns
    found = []
    for number, name in enumerate(("LinearDML", "CausalForestDML")):

        def expected_by(learn: Marks, held: Marks, step: int, name: str = name, before: int = number) -> Numbers:
            share = (before * FOLDS + step) / (2 * FOLDS)
            tell(0.5 + 0.45 * share, "people.progress.peers", name=name, share=share)
            model = _fitted(name, study, columns.columns[rows], everything[rows], rows, learn, seed)
            return model(columns.columns[rows][held])

        out = np.zeros(len(mine.gain))
        for part in mine.later:
            out[mine.fold == part] = expected_by(mine.fold < part, mine.fold == part, part - 1)
        judged = mine.fold > 0
        everybody = np.ones(len(mine.gain), bool)
        whole = expected_by(everybody, everybody, FOLDS - 1)
        found.append(Peer(name, whole, qini(mine.of(judged), out[judged])))
    judged = rows & (scores.fold > 0)
    return Peers(rows, tuple(found), qini(scores.of(judged), expected[judged]))


def sample(scores: Scores, most: int, seed: int) -> Marks:
    """Rows of users drawn at random until the next would bring more than `most` rows; all where they are few."""
    count = np.bincount(scores.user, minlength=scores.users)
    if count.sum() <= most:
        return np.ones(len(scores.user), bool)
    order = np.random.default_rng(seed).permutation(scores.users)
    within = np.cumsum(count[order]) <= most
    chosen = np.zeros(scores.users, bool)
    chosen[order[within]] = True
    return chosen[scores.user]


def _fitted(
    name: str, study: Study, effect: Numbers, causes: Numbers, rows: Marks, learn: Marks, seed: int
) -> Callable[[Numbers], Numbers]:
    """A function columns -> expected gain, fitted on the rows of the sample marked in `learn`."""
    user = np.unique(study.user[rows][learn], return_inverse=True)[1]
    own = np.random.default_rng(seed).permutation(np.arange(user.max() + 1) % INNER)[user]
    splits = [(np.flatnonzero(own != part), np.flatnonzero(own == part)) for part in range(INNER)]
    model = _model(name, study, splits, seed)
    y, t = study.outcome[rows][learn], study.treated[rows][learn]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that its intervals are invalid: none is asked for
        model.fit(y, t, X=effect[learn], W=causes[learn], **({"inference": None} if name == "LinearDML" else {}))
    return lambda new: np.asarray(model.effect(new), dtype=np.float64).ravel()


def _model(name: str, study: Study, splits: list[tuple[Any, Any]], seed: int) -> Any:
    """Our own nuisance learners, cross-fitted by user: what differs is what is made of them."""
    from econml.dml import CausalForestDML, LinearDML

    trees = bool(study.continuous)
    shared = {
        "model_y": learner(study.binary, trees, seed),
        "model_t": learner(True, trees, seed),
        "discrete_treatment": True,
        "discrete_outcome": study.binary,
        "cv": splits,
        "random_state": seed,
    }
    if name == "LinearDML":
        return LinearDML(**shared)
    return CausalForestDML(**shared, n_estimators=TREES, min_samples_leaf=LEAF, inference=False, n_jobs=1)
