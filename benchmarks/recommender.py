"""Accuracy of the recommenders on two public data sets, by the protocols of the published tables.

    python -m benchmarks.recommender [coat|ml100k|all] [--data FOLDER]

Coat: learned on self-selected ratings, scored on the uniformly random ones, wanted = rating of 3 or more; the 366
cells that occur in both parts are left out, users without a wanted random coat are excluded and counted. AUC is
over all cells, NDCG@5 the mean over users; intervals by resampling users.
MovieLens-100K: 75/25 at random by user, every rating an interaction, the whole catalogue but the seen items ranked.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from analysis.fairness.peruser import accuracy
from analysis.fairness.ranking import Ranking
from models.base import top_k
from models.config import (
    AdditiveSettings,
    Debias,
    EaseSettings,
    FactorSettings,
    PopularitySettings,
    RecommenderSettings,
    VaeSettings,
)
from models.data import Interactions
from models.train import fit
from words import phrase

Array = npt.NDArray[np.float64]
REPLICATES = 1000


@dataclass(frozen=True)
class Coat:
    """train, test: ratings [290, 300], 0 where none. x, z: features of users and coats."""

    train: Array
    test: Array
    x: Array
    z: Array


def read_coat(folder: Path) -> Coat:
    features = folder / "user_item_features"
    parts = (np.loadtxt(folder / "train.ascii"), np.loadtxt(folder / "test.ascii"))
    known = (np.loadtxt(features / "user_features.ascii"), np.loadtxt(features / "item_features.ascii"))
    return Coat(*parts, *known)


def coat_interactions(coat: Coat, validation: float, seed: int) -> Interactions:
    """The self-selected ratings; a share of them held out where a kind stops by validation."""
    user, item = (codes.astype(np.int32) for codes in np.nonzero(coat.train))
    rating = coat.train[user, item].astype(np.float32)
    wanted = (rating >= 3).astype(np.float32)
    out = np.random.default_rng(seed).random(len(user)) < validation
    return Interactions(
        user=user[~out],
        item=item[~out],
        label=wanted[~out],
        rating=rating[~out],
        user_ids=tuple(f"{code:03}" for code in range(coat.train.shape[0])),
        item_ids=tuple(f"{code:03}" for code in range(coat.train.shape[1])),
        seen=sp.csr_matrix(coat.train > 0),
        valid_user=user[out],
        valid_item=item[out],
        valid_label=wanted[out],
        valid_rating=rating[out],
        user_features=sp.csr_matrix(coat.x, dtype=np.float32),
        item_features=sp.csr_matrix(coat.z, dtype=np.float32),
    )


def coat_table(folder: Path) -> None:
    """Each kind: AUC and NDCG@5 with 95% intervals over users, seconds of training."""
    coat = read_coat(folder)
    user, item = np.nonzero((coat.test > 0) & (coat.train == 0))
    wanted = coat.test[user, item] >= 3
    shared = int(((coat.test > 0) & (coat.train > 0)).sum())
    without = len(np.unique(user)) - len(np.unique(user[wanted]))
    print(f"Coat, random part: {len(user)} cells, {shared} shared ones left out, {without} users without a wanted coat")
    print(f"{'kind':36} {'AUC':22} {'NDCG@5':22} seconds")
    plain = FactorSettings(loss="logistic", stop_on="loss", dimensions=32, batch=512, l2=0.05, biases=False)
    rows: list[tuple[str, RecommenderSettings, float]] = [
        ("popularity", PopularitySettings(), 0.0),
        ("plain matrix factorisation", plain, 0.1),
        (
            "the same, popularity IPS",
            plain.model_copy(update={"debias": Debias(correction="ips", propensity="popularity")}),
            0.1,
        ),
        ("matrix factorisation with biases", plain.model_copy(update={"biases": True}), 0.1),
        ("additive logistic", AdditiveSettings(crosses=False), 0.0),
        ("additive logistic, crossed", AdditiveSettings(), 0.0),
    ]
    for name, settings, validation in rows:
        began = perf_counter()
        model = fit(coat_interactions(coat, validation, 0), settings, seed=0)
        seconds = perf_counter() - began
        scores = model.score(np.arange(len(coat.train), dtype=np.int32))[user, item]
        auc, ndcg = coat_figures(user, item, scores, wanted, coat.test.shape)
        print(f"{name:36} {auc:22} {ndcg:22} {seconds:7.1f}")


def coat_figures(
    user: npt.NDArray[np.int64],
    item: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float32],
    wanted: npt.NDArray[np.bool_],
    shape: tuple[int, ...],
) -> tuple[str, str]:
    """AUC over cells and mean NDCG@5 over users, each with a percentile interval over resampled users."""
    from sklearn.metrics import roc_auc_score

    ndcg, counted = user_ndcg(user, item, scores, wanted, shape)
    rng = np.random.default_rng(0)
    of_user = [np.nonzero(user == one)[0] for one in range(shape[0])]
    people = np.nonzero([len(cells) > 0 for cells in of_user])[0]
    aucs, means = [], []
    for _ in range(REPLICATES):
        drawn = rng.choice(people, len(people))
        cells = np.concatenate([of_user[one] for one in drawn])
        aucs.append(roc_auc_score(wanted[cells], scores[cells]))
        means.append(ndcg[drawn][counted[drawn]].mean())
    return interval(roc_auc_score(wanted, scores), aucs), interval(ndcg[counted].mean(), means)


def user_ndcg(
    user: npt.NDArray[np.int64],
    item: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float32],
    wanted: npt.NDArray[np.bool_],
    shape: tuple[int, ...],
) -> tuple[Array, npt.NDArray[np.bool_]]:
    """NDCG@5 of each user's random coats, ranked by score, ties by item code; and whom it counts."""
    lists = np.full((shape[0], 5), -1, np.int32)
    for one in np.unique(user):
        cells = np.nonzero(user == one)[0]
        best = cells[np.argsort(-scores[cells], kind="stable")][:5]
        lists[one, : len(best)] = item[best]
    relevant = sp.csr_matrix((np.ones(wanted.sum()), (user[wanted], item[wanted])), shape=shape)
    return per_user(lists, relevant, 5)


