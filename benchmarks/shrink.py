"""Smaller forms of a model: size, seconds to rank every user, accuracy and the gap between groups, before and after.

    python -m benchmarks.shrink [--data FOLDER] [--kinds ease,mf,vae] [--rounds 3]

MovieLens-100K, 75/25 by user, every kind trained once; forms are timed in turn and the median of the rounds is quoted.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from analysis.fairness.utility import accuracy
from analysis.ingest import Source
from audit.presets import guessed_settings
from audit.recommend import DEPTH, ranked, trained
from audit.run import Run
from audit.steps import run_steps
from audit.workspace import AuditFolder
from benchmarks.machine import machine
from models.base import Scorer
from models.config import SETTINGS
from models.shrink import full, in_bytes, pruned

K = 10


def main(arguments: list[str]) -> int:
    """Train, shrink, rank, print."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.shrink")
    asked.add_argument("--data", type=Path, default=Path("../shared/data/ml-100k"))
    asked.add_argument("--kinds", default="ease,mf,vae")
    asked.add_argument("--rounds", type=int, default=3)
    given = asked.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        audit = AuditFolder(Path(place) / "audit")
        audit.save_settings(guessed_settings(Source(kind="movielens", folder=str(given.data.resolve())), {}, "shrink"))
        run = run_steps(audit, ("data",), lambda fraction, step, note, figures: None)
        composed = Run(audit, run.settings, run.watch).composed
        print(f"shrink: {machine()}; MovieLens-100K, 75/25 by user, NDCG@{K} over the whole catalogue\n")
        print("| kind | form | MB | of full | s to rank all | NDCG | men | women | gap |\n" + "|---" * 9 + "|")
        for kind in given.kinds.split(","):
            model, _ = trained(composed, SETTINGS.validate_python({"kind": kind}), 1)
            forms = {"full": full(model), "int8": in_bytes(model), "pruned 50%": pruned(model, 0.5)}
            forms |= {"pruned 90%": pruned(model, 0.9)}
            took: dict[str, list[float]] = {name: [] for name in forms}
            for _ in range(given.rounds):
                for name, form in forms.items():
                    took[name].append(_seconds(form, composed.data.n_users))
            for name, form in forms.items():
                codes, scores = ranked(form, composed, DEPTH)
                found = accuracy(composed.ranking(name, codes[:, :K], scores[:, :K]), K)
                gender = composed.attributes["gender"].to_numpy(str)
                means = [found.ndcg[found.counted].mean()]
                means += [found.ndcg[found.counted & (gender == group)].mean() for group in ("M", "F")]
                size = f"{form.bytes / 1e6:.2f} | {form.bytes / form.of:.0%} | {statistics.median(took[name]):.3f}"
                figures = " | ".join(f"{mean:.3f}" for mean in means)
                print(f"| {kind} | {name} | {size} | {figures} | {means[1] - means[2]:.3f} |", flush=True)
    return 0


def _seconds(form: Scorer, users: int) -> float:
    started = time.perf_counter()
    for start in range(0, users, 512):
        form.score(np.arange(start, min(start + 512, users), dtype=np.int32))
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
