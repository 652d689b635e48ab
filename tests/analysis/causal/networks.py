"""The networks of the literature with 10,000 rows drawn from each: graph and data."""

from __future__ import annotations

import gzip
import re

import pandas as pd

from analysis.causal.graph import Graph
from tests.analysis.causal.logs import real

NAMES = ("asia", "cancer", "earthquake", "survey", "sachs")


def network(name: str) -> tuple[Graph, pd.DataFrame]:
    """The true graph and its sample, under the names of the network; skips where the data are absent."""
    folder = real("causal-graphs")
    text = gzip.decompress((folder / "bif" / f"{name}.bif.gz").read_bytes()).decode()
    nodes = re.findall(r"^variable (\S+)", text, re.MULTILINE)
    called = {f"X{number + 1}": node for number, node in enumerate(nodes)}
    edges = re.findall(r"(X\d+) --> (X\d+)", (folder / "samples" / f"{name}.graph.txt").read_text())
    table = pd.read_csv(folder / "samples" / f"{name}.data.txt", sep=r"\s+").rename(columns=called)
    return Graph(nodes=tuple(nodes), edges=tuple((called[a], called[b]) for a, b in edges)), table
