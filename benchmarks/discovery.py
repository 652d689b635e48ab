"""Causal discovery against published graphs: structural Hamming distance of each method beside the empty graph's.

    python -m benchmarks.discovery [--data ../shared/data/causal-graphs] [--rows 10000]

The distance counts pairs of columns on which result and reference differ: a link too many, one missing, or one that
is not directed as the reference directs it (a link without a sure direction counts as different). `to class` compares
with all graphs that imply the same independences as the reference, which is the most that independence tests and
scores can tell: there a link without a direction is right where that class has none. `links` counts a pair once,
whatever its marks. GES and DirectLiNGAM read at most 5,000 rows.
No background knowledge is given.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pandas as pd

from analysis.causal.dag import Edge
from analysis.causal.discovery.columns import Columns, from_table
from analysis.causal.discovery.independence import Independence, drawn_anew
from analysis.causal.discovery.knowledge import Knowledge
from analysis.causal.discovery.links import Links, Mark
from analysis.causal.discovery.orient import constrained
from analysis.causal.discovery.search import Search
from analysis.causal.discovery.settings import Method
from benchmarks.machine import machine

DATA = Path(__file__).parents[2] / "shared" / "data" / "causal-graphs"
SAMPLES = ("cancer", "earthquake", "survey", "asia", "sachs")
SIGNIFICANCE = 0.01
HELD_FIXED = 4
SEED = 1
PROTEINS = ("raf", "mek", "plc", "pip2", "pip3", "erk", "akt", "pka", "pkc", "p38", "jnk")
BACKGROUND = "cd3_cd28"
"""Mark of the general stimulation that all cells of the observational part received, and no other."""


@dataclass(frozen=True)
class Case:
    """A table with the graph that its source publishes."""

    name: str
    reference: str
    table: pd.DataFrame
    edges: tuple[Edge, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--rows", type=int, default=10_000)
    chosen = parser.parse_args()
    print(machine())
    names = (
        "data",
        "rows",
        "reference",
        "method",
        "distance",
        "to class",
        "empty",
        "links",
        "too many",
        "missing",
        "s",
    )
    print(f"| {' | '.join(names)} |\n|{'---|' * len(names)}")
    for case in cases(chosen.data, chosen.rows):
        columns = from_table(case.table, chosen.rows, SEED)
        independence = Independence(columns, drawn_anew(columns.users, 0, SEED))
        for method in get_args(Method):
            print("| " + " | ".join(map(str, scored(case, columns, independence, method))) + " |", flush=True)


def cases(data: Path, rows: int) -> Iterable[Case]:
    """The five networks' samples, then the real Sachs data with each of the two published graphs."""
    for name in SAMPLES:
        table = pd.read_csv(data / "samples" / f"{name}.data.txt", sep=r"\s+").head(rows)
        edges = edges_of(data / "samples" / f"{name}.graph.txt")
        yield Case(f"{name.upper()} (sample)", f"the network, {len(edges)} edges", _alone(table), edges)
    sachs = pd.read_csv(data / "sachs" / "sachs.2005.with.jittered.experimental.continuous.txt", sep=r"\s+")
    marks = [name for name in sachs if name not in PROTEINS]
    plain = sachs[(sachs[BACKGROUND] > 0.5) & (sachs[[mark for mark in marks if mark != BACKGROUND]] < 0.5).all(axis=1)]
    order = sorted(PROTEINS, key=_bif_name)
    network = tuple((order[one], order[other]) for one, other in _places(data / "samples" / "sachs.graph.txt"))
    published = edges_of(data / "sachs" / "sachs.2005.ground.truth.graph.txt")
    references = ((f"Sachs 2005 as in example-causal-datasets, {len(published)} edges", published),)
    references += ((f"bnlearn's network, {len(network)} edges", network),)
    for said, cells in (("Sachs, all cells", sachs), ("Sachs, observational cells", plain)):
        for reference, edges in references:
            yield Case(said, reference, _alone(cells[list(PROTEINS)]), edges)


def scored(case: Case, columns: Columns, independence: Independence, method: Method) -> tuple[object, ...]:
    """One line of the table."""
    start = time.perf_counter()
    found = Search(method, columns, Knowledge(), independence, SIGNIFICANCE, HELD_FIXED, SEED).links(0)
    seconds = time.perf_counter() - start
    true: Links = dict.fromkeys(case.edges, ("tail", "arrow"))
    pairs, wanted = ({frozenset(edge) for edge in links} for links in (found, case.edges))
    to_class = distance(found, equivalence_class(columns.names, case.edges))
    figures = (distance(found, true), to_class, len(case.edges), len(found), len(pairs - wanted), len(wanted - pairs))
    return (case.name, columns.rows, case.reference, method, *figures, f"{seconds:.2f}")


def distance(found: Links, reference: Links) -> int:
    """Pairs of columns on which the two differ in being linked or in either mark."""
    marked = [_by_pair(links) for links in (found, reference)]
    return sum(marked[0].get(pair) != marked[1].get(pair) for pair in marked[0].keys() | marked[1].keys())


def _by_pair(links: Links) -> dict[Edge, tuple[Mark, Mark]]:
    return {tuple(sorted(edge)): marks if edge[0] < edge[1] else marks[::-1] for edge, marks in links.items()}  # type: ignore[misc]


def equivalence_class(names: tuple[str, ...], edges: Iterable[Edge]) -> Links:
    """The reference's completed partially directed graph: its unshielded colliders, and what they imply (Meek 1995)."""
    true = set(edges)
    linked = true | {edge[::-1] for edge in true}
    into = {
        (cause, effect)
        for cause, effect in true
        for other, same in true
        if same == effect and other != cause and (cause, other) not in linked
    }
    place = {name: number for number, name in enumerate(names)}
    links: Links = {}
    for cause, effect in true:
        directed = (cause, effect) in into
        marks: tuple[Mark, Mark] = ("tail", "arrow") if directed else ("circle", "circle")
        links[(cause, effect) if place[cause] < place[effect] else (effect, cause)] = (
            marks if place[cause] < place[effect] else marks[::-1]
        )
    return constrained(names, links, Knowledge(), hidden=False)


def edges_of(path: Path) -> tuple[Edge, ...]:
    """The edges of a graph in Tetrad's text form."""
    lines = re.findall(r"^\d+\.\s+(\S+)\s+-->\s+(\S+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return tuple((cause, effect) for cause, effect in lines)


def _places(path: Path) -> Iterable[tuple[int, int]]:
    """Edges between Xi and Xj as places from 0."""
    return [(int(cause[1:]) - 1, int(effect[1:]) - 1) for cause, effect in edges_of(path)]


def _bif_name(protein: str) -> str:
    """The network lists its proteins by their names there, capitals before small letters."""
    names = {"akt": "Akt", "erk": "Erk", "jnk": "Jnk", "mek": "Mek", "p38": "P38", "pip2": "PIP2", "pip3": "PIP3"}
    return (names | {"pka": "PKA", "pkc": "PKC", "plc": "Plcg", "raf": "Raf"})[protein]


def _alone(table: pd.DataFrame) -> pd.DataFrame:
    """Every row a user of its own."""
    return table.assign(user=[f"{row:06d}" for row in range(len(table))])


if __name__ == "__main__":
    main()
