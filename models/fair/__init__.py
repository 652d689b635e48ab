"""Fairness while training: what is added to a learner's loss, and what is erased from its vectors.

critic: hides an attribute by a reversed gradient. terms: penalties on unfairness between groups, and the one object
that every learner's loss asks. erase: moves trained vectors of groups onto each other. fresh: probes that say when
enough is hidden.
"""

from models.fair.critic import Critic, Reverse
from models.fair.erase import erased, without
from models.fair.groups import group_codes
from models.fair.terms import KEPT, RATES, FairTerm, fair_term

__all__ = ["KEPT", "RATES", "Critic", "FairTerm", "Reverse", "erased", "fair_term", "group_codes", "without"]
