"""MovieLens-100K: how much of gender can still be read from users' vectors once it is hidden, and at what loss of NDCG.

    python -m benchmarks.hiding [--data FOLDER] [--seeds N]

75/25 at random by user (benchmarks.movielens), whole catalogue, NDCG@10 over users. The probes are the audit's own
(analysis.fairness.probe), linear and network, fresh, on users disjoint from those they learn from; training never
meets them. Each row: mean over seeds of both AUCs and the largest over seeds; change of NDCG against the same kind
without, in per cent, with the interval of a bootstrap over users of the mean over seeds, paired on users.
Published: PFCN filters .796 -> .515 at -39% NDCG@5, UP5 .687 -> .519 (their own protocols).
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from analysis.fairness.probe import leak
from benchmarks.machine import machine
from benchmarks.movielens import parts, places, scored
from models.config import Adversary, Erasure, FactorSettings, RecommenderSettings, VaeSettings
from models.train import fit

Array = npt.NDArray[np.float64]
REPLICATES = 2000
KINDS: dict[str, RecommenderSettings] = {
    "matrix factorisation": FactorSettings(epochs=40, l2=0.005),
    "Mult-VAE": VaeSettings(epochs=24),
}


@dataclass(frozen=True)
class Outcome:
    """aucs: linear, network. ndcg: float64 [users], NaN where a user has nothing held out."""

    aucs: tuple[float, float]
    ndcg: Array


def ways(settings: RecommenderSettings) -> dict[str, RecommenderSettings]:
    """As it is, erased in part and in full, and with the adversary."""
    made = {"plain": settings}
    for strength in (0.5, 1.0):
        erasure = Erasure(attribute="gender", strength=strength)
        made[f"erased, strength {strength:g}"] = settings.model_copy(update={"erasure": erasure})
    adversary = Adversary(attribute="gender", strength=0.3)
    made["adversary, strength 0.3"] = settings.model_copy(update={"adversary": adversary})
    return made


def outcome(
    ratings: npt.NDArray[np.int64], gender: npt.NDArray[np.str_], settings: RecommenderSettings, seed: int
) -> Outcome:
    place = places(ratings, seed)
    data, relevant = parts(ratings, place < 0.75, place < 0, place >= 0.75)
    data = replace(data, profile={"gender": gender})
    model = fit(data, settings, seed)
    ndcg, counted = scored(model, data, relevant)
    vectors = model.user_vectors()
    assert vectors is not None, "kinds with vectors only"
    group = (gender == "F").astype(np.intp)
    found = [leak(vectors.astype(np.float64), group, kind, seed) for kind in ("linear", "network")]
    linear, network = (0.5 if one is None else one.auc for one in found)
    return Outcome((linear, network), np.where(counted, ndcg, np.nan))


def change(before: list[Outcome], after: list[Outcome]) -> tuple[float, float, float]:
    """Per cent of the mean NDCG, and its interval over resampled users."""
    one, two = (np.nanmean([seed.ndcg for seed in outcomes], axis=0) for outcomes in (before, after))
    known = ~np.isnan(one)
    one, two = one[known], two[known]
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(one), (REPLICATES, len(one)))
    moved = 100 * (two[drawn].mean(1) / one[drawn].mean(1) - 1)
    low, high = np.percentile(moved, [2.5, 97.5])
    return 100 * float(two.mean() / one.mean() - 1), float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[1] / "../shared/data")
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    folder = asked.data / "ml-100k"
    if not folder.is_dir():
        print(f"no folder {folder}, nothing measured")
        return
    ratings = np.loadtxt(folder / "u.data", dtype=np.int64)
    people = (folder / "u.user").read_text(encoding="latin-1").splitlines()
    gender = np.array([line.split("|")[2] for line in people])
    print(f"{machine()}; MovieLens-100K, gender, {asked.seeds} seeds")
    print(f"{'kind':21} {'':24} {'linear':>6} {'most':>5} {'network':>7} {'most':>5} {'NDCG@10':>8}  change, % (95%)")
    for kind, settings in KINDS.items():
        before: list[Outcome] = []
        for name, way in ways(settings).items():
            found = [outcome(ratings, gender, way, seed) for seed in range(asked.seeds)]
            before = before or found
            aucs = np.array([one.aucs for one in found])
            ndcg = float(np.mean([np.nanmean(one.ndcg) for one in found]))
            moved = "" if found is before else "{:+.1f} ({:+.1f} to {:+.1f})".format(*change(before, found))
            (linear, network), (most, highest) = aucs.mean(0), aucs.max(0)
            print(
                f"{kind:21} {name:24} {linear:6.3f} {most:5.3f} {network:7.3f} {highest:5.3f} {ndcg:8.3f}  {moved}",
                flush=True,
            )


if __name__ == "__main__":
    main()
