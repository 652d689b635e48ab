"""MovieLens-100K by two published protocols: every rating is an interaction, the whole catalogue but the seen ranked.

75/25 at random by user: learned on the 75, NDCG@10 of all users, of men and of women, over three seeds.
RecBole's 8:1:1 at random by user: learned on 8, stopped and settled on 1 (NDCG@10 there), scored on the last.
Intervals by resampling users.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from benchmarks.peruser import per_user
from models.base import top_k
from models.config import (
    EaseSettings,
    FactorSettings,
    PopularitySettings,
    RecommenderSettings,
    SequenceSettings,
    VaeSettings,
)
from models.data import Interactions
from models.evaluate import validation_ndcg
from models.fitted import Fitted
from models.train import fit

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
REPLICATES = 1000
K = 10

QUARTER: list[tuple[str, RecommenderSettings]] = [
    ("popularity", PopularitySettings()),
    ("matrix factorisation, BPR", FactorSettings(epochs=40, l2=0.005)),
    ("Mult-VAE", VaeSettings(epochs=24)),  # its best epoch on a tenth of the rows that seed 0 learns from
    ("sequence transformer", SequenceSettings(epochs=30)),
    ("EASE", EaseSettings()),
]
TENTHS: list[tuple[str, list[RecommenderSettings]]] = [
    ("popularity", [PopularitySettings()]),
    ("matrix factorisation, BPR", [FactorSettings(l2=l2) for l2 in (0.003, 0.005, 0.01)]),
    ("Mult-VAE", [VaeSettings()]),
    ("sequence transformer", [SequenceSettings()]),
    ("EASE", [EaseSettings(l2=l2) for l2 in (100.0, 200.0, 400.0)]),
]
"""Of several settings of a kind the one with the best validation NDCG@10 is scored."""


def table(folder: Path, seeds: tuple[int, ...] = (0, 1, 2)) -> None:
    """Both protocols, kind by kind."""
    ratings = np.loadtxt(folder / "u.data", dtype=np.int64)
    people = (folder / "u.user").read_text(encoding="latin-1").splitlines()
    gender = np.array([line.split("|")[2] for line in people])
    _quarter(ratings, gender, seeds)
    _tenths(ratings)


def _quarter(ratings: Codes, gender: npt.NDArray[np.str_], seeds: tuple[int, ...]) -> None:
    print("\nMovieLens-100K, 75/25 by user, whole catalogue, NDCG@10. Published: BiVAE .475, BPR .442, LightGCN .420")
    print(f"{'kind':28} {'seed':>5} {'all':20} {'men':>7} {'women':>7} {'gap':>7} seconds")
    for name, settings in QUARTER:
        for seed in seeds:
            place = places(ratings, seed)
            data, relevant = parts(ratings, place < 0.75, place < 0, place >= 0.75)
            began = perf_counter()
            model = fit(data, settings, seed)
            seconds = perf_counter() - began
            ndcg, counted = scored(model, data, relevant)
            men, women = (float(ndcg[counted & (gender == group)].mean()) for group in ("M", "F"))
            every = interval(ndcg[counted])
            line = f"{name:28} {seed:>5} {every:20} {men:7.3f} {women:7.3f} {men - women:7.3f} {seconds:7.1f}"
            print(line, flush=True)


def _tenths(ratings: Codes) -> None:
    print("\nMovieLens-100K, RecBole's 8:1:1 by user, whole catalogue, NDCG@10. Published: BPR .277, .286, .292")
    print(f"{'kind':28} {'test':20} {'validation':>10} seconds of training (all settings tried)")
    place = places(ratings, 0)
    data, relevant = parts(ratings, place < 0.8, (place >= 0.8) & (place < 0.9), place >= 0.9)
    for name, choices in TENTHS:
        began = perf_counter()
        models = [fit(data, settings, 0) for settings in choices]
        seconds = perf_counter() - began
        model = max(models, key=lambda one: validation_ndcg(one.score, data) or 0.0)
        seen = data.seen.maximum(pairs(data.valid_user, data.valid_item, data.seen.shape))
        ndcg, counted = scored(model, replace(data, seen=seen), relevant)
        found = validation_ndcg(model.score, data) or 0.0
        print(f"{name:28} {interval(ndcg[counted]):20} {found:10.3f} {seconds:7.1f}", flush=True)


def places(ratings: Codes, seed: int) -> Array:
    """[rows], in (0, 1): where each rating stands in a random order of its user's."""
    user = ratings[:, 0]
    order = np.lexsort((np.random.default_rng(seed).random(len(user)), user))
    first = np.searchsorted(user[order], user[order])
    place = np.empty(len(user))
    place[order] = (np.arange(len(user)) - first + 0.5) / np.bincount(user)[user[order]]
    return place


def parts(ratings: Codes, train: Flags, valid: Flags, test: Flags) -> tuple[Interactions, sp.csr_matrix]:
    """What is learned from and stopped by, and what is to be found."""
    user, item = (ratings[:, 0] - 1).astype(np.int32), (ratings[:, 1] - 1).astype(np.int32)
    shape = (int(user.max()) + 1, int(item.max()) + 1)
    data = Interactions(
        user=user[train],
        item=item[train],
        label=np.ones(train.sum(), np.float32),
        time=ratings[train, 3],
        user_ids=tuple(f"{code:04}" for code in range(shape[0])),
        item_ids=tuple(f"{code:04}" for code in range(shape[1])),
        seen=pairs(user[train], item[train], shape),
        valid_user=user[valid],
        valid_item=item[valid],
        valid_label=np.ones(valid.sum(), np.float32),
    )
    return data, sp.csr_matrix(pairs(user[test], item[test], shape), dtype=np.float64)


def pairs(user: npt.NDArray, item: npt.NDArray, shape: tuple[int, int]) -> sp.csr_matrix:
    return sp.csr_matrix((np.ones(len(user), bool), (user, item)), shape=shape)


def scored(model: Fitted, data: Interactions, relevant: sp.csr_matrix) -> tuple[Array, Flags]:
    """NDCG@10 of each user, and whom it counts."""
    found = per_user(top_k(model, data, K)[0], relevant, K)
    return found.ndcg, found.counted


def interval(values: Array) -> str:
    """The mean with its 95% percentile interval over users."""
    rng = np.random.default_rng(0)
    times = rng.multinomial(len(values), np.full(len(values), 1 / len(values)), REPLICATES)
    low, high = np.percentile(times @ values / len(values), [2.5, 97.5])
    return f"{values.mean():.3f} ({low:.3f}-{high:.3f})"
