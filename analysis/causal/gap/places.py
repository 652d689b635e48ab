"""What the graph says of each column: held equal (confounder), in between (mediator), and whether parts can be told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from analysis.causal.adjustment import smallest_set
from analysis.causal.dag import Graph, topological
from analysis.causal.separation import Separation
from words import Phrase, listed, phrase

Names = tuple[str, ...]


@dataclass(frozen=True)
class Places:
    """Where each column stands between x and y.

    before: confounders. between: mediators in causal order. left_out: mediators that would be, but whose part cannot
    be told from others by what is recorded. sound: the graph lets the parts be read as effects. apart: for each
    mediator, whether its own part can be told from the others'. drawn: the graph itself gives the mediators' order.
    """

    before: Names
    between: Names
    left_out: Names
    sound: bool
    apart: tuple[bool, ...]
    drawn: bool


def natural(graph: Graph, x: str, between: Iterable[str], y: str, before: Iterable[str]) -> bool:
    """Whether holding `before` equal frees x -> (between, y) and (between) -> y of confounding.

    Then natural effects through `between` as a whole are identified (Pearl 2001's conditions; `before` holds nothing
    that x changes); decided by d-separation. What x changes and what drives both a mediator and y, but is
    no mediator itself, breaks the second.
    """
    return _frees(graph, x, tuple(between), y)(tuple(before))


def _frees(graph: Graph, x: str, between: Names, y: str) -> Callable[[Names], bool]:
    """`natural` as a question about what is held equal, for asking it many times."""
    changed, first, second = graph.descendants(x), Separation(graph, [x]), Separation(graph, between)

    def free(before: Names) -> bool:
        if changed & set(before) or not first.apart([x], [*between, y], before):
            return False
        return not between or second.apart(between, [y], (*before, x))

    return free


def completed(graph: Graph, x: str, before: Names, between: Names, y: str) -> Graph:
    """The graph with what it does not name: new mediators after x, `before` and the earlier mediators; y after all.

    A figure of the recommender is no node of the analyst's graph; what is assumed of it is said in the notes.
    """
    nodes, edges = list(graph.nodes), set(graph.edges)
    fresh = [name for name in (x, *before, *between, y) if name not in nodes]
    for at, name in enumerate(between):
        if name in fresh:
            edges |= {(cause, name) for cause in (x, *before, *between[:at])}
    if y in fresh:
        edges |= {(cause, y) for cause in (x, *before, *between)}
    elif y in nodes:
        edges |= {(name, y) for name in (x, *between) if name in fresh}
    return Graph(nodes=(*nodes, *fresh), edges=tuple(sorted(edges)), latent=graph.latent)


def in_order(graph: Graph, names: Iterable[str]) -> Names:
    """Causes before their consequences; names that the graph does not draw last, in the order given."""
    given = tuple(names)
    order = [name for name in topological(graph) if name in given]
    return (*order, *(name for name in given if name not in order))


def place(graph: Graph, x: str, y: str, before: Names, between: Names, chosen: bool) -> Places:
    """Where the columns stand, given `before` to hold equal and the mediators to look at.

    chosen: the analyst named the mediators, so none is left out; else those go that break what can be told, the later
    first kept out.
    """
    ordered = in_order(graph, between)
    kept: Names = ordered
    dropped: Names = ()
    if not chosen:
        kept, dropped = _kept(lambda names: natural(_full(graph, x, before, names, y), x, names, y, before), ordered)
    full = _full(graph, x, before, kept, y)
    prefixes = [natural(full, x, kept[:count], y, before) for count in range(len(kept) + 1)]
    return Places(
        before=before,
        between=kept,
        left_out=dropped,
        sound=prefixes[-1],
        apart=tuple(one and other for one, other in zip(prefixes, prefixes[1:], strict=False)),
        drawn=all(later in graph.descendants(early) for early, later in zip(kept, kept[1:], strict=False)),
    )


def of_effect(graph: Graph, x: str, y: str, recorded: set[str], between: Names | None, before: Names | None) -> Places:
    """Mediators and the smallest set to hold equal for natural effects of x on y.

    between, before: as the analyst chose them, or None: the recorded nodes between x and y that can be told apart.
    """
    after = graph.descendants(x) | {x, y}
    inner = [name for name in graph.nodes if name in graph.descendants(x) & graph.ancestors(y) and name in recorded]
    ordered = in_order(graph, inner if between is None else between)
    pool = [name for name in graph.nodes if name in recorded and name not in after]

    def held(names: Names) -> Names | None:
        if before is not None:
            return before if natural(full, x, names, y, before) else None
        causes = full.ancestors(x, *names, y)
        return smallest_set((name for name in pool if name in causes), _frees(full, x, names, y))

    full = _full(graph, x, before or (), ordered, y)
    kept, dropped = (ordered, ()) if between is not None else _kept(lambda names: held(names) is not None, ordered)
    found = held(kept)
    chosen = found if found is not None else before
    if chosen is None:
        chosen = tuple(name for name in pool if name in graph.ancestors(x, y))
    done = place(graph, x, y, chosen, kept, chosen=True)
    return Places(chosen, done.between, dropped, done.sound, done.apart, done.drawn)


def obstacle(found: Places, said: Callable[[str], str | Phrase], y: str | Phrase) -> Phrase | None:
    """Why the parts may not be effects; None where the graph lets them be."""
    if found.sound:
        return None
    names = [said(name) for name in found.between]
    return phrase("gap.not_sound", names=all_of(names), outcome=y)


def all_of(names: Iterable[str | Phrase]) -> str | Phrase:
    """Names after each other, in the reader's language; "nothing" where there are none."""
    return listed(names) or phrase("gap.nothing")


def _kept(valid: Callable[[Names], bool], ordered: Names) -> tuple[Names, Names]:
    kept: Names = ()
    for name in ordered:
        kept = (*kept, name) if valid((*kept, name)) else kept
    return kept, tuple(name for name in ordered if name not in kept)


def _full(graph: Graph, x: str, before: Names, between: Names, y: str) -> Graph:
    return completed(graph, x, before, between, y)
