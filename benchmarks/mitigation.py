"""What mitigations do where the answer can be checked: the simulated shop, and MovieLens-100K over five splits.

    python -m benchmarks.mitigation [--only shop|movielens] [--shop ease|factorisation|language] [--users 1200]
        [--seeds 5] [--folder FOLDER]

Shop: purchases of women are written down with a chance of LOGGED only, in the training part alone. What every user
truly likes is known, so is the accuracy that lists truly have, and so is the unfair part of the gap: what the missing
rows added to it. Printed is the share of that part that each mitigation takes back: of EASE those before and after
training, of matrix factorisation those while training, which EASE, solved in one step, cannot have; of the language
model too, which reads who the user is, with what its list has in common with that of the user's flipped twin (Jaccard).
MovieLens-100K (EASE, gender): strengths are chosen on the validation part alone; printed is what the test part says.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from analysis.fairness.exposure import attention_measures
from analysis.fairness.flip import jaccard
from analysis.fairness.infer import smallest_detectable
from analysis.fairness.peruser import accuracy, discounts
from analysis.fairness.ranking import Ranking
from analysis.ingest import Limits, Source, Tables, spool
from analysis.mitigation.compare import MitigationSettings, Variant, terms_of
from analysis.mitigation.methods import METHODS, Method
from analysis.mitigation.tuning import suggested, trial
from analysis.prepare import prepare
from analysis.quality import Cleaning
from analysis.shop import Y_LIKED, Y_TIER
from analysis.simulate import Shop, simulate
from analysis.split import Split
from audit.compose import Composed, compose
from audit.kept import Scored
from audit.methods import Ground, as_it_is, made, unmet
from audit.methods.during import DURING as TEACH
from audit.presets import settings_for
from audit.recommend import trained
from audit.recommending import Recommending
from audit.settings import AuditSettings
from benchmarks.machine import machine
from models.config import EaseSettings, FactorSettings, LanguageSettings, RecommenderSettings
from models.fitted import Fitted
from models.flip import flipped_lists
from words import Refusal

LOGGED = 0.4
STRENGTHS = (0.25, 0.5, 0.75, 1.0)
TRAINED_STRENGTHS = (0.5, 1.0)
GAP: tuple[Method, ...] = tuple(name for name, about in METHODS.items() if "gap" in about.serves)
EXPOSURE: tuple[Method, ...] = tuple(name for name, about in METHODS.items() if "exposure" in about.serves)
DURING: tuple[Method, ...] = tuple(name for name, about in METHODS.items() if about.place == "during")
SHOP_MODELS: dict[str, RecommenderSettings] = {
    "ease": EaseSettings(l2=50.0),
    "factorisation": FactorSettings(loss="logistic"),
    "language": LanguageSettings(dimensions=32, layers=1, epochs=10, history=16),
}
READS = "language"
"""The shop's recommender that reads who the user is, so that a user can have a flipped twin."""


def ground_for(composed: Composed, settings: AuditSettings, seed: int) -> Ground:
    """The recommender of `settings` trained on `composed`."""
    model = settings.recommender.model
    return Ground(settings.model_copy(update={"seed": seed}), composed, trained(composed, model, seed)[1], model)


def variants(ground: Ground, methods: Sequence[Method], strengths: Sequence[float]) -> list[Variant]:
    """Every method that the recommender allows, at every strength."""
    cache: dict[tuple[tuple[Method, float], ...], Scored] = {}
    found = []
    for method in methods:
        if unmet(ground.settings, METHODS[method].needs) is None:
            for strength in strengths:
                try:
                    found.append(made(ground, [(method, strength)], cache))
                except Refusal:
                    break
    return found


@dataclass(frozen=True)
class Served:
    """What a mitigation gave on the shop. lists: int32 [users, K]. agreement: with flipped twins' lists, in [0, 1]."""

    name: str
    lists: np.ndarray
    agreement: float | None = None


def served(ground: Ground, kind: str) -> Iterator[Served]:
    """Every mitigation of the shop's table for that recommender, at two strengths."""
    if kind == "ease":
        for one in variants(ground, (*GAP, *EXPOSURE), TRAINED_STRENGTHS):
            if one.ranking is not None:
                yield Served(one.name, one.ranking.lists)
        return
    assert ground.model is not None
    for method in DURING:
        for strength in TRAINED_STRENGTHS if unmet(ground.settings, METHODS[method].needs) is None else ():
            taught = TEACH[method](ground, ground.model, strength)
            try:
                model, kept = trained(ground.composed, taught, ground.settings.seed)
            except Refusal:  # a penalty that this kind has no meaning for
                break
            yield Served(f"{method}@{strength:g}", kept.codes[:, : ground.top], agreement(model, ground, kind))


