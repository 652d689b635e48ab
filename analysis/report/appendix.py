"""The end of the report: what is needed to make it again and to check it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from analysis.charts import legible
from analysis.document import Document
from analysis.finding import JSON
from analysis.report.grids import Grid
from words import Language, Phrase, say
from words.phrase import catalogue


@dataclass(frozen=True)
class GraphPicture:
    """The causal graph of the audit: places of its nodes, its arrows and which node is what."""

    places: dict[str, tuple[float, float]]
    edges: tuple[tuple[str, str], ...]
    marks: dict[str, str]
    alt: str
    grid: Grid


@dataclass(frozen=True)
class Appendix:
    """Tables in words; `graph` is None and `cleaning` empty where the audit has none."""

    settings: Grid
    versions: Grid
    cleaning: tuple[Grid, ...]
    graph: GraphPicture | None
    trail: str


def appendix(document: Document, language: Language) -> Appendix:
    """Settings, versions, cleaning log and graph of `document` in words."""
    data = document.section("data")
    label = {name: say(f"report.label.{name}", language) for name in ("setting", "value", "package", "version")}
    return Appendix(
        settings=_pairs(
            say("report.label.settings", language), label["setting"], label["value"], _set(document.settings), language
        ),
        versions=_pairs(
            say("report.label.versions", language),
            label["package"],
            label["version"],
            dict(document.versions),
            language,
        ),
        cleaning=_cleaning(data.facts.get("cleaning"), language) if data else (),
        graph=_graph(document, language),
        trail=say("report.trail", language),
    )


def flat(node: JSON, above: str = "") -> dict[str, JSON]:
    """Nested settings as dotted names -> values; lists of plain values stay one entry."""
    if isinstance(node, dict) and node:
        entries: dict[str, JSON] = {}
        for name in sorted(node):
            entries |= flat(node[name], f"{above}.{name}" if above else str(name))
        return entries
    return {above: node}


def _set(settings: dict[str, JSON]) -> dict[str, JSON]:
    """What was set: entries that are none or empty steer nothing."""
    return {name: value for name, value in flat(settings).items() if value not in (None, "", [], {})}


def json_text(node: Any, language: Language) -> str:
    """A value of settings or facts in words."""
    if node is None or node in ([], {}):
        return say("report.nothing", language)
    if isinstance(node, bool):
        return say("report.true" if node else "report.false", language)
    if isinstance(node, list):
        return ", ".join(json_text(entry, language) for entry in node)
    if isinstance(node, dict):
        said = _phrase(node, language)
        return said or "; ".join(f"{legible(str(k))}: {json_text(v, language)}" for k, v in sorted(node.items()))
    return legible(f"{node:.10g}" if isinstance(node, float) else str(node))


def _phrase(node: dict[str, Any], language: Language) -> str:
    """Facts may hold phrases of the catalogue, written as JSON; empty where this is none."""
    if set(node) != {"key", "facts"}:
        return ""
    try:
        return legible(say(Phrase.model_validate(node), language))
    except (ValidationError, KeyError):
        return ""


def _pairs(title: str, first: str, second: str, pairs: dict[str, Any], language: Language) -> Grid:
    rows = tuple((legible(name), json_text(entry, language)) for name, entry in sorted(pairs.items()))
    return Grid(title=title, headings=(first, second), numeric=(False, False), rows=rows)


def _cleaning(log: JSON, language: Language) -> tuple[Grid, ...]:
    """The cleaning log, whatever its shape: a list of records is one table, anything else name and value."""
    if not log:
        return ()
    title = say("report.label.cleaning", language)
    step, value = say("report.label.step", language), say("report.label.value", language)
    records = [entry for entry in log if isinstance(entry, dict)] if isinstance(log, list) else []
    if isinstance(log, list) and len(records) == len(log) and not any(_phrase(entry, language) for entry in records):
        names = list(dict.fromkeys(name for record in records for name in record))
        cells = tuple(tuple(json_text(record.get(name), language) for name in names) for record in records)
        headings = tuple(_field(name, language) for name in names)
        return (Grid(title, headings, (False,) * len(names), cells),)
    if isinstance(log, list):
        rows = tuple((str(at), json_text(entry, language)) for at, entry in enumerate(log, start=1))
        return (Grid(title, (step, value), (False, False), rows),)
    return (_pairs(title, step, value, flat(log), language),)


def _field(name: str, language: Language) -> str:
    """A record's field in words where the catalogue has it, else as it is."""
    key = f"report.field.{name}"
    return say(key, language) if key in catalogue(language) else legible(name)


def _graph(document: Document, language: Language) -> GraphPicture | None:
    from analysis.causal.graph import Graph, layout

    section = document.section("graph")
    found = section.facts.get("graph") if section else None
    if found is None:
        return None
    assert section is not None
    graph = Graph.model_validate(found)
    spoken = section.facts.get("spoken")
    given = spoken if isinstance(spoken, dict) else {}
    names = {node: str(given.get(node, node)) for node in graph.nodes}
    unset = say("report.graph_unset", language)
    ends = {role: getattr(graph, role) for role in ("treatment", "outcome")}
    marks = {names[name]: "latent" for name in graph.latent} | {names[n]: role for role, n in ends.items() if n}
    said = {role: legible(names[name]) if name else unset for role, name in ends.items()}
    cause, effect = say("report.label.cause", language), say("report.label.effect", language)
    edges = tuple((names[a], names[b]) for a, b in graph.edges)
    return GraphPicture(
        places={names[node]: (x, -y) for node, (x, y) in layout(graph).items()},
        edges=edges,
        marks=marks,
        alt=say("report.graph_alt", language, nodes=len(graph.nodes), edges=len(graph.edges), **said),
        grid=Grid(
            title=say("report.label.graph", language),
            headings=(cause, effect),
            numeric=(False, False),
            rows=tuple((legible(a), legible(b)) for a, b in edges),
        ),
    )
