"""The recommenders in one run: accuracy on two public data sets, and what everything costs beside the peers.

    python -m benchmarks.recommender [coat|ml100k|speed|all] [--data FOLDER] [--rounds 5] [--share 1.0]

coat, ml100k: by the protocols of the published tables (benchmarks.coat, benchmarks.movielens). speed: lists, accuracy
and an epoch beside the peers (benchmarks.speed), the item cache (benchmarks.texts), batches of like length and bf16
(benchmarks.training), one after the other. `--share` makes the tasks of speed smaller.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import coat, movielens, speed, texts, training

PAIRS_READ = 640
USERS_READ = 400


def costs(data: Path, share: float, rounds: int) -> None:
    """Lists, accuracy, an epoch, texts and batches, side by side."""
    speed.table("all", share, rounds)
    texts.main(["--data", str(data / "ml-100k"), "--sample", str(int(PAIRS_READ * share))])
    print()
    training.table(int(USERS_READ * share), rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("coat", "ml100k", "speed", "all"), default="all")
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[1] / "../shared/data")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--share", type=float, default=1.0)
    asked = parser.parse_args()
    for what, folder, table in (("coat", "coat", coat.table), ("ml100k", "ml-100k", movielens.table)):
        if asked.what in (what, "all"):
            if (asked.data / folder).is_dir():
                table(asked.data / folder)
            else:
                print(f"{what}: no folder {asked.data / folder}, nothing measured")
    if asked.what in ("speed", "all"):
        costs(asked.data, asked.share, asked.rounds)


if __name__ == "__main__":
    main()
