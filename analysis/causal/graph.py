"""The causal graph's public door: the drawing, its text forms, templates and places on a screen."""

from analysis.causal.dag import MAX_EDGES, MAX_NAME, MAX_NODES, Graph
from analysis.causal.graph_text import READERS, WRITERS, from_dot, from_gml, from_json, to_dot, to_gml, to_json
from analysis.causal.layout import layout
from analysis.causal.templates import templates
from analysis.causal.variables import variables

__all__ = [
    "MAX_EDGES",
    "MAX_NAME",
    "MAX_NODES",
    "READERS",
    "WRITERS",
    "Graph",
    "from_dot",
    "from_gml",
    "from_json",
    "layout",
    "templates",
    "to_dot",
    "to_gml",
    "to_json",
    "variables",
]
