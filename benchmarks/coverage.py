"""How often the reported 95% intervals hold a known truth, and how often tests find what is not there.

    python -m benchmarks.coverage [--seeds 1000] [--world NAME ...]

Worlds: the simulated shop through the product's own steps; logs in which the gain of a treatment differs, or is the
same for all (`benchmarks.people`); logs whose gap has known parts (`benchmarks.gaps`); lists and ratings with known
disparities (`benchmarks.figures`); those of `benchmarks.intervals` and `benchmarks.structure`. One row a figure: its
mean truth, the mean estimate, and the share of logs whose interval holds the truth, beside the range in which that
share lies 95% of the time where the intervals are right. Of what is learnt from a log (an order, a rule) the truth is
that log's own. Verdict boards on which it is known what differs (`benchmarks.discoveries`): the share of the gaps
they find that are not there, its mean over logs with its Monte Carlo interval.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context

import numpy as np
from threadpoolctl import threadpool_limits

from analysis.causal.effects import EffectSettings, effects_section
from analysis.causal.estimate import Estimate
from analysis.causal.graph import templates
from analysis.finding import Finding
from analysis.ingest import Tables
from analysis.overview import data_section
from analysis.prepare import Prepared, prepare
from analysis.quality import Cleaning
from analysis.simulate import STRATA, Shop, Simulated, Truth, simulate
from analysis.split import Split
from benchmarks import discoveries, figures, gaps, intervals, people, structure
from benchmarks.discoveries import Discovered
from benchmarks.machine import machine

NOMINAL = 0.95
Figure = Finding | Estimate
"""What has a value and an interval."""


@dataclass
class Coverage:
    """Every interval met, by the key of its figure: (truth, value, low, high); what tests found, by their name."""

    met: dict[str, list[tuple[float, float, float, float]]] = field(default_factory=lambda: defaultdict(list))
    tests: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, figures: Iterable[tuple[str, float, Figure | None]]) -> None:
        """Take in the figures of one log; those without an interval are left out."""
        for key, known, found in figures:
            if found is not None and found.value is not None and found.low is not None and found.high is not None:
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
    """Propensities of all strata are one kind, effects in all groups another, exposure gaps a third.

    Of disparity: levels, gaps and item figures of each figure, whatever the group.
    """
    if key.split(".")[0] in ("side", "label", "all"):
        figure = key.split(".")[1].split("[")[0].split("@")[0]
        return f"{figure}, gap" if ".gap" in key else f"{figure}, level"
    if key.split(".")[0] in ("category", "provider", "tail"):
        return f"{key.split('.')[1]}, item groups"
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


def _shop(seed: int) -> Iterator[tuple[str, float, Finding]]:
    return shop_figures(Shop(users=1200, items=240, seed=seed), EffectSettings(replicates=500, simulations=20))


WORLDS: dict[str, Callable[[int], Iterator[tuple[str, float, Figure | None]]]] = {
    "shop": _shop,
    "people, gains differ": lambda seed: people.figures(400, seed),
    "people, gains equal": lambda seed: people.figures(400, seed, people.FLAT),
    "estimators": intervals.figures,
    "what if": partial(structure.figures, 250, 100),
    "disparity": figures.figures,
    **{f"gap, {name}": partial(gaps.figures, name, 1000) for name in gaps.WORLDS},
}
"""What is simulated: name -> (seed -> figures with their truths)."""


def met_in(world: str, seed: int) -> Coverage:
    """The intervals of one log of one world."""
    counted = Coverage()
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        met = list(WORLDS[world](seed))
        counted.add(met)
        if world == "disparity":
            counted.tests |= figures.tested(met)  # type: ignore[arg-type]
    return counted


def false_positives(seed: int) -> dict[str, list[float]]:
    """Which tests of the people step find a difference in a log that has none."""
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        found = people.found_in(people.log(400, seed, people.FLAT), seed)
    return {name: [float(hit) for hit in hits] for name, hits in found.items()}


def discovered(world: str, seed: int) -> Discovered:
    """What the verdict board of one log of one world finds."""
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        return discoveries.board(discoveries.WORLDS[world], seed)


def main(arguments: list[str]) -> int:
    """Simulate, estimate and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage")
    parser.add_argument("--seeds", type=int, default=200, help="logs of each world")
    parser.add_argument(
        "--world", choices=(*WORLDS, *discoveries.WORLDS), action="append", help="only these (repeatable)"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = parser.parse_args(arguments)
    print(f"coverage: {machine()}")
    print(f"{chosen.seeds} logs of each world; right intervals cover {_expected(chosen.seeds)}\n")
    with ProcessPoolExecutor(chosen.processes, get_context("spawn")) as pool:
        worlds = chosen.world or (*WORLDS, *discoveries.WORLDS)
        for world in (name for name in worlds if name in WORLDS):
            counted = Coverage()
            for one in pool.map(partial(met_in, world), range(chosen.seeds), chunksize=4):
                for key, met in one.met.items():
                    counted.met[key] += met
                for name, hits in one.tests.items():
                    counted.tests[name] += hits
            _print(world, counted)
            _print_tests([counted.tests] if counted.tests else [])
        if any(name.startswith("people") for name in worlds):
            _print_tests(list(pool.map(false_positives, range(chosen.seeds), chunksize=4)))
        for world in (name for name in worlds if name in discoveries.WORLDS):
            _print_boards(world, list(pool.map(partial(discovered, world), range(chosen.seeds), chunksize=4)))
    return 0


def _expected(n: int) -> str:
    spread = 1.96 * float(np.sqrt(NOMINAL * (1 - NOMINAL) / n))
    return f"{NOMINAL - spread:.3f} to {min(NOMINAL + spread, 1.0):.3f}"


def _print(world: str, counted: Coverage) -> None:
    print(f"| {world}: figure | truth | mean estimate | mean width | covered | n |\n|---|---|---|---|---|---|")
    for key, met in counted.met.items():
        if "propensity[" not in key and world != "disparity":
            print(_row(key, met))
    kinds = covered(counted, by_kind=True)
    for name, (hits, n) in kinds.items():
        if world in ("shop", "disparity"):
            print(f"| all of {name} | | | | {hits / n:.3f} | {n} |")
    print(flush=True)


def _print_tests(each: Sequence[dict[str, list[float]]]) -> None:
    if not each:
        return
    print("| test, where nothing differs | finds a difference | n |\n|---|---|---|")
    for name in dict.fromkeys(name for one in each for name in one):
        hits = [hit for one in each for hit in one.get(name, [])]
        print(f"| {name} | {np.mean(hits):.3f} | {len(hits)} |")


def _print_boards(world: str, boards: Sequence[Discovered]) -> None:
    print(f"\n| {world}, {len(boards)} logs | false among found, mean | 95% Monte Carlo | true ones found |")
    print("|---|---|---|---|")
    for name, part in (("after correction (▲)", "sure"), ("interval alone (▲ and △)", "alone")):
        found = [getattr(one, part) for one in boards]
        false = np.array([discoveries.false_share(one) for one in found])
        reach = 1.96 * float(false.std(ddof=1)) / len(false) ** 0.5
        truly = sum(one.truly for one in boards)
        power = f"{sum(real for _, real in found) / truly:.2f}" if truly else "none to find"
        ends = f"{max(false.mean() - reach, 0):.3f} to {false.mean() + reach:.3f}"
        print(f"| {name} | {false.mean():.3f} | {ends} | {power} |", flush=True)


def _row(key: str, met: list[tuple[float, float, float, float]]) -> str:
    known, value, low, high = np.array(met).T
    hits = ((low <= known) & (known <= high)).mean()
    means = " | ".join(f"{each.mean():.4f}" for each in (known, value, high - low))
    return f"| {key} | {means} | {hits:.3f} | {len(met)} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
