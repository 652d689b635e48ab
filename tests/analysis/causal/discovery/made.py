"""Columns and constraints made up for the tests of the search."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.causal.discovery.columns import Columns, from_table
from analysis.causal.discovery.independence import Independence, drawn_anew
from analysis.causal.discovery.knowledge import Knowledge, knowledge
from analysis.causal.discovery.search import Search
from analysis.causal.discovery.settings import Method
from words import Refusal


def columns(table: pd.DataFrame) -> Columns:
    """Every row a user of its own where the table names none."""
    if "user" not in table:
        table = table.assign(user=[f"u{row:06d}" for row in range(len(table))])
    return from_table(table, 1_000_000, 1)


def search(method: Method, found: Columns, known: Knowledge, significance: float = 0.01, resamples: int = 0) -> Search:
    weights = drawn_anew(found.users, resamples, 1)
    return Search(method, found, known, Independence(found, weights), significance, 3, 1)


def numbers(rows: int, seed: int) -> pd.DataFrame:
    """a -> b -> d <- c, b -> e; straight lines, skewed noise."""
    rng = np.random.default_rng(seed)
    noise = rng.exponential(1, (rows, 5))
    a, c = noise[:, 0], noise[:, 2]
    b = 0.9 * a + noise[:, 1]
    d = 0.8 * b + 0.8 * c + noise[:, 3]
    return pd.DataFrame({"a": a, "b": b, "c": c, "d": d, "e": 0.9 * b + noise[:, 4]})


def mixed(rows: int, seed: int) -> pd.DataFrame:
    """a category with three values -> a number; both -> a yes/no; a second category apart."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, rows)
    size = kind + rng.normal(0, 1, rows)
    bought = rng.random(rows) < 1 / (1 + np.exp(-size - 0.8 * (kind == 2)))
    names = np.array(["tea", "coffee", "cake"])
    return pd.DataFrame(
        {"kind": names[kind], "size": size, "bought": bought.astype(int), "shop": names[rng.integers(0, 3, rows)]}
    )


def random_knowledge(names: tuple[str, ...], seed: int) -> Knowledge:
    """Required, forbidden and time order drawn at random, drawn again while they contradict each other."""
    rng = np.random.default_rng(seed)
    pairs = [(a, b) for a in names for b in names if a != b]
    while True:
        must, must_not = (
            [pairs[place] for place in rng.choice(len(pairs), rng.integers(0, most), replace=False)] for most in (4, 9)
        )
        tiers: list[list[str]] = [[], [], []]
        for name in names:
            place = int(rng.integers(0, 5))
            if place < len(tiers):
                tiers[place].append(name)
        try:
            return knowledge(names, must, must_not, tiers)
        except Refusal:
            continue


def broken(links: dict, names: tuple[str, ...], known: Knowledge) -> list[str]:
    """Which constraints the links break, in words; read from the marks alone."""
    time, said = dict(known.tier), []
    at = {pair: mark for (a, b), (x, y) in links.items() for pair, mark in (((a, b), x), ((b, a), y))}
    for a in names:
        for b in names:
            can_cause = at.get((a, b)) in ("tail", "circle")
            if can_cause and (a, b) in known.forbidden:
                said.append(f"forbidden {a} -> {b}")
            if can_cause and a in time and b in time and time[a] > time[b]:
                said.append(f"backwards {a} -> {b}")
    said += [f"missing {a} -> {b}" for a, b in known.required if (at.get((a, b)), at.get((b, a))) != ("tail", "arrow")]
    return said
