"""Can the effect be learnt from these data under this graph, and by adjusting for what?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from analysis.causal import adjustment
from analysis.causal.dag import Edge, Graph
from words import Phrase, Refusal, listed, phrase

Names = tuple[str, ...]


class AdjustmentSet(BaseModel):
    """One minimal set that closes every biasing path."""

    model_config = ConfigDict(frozen=True)

    names: Names
    missing: Names
    """Those of `names` that are no column of the data."""


class Mediator(BaseModel):
    """A node between treatment and outcome."""

    model_config = ConfigDict(frozen=True)

    name: str
    separable: bool
    """Whether recorded columns free both its edges of confounding, so that direct and indirect effect can be told
    apart (natural effects)."""
    given: Names = ()
    """The smallest set of columns that does so, where one does."""


class Identification(BaseModel):
    """What the graph lets one learn about treatment -> outcome from the columns at hand.

    status: ``identifiable`` where a set with all its columns present exists (``by`` backdoor), or recorded
    front-door mediators or an instrument do; ``no path`` where the drawing itself says the effect is none;
    ``not recorded`` where treatment or outcome is no column; else ``not identifiable``.
    """

    model_config = ConfigDict(frozen=True)

    treatment: str
    outcome: str
    status: Literal["identifiable", "not identifiable", "no path", "not recorded"]
    by: Literal["backdoor", "front-door", "instrument"] | None
    sets: tuple[AdjustmentSet, ...]
    """Every minimal adjustment set, those without missing columns first, then the smaller ones."""
    complete: bool
    """False where the graph was too large to list every minimal set (the status is exact all the same)."""
    recommended: Names | None
    """The smallest set with all columns present; () is a set too: nothing confounds."""
    recorded_causes: Names
    """Recorded causes of treatment or outcome that the treatment does not change: what can be adjusted for where
    that is not enough."""
    front_door: Names
    """The smallest set of recorded columns in between that identifies the effect, or ()."""
    front_doors: tuple[Names, ...] = ()
    """Every minimal one."""
    door_to_record: Names = ()
    """What would have to be recorded besides for a front door, where there is none."""
    instruments: Names
    mediators: tuple[Mediator, ...]
    biasing: Names
    """Open biasing paths with nothing adjusted for, drawn with arrows; detours of a shorter one are left out."""
    still_open: Names
    """Those that stay open after adjusting for `recommended`, or for `recorded_causes` where there is no set."""
    biasing_edges: tuple[Edge, ...] = ()
    """Edges on the paths of `biasing`."""
    open_edges: tuple[Edge, ...] = ()
    """Edges on the paths of `still_open`."""
    hidden: Names
    """Nodes on the still open paths that are no columns: what would have to be measured."""
    backwards: bool = False
    """Whether the graph has the outcome cause the treatment."""
    absent: Names
    """Nodes that are no column of the data, latent ones included."""


def identify(graph: Graph, columns: Iterable[str]) -> Identification:
    """What `graph` lets one learn from data with these `columns`.

    DoWhy's criteria decide (docs/metrics.md); refuses a graph without treatment or outcome.
    """
    if graph.treatment is None or graph.outcome is None:
        raise Refusal("graph.no_question")
    present = {name for name in columns if name in graph.nodes} - set(graph.latent)
    return _identified(graph, graph.treatment, graph.outcome, present)


def _identified(graph: Graph, treatment: str, outcome: str, present: set[str]) -> Identification:
    names, complete = adjustment.backdoor_sets(graph, treatment, outcome)
    sets = sorted((_set(one, present) for one in names), key=lambda one: (len(one.missing), len(one.names)))
    recommended = next((one.names for one in sets if not one.missing), None)
    causes = graph.ancestors(treatment, outcome) - graph.descendants(treatment) - {treatment, outcome}
    recorded = tuple(name for name in graph.nodes if name in causes and name in present)
    doors = adjustment.front_doors(graph, treatment, outcome, present)
    door = doors[0] if doors else ()
    lever = tuple(name for name in adjustment.instruments(graph, treatment, outcome) if name in present)
    still = adjustment.biasing_paths(graph, treatment, outcome, recorded if recommended is None else recommended)
    bare = adjustment.biasing_paths(graph, treatment, outcome)
    by = _way(recommended, door, lever)
    return Identification(
        treatment=treatment,
        outcome=outcome,
        status=_status(graph, treatment, outcome, present, by),
        by=by,
        sets=tuple(sets),
        complete=complete,
        recommended=recommended,
        recorded_causes=recorded,
        front_door=door,
        front_doors=doors,
        door_to_record=() if doors else _door_to_record(graph, treatment, outcome, present),
        instruments=lever,
        mediators=_mediators(graph, treatment, outcome, present),
        biasing=_drawn(graph, adjustment.shortest(bare)),
        still_open=_drawn(graph, adjustment.shortest(still)),
        biasing_edges=adjustment.path_edges(graph, adjustment.shortest(bare)),
        open_edges=adjustment.path_edges(graph, adjustment.shortest(still)),
        backwards=treatment in graph.descendants(outcome),
        hidden=tuple(name for name in graph.nodes if name not in present and any(name in path for path in still)),
        absent=tuple(name for name in graph.nodes if name not in present),
    )


def options(found: Identification) -> tuple[Phrase, ...]:
    """What confounds what, and what one can do about it, where adjusting is not enough."""
    if found.recommended is not None or found.status == "not recorded":
        return ()
    again = found.still_open == found.biasing  # the answer has named them
    said = [phrase("graph.open_path", path=path) for path in found.still_open if not again]
    if found.sets:
        measure = " / ".join(", ".join(one.missing) for one in found.sets[:3])
        said.append(phrase("graph.option_measure", names=measure))
    if found.instruments:
        said.append(phrase("graph.option_instrument", names=listed(found.instruments)))
    else:
        said.append(phrase("graph.option_find_instrument", treatment=found.treatment))
    if found.front_door:
        said.append(phrase("graph.option_front_door", names=listed(found.front_door)))
    elif found.door_to_record:
        said.append(phrase("graph.option_measure_door", names=listed(found.door_to_record)))
    return (*said, phrase("graph.option_bounds", outcome=found.outcome))


def _door_to_record(graph: Graph, treatment: str, outcome: str, present: set[str]) -> Names:
    """The unrecorded nodes of the front door that needs fewest of them."""
    doors = adjustment.front_doors(graph, treatment, outcome, graph.nodes)
    missing = [tuple(name for name in door if name not in present) for door in doors]
    return min(missing, key=len, default=())


def _set(names: Names, present: set[str]) -> AdjustmentSet:
    return AdjustmentSet(names=names, missing=tuple(name for name in names if name not in present))


def _status(
    graph: Graph, treatment: str, outcome: str, present: set[str], by: str | None
) -> Literal["identifiable", "not identifiable", "no path", "not recorded"]:
    if outcome not in graph.descendants(treatment):
        return "no path"
    if not {treatment, outcome} <= present:
        return "not recorded"
    return "identifiable" if by else "not identifiable"


def _way(
    recommended: Names | None, door: Names, lever: Names
) -> Literal["backdoor", "front-door", "instrument"] | None:
    if recommended is not None:
        return "backdoor"
    if door:
        return "front-door"
    return "instrument" if lever else None


def _mediators(graph: Graph, treatment: str, outcome: str, present: set[str]) -> tuple[Mediator, ...]:
    found = []
    for name in adjustment.mediators(graph, treatment, outcome):
        given = adjustment.mediation_set(graph, treatment, name, outcome, present) if name in present else None
        found.append(Mediator(name=name, separable=given is not None, given=given or ()))
    return tuple(found)


def _drawn(graph: Graph, paths: tuple[Names, ...]) -> Names:
    return tuple(adjustment.drawn_path(graph, path) for path in paths)
