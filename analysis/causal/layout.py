"""Where a graph's nodes stand: causes left of consequences, few crossings, no line through a foreign node."""

from __future__ import annotations

from analysis.causal.dag import Edge, Graph, topological

SWEEPS = 8
PASSES = 4
REACH = 3
POLISHED = 1000
"""Nodes times edges up to which lines are cleared of nodes; beyond, it would take over a second."""
CLEAR = 0.45
"""Rows that the line of an edge keeps from a node it does not belong to."""

Place = tuple[float, float]


def layout(graph: Graph, dx: float = 190.0, dy: float = 84.0) -> dict[str, Place]:
    """Node -> (x, y) of its centre, in pixels from (0, 0); x grows with the layer, y downwards.

    Longest-path layers; an edge over several layers gets a dummy node in each, so that the order within layers
    leaves room for it; barycentre sweeps keep the order with the fewest crossings (Sugiyama, Tagawa & Toda 1981).
    """
    rank = _ranks(graph)
    layers, links = _with_dummies(graph, rank)
    layers = _untangled(layers, links)
    rows = _off_lines(graph, rank, _rows(layers, links))
    top = min((rows[node] for node in graph.nodes), default=0.0)
    return {node: (round(rank[node] * dx, 3), round((rows[node] - top) * dy, 3)) for node in graph.nodes}


def _ranks(graph: Graph) -> dict[str, int]:
    rank: dict[str, int] = {}
    order = topological(graph)
    for node in order:
        rank[node] = max((rank[cause] + 1 for cause in graph.parents(node)), default=0)
    for node in reversed(order):  # sources move next to what they cause: shorter lines
        if not graph.parents(node) and graph.children(node):
            rank[node] = min(rank[child] for child in graph.children(node)) - 1
    return rank


def _with_dummies(graph: Graph, rank: dict[str, int]) -> tuple[list[list[str]], list[Edge]]:
    layers: list[list[str]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for node in graph.nodes:
        layers[rank[node]].append(node)
    links: list[Edge] = []
    for number, (cause, consequence) in enumerate(graph.edges):
        before = cause
        for layer in range(rank[cause] + 1, rank[consequence]):
            dummy = f"\0{number}.{layer}"  # no node's name can hold a control character
            layers[layer].append(dummy)
            links.append((before, dummy))
            before = dummy
        links.append((before, consequence))
    return layers, links


def _untangled(layers: list[list[str]], links: list[Edge]) -> list[list[str]]:
    best, fewest = layers, _crossings(layers, links)
    for sweep in range(SWEEPS):
        layers = _swept(layers, links, down=sweep % 2 == 0)
        crossings = _crossings(layers, links)
        if crossings < fewest:
            best, fewest = layers, crossings
    return best


def _swept(layers: list[list[str]], links: list[Edge], down: bool) -> list[list[str]]:
    swept = [list(layer) for layer in layers]
    near = _neighbours(links, forwards=not down)
    order = range(1, len(swept)) if down else range(len(swept) - 2, -1, -1)
    for layer in order:
        fixed = {node: place for place, node in enumerate(swept[layer - 1 if down else layer + 1])}
        own = {node: place for place, node in enumerate(swept[layer])}

        def centre(node: str, fixed: dict[str, int] = fixed, own: dict[str, int] = own) -> float:
            places = [fixed[other] for other in near.get(node, ()) if other in fixed]
            return sum(places) / len(places) if places else own[node]

        swept[layer].sort(key=centre)
    return swept


def _crossings(layers: list[list[str]], links: list[Edge]) -> int:
    place = {node: number for layer in layers for number, node in enumerate(layer)}
    layer_of = {node: number for number, layer in enumerate(layers) for node in layer}
    total = 0
    for number, (a, b) in enumerate(links):
        for c, d in links[number + 1 :]:
            if layer_of[a] == layer_of[c]:
                total += (place[a] - place[c]) * (place[b] - place[d]) < 0
    return total


def _rows(layers: list[list[str]], links: list[Edge]) -> dict[str, float]:
    """Rows that pull each node towards its neighbours' mean, at least one apart within a layer."""
    rows = {node: number - (len(layer) - 1) / 2 for layer in layers for number, node in enumerate(layer)}
    near: dict[str, list[str]] = {}
    for one, other in links:
        near.setdefault(one, []).append(other)
        near.setdefault(other, []).append(one)
    for _ in range(2 * SWEEPS):
        for layer in layers:
            wanted = [
                sum(rows[other] for other in near[node]) / len(near[node]) if node in near else rows[node]
                for node in layer
            ]
            rows |= dict(zip(layer, _apart(wanted), strict=True))
    return rows


def _off_lines(graph: Graph, rank: dict[str, int], rows: dict[str, float]) -> dict[str, float]:
    """Nodes moved, as little as needed, off the straight lines of edges that only pass by.

    One node at a time takes the nearest place that leaves fewest such passes; at most PASSES rounds.
    """
    rows = {node: rows[node] for node in graph.nodes}
    if len(graph.nodes) * len(graph.edges) > POLISHED:
        return rows
    for _ in range(PASSES):
        crossed = _crossed(graph, rank, rows)
        if not crossed:
            break
        for node in dict.fromkeys(name for pair in crossed for name in pair):
            mates = [rows[other] for other in graph.nodes if other != node and rank[other] == rank[node]]
            places = [rows[node] + step * side / 4 for step in range(REACH * 4) for side in (1, -1)]
            free = [place for place in places if all(abs(place - mate) >= 1 for mate in mates)]
            rows[node] = min(
                (len(_crossed(graph, rank, rows | {node: place})), abs(place - rows[node]), place)
                for place in (rows[node], *free)
            )[2]
    return rows


def _crossed(graph: Graph, rank: dict[str, int], rows: dict[str, float]) -> list[tuple[str, str]]:
    """(node, cause) of every edge that runs closer than CLEAR past a foreign node."""
    found = []
    for cause, consequence in graph.edges:
        for node in graph.nodes:
            if rank[cause] < rank[node] < rank[consequence]:
                along = (rank[node] - rank[cause]) / (rank[consequence] - rank[cause])
                distance = rows[node] - (rows[cause] + along * (rows[consequence] - rows[cause]))
                if abs(distance) < CLEAR:
                    found.append((node, cause))
    return found


def _apart(wanted: list[float]) -> list[float]:
    """The same order with steps of at least 1, moved as little as possible (pooled like isotonic regression)."""
    blocks: list[tuple[float, int]] = []
    for number, place in enumerate(wanted):
        mean, size = place - number, 1
        while blocks and blocks[-1][0] > mean:
            before, count = blocks.pop()
            mean, size = (before * count + mean * size) / (count + size), count + size
        blocks.append((mean, size))
    shifts = [mean for mean, size in blocks for _ in range(size)]
    return [shift + number for number, shift in enumerate(shifts)]


def _neighbours(links: list[Edge], forwards: bool) -> dict[str, list[str]]:
    near: dict[str, list[str]] = {}
    for one, other in links:
        key, entry = (one, other) if forwards else (other, one)
        near.setdefault(key, []).append(entry)
    return near
