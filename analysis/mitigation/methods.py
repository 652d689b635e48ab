"""Every mitigation by name: where it acts, what it is for, what it needs. How it is done stands in `audit.methods`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Method = Literal[
    "reweigh",
    "resample",
    "twins",
    "decorrelate",
    "adversary",
    "erase",
    "parity",
    "value",
    "absolute",
    "under",
    "over",
    "worst_group",
    "agreement",
    "utility",
    "rerank",
    "merit",
    "quota",
    "fair_test",
    "calibrate",
    "threshold",
]
Place = Literal["before", "during", "after"]
Goal = Literal["gap", "hide", "exposure", "selection"]
"""gap: narrow the accuracy gap between groups of users. hide: keep the attribute out of lists and vectors.
exposure: share attention among groups of items. selection: equal decisions for groups of users."""
Need = Literal["training", "weights", "copies", "gradient", "groups", "profile", "features", "scores"]
"""training: the audit trains the recommender itself. weights: its kind takes weights of rows. copies: the rows of one
person may be learnt from more than once, and as the rows of others have it. gradient: its kind is trained by gradient
steps. groups: a step of its training may compare users. profile: its kind reads what is known of users; features: in
numbers of any size. scores: it is more than lists from a file."""


@dataclass(frozen=True)
class About:
    """One method. serves: goals, the main one first. first: tried unless the analyst chooses; others are offered."""

    place: Place
    serves: tuple[Goal, ...]
    needs: tuple[Need, ...] = ()
    first: bool = True


METHODS: dict[Method, About] = {
    "reweigh": About("before", ("gap", "selection"), ("training", "weights")),
    "resample": About("before", ("gap", "selection"), ("training", "copies"), first=False),
    "twins": About("before", ("hide", "gap"), ("training", "copies", "profile")),
    "decorrelate": About("before", ("hide",), ("training", "features")),
    "adversary": About("during", ("hide", "gap"), ("training", "gradient", "groups")),
    "erase": About("during", ("hide",), ("training", "gradient")),
    "parity": About("during", ("gap",), ("training", "gradient", "groups"), first=False),
    "value": About("during", ("gap",), ("training", "gradient", "groups"), first=False),
    "absolute": About("during", ("gap",), ("training", "gradient", "groups"), first=False),
    "under": About("during", ("gap",), ("training", "gradient", "groups"), first=False),
    "over": About("during", ("gap",), ("training", "gradient", "groups"), first=False),
    "worst_group": About("during", ("gap",), ("training", "gradient", "groups"), first=False),
    "agreement": About("during", ("hide",), ("training", "gradient", "profile"), first=False),
    "utility": About("after", ("gap",), ("training",)),
    "rerank": About("after", ("exposure",)),
    "merit": About("after", ("exposure",), ("training",)),
    "quota": About("after", ("exposure",), first=False),
    "fair_test": About("after", ("exposure",), first=False),
    "calibrate": About("after", ("exposure",), first=False),
    "threshold": About("after", ("selection",), ("scores",)),
}
"""In the order in which they act and are shown."""
PLACES: tuple[Place, ...] = ("before", "during", "after")
