"""Logs of a recommender whose disparities are known: what the intervals of Disparity hold, what its tests find.

Two attributes: `side`, whose groups are treated differently in every figure, and `label`, three groups drawn at random,
between which nothing differs. The truth of a figure is its value in a log of TRUTH_USERS users of the same world.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import scipy.sparse as sp

from analysis.fairness.disparity import DisparitySettings, disparity_section
from analysis.fairness.ranking import Decisions, Ranking
from analysis.fairness.rating import Ratings
from analysis.finding import Finding
from words import phrase

ITEMS, K, RATED = 40, 5, 8
TRUTH_USERS = 60_000
FIGURES = (
    "ndcg", "recall", "longtail", "aclt", "awrf", "expected", "calibration", "selection", "opportunity", "fpr", "ppv",
    "odds", "predicted", "mae", "rmse", "rating", "tv", "kl", "bias", "reo", "merit", "clicks", "entropy", "providers",
)  # fmt: skip
SETTINGS = DisparitySettings(replicates=500, permutations=200, intersections=False, figures=FIGURES)


@dataclass(frozen=True)
class World:
    """One log of the world as the product takes it."""

    ranking: Ranking
    decisions: Decisions
    ratings: Ratings


def world(users: int, seed: int) -> World:
    """Users with a taste each; those of side `b` are shown less of what they like, and rated too low."""
    rng = np.random.default_rng(seed)
    people = pd.DataFrame(
        {"side": np.where(rng.random(users) < 0.4, "b", "a"), "label": rng.choice(["x", "y", "z"], users)}
    )
    second = (people["side"] == "b").to_numpy()[:, None]
    kind, owner = np.arange(ITEMS) % 4, np.arange(ITEMS) % 7
    popular = np.linspace(1, -1, ITEMS)
    taste = rng.normal(0, 1, (users, ITEMS)) + 0.4 * rng.normal(0, 1, (users, 4))[:, kind]
    score = np.where(second, 0.6, 0.9) * taste + popular + 0.5 * second * (kind == 0) + rng.normal(0, 1, taste.shape)
    lists = np.argsort(-score, axis=1)[:, :K].astype(np.int32)
    user, item = np.repeat(np.arange(users), RATED).astype(np.int32), rng.integers(0, ITEMS, users * RATED)
    own = rng.normal(0, 0.4, users)[user]
    true = np.clip(np.round(3 + taste[user, item]), 1, 5)
    predicted = 3 + 0.6 * taste[user, item] + own - 0.2 * second[user, 0] + rng.normal(0, 0.5, len(user))
    popularity = np.round(1000 * np.exp(popular)).astype(np.int64)
    ranking = Ranking(
        name="lists",
        user_ids=np.arange(users).astype(str),
        item_ids=np.arange(ITEMS).astype(str),
        lists=lists,
        scores=None,
        relevant=sp.csr_matrix(rng.random(taste.shape) < 1 / (1 + np.exp(2 - taste))).astype(float),
        popularity=popularity,
        attributes=people,
        item_groups=pd.DataFrame(
            {
                "category": np.char.add("c", kind.astype(str)),
                "provider": np.char.add("p", owner.astype(str)),
                "tail": np.where(np.arange(ITEMS) < 0.2 * ITEMS, "head", "tail"),
            }
        ),
        protocol=phrase("fairness.note.tail"),
        profile=sp.csr_matrix(rng.random(taste.shape) < 1 / (1 + np.exp(1 - taste - popular))).astype(float),
    )
    ratings = Ratings(
        user, item.astype(np.int32), true, predicted, "rating", phrase("figures.protocol.ratings", rows=0)
    )
    return World(ranking, Decisions(user, (true >= 4).astype(np.int8), predicted), ratings)


def found(log: World, settings: DisparitySettings, seed: int) -> dict[str, Finding]:
    """Every finding of Disparity on one log; nothing is suppressed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        section = disparity_section(log.ranking, log.decisions, None, settings, 1, seed, ratings=log.ratings)
    return {finding.key: finding for finding in section.findings}


@cache
def truth() -> dict[str, float]:
    """Key -> value in a very large log."""
    few = SETTINGS.model_copy(update={"replicates": 100, "permutations": 100})
    return {key: one.value for key, one in found(world(TRUTH_USERS, 10**6), few, 1).items() if one.value is not None}


def figures(seed: int, users: int = 300) -> Iterator[tuple[str, float, Finding]]:
    """(key, truth, finding) of every figure of one log; between groups of `label` the truth is none."""
    known = truth()
    for key, one in found(world(users, seed), SETTINGS, seed).items():
        if key in known:
            yield key, 0.0 if key.startswith("label.") and ".gap" in key else known[key], one


def tested(met: Iterable[tuple[str, float, Finding]]) -> dict[str, list[float]]:
    """What tests find between the random groups (1 or 0), and the share of false ones among all that is found.

    The last is over all corrected p-values of one log: found in `label`, over found in either; 0 where nothing is.
    """
    tests: dict[str, list[float]] = defaultdict(list)
    false, real = 0, 0
    for key, _, one in met:
        if one.p_value is None or ".gap" not in key:
            continue
        random = key.startswith("label.")
        discovered = (one.p_adjusted or 1.0) <= 0.05
        false, real = false + (random and discovered), real + (not random and discovered)
        if random:
            figure = str(one.settings["figure"]).split("[")[0].split("@")[0]
            how = "a pair" if key.rsplit(".gap", 1)[1] else "of all groups"
            tests[f"{figure}, {how}"].append(float(one.p_value <= 0.05))
    tests["false discoveries, share"] = [false / max(false + real, 1)]
    return dict(tests)
