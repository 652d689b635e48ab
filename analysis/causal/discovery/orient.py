"""What is known beforehand, made to hold: after any search, in whatever it returned.

causal-learn takes background knowledge and may still return an edge against it: PC drops both marks of an edge whose
knowledge conflicts with a collider, GES takes no knowledge, DirectLiNGAM's is about paths; none adds a required edge.
"""

from __future__ import annotations

from collections.abc import Callable

from analysis.causal.dag import Edge
from analysis.causal.discovery.knowledge import Knowledge
from analysis.causal.discovery.links import Links, Mark, Marks


def constrained(names: tuple[str, ...], found: Links, known: Knowledge, hidden: bool) -> Links:
    """The links with every constraint of `known` holding and no circle of directed links.

    hidden: whether hidden common causes are allowed for (FCI). What holds of the result, whatever was `found`: each
    required edge is there, directed; no link can be read as a forbidden edge or one backwards in time, neither
    directed nor as a possibility; the directed links run in no circle. A pair forbidden both ways has no link, or
    with hidden causes only the link of one (arrow/arrow).
    """
    joined = set(found)
    marks = Marks(names, {})
    for cause, consequence in known.required:
        marks.put(cause, consequence, "tail", "arrow")
    for turn in (_forced, _directed, _open):
        for edge in found:
            if not marks.linked(*edge):
                turn(marks, edge, found, known, hidden)
    _propagate(marks, joined, hidden)
    return marks.links()


def _forced(marks: Marks, edge: Edge, found: Links, known: Knowledge, hidden: bool) -> None:
    """Links of which knowledge allows at most one direction."""
    one, other = edge
    allowed = [(a, b) for a, b in (edge, edge[::-1]) if known.allows(a, b)]
    if len(allowed) == 2:
        return
    if hidden:
        at = dict(zip(edge, found[edge], strict=True))
        ends: list[Mark] = []
        for end, far in (edge, edge[::-1]):
            # Where far -> end was found and is forbidden, a hidden cause or the reverse is left.
            open_or_found: Mark = "circle" if at[far] == "tail" else at[end]
            ends.append(open_or_found if known.allows(end, far) else "arrow")
        marks.put(one, other, *ends)
        _break_circle(marks, one, other)
    elif allowed and not marks.reaches(allowed[0][1], allowed[0][0]):
        marks.put(*allowed[0], "tail", "arrow")


def _directed(marks: Marks, edge: Edge, found: Links, known: Knowledge, hidden: bool) -> None:
    """Links that the search directed, unless that would close a circle."""
    for cause, consequence in (edge, edge[::-1]):
        at = dict(zip(edge, found[edge], strict=True))
        if (at[cause], at[consequence]) == ("tail", "arrow") and known.allows(*edge) and known.allows(*edge[::-1]):
            marks.put(cause, consequence, "tail", "arrow")
            if hidden:
                _break_circle(marks, cause, consequence)
            elif marks.reaches(consequence, cause):
                marks.put(cause, consequence, "arrow", "tail")


def _open(marks: Marks, edge: Edge, found: Links, known: Knowledge, hidden: bool) -> None:
    """Everything else that may stand either way: as the search left it, or undirected."""
    if not (known.allows(*edge) and known.allows(*edge[::-1])):
        return
    at = found[edge] if hidden and found[edge] != ("tail", "tail") else ("circle", "circle")
    marks.put(*edge, *at)


def _break_circle(marks: Marks, one: str, other: str) -> None:
    """A directed link that closes a circle becomes that of a hidden common cause."""
    for cause, consequence in ((one, other), (other, one)):
        directed = marks.at(cause, consequence) == "tail" and marks.at(consequence, cause) == "arrow"
        if directed and marks.reaches(consequence, cause):
            marks.put(cause, consequence, "arrow", "arrow")


def _propagate(marks: Marks, joined: set[Edge], hidden: bool) -> None:
    """What the directions so far imply for the others, until nothing changes."""
    rule: Callable[[Marks, str, str, set[Edge]], bool] = _implied_by_hidden if hidden else _implied
    changed = True
    while changed:
        changed = False
        for one in marks.names:
            for other in marks.names:
                if one != other and marks.linked(one, other):
                    changed |= rule(marks, one, other, joined)


def _implied(marks: Marks, one: str, other: str, joined: set[Edge]) -> bool:
    """Direct one - other where another direction would close a circle or make a new collider (Meek 1995, rules 1-3)."""
    if (marks.at(one, other), marks.at(other, one)) != ("circle", "circle"):
        return False
    into = [name for name in marks.names if marks.at(name, one) == "tail" and not _near(joined, marks, name, other)]
    circle = marks.reaches(one, other)
    between = [
        name
        for name in marks.names
        if marks.at(name, other) == "tail" and (marks.at(one, name), marks.at(name, one)) == ("circle", "circle")
    ]
    collider = any(not _near(joined, marks, a, b) for a in between for b in between if a < b)
    if marks.reaches(other, one) or not (into or circle or collider):
        return False
    marks.put(one, other, "tail", "arrow")
    return True


def _implied_by_hidden(marks: Marks, one: str, other: str, joined: set[Edge]) -> bool:
    """Rules 1 and 2 of Zhang (2008): a *-> one o-* other, a and other apart: one -> other; and no circles."""
    if marks.at(one, other) == "circle":
        apart = [
            name for name in marks.names if marks.at(one, name) == "arrow" and not _near(joined, marks, name, other)
        ]
        if any(name != other for name in apart) and not marks.reaches(other, one) and marks.at(other, one) != "tail":
            marks.put(one, other, "tail", "arrow")
            return True
    if marks.at(other, one) == "circle":
        for name in marks.names:
            first = (
                marks.at(one, name) == "tail" and marks.at(name, one) == "arrow" and marks.at(other, name) == "arrow"
            )
            then = (
                marks.at(name, one) == "arrow" and marks.at(name, other) == "tail" and marks.at(other, name) == "arrow"
            )
            if first or then:
                marks.mark(other, one, "arrow")
                _break_circle(marks, one, other)
                return True
    return False


def _near(joined: set[Edge], marks: Marks, one: str, other: str) -> bool:
    """Whether two columns are linked, or were in the data before knowledge took the link away."""
    return one == other or marks.linked(one, other) or (one, other) in joined or (other, one) in joined