def per_user(lists: npt.NDArray[np.int32], relevant: sp.csr_matrix, K: int) -> tuple[Array, npt.NDArray[np.bool_]]:
    """The audit's own NDCG of each user (analysis.fairness.peruser)."""
    users, items = relevant.shape
    ranking = Ranking(
        name="",
        user_ids=np.arange(users).astype(str),
        item_ids=np.arange(items).astype(str),
        lists=lists,
        scores=None,
        relevant=relevant,
        popularity=np.zeros(items, np.int64),
        attributes=pd.DataFrame(index=range(users)),
        item_groups=pd.DataFrame(index=range(items)),
        protocol=phrase("models.fitted"),
    )
    figures = accuracy(ranking, K)
    return figures.ndcg, figures.counted


def interval(value: float, replicates: list[float]) -> str:
    low, high = np.percentile(replicates, [2.5, 97.5])
    return f"{value:.3f} ({low:.3f}-{high:.3f})"


def movielens_interactions(ratings: npt.NDArray[np.int64], seed: int) -> tuple[Interactions, sp.csr_matrix]:
    """75% of each user's ratings to learn from 25% to find."""
    user, item = (ratings[:, 0] - 1).astype(np.int32), (ratings[:, 1] - 1).astype(np.int32)
    rng = np.random.default_rng(seed)
    order = np.lexsort((rng.random(len(user)), user))
    first = np.searchsorted(user[order], user[order])
    share = (np.arange(len(user)) - first + 0.5) / np.bincount(user)[user[order]]
    train = np.zeros(len(user), bool)
    train[order] = share < 0.75
    shape = (int(user.max()) + 1, int(item.max()) + 1)

    def cells(chosen: npt.NDArray[np.bool_]) -> sp.csr_matrix:
        return sp.csr_matrix((np.ones(chosen.sum(), bool), (user[chosen], item[chosen])), shape=shape)

    learned = Interactions(
        user=user[train],
        item=item[train],
        label=np.ones(train.sum(), np.float32),
        user_ids=tuple(f"{code:04}" for code in range(shape[0])),
        item_ids=tuple(f"{code:04}" for code in range(shape[1])),
        seen=cells(train),
        valid_user=user[:0],
        valid_item=item[:0],
        valid_label=np.ones(0, np.float32),
    )
    return learned, sp.csr_matrix(cells(~train), dtype=np.float64)


def movielens_table(folder: Path, seeds: tuple[int, ...] = (0, 1, 2)) -> None:
    """Each kind and seed: NDCG@10 of all users, of men and of women; whole catalogue."""
    ratings = np.loadtxt(folder / "u.data", dtype=np.int64)
    people = (folder / "u.user").read_text(encoding="latin-1").splitlines()
    gender = np.array([line.split("|")[2] for line in people])
    rows: list[tuple[str, RecommenderSettings]] = [
        ("popularity", PopularitySettings()),
        ("matrix factorisation, BPR", FactorSettings(epochs=40, l2=0.005)),
        ("Mult-VAE", VaeSettings(epochs=24)),  # its best epoch on a tenth of the rows that seed 0 learns from
        ("EASE", EaseSettings()),
    ]
    print("\nMovieLens-100K, 75/25 by user, whole catalogue, NDCG@10")
    print(f"{'kind':28} {'seed':>5} {'all':>7} {'men':>7} {'women':>7} {'gap':>7} seconds")
    for name, settings in rows:
        figures = np.array([movielens_figures(ratings, gender, settings, seed) for seed in seeds])
        for seed, found in [*zip(map(str, seeds), figures, strict=True), ("mean", figures.mean(0))]:
            every, men, women, seconds = found
            print(f"{name:28} {seed:>5} {every:7.3f} {men:7.3f} {women:7.3f} {men - women:7.3f} {seconds:7.1f}")


def movielens_figures(
    ratings: npt.NDArray[np.int64], gender: npt.NDArray[np.str_], settings: RecommenderSettings, seed: int
) -> tuple[float, float, float, float]:
    """NDCG@10 of all, men, women, and the seconds of training."""
    data, relevant = movielens_interactions(ratings, seed)
    began = perf_counter()
    model = fit(data, settings, seed)
    seconds = perf_counter() - began
    ndcg, counted = per_user(top_k(model, data, 10)[0], relevant, 10)
    groups = [counted, counted & (gender == "M"), counted & (gender == "F")]
    every, men, women = (float(ndcg[group].mean()) for group in groups)
    return every, men, women, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("coat", "ml100k", "all"), default="all")
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[1] / "../shared/data")
    asked = parser.parse_args()
    for what, folder, table in (("coat", "coat", coat_table), ("ml100k", "ml-100k", movielens_table)):
        if asked.what in (what, "all"):
            if (asked.data / folder).is_dir():
                table(asked.data / folder)
            else:
                print(f"{what}: no folder {asked.data / folder}, nothing measured")


if __name__ == "__main__":
    main()
