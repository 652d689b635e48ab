"""The graph step's section: what can be learnt, by adjusting for what, and what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.causal.adjustment import Names
from analysis.causal.dag import Graph
from analysis.causal.estimand import expressions
from analysis.causal.fit import Fit
from analysis.causal.fit_words import fit_facts, fit_findings, fit_notes, fit_summary, fit_tables
from analysis.causal.identification import Identification, options
from analysis.causal.spoken import retold, retold_graph, spoken
from analysis.document import Cell, Column, Section, Table
from analysis.log import Dataset
from words import Fact, Phrase, listed, phrase

MAX_SAID = 5
"""Biasing paths in the sentence; all that were found are among the section's facts."""


Shares = Mapping[Names, float | None]
"""Adjustment set -> share of rows that have both treated and untreated rows alike in it (`comparable`)."""
NO_SHARES: Shares = {}


def graph_section(
    dataset: Dataset,
    graph: Graph,
    identification: Identification,
    fit: Fit | None = None,
    shares: Shares = NO_SHARES,
) -> Section:
    """The answer in plain sentences, the sets, nodes and edges as tables, and the graph among the facts.

    It computes nothing: `identify`, `fit` and `comparable` did. `dataset` names the data that the graph was read
    against, and its columns by the names of the analyst's files; the graph and the identification among the facts
    keep the names of roles.
    """
    words = spoken(dataset, taken=graph.nodes)
    told, drawn = retold(identification, words), retold_graph(graph, words)
    facts: dict[str, Any] = {
        "graph": graph.model_dump(mode="json"),
        "identification": identification.model_dump(mode="json"),
        "spoken": {node: words[node] for node in graph.nodes if node in words},
        "dataset": dataset.digest,
    }
    checked = () if fit is None else fit_tables(fit, words)
    said = {tuple(words.get(name, name) for name in names): share for names, share in shares.items()}
    return Section(
        step="graph",
        summary=(*answer(told), *options(told), *(() if fit is None else fit_summary(fit, words))),
        findings=() if fit is None else fit_findings(fit, words),
        tables=(*checked, sets_table(told, said), expressions_table(told), _nodes(drawn, told), _edges(drawn)),
        notes=(*_notes(told), *(() if fit is None else fit_notes(fit))),
        facts=facts if fit is None else {**facts, "fit": fit_facts(fit)},
    )


def answer(found: Identification) -> tuple[Phrase, ...]:
    """Whether the effect can be learnt, in one sentence, and what the plain difference would mix in."""
    facts: dict[str, Fact] = {"treatment": found.treatment, "outcome": found.outcome}
    if found.status == "no path":
        return (phrase("graph.backwards" if found.backwards else "graph.no_path", **facts),)
    if found.status == "not recorded":
        names = listed(name for name in (found.treatment, found.outcome) if name in found.absent)
        return (phrase("graph.not_recorded", **facts, names=names),)
    if found.recommended is not None:
        if not found.recommended:
            return (phrase("graph.identifiable_empty", **facts), phrase("graph.unbiased"))
        first = phrase("graph.identifiable", **facts, names=listed(found.recommended))
    else:
        first = _without_adjusting(found, hidden=listed(found.hidden), **facts)
    return (first, phrase("graph.biasing", paths=listed(found.biasing[:MAX_SAID], "semicolon")))


def _without_adjusting(found: Identification, **facts: Fact) -> Phrase:
    if found.by == "front-door":
        return phrase("graph.identifiable_front_door", **facts, names=listed(found.front_door))
    if found.by == "instrument":
        return phrase("graph.identifiable_instrument", **facts, names=listed(found.instruments))
    return phrase("graph.not_identifiable", **facts)


def _notes(found: Identification) -> tuple[Phrase, ...]:
    said = [phrase("graph.assumption"), phrase("graph.found_by"), *ways(found)]
    if found.absent:
        said.append(phrase("graph.absent", names=listed(found.absent)))
    if not found.complete:
        said.append(phrase("graph.incomplete"))
    return tuple(said)


def ways(found: Identification) -> tuple[Phrase, ...]:
    """What lies in between; and instruments and front doors where adjusting is enough (else `options` names them)."""
    said = []
    enough = found.recommended is not None
    if found.instruments and enough:
        names = listed(found.instruments)
        said.append(phrase("graph.levers", treatment=found.treatment, outcome=found.outcome, names=names))
    if found.front_doors and enough:
        said.append(phrase("graph.doors", names=" / ".join(", ".join(one) for one in found.front_doors)))
    for key, kept in (("mediators_separable", True), ("mediators_mixed", False)):
        names = listed(one.name for one in found.mediators if one.separable is kept)
        if names:
            said.append(phrase(f"graph.{key}", names=names))
    return tuple(said)


def sets_table(found: Identification, shares: Shares) -> Table:
    """Every minimal adjustment set: what of it is no column, and the share of rows that could be compared."""
    nothing = phrase("graph.nothing")
    keys = (("sets_names", "text"), ("sets_missing", "text"), ("sets_share", "share"))
    return Table(
        key="graph.sets",
        title=phrase("graph.sets_title"),
        columns=tuple(Column(key=key, title=phrase(f"graph.{key}"), unit=unit) for key, unit in keys),
        rows=tuple(
            (
                listed(one.names) or nothing,
                listed(one.missing) or nothing,
                shares.get(one.names),
            )
            for one in found.sets
        ),
    )


def expressions_table(found: Identification) -> Table:
    """What the graph lets one write without `do`, in words and in symbols."""
    return Table(
        key="graph.formula",
        title=phrase("graph.formula.title"),
        columns=tuple(
            Column(key=key, title=phrase(f"graph.formula.table_{key}")) for key in ("name", "words", "symbols")
        ),
        rows=tuple((one.name, one.words, one.symbols) for one in expressions(found)),
    )


def _nodes(graph: Graph, found: Identification) -> Table:
    between = {one.name for one in found.mediators}

    def role(name: str) -> Phrase:
        if name in (found.treatment, found.outcome):
            return phrase("graph.role_treatment" if name == found.treatment else "graph.role_outcome")
        if name in (found.recommended or ()):
            return phrase("graph.role_adjust")
        return phrase("graph.role_mediator" if name in between else "graph.role_other")

    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, role(name), phrase("graph.no" if name in found.absent else "graph.yes")) for name in graph.nodes
    )
    columns = _columns("nodes_name", "nodes_role", "nodes_recorded")
    return Table(key="graph.nodes", title=phrase("graph.nodes_title"), columns=columns, rows=rows)


def _edges(graph: Graph) -> Table:
    return Table(
        key="graph.edges",
        title=phrase("graph.edges_title"),
        columns=_columns("edges_cause", "edges_consequence"),
        rows=graph.edges,
    )


def _columns(*keys: str) -> tuple[Column, ...]:
    return tuple(Column(key=key.split("_")[1], title=phrase(f"graph.{key}")) for key in keys)
