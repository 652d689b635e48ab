"""EASE on MovieLens-100K in a few lines, as a Ranking: real lists whose figures are published."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from analysis.fairness.ranking import Decisions, Ranking
from words import phrase

FOLDER = Path(__file__).parents[3] / "../shared/data/ml-100k"
needs_movielens = pytest.mark.skipif(not FOLDER.exists(), reason="MovieLens-100K is not in ../shared/data")


def movielens(seed=0, K=10, ridge=400.0, weights=None):
    """Ranking of EASE and of popularity (75/25 by user), and decisions on the test rows (wanted: 4 stars or more)."""
    log = np.loadtxt(FOLDER / "u.data", dtype=np.int64)
    user, item, stars = log[:, 0] - 1, log[:, 1] - 1, log[:, 2]
    train = _split(user, seed)
    known, held = np.zeros((943, 1682)), np.zeros((943, 1682))
    known[user[train], item[train]] = 1 if weights is None else weights[user[train]]
    held[user[~train], item[~train]] = 1
    gram = known.T @ known + ridge * np.eye(1682)
    inverse = np.linalg.inv(gram)
    score = known @ (np.eye(1682) - inverse / np.diag(inverse))
    decisions = Decisions(
        user[~train].astype(np.int32), (stars[~train] >= 4).astype(np.int8), score[user[~train], item[~train]]
    )
    popular = np.tile(known.astype(bool).sum(0), (943, 1)).astype(float)
    return _ranking("ease", score, known, held, K), _ranking("popularity", popular, known, held, K), decisions


def _split(user, seed):
    rng, train = np.random.default_rng(seed), np.zeros(len(user), bool)
    for one in range(943):
        rows = np.flatnonzero(user == one)
        rng.shuffle(rows)
        train[rows[: round(0.75 * len(rows))]] = True
    return train


def _ranking(name, score, known, held, K):
    people = pd.read_csv(FOLDER / "u.user", sep="|", header=None, names=["user", "age", "gender", "job", "zip"])
    bands = pd.cut(
        people["age"], [0, 17, 24, 34, 44, 54, 99], labels=["-17", "18-24", "25-34", "35-44", "45-54", "55-"]
    )
    films = pd.read_csv(FOLDER / "u.item", sep="|", header=None, encoding="latin-1")
    genres = pd.read_csv(FOLDER / "u.genre", sep="|", header=None)[0].to_numpy(str)
    masked = np.where(known > 0, -np.inf, score)
    lists = np.argsort(-masked, axis=1, kind="stable")[:, :K].astype(np.int32)
    return Ranking(
        name=name,
        user_ids=people["user"].to_numpy(str),
        item_ids=films[0].to_numpy(str),
        lists=lists,
        scores=np.take_along_axis(masked, lists, 1).astype(np.float32),
        relevant=sp.csr_matrix(held),
        popularity=(known > 0).sum(0).astype(np.int64),
        attributes=pd.DataFrame({"gender": people["gender"], "age": bands.astype(str), "job": people["job"]}),
        item_groups=pd.DataFrame({"category": genres[films.iloc[:, 5:24].to_numpy().argmax(1)]}),
        protocol=phrase("fairness.note.tail"),
        profile=sp.csr_matrix(known),
    )
