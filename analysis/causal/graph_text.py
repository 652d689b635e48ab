"""Causal graphs as text: JSON, DOT and GML, in and out.

Text is read by the small parsers here and by nothing else: libraries that accept "a graph" open it as a file
where it looks like a path. Only names, edges and a few attributes are taken; everything else is passed over.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from analysis.causal.dag import MAX_NAME, Edge, Graph
from words import Refusal

MAX_TEXT = 200_000
"""Characters; the largest graph allowed needs far fewer."""

_DOT = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/|^\#[^\n]*)"""
    r"""|(?P<arrow>->)|(?P<line>--)|(?P<mark>[{}\[\];,=:])"""
    r"""|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\W\d]\w*|-?(?:\.\d+|\d+(?:\.\d*)?))""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_GML = re.compile(r'(?P<skip>\s+|\#[^\n]*)|(?P<mark>[\[\]])|"(?P<quoted>[^"]*)"|(?P<bare>[^\s\[\]"#]+)')
_YES = frozenset({"true", "yes", "1"})
_NO = frozenset({"false", "no", "0"})


def to_json(graph: Graph) -> str:
    """The graph as JSON: nodes, edges, latent, treatment, outcome."""
    return json.dumps(graph.model_dump(mode="json"), ensure_ascii=False, indent=1)


def from_json(text: str) -> Graph:
    """A graph from our own JSON, or from networkx' node-link form (nodes with ``id``, ``links`` or ``edges``)."""
    _refuse_long(text)
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise Refusal("graph.not_json") from None
    if not isinstance(given, dict) or not isinstance(given.get("nodes"), list):
        raise Refusal("graph.not_json")
    nodes = [(node.get("id"), node) if isinstance(node, dict) else (node, {}) for node in given["nodes"]]
    links = given.get("edges", given.get("links", []))
    latent = given.get("latent", [])
    if not isinstance(links, list) or not isinstance(latent, list):
        raise Refusal("graph.not_json")
    edges = [(link.get("source"), link.get("target")) if isinstance(link, dict) else link for link in links]
    hidden = [name for name, facts in nodes if _is_latent(facts)]
    return Graph(
        nodes=tuple(_text(name) for name, _ in nodes),
        edges=tuple(_pair(edge) for edge in edges),
        latent=tuple(dict.fromkeys([_text(name) for name in (*latent, *hidden)])),
        treatment=given.get("treatment"),
        outcome=given.get("outcome"),
    )


def to_dot(graph: Graph) -> str:
    """The graph as DOT text for Graphviz; latent nodes are dashed, roles are attributes."""
    lines = ["digraph {"]
    for name in graph.nodes:
        facts = []
        if name in graph.latent:
            facts.append('latent="true", style="dashed"')
        if name in (graph.treatment, graph.outcome):
            facts.append(f'role="{"treatment" if name == graph.treatment else "outcome"}"')
        attributes = f" [{', '.join(facts)}]" if facts else ""
        lines.append(f"  {_dot_name(name)}{attributes};")
    lines += [f"  {_dot_name(cause)} -> {_dot_name(consequence)};" for cause, consequence in graph.edges]
    return "\n".join([*lines, "}", ""])


def from_dot(text: str) -> Graph:
    """A graph from DOT text: one ``digraph``; nodes, chains a -> b -> c, groups {a b} -> c, attributes."""
    _refuse_long(text)
    return _Dot(list(_tokens(text, _DOT, "DOT"))).graph()


def to_gml(graph: Graph) -> str:
    """The graph as GML text in ASCII (other letters as character references, as networkx writes them)."""
    lines = ["graph [", "  directed 1"]
    for number, name in enumerate(graph.nodes):
        lines += ["  node [", f"    id {number}", f'    label "{_gml_name(name)}"']
        if name in graph.latent:
            lines.append('    observed "no"')
        if name in (graph.treatment, graph.outcome):
            lines.append(f'    role "{"treatment" if name == graph.treatment else "outcome"}"')
        lines.append("  ]")
    number_of = {name: number for number, name in enumerate(graph.nodes)}
    for cause, consequence in graph.edges:
        lines += ["  edge [", f"    source {number_of[cause]}", f"    target {number_of[consequence]}", "  ]"]
    return "\n".join([*lines, "]", ""])


def from_gml(text: str) -> Graph:
    """A graph from GML text: the first ``graph`` list, its ``node`` and ``edge`` lists."""
    _refuse_long(text)
    top = _gml_list(_tokens(text, _GML, "GML"), depth=0)
    graph = next((entry for key, entry in top if key == "graph" and isinstance(entry, list)), None)
    if graph is None:
        raise Refusal("graph.not_text", format="GML", place="graph [")
    if not any(key == "directed" and entry == "1" for key, entry in graph):
        raise Refusal("graph.undirected")
    nodes = [dict(entry) for key, entry in graph if key == "node" and isinstance(entry, list)]
    edges = [dict(entry) for key, entry in graph if key == "edge" and isinstance(entry, list)]
    name_of = {node.get("id"): html.unescape(str(node.get("label", node.get("id")))) for node in nodes}
    return Graph(
        nodes=tuple(name_of[node.get("id")] for node in nodes),
        edges=tuple((_gml_end(name_of, edge, "source"), _gml_end(name_of, edge, "target")) for edge in edges),
        latent=tuple(name_of[node.get("id")] for node in nodes if _is_latent(node)),
        **_roles((name_of[node.get("id")], node) for node in nodes),
    )


READERS: dict[str, Callable[[str], Graph]] = {"json": from_json, "dot": from_dot, "gml": from_gml}
"""File ending -> reader of its text."""
WRITERS: dict[str, Callable[[Graph], str]] = {"json": to_json, "dot": to_dot, "gml": to_gml}
"""File ending -> writer of its text."""


