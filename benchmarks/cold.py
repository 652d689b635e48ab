"""Films that training never saw: are they ranked better by their texts than by ids?

    python -m benchmarks.cold [--data FOLDER] [--seeds 3] [--share 0.2] [--users 943] [--kinds NAME ...]

A random fifth of MovieLens-100K's films is taken out of training with all its ratings. Each model then ranks these
films alone for the users who rated some of them: AUC, and NDCG@10. No model is given any attribute of the users.
Intervals resample users; differences are paired by user, over the mean of a user's figures under all seeds.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import gettempdir
from time import perf_counter

import numpy as np

from benchmarks.films import Array, Films, interval, read_films, said
from benchmarks.machine import machine
from models.config import FactorSettings, LanguageSettings, RecommenderSettings, SequenceSettings
from models.ranking import discounts
from models.train import fit

K = 10
VALIDATION = 0.1
"""Share of the ratings of the other films by which training stops."""
READING = LanguageSettings(epochs=10, patience=10, history=30)
KINDS: dict[str, RecommenderSettings] = {
    "matrix factorisation": FactorSettings(epochs=40, l2=0.005, patience=4),
    "sequence": SequenceSettings(epochs=10, patience=10, history=30),
    "language": READING,
    "language, texts alone": READING.model_copy(update={"ids": False}),
}
OURS = "language"


def cold_figures(films: Films, settings: RecommenderSettings, share: float, seed: int, cache: Path) -> Array:
    """[users, 2]: AUC and NDCG@10 among the films taken out; NaN for users who rated none of them, or all."""
    rng = np.random.default_rng(seed)
    cold = rng.random(films.shape[1]) < share
    out = cold[films.item]
    valid = ~out & (rng.random(len(out)) < VALIDATION)
    began = perf_counter()
    model = fit(films.interactions(~out & ~valid, valid, timed=False), settings, seed, cache=cache)
    taken = films.cells(out).toarray()[:, cold]
    scores = model.score(np.arange(films.shape[0], dtype=np.int32))[:, cold]
    figures = np.array([ranked(score, wanted) for score, wanted in zip(scores, taken, strict=True)])
    means = np.nanmean(figures, axis=0)  # over users
    epochs = f"epoch {getattr(model, 'best_epoch', 0)}, warm {max(model.curves['validation']):.4f}"
    print(
        f"  seed {seed}: AUC {means[0]:.4f}, NDCG@{K} {means[1]:.4f}; {perf_counter() - began:.0f} s, {epochs}",
        flush=True,
    )
    return figures


def ranked(score: Array, wanted: np.ndarray) -> tuple[float, float]:
    """AUC (ties count half) and NDCG@10 of one user's cold films."""
    from scipy.stats import rankdata

    n = int(wanted.sum())
    if n in (0, len(wanted)):
        return np.nan, np.nan
    auc = (rankdata(score)[wanted].sum() - n * (n + 1) / 2) / (n * (len(wanted) - n))
    discount = discounts(K)
    hits = wanted[np.argsort(-score, kind="stable")[:K]]
    return float(auc), float(hits @ discount[: len(hits)] / discount[: min(n, K)].sum())


def over_seeds(each: list[Array]) -> Array:
    """[users, 2]: each user's mean over the seeds that count them; NaN where none does."""
    kept = np.array(each)  # [seeds, users, 2]
    counts = (~np.isnan(kept)).sum(axis=0)
    return np.where(counts > 0, np.nansum(kept, axis=0) / np.maximum(counts, 1), np.nan)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[1] / "../shared/data/ml-100k")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--users", type=int, default=943)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    asked = parser.parse_args(arguments)
    if not asked.data.is_dir():
        print(f"no folder {asked.data}, nothing measured")
        return 0
    print(f"cold films: {machine()}")
    films = read_films(asked.data).fewer(asked.users)
    cache = Path(gettempdir()) / "evenhand-texts"
    found: dict[str, Array] = {}
    for name in asked.kinds:
        print(name)
        each = [cold_figures(films, KINDS[name], asked.share, seed, cache) for seed in range(asked.seeds)]
        found[name] = over_seeds(each)
    counted = ~np.isnan(found[asked.kinds[0]]).any(axis=1)
    print(f"\n{counted.sum()} users, {asked.seeds} seeds\n\n| kind | AUC | NDCG@{K} |\n|---|---|---|")
    for name, figures in found.items():
        auc, ndcg = (said(interval(figures[counted, at])) for at in (0, 1))
        print(f"| {name} | {auc} | {ndcg} |")
    for name in [other for other in found if other != OURS and OURS in found]:
        gain = found[OURS][counted] - found[name][counted]
        auc, ndcg = (said(interval(gain[:, at]), "+") for at in (0, 1))
        print(f"| {OURS} minus {name} | {auc} | {ndcg} |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
