"""Is LoRA as good as full fine-tuning of the same layers, for how many trained numbers?

    python -m benchmarks.lora [--data FOLDER] [--seeds 2] [--users 943] [--epochs 12] [--layers 2]

MovieLens-100K, 75/25 at random by row, the whole catalogue but the seen films ranked, NDCG@10. The reader of histories
is the same in all rows; the text encoder (MiniLM, titles and genres, 24 tokens) is frozen, tuned by LoRA, or wholly.
Intervals resample users; differences are paired by user.
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
from benchmarks.peruser import per_user
from models.base import top_k
from models.config import LanguageSettings, Tuning
from models.language import LanguageRecommender
from models.train import fit

K = 10
TEST, VALIDATION = 0.25, 0.1


def measured(films: Films, settings: LanguageSettings, seed: int, cache: Path) -> tuple[Array, LanguageRecommender]:
    """NDCG@10 of each user (NaN without a held-out film), and the model."""
    rng = np.random.default_rng(seed)
    out = rng.random(len(films.user)) < TEST
    valid = ~out & (rng.random(len(out)) < VALIDATION)
    data = films.interactions(~out & ~valid, valid, timed=False)
    began = perf_counter()
    model = fit(data, settings, seed, cache=cache)
    seconds = perf_counter() - began
    figures = per_user(top_k(model, data, K)[0], films.cells(out), K)
    ndcg, counted = figures.ndcg, figures.counted
    print(f"  seed {seed}: NDCG@{K} {ndcg[counted].mean():.4f}, {seconds:.0f} s, epoch {model.best_epoch}", flush=True)
    return np.where(counted, ndcg, np.nan), model


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[1] / "../shared/data/ml-100k")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--users", type=int, default=943)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--layers", type=int, default=2)
    asked = parser.parse_args(arguments)
    if not asked.data.is_dir():
        print(f"no folder {asked.data}, nothing measured")
        return 0
    print(f"lora: {machine()}")
    films = read_films(asked.data).fewer(asked.users)
    cache = Path(gettempdir()) / "evenhand-texts"
    plain = LanguageSettings(epochs=asked.epochs, patience=asked.epochs, history=30)
    lora = Tuning(layers=asked.layers, tokens=24, texts=64)
    rows = {"frozen": None, "LoRA": lora, "full": lora.model_copy(update={"how": "full"})}
    found: dict[str, Array] = {}
    for name, tuning in rows.items():
        print(name)
        each = [
            measured(films, plain.model_copy(update={"tuning": tuning}), seed, cache) for seed in range(asked.seeds)
        ]
        found[name] = np.mean([figures for figures, _ in each], axis=0)
        trained = sum(array.size for array in each[0][1].adapters.values())
        print(f"  trained: {trained:,} numbers, {100 * each[0][1].tuned_share:.3f}% of the encoder's")
    counted = ~np.isnan(list(found.values())).any(axis=0)
    found = {name: figures[counted] for name, figures in found.items()}
    print(f"\n{counted.sum()} users, {asked.seeds} seeds\n\n| encoder | NDCG@{K} |\n|---|---|")
    for name, figures in found.items():
        print(f"| {name} | {said(interval(figures))} |")
    for name in ("LoRA", "frozen"):
        value, low, high = (100 * bound / found["full"].mean() for bound in interval(found[name] - found["full"]))
        print(f"| {name} minus full, % of full | {value:+.2f} ({low:+.2f} to {high:+.2f}) |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
