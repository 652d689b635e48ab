"""What does it cost to rank by text: a pass of the encoder for each pair, or for each item once?

    python -m benchmarks.texts [--data FOLDER] [--users 500] [--each 100] [--sample 640]

MovieLens-100K, `users` x `each` pairs, MiniLM in both ways, nothing trained (training changes no cost). The pairwise
way is timed on `sample` of these pairs and scaled up, as all of them would take an hour; the item cache does the
whole work, cold (every text read) and warm (texts read before). Both in this one process, in turn.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.films import read_films
from benchmarks.machine import machine
from models.config import LanguageSettings, PairwiseSettings
from models.data import Interactions
from models.histories import histories, profiles
from models.pairwise import make_reader as pair_reader
from models.reading import item_arrays, items_of, user_arrays
from models.reading import make_reader as history_reader
from models.texts import encode


def seconds_by_pairs(data: Interactions, users: int, each: int, sample: int) -> float:
    """Seconds for all pairs, from a sample of them at random."""
    settings = PairwiseSettings()
    known = profiles(data, settings)
    reader = pair_reader(data.item_texts or (), known, data.popularity, settings)
    rng = np.random.default_rng(0)
    who = rng.integers(0, users, sample).astype(np.int32)
    what = rng.integers(0, data.n_items, sample).astype(np.int32)
    history = histories(data, np.ones(len(data.user), np.float32), settings.history).items[who]
    reader.scores(known.codes[who[:64]], history[:64], what[:64])  # warm up
    began = perf_counter()
    reader.scores(known.codes[who], history, what)
    return (perf_counter() - began) / sample * users * each


def seconds_by_items(data: Interactions, users: int, each: int, texts: np.ndarray | None) -> float:
    """Seconds for all pairs from the items' vectors; `texts` are these where they were read before."""
    settings = LanguageSettings()
    known = profiles(data, settings)
    taken = histories(data, np.ones(len(data.user), np.float32), settings.history).items[:users]
    what = np.random.default_rng(0).integers(0, data.n_items, (users, each))
    began = perf_counter()
    texts = encode(data.item_texts or ()) if texts is None else texts
    reader = history_reader(items_of(data, texts, settings), known.values, True, settings).eval()
    items, level = item_arrays(reader)
    vectors = user_arrays(reader, known.codes[:users], taken)
    np.einsum("ud,ukd->uk", vectors, items[what]) / items.shape[1] ** 0.5 + level[what]
    return perf_counter() - began


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[1] / "../shared/data/ml-100k")
    parser.add_argument("--users", type=int, default=500)
    parser.add_argument("--each", type=int, default=100)
    parser.add_argument("--sample", type=int, default=640)
    asked = parser.parse_args(arguments)
    if not asked.data.is_dir():
        print(f"no folder {asked.data}, nothing measured")
        return 0
    print(f"texts: {machine()}")
    films = read_films(asked.data)
    every = np.ones(len(films.user), bool)
    data = films.interactions(every, ~every, timed=True)
    pairs = seconds_by_pairs(data, asked.users, asked.each, asked.sample)
    cold = seconds_by_items(data, asked.users, asked.each, None)
    texts = encode(data.item_texts or ())
    warm = seconds_by_items(data, asked.users, asked.each, texts)
    print(f"\n| {asked.users * asked.each:,} pairs | seconds | times faster |\n|---|---|---|")
    print(f"| a pass for each pair (from {asked.sample} of them) | {pairs:.1f} | 1 |")
    print(f"| items read once, cold | {cold:.2f} | {pairs / cold:.0f} |")
    print(f"| items read once, warm | {warm:.3f} | {pairs / warm:.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
