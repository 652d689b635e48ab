"""Coat: learned on self-selected ratings, scored on uniformly random ones; what removing the log's bias is worth.

Wanted = a rating of 3 or more. The 366 cells that occur in both parts are left out (and kept in the second pair of
columns, for the published tables that keep them); users without a wanted random coat are excluded and counted.
Everything is chosen on self-selected ratings alone: penalties by the log loss of a tenth held out, propensities by the
exposures of the training part. AUC is over all cells, NDCG@5 and recall@5 are means over users; figures are means of
three seeds, intervals by resampling users. The worth of a correction is its difference from the same model without it,
on the same users.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from benchmarks.peruser import per_user
from models.config import (
    AdditiveSettings,
    Debias,
    FactorSettings,
    PopularitySettings,
    RecommenderSettings,
    Weighting,
)
from models.data import Interactions
from models.exposure import exposure
from models.train import fit

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

REPLICATES = 1000
SEEDS = (0, 1, 2)
HELD_OUT = 0.1
PENALTIES = (0.01, 0.03, 0.1)
SIZES = (8, 32)
PATIENCE = 30
"""Epochs: without levels a factorisation learns nothing useful for a dozen."""
FEATURES = Weighting(propensity="features")
CORRECTIONS = {"IPS": "ips", "SNIPS": "snips", "DR": "dr", "DR-JL": "joint", "MRDR": "mrdr"}


@dataclass(frozen=True, eq=False)
class Coat:
    """train, test: ratings [290, 300], 0 where none. x, z: features of users and coats."""

    train: Array
    test: Array
    x: Array
    z: Array


@dataclass(frozen=True)
class Cells:
    """The random part: user, item int64, rating float64 [cells]."""

    user: Codes
    item: Codes
    rating: Array

    @property
    def wanted(self) -> Flags:
        return self.rating >= 3


@dataclass(frozen=True)
class Row:
    """A line of the table; `against` names the line without the correction."""

    name: str
    settings: RecommenderSettings
    against: str | None = None


@dataclass
class Measured:
    """Figures of one line, means over seeds: replicates of users [REPLICATES], the first the value itself."""

    auc: Array
    ndcg: Array
    recall: Array
    mse: Array
    seconds: float = field(default=0.0)


def read_coat(folder: Path) -> Coat:
    features = folder / "user_item_features"
    parts = (np.loadtxt(folder / "train.ascii"), np.loadtxt(folder / "test.ascii"))
    known = (np.loadtxt(features / "user_features.ascii"), np.loadtxt(features / "item_features.ascii"))
    return Coat(*parts, *known)


@cache
def interactions(coat: Coat, validation: float, seed: int) -> Interactions:
    """The self-selected ratings with propensities from the features; a share held out where a kind stops by it."""
    user, item = (codes.astype(np.int32) for codes in np.nonzero(coat.train))
    rating = coat.train[user, item].astype(np.float32)
    wanted = (rating >= 3).astype(np.float32)
    out = np.random.default_rng(seed).random(len(user)) < validation
    data = Interactions(
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
    found = exposure(data, FEATURES, seed)
    share = len(data.user) / coat.train.size
    chances = (found.chance, share / found.valid)
    return replace(data, propensity=chances[0].astype(np.float32), valid_propensity=chances[1].astype(np.float32))


def cells(coat: Coat, masked: bool) -> Cells:
    user, item = np.nonzero((coat.test > 0) & ((coat.train == 0) | (not masked)))
    return Cells(user, item, coat.test[user, item])


def tuned(coat: Coat, settings: FactorSettings) -> FactorSettings:
    """Size and penalty of the least loss on the held-out tenth of the self-selected ratings."""
    choices = [
        settings.model_copy(update={"l2": l2, "dimensions": dimensions}) for l2 in PENALTIES for dimensions in SIZES
    ]
    data = interactions(coat, HELD_OUT, 99)
    return max(choices, key=lambda one: max(fit(data, one, 99).curves["validation"]))


def factor_rows(coat: Coat, name: str, start: FactorSettings, corrections: Iterable[str]) -> list[Row]:
    """A factorisation and the same with each correction, by propensities from the features."""
    plain = tuned(coat, start)
    rows = [Row(name, plain)]
    for called in corrections:
        asked = Debias(correction=CORRECTIONS.get(called, "none"), propensity="given", confounder=called == "deconf.")
        rows.append(Row(f"{name} + {called}", plain.model_copy(update={"debias": asked}), name))
    return rows


def additive_rows() -> list[Row]:
    rows = []
    for name, crosses in (("additive", False), ("additive, crossed", True)):
        plain = AdditiveSettings(crosses=crosses)
        asked = plain.debias.model_copy(update={"correction": "ips", "propensity": "given"})
        rows += [Row(name, plain), Row(f"{name} + IPS", plain.model_copy(update={"debias": asked}), name)]
    return rows


def table(folder: Path) -> None:
    """Ranking by wanted or not, then ratings themselves."""
    coat = read_coat(folder)
    logistic = FactorSettings(loss="logistic", stop_on="loss", batch=512, biases=False, patience=PATIENCE)
    every = (*CORRECTIONS, "deconf.")
    rows = [Row("popularity", PopularitySettings())]
    rows += factor_rows(coat, "MF", logistic, every)
    rows += factor_rows(coat, "MF with levels", logistic.model_copy(update={"biases": True}), every)
    rows += additive_rows()
    _say(coat)
    print(f"{'model':26} {'AUC':20} {'NDCG@5':20} {'all cells':12} {'worth: NDCG@5':24} {'AUC':24} {'':11} seconds")
    _print(coat, rows, _ranking_line)
    squared = FactorSettings(loss="squared", stop_on="loss", batch=512, biases=False, patience=PATIENCE)
    rows = factor_rows(coat, "PMF", squared, ("IPS", "DR-JL", "deconf."))
    rows += factor_rows(coat, "PMF with levels", squared.model_copy(update={"biases": True}), ("IPS", "deconf."))
    print(
        "\nCoat, ratings (squared loss). Published: PMF .728/.552/1.422, + IPW .732/.547/1.358, deconf. .743/.569/1.341"
    )
    print(f"{'model':26} {'NDCG@5':20} {'recall@5':20} {'MSE':20} {'all cells':20} {'worth: MSE':24} {'':11} seconds")
    _print(coat, rows, _rating_line)


def _say(coat: Coat) -> None:
    kept, every = cells(coat, True), cells(coat, False)
    without = len(np.unique(kept.user)) - len(np.unique(kept.user[kept.wanted]))
    print(f"Coat: {len(kept.user)} random cells, {len(every.user) - len(kept.user)} shared ones left out, ", end="")
    print(f"{without} users without a wanted coat excluded; intervals over users, means of seeds {SEEDS}")


def _print(coat: Coat, rows: list[Row], line) -> None:  # type: ignore[no-untyped-def]
    found: dict[str, tuple[Measured, Measured]] = {}
    for row in rows:
        found[row.name] = measured(coat, row.settings)
        print(line(row, found), flush=True)


def _ranking_line(row: Row, found: dict[str, tuple[Measured, Measured]]) -> str:
    kept, every = found[row.name]
    worth = f"{'':24} {'':24} {'':11}"
    if row.against:
        ndcg, area = kept.ndcg - found[row.against][0].ndcg, kept.auc - found[row.against][0].auc
        worth = f"{_change(ndcg):24} {_change(area):24} {_verdict(ndcg):11}"
    whole = f"{every.auc[0]:.3f}/{every.ndcg[0]:.3f}"
    return f"{row.name:26} {_interval(kept.auc):20} {_interval(kept.ndcg):20} {whole:12} {worth} {kept.seconds:7.1f}"


def _rating_line(row: Row, found: dict[str, tuple[Measured, Measured]]) -> str:
    kept, every = found[row.name]
    figures = " ".join(f"{_interval(values):20}" for values in (kept.ndcg, kept.recall, kept.mse))
    whole = f"{every.ndcg[0]:.3f}/{every.recall[0]:.3f}/{every.mse[0]:.3f}"
    worth = f"{'':24} {'':11}"
    if row.against:
        change = kept.mse - found[row.against][0].mse
        worth = f"{_change(change):24} {_verdict(-change):11}"
    return f"{row.name:26} {figures} {whole:20} {worth} {kept.seconds:7.1f}"


def measured(coat: Coat, settings: RecommenderSettings) -> tuple[Measured, Measured]:
    """The figures over the cells without the shared ones, and over all; means over the seeds."""
    validation = HELD_OUT if isinstance(settings, FactorSettings) else 0.0
    seeds = SEEDS if isinstance(settings, FactorSettings) else SEEDS[:1]  # the others draw nothing
    runs, began = [], perf_counter()
    for seed in seeds:
        model = fit(interactions(coat, validation, seed), settings, seed)
        runs.append(model.score(np.arange(len(coat.train), dtype=np.int32)))
    seconds = (perf_counter() - began) / len(seeds)
    kept, every = (_over_seeds(coat, runs, masked) for masked in (True, False))
    kept.seconds = seconds
    return kept, every


def _over_seeds(coat: Coat, runs: list[npt.NDArray[np.float32]], masked: bool) -> Measured:
    each = [figures(cells(coat, masked), scores) for scores in runs]
    return Measured(
        *(np.mean([getattr(one, name) for one in each], axis=0) for name in ("auc", "ndcg", "recall", "mse"))
    )


def figures(test: Cells, scores: npt.NDArray[np.float32]) -> Measured:
    """Every figure for the users as they are and for REPLICATES - 1 resamples of them, the same for every model."""
    users = scores.shape[0]
    rng = np.random.default_rng(0)
    times = np.ones((REPLICATES, users))
    times[1:] = rng.multinomial(users, np.full(users, 1 / users), REPLICATES - 1)
    score = scores[test.user, test.item].astype(np.float64)
    mean = partial(_mean, times)
    lists = np.full((users, 5), -1, np.int32)
    for one in np.unique(test.user):
        mine = np.nonzero(test.user == one)[0]
        best = mine[np.argsort(-score[mine], kind="stable")][:5]
        lists[one, : len(best)] = test.item[best]
    relevant = sp.csr_matrix(
        (np.ones(test.wanted.sum()), (test.user[test.wanted], test.item[test.wanted])), scores.shape
    )
    found = per_user(lists, relevant, 5)
    miss = np.bincount(test.user, (score - test.rating) ** 2, users), np.bincount(test.user, minlength=users)
    return Measured(
        auc(times[:, test.user], score, test.wanted),
        mean(found.ndcg * found.counted, found.counted),
        mean(found.recall * found.counted, found.counted),
        mean(*miss),
    )


def _mean(times: Array, total: Array, count: npt.NDArray) -> Array:
    return np.asarray((times @ total) / (times @ count.astype(np.float64)))


def auc(times: Array, score: Array, wanted: Flags) -> Array:
    """[replicates]: share of pairs told right, ties half; times [replicates, cells] is how often each cell counts."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) > 0])
    good, bad = (np.add.reduceat(times[:, order] * chosen[order], starts, axis=1) for chosen in (wanted, ~wanted))
    below = np.cumsum(bad, axis=1) - bad / 2
    return np.asarray((good * below).sum(1) / (good.sum(1) * bad.sum(1)))


def _interval(values: Array) -> str:
    low, high = np.percentile(values[1:], [2.5, 97.5])
    return f"{values[0]:.3f} ({low:.3f}-{high:.3f})"


def _change(values: Array) -> str:
    low, high = np.percentile(values[1:], [2.5, 97.5])
    return f"{values[0]:+.3f} ({low:+.3f} to {high:+.3f})"


def _verdict(values: Array) -> str:
    """Of a difference that is better when larger."""
    low, high = np.percentile(values[1:], [2.5, 97.5])
    return "helps" if low > 0 else "harms" if high < 0 else "not shown"
