"""How often the reported 95% intervals hold the simulated shop's known truth.

    python -m benchmarks.coverage [--seeds 200] [--users 1200]

One row a figure: its truth, the mean estimate, and the share of shops whose interval holds the truth, with the
range in which that share lies 95% of the time where the intervals are right.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from analysis.causal.effects import EffectSettings, effects_section
from analysis.causal.graph import templates
from analysis.finding import Finding
from analysis.ingest import Tables
from analysis.overview import data_section
from analysis.prepare import Prepared, prepare
from analysis.quality import Cleaning
from analysis.simulate import STRATA, Shop, Simulated, Truth, simulate
from analysis.split import Split
from benchmarks.machine import machine

NOMINAL = 0.95


@dataclass
class Coverage:
    """Every interval met, by the key of its figure: (truth, value, low, high)."""

    met: dict[str, list[tuple[float, float, float, float]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, figures: Iterator[tuple[str, float, Finding]]) -> None:
        """Take in the figures of one shop; those without an interval are left out."""
        for key, known, found in figures:
            if found.value is not None and found.low is not None and found.high is not None:
                self.met[key].append((known, found.value, found.low, found.high))


def covered(counted: Coverage, by_kind: bool = False) -> dict[str, tuple[int, int]]:
    """Figure (or kind of figure) -> (intervals that hold the truth, intervals)."""
    total: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for key, met in counted.met.items():
        name = kind(key) if by_kind else key
        total[name][0] += sum(low <= known <= high for known, _, low, high in met)
        total[name][1] += len(met)
    return {name: (hits, n) for name, (hits, n) in total.items()}


def kind(key: str) -> str:
    """Propensities of all strata are one kind, effects in all groups another, exposure gaps a third."""
    plain = key.split("[")[0]
    if plain.startswith("gender.exposure"):
        return "gender.exposure gaps"
    return "effect.ate by group" if plain.startswith("effect.ate.") else plain


def shop_figures(shop: Shop, settings: EffectSettings) -> Iterator[tuple[str, float, Finding]]:
    """(key, truth, finding) of every figure of one simulated shop whose truth is known."""
    simulated = simulate(shop)
    ready = prepared(simulated, shop.seed)
    data = ready.dataset
    section = effects_section(data, templates(data)["shop"], settings, 1, shop.seed)  # k = 1: nothing hidden
    found = {one.key: one for one in section.findings}
    for key, known in truths(simulated.truth).items():
        if key in found:
            yield key, known, found[key]
    yield from _propensities(simulated.truth, found)
    yield from _log_gaps(simulated.truth, {one.key: one for one in data_section(ready, 1).findings})


def truths(known: Truth) -> dict[str, float]:
    """Key of a finding -> its true value."""
    whole = {"effect.naive": known.naive, "effect.ate": known.ate, "effect.att": known.att}
    beside = {f"effect.ate[{name}]": known.ate for name in ("aipw", "ipw")}
    parts = {
        f"effect.ate.{attribute}.{group}": value
        for attribute, groups in known.effect.items()
        for group, value in groups.items()
    }
    gap = known.effect["gender"]["women"] - known.effect["gender"]["men"]
    return whole | beside | {"effect.selection": known.naive - known.ate} | parts | {"effect.ate.gender.gap": gap}


def _propensities(known: Truth, found: dict[str, Finding]) -> Iterator[tuple[str, float, Finding]]:
    by_values = {frozenset(zip(STRATA, values, strict=True)): share for values, share in known.propensity.items()}
    for key, one in found.items():
        if key.startswith("effect.propensity["):
            inside = key.removeprefix("effect.propensity[").removesuffix("]")
            named = frozenset(tuple(part.split("=", 1)) for part in inside.split(", "))
            if named in by_values:  # strata of users whose gender is missing mix both
                yield key, by_values[named], one


def _log_gaps(known: Truth, found: dict[str, Finding]) -> Iterator[tuple[str, float, Finding]]:
    """Gaps between women and men in the log itself: what they buy, what is promoted to them, what they are shown."""
    women_minus_men = {
        "gender.outcome.gap": known.outcome_gap,
        "gender.exposure[promoted=1].gap": known.exposure_gap,
    } | {
        f"gender.exposure[category={name}].gap": known.category["women"][name] - known.category["men"][name]
        for name in known.category["women"]
    }
    for key, gap in women_minus_men.items():
        if key in found:
            yield key, gap if next(iter(found[key].groups)) == "women" else -gap, found[key]


def prepared(simulated: Simulated, seed: int) -> Prepared:
    """The shop as the Data step hands it on."""
    tables = Tables(simulated.log, simulated.users, simulated.items, f"shop-{seed}", ())
    return prepare(tables, simulated.roles, Cleaning(), Split(), seed)


def main(arguments: list[str]) -> int:
    """Simulate, estimate and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--users", type=int, default=1200)
    chosen = parser.parse_args(arguments)
    settings = EffectSettings(replicates=500, simulations=20)
    counted = Coverage()
    for seed in range(chosen.seeds):
        counted.add(shop_figures(Shop(users=chosen.users, items=240, seed=seed), settings))
    spread = 1.96 * np.sqrt(NOMINAL * (1 - NOMINAL) / chosen.seeds)
    print(f"coverage: {machine()}")
    low, high = NOMINAL - spread, min(NOMINAL + spread, 1.0)
    print(f"{chosen.seeds} shops of {chosen.users} users; right intervals cover {low:.3f} to {high:.3f}\n")
    print("| figure | truth | mean estimate | mean width | covered | n |\n|---|---|---|---|---|---|")
    for key, met in counted.met.items():
        if "propensity[" not in key:
            print(_row(key, met))
    for name, (hits, n) in covered(counted, by_kind=True).items():
        print(f"| all of {name} | | | | {hits / n:.3f} | {n} |")
    return 0


def _row(key: str, met: list[tuple[float, float, float, float]]) -> str:
    known, value, low, high = np.array(met).T
    hits = ((low <= known) & (known <= high)).mean()
    return f"| {key} | {known[0]:.4f} | {value.mean():.4f} | {(high - low).mean():.4f} | {hits:.3f} | {len(met)} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