def agreement(model: Fitted[Any], ground: Ground, kind: str) -> float | None:
    """Mean Jaccard overlap of users' lists with those of their flipped twins; 1 where the model does not read who asks,
    None where its kind never does."""
    if kind != READS:
        return None
    if not model.reads("gender"):
        return 1.0
    found = flipped_lists(model, ground.composed.final, "gender", ground.top)
    twins = [jaccard(found.own, found.lists[value])[ground.group != value] for value in found.values]
    return float(np.concatenate(twins).mean())


def interval(values: Sequence[float]) -> str:
    """Mean over seeds and its 95% interval by Student's t."""
    from scipy.stats import t

    mean, n = float(np.mean(values)), len(values)
    half = float(t.ppf(0.975, n - 1) * np.std(values, ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    return f"{mean:+.3f} ({mean - half:+.3f} to {mean + half:+.3f})"


class Shopfront:
    """One simulated shop: its log as it is and with purchases of women missing, and what every user truly likes."""

    def __init__(self, seed: int, users: int) -> None:
        from analysis.simulate import tastes

        shop = Shop(users=users, seed=seed)
        self.made, self.seed = simulate(shop), seed
        rng = np.random.default_rng(seed)
        log, people = self.made.log, self.made.users.set_index("user_id")
        women = (people["gender"].reindex(log["user_id"]) == "women").to_numpy()
        lost = women & (log["purchased"] == 1).to_numpy() & (rng.random(len(log)) > LOGGED)
        self.missing = log.assign(purchased=np.where(lost, 0, log["purchased"]))
        self.taste = pd.Series(tastes(shop), index=self.made.users["user_id"])

    def ground(self, log: pd.DataFrame, model: RecommenderSettings) -> Ground:
        tables = Tables(log, self.made.users, self.made.items, "shop")
        prepared = prepare(tables, self.made.roles, Cleaning(), Split(), self.seed)
        settings = AuditSettings(
            recommender=Recommending(model=model), mitigation=MitigationSettings(attribute="gender")
        )
        return ground_for(compose(prepared.dataset, settings.recommender), settings, self.seed)

    def likes(self, composed: Composed) -> np.ndarray:
        """float64 [users, items]: what liking and tier add to the chance of a purchase."""
        goods = self.made.items.set_index("item_id").loc[list(composed.data.item_ids)]
        shelf = {name: at for at, name in enumerate(self.made.items["category"].unique())}
        kind = goods["category"].map(shelf).to_numpy() // 2
        tier = goods["tier"].map({"head": 0, "middle": 1, "tail": 2}).to_numpy()
        taste = self.taste.loc[list(composed.data.user_ids)].to_numpy()
        return np.asarray(Y_LIKED * (taste[:, None] == kind[None, :]) + Y_TIER[tier][None, :])


def true_accuracy(lists: np.ndarray, likes: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Discounted sum of what each listed item is truly worth to the user, over that of the best list possible."""
    v = discounts(lists.shape[1])
    got = np.take_along_axis(likes, lists, axis=1) @ v
    best = -np.sort(-np.where(seen, 0.0, likes), axis=1)[:, : lists.shape[1]] @ v
    return np.asarray(got / best)


def shop_table(seeds: int, users: int, kind: str) -> None:
    """Of the gap that the missing rows added, the share that each mitigation takes back; and its price."""
    found: dict[str, list[tuple[float, ...]]] = {}
    parts, plain = [], []
    for seed in range(1, seeds + 1):
        shop = Shopfront(seed, users)
        clean, ground = (shop.ground(log, SHOP_MODELS[kind]) for log in (shop.made.log, shop.missing))
        likes, seen = shop.likes(ground.composed), np.asarray(ground.composed.final.seen.todense())
        group = ground.group
        men, women = group == "men", group == "women"

        def gap(lists: np.ndarray, likes=likes, seen=seen, men=men, women=women) -> tuple[float, float]:
            value = true_accuracy(lists, likes, seen)
            return float(value[men].mean() - value[women].mean()), float(value.mean())

        fair = true_accuracy(clean.kept.codes[:, :10], likes, np.asarray(clean.composed.final.seen.todense()))
        natural = float(fair[men].mean() - fair[women].mean())
        start, use = gap(ground.kept.codes[:, :10])
        parts.append((natural, start))
        tail = (ground.composed.item_groups["tail"] == "tail").to_numpy()
        merit = float(likes[:, tail].sum() / likes.sum())

        def attention(lists: np.ndarray, tail=tail) -> float:
            v = discounts(lists.shape[1])
            return float((tail[lists] @ v).mean() / v.sum())

        off = abs(attention(ground.kept.codes[:, :10]) - merit)
        if kind == READS:
            plain.append(agreement(trained(ground.composed, SHOP_MODELS[kind], seed)[0], ground, kind))
        for one in served(ground, kind):
            after, kept = gap(one.lists)
            left = abs(attention(one.lists) - merit)
            row = ((start - after) / (start - natural), 1 - left / off, kept / use - 1)
            found.setdefault(one.name, []).append(row if one.agreement is None else (*row, one.agreement))
        print(f"  seed {seed} done", flush=True)
    print(f"Shop, {users} users, {kind}, {seeds} seeds: true accuracy of lists, men minus women.")
    natural_gaps, added = zip(*parts, strict=True)
    print(f"  complete log {interval(natural_gaps)}; with purchases of women missing {interval(added)}")
    print(
        "  mitigation: share of the added gap taken back | of the tail's missing exposure | true accuracy of all",
        end="",
    )
    print(f" | list shared with the flipped twin (before: {interval(plain)})" if plain else "")
    for name, rows in found.items():
        print(f"  {name:16} " + " | ".join(interval(column) for column in zip(*rows, strict=True)))


def movielens(folder: Path, seed: int, tables: Tables, settings: AuditSettings) -> Ground:
    """EASE on the published protocol: 75/25 at random by user, every rating an interaction."""
    prepared = prepare(tables, settings.roles, settings.cleaning, settings.split, seed)  # type: ignore[arg-type]
    return ground_for(compose(prepared.dataset, settings.recommender), settings, seed)


def ratio(ranking: Ranking, K: int = 10) -> float:
    """Attention of a long-tail item over that of a head item."""
    share = {m.name.split("=")[1][:-1]: m.overall for m in attention_measures(ranking, K, "tail")}
    sizes = ranking.item_groups["tail"].value_counts()
    return float(share["tail"] / sizes["tail"] / (share["head"] / sizes["head"]))


def movielens_tables(folder: Path, seeds: int) -> None:
    """The gap by gender narrowed and the tail's exposure raised: chosen on the validation part, judged on the test."""
    source = Source(kind="movielens", folder=str(folder))
    with TemporaryDirectory() as place:
        tables = spool(source, Path(place), Limits())
        settings = settings_for(source, tables, {}, "MovieLens-100K")
    gaps, shown = [], []
    for seed in range(1, seeds + 1):
        ground = movielens(folder, seed, tables, settings)
        gaps.append(gap_row(ground, seed))
        shown.append(exposure_row(ground, seed))
    print("MovieLens-100K, EASE, gender: gap in NDCG@10 (men minus women), chosen on the validation part, over splits")
    before, after, cost, least = (np.array([row[at] for row in gaps]) for at in range(4))
    print(f"  gap before {interval(before)}, after {interval(after)}")
    moved = np.abs(after) - np.abs(before)
    print(f"  change of the size of the gap {interval(moved)}; of overall NDCG, relative {interval(cost)}")
    print(f"  smallest gap that one split could show: {least.mean():.3f}: equivalence within .01 cannot be shown")
    print("MovieLens-100K, EASE: exposure of a long-tail item over that of a head item")
    for name, which in (("before", 0), ("after", 1)):
        print(f"  {name} {interval([row[which] for row in shown])}")
    raised, price = [row[1] / row[0] - 1 for row in shown], [row[2] for row in shown]
    print(f"  raised by {interval(raised)} of itself; overall NDCG, relative {interval(price)}")


def ndcg(ranking: Ranking) -> np.ndarray:
    found = accuracy(ranking, 10)
    return np.where(found.counted, found.ndcg, np.nan)


def error(values: np.ndarray) -> float:
    """Standard error of the mean of the users that count."""
    return float(np.nanstd(values, ddof=1) / np.sqrt(np.isfinite(values).sum()))


def gap_row(ground: Ground, seed: int) -> tuple[float, float, float, float]:
    """Gap before and after on the test part, relative change of NDCG, smallest detectable gap; says what was chosen."""
    before = as_it_is(ground)
    assert before.ranking is not None
    terms = terms_of(before.ranking, ground.settings.mitigation, 10, seed)
    trained_anew = variants(ground, ("reweigh",), TRAINED_STRENGTHS)
    tried = [before, *trained_anew, *variants(ground, ("utility",), STRENGTHS)]
    trials = [trial(v.name, v.rehearsed, None, None, "gap", terms) for v in tried]
    best = suggested([one for one in trials if one is not None], 0.01)
    chosen = next((v for v in tried if best is not None and v.name == best.name), before)
    assert chosen.ranking is not None
    men, women = ground.group == "M", ground.group == "F"
    one, two = ndcg(before.ranking), ndcg(chosen.ranking)
    gap = [float(np.nanmean(x[men]) - np.nanmean(x[women])) for x in (one, two)]
    cost = float(np.nanmean(two) / np.nanmean(one) - 1)
    moved = two - one
    change = float(np.nanmean(moved[men]) - np.nanmean(moved[women]))
    half = 1.96 * float(np.hypot(error(moved[men]), error(moved[women])))
    print(
        f"  split {seed}: {chosen.name:14} gap {gap[0]:.4f} to {gap[1]:.4f}, change {change:+.4f} "
        f"({change - half:+.4f} to {change + half:+.4f}, paired on users), NDCG {100 * cost:+.2f}%",
        flush=True,
    )
    for method in ("reweigh", "utility"):
        of = [v for v in tried if v.method == method and v.ranking is not None]
        ends = ", ".join(f"{v.strength:g}: {_gap_of(v, men, women):.4f} at {_cost_of(v, one):+.2f}%" for v in of)
        if of:
            print(f"    {method} (test, for the record) {ends}", flush=True)
    return gap[0], gap[1], cost, smallest_detectable(np.array([error(one[men]), error(one[women])]))


def _gap_of(one: Variant, men: np.ndarray, women: np.ndarray) -> float:
    assert one.ranking is not None
    value = ndcg(one.ranking)
    return float(np.nanmean(value[men]) - np.nanmean(value[women]))


def _cost_of(one: Variant, start: np.ndarray) -> float:
    assert one.ranking is not None
    return 100 * float(np.nanmean(ndcg(one.ranking)) / np.nanmean(start) - 1)


def exposure_row(ground: Ground, seed: int) -> tuple[float, float, float]:
    """Exposure ratio before and after on the test part and the relative change of NDCG.

    Of the exposure-constrained lists the strength is the smallest whose ratio on the validation part is 1.6 times that
    before, so that half more is left when the test part judges.
    """
    before = as_it_is(ground)
    assert before.ranking is not None and before.rehearsed is not None
    for strength in np.round(np.arange(0.02, 0.32, 0.02), 2).tolist():
        after = made(ground, [("rerank", strength)])
        assert after.ranking is not None and after.rehearsed is not None
        if ratio(after.rehearsed) >= 1.6 * ratio(before.rehearsed):
            break
    one, two = ndcg(before.ranking), ndcg(after.ranking)
    moved = 100 * (two - one) / np.nanmean(one)
    half = 1.96 * error(moved)
    values = ratio(before.ranking), ratio(after.ranking), float(np.nanmean(two) / np.nanmean(one) - 1)
    print(
        f"  split {seed}: strength {strength:g}, ratio {values[0]:.3f} to {values[1]:.3f}, "
        f"NDCG {np.nanmean(moved):+.2f}% ({np.nanmean(moved) - half:+.2f} to {np.nanmean(moved) + half:+.2f}, paired)",
        flush=True,
    )
    return values


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", choices=("shop", "movielens"))
    parser.add_argument("--shop", choices=tuple(SHOP_MODELS), action="append", help="only these recommenders")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--users", type=int, default=1200)
    parser.add_argument("--folder", type=Path, default=Path("../shared/data/ml-100k"))
    asked = parser.parse_args()
    print(machine())
    if asked.only != "movielens":
        for kind in asked.shop or SHOP_MODELS:
            shop_table(asked.seeds, asked.users, kind)
    if asked.only == "shop":
        return
    if asked.folder.is_dir():
        movielens_tables(asked.folder, asked.seeds)
    else:
        print(f"MovieLens-100K is not in {asked.folder}: left out")


if __name__ == "__main__":
    main()
