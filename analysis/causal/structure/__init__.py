"""The structural model of the drawn graph: what if, one user's other outcome, and why two populations differ."""

from analysis.causal.structure.section import Results, structure_results, structure_section
from analysis.causal.structure.settings import StructureSettings

__all__ = ["Results", "StructureSettings", "structure_results", "structure_section"]
