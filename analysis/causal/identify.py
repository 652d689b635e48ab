"""The identification step's public door: what a graph lets one learn, and its section."""

from analysis.causal.graph_section import answer, graph_section
from analysis.causal.identification import AdjustmentSet, Identification, Mediator, identify, options

__all__ = ["AdjustmentSet", "Identification", "Mediator", "answer", "graph_section", "identify", "options"]
