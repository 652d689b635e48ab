"""How far the estimators can be trusted on data shaped like the analyst's own: a trial on logs with known effects."""

from analysis.causal.trust.section import trust_section
from analysis.causal.trust.settings import TrustSettings

__all__ = ["TrustSettings", "trust_section"]