class _Dot:
    """Recursive descent over DOT tokens; remembers nodes in the order met, and their attributes."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.at = 0
        self.facts: dict[str, dict[str, str]] = {}
        self.edges: list[Edge] = []

    def graph(self) -> Graph:
        if self._take("bare", "strict"):
            pass
        if self._take("bare", "graph"):
            raise Refusal("graph.undirected")
        if not self._take("bare", "digraph"):
            self._refuse()
        if not self._take("mark", "{"):
            self._name()
            self._need("{")
        self._statements()
        if self.at != len(self.tokens):
            self._refuse()
        return Graph(
            nodes=tuple(self.facts),
            edges=tuple(dict.fromkeys(self.edges)),
            latent=tuple(name for name, facts in self.facts.items() if _is_latent(facts)),
            **_roles(self.facts.items()),
        )

    def _statements(self) -> None:
        while not self._take("mark", "}"):
            if self._take("mark", ";") or self._take("mark", ","):
                continue
            kind, text = self._peek()
            if kind == "bare" and text.lower() in {"graph", "node", "edge"}:
                self.at += 1
                self._attributes()
            elif self._peek(1) == ("mark", "="):
                self.at += 2
                self._name()
            else:
                self._chain()

    def _chain(self) -> None:
        ends = [self._ends()]
        while self._take("arrow", "->"):
            ends.append(self._ends())
        if self._peek()[0] == "line":
            raise Refusal("graph.undirected")
        facts = self._attributes()
        if len(ends) == 1:
            for name in ends[0]:
                self.facts[name] |= facts
        for causes, consequences in zip(ends, ends[1:], strict=False):
            self.edges += [(cause, consequence) for cause in causes for consequence in consequences]

    def _ends(self) -> list[str]:
        if not self._take("mark", "{"):
            return [self._node()]
        names: list[str] = []
        while not self._take("mark", "}"):
            if not (self._take("mark", ";") or self._take("mark", ",")):
                names.append(self._node())
        return names

    def _node(self) -> str:
        name = self._name()
        self.facts.setdefault(name, {})
        return name

    def _attributes(self) -> dict[str, str]:
        facts: dict[str, str] = {}
        while self._take("mark", "["):
            while not self._take("mark", "]"):
                if self._take("mark", ",") or self._take("mark", ";"):
                    continue
                key = self._name()
                facts[key] = self._name() if self._take("mark", "=") else "true"
        return facts

    def _name(self) -> str:
        kind, text = self._peek()
        if kind not in {"quoted", "bare"}:
            self._refuse()
        self.at += 1
        return re.sub(r"\\(.)", r"\1", text) if kind == "quoted" else text

    def _peek(self, ahead: int = 0) -> tuple[str, str]:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else ("end", "")

    def _take(self, kind: str, text: str) -> bool:
        found = self._peek() == (kind, text) or (kind == "bare" and self._peek() == (kind, text.upper()))
        self.at += found
        return found

    def _need(self, mark: str) -> None:
        if not self._take("mark", mark):
            self._refuse()

    def _refuse(self) -> None:
        raise Refusal("graph.not_text", format="DOT", place=self._peek()[1][:40] or "...")


def _tokens(text: str, pattern: re.Pattern[str], kind: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        found = pattern.match(text, at)
        if found is None or found.lastgroup is None:
            raise Refusal("graph.not_text", format=kind, place=text[at : at + 40].strip().split("\n")[0])
        if found.lastgroup != "skip":
            yield found.lastgroup, found[found.lastgroup]
        at = found.end()


def _gml_list(tokens: Iterator[tuple[str, str]], depth: int) -> list[tuple[str, Any]]:
    entries: list[tuple[str, Any]] = []
    if depth > 8:
        raise Refusal("graph.not_text", format="GML", place="[")
    for kind, key in tokens:
        if (kind, key) == ("mark", "]") and depth:
            return entries
        follows = next(tokens, ("end", ""))
        if kind != "bare" or follows[0] == "end" or follows == ("mark", "]"):
            raise Refusal("graph.not_text", format="GML", place=key[:40])
        entries.append((key, _gml_list(tokens, depth + 1) if follows == ("mark", "[") else follows[1]))
    if depth:
        raise Refusal("graph.not_text", format="GML", place="]")
    return entries


def _gml_end(name_of: dict[Any, str], edge: dict[str, Any], end: str) -> str:
    given = edge.get(end)
    return name_of.get(given, str(given))


def _roles(nodes: Any) -> dict[str, str]:
    return {facts["role"]: name for name, facts in nodes if facts.get("role") in {"treatment", "outcome"}}


def _is_latent(facts: dict[str, Any]) -> bool:
    said = {key: str(facts.get(key, "")).lower() for key in ("latent", "observed")}
    return said["latent"] in _YES or said["observed"] in _NO


def _text(name: object) -> str:
    if isinstance(name, str):
        return name
    if isinstance(name, int) and not isinstance(name, bool):
        return str(name)
    raise Refusal("graph.bad_name", name=str(name)[:40], limit=MAX_NAME)


def _pair(edge: object) -> Edge:
    if not isinstance(edge, list | tuple) or len(edge) < 2:
        raise Refusal("graph.bad_edge", edge=str(edge)[:MAX_NAME])
    return _text(edge[0]), _text(edge[1])


def _dot_name(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _gml_name(name: str) -> str:
    return html.escape(name, quote=True).encode("ascii", "xmlcharrefreplace").decode()


def _refuse_long(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise Refusal("graph.too_long", limit=MAX_TEXT)
