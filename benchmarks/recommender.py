"""Accuracy of the recommenders on two public data sets, by the protocols of the published tables.

    python -m benchmarks.recommender [coat|ml100k|all] [--data FOLDER]

The protocols stand in benchmarks.coat and benchmarks.movielens.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import coat, movielens


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("coat", "ml100k", "all"), default="all")
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[1] / "../shared/data")
    asked = parser.parse_args()
    for what, folder, table in (("coat", "coat", coat.table), ("ml100k", "ml-100k", movielens.table)):
        if asked.what in (what, "all"):
            if (asked.data / folder).is_dir():
                table(asked.data / folder)
            else:
                print(f"{what}: no folder {asked.data / folder}, nothing measured")


if __name__ == "__main__":
    main()
