"""What is known before the search: edges that must be there, edges that must not, and an order in time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analysis.causal.dag import Edge, cycle
from analysis.causal.discovery.settings import DiscoverySettings
from analysis.log import Dataset
from words import Refusal


@dataclass(frozen=True)
class Knowledge:
    """Constraints that do not contradict each other (see `knowledge`)."""

    required: tuple[Edge, ...] = ()
    forbidden: frozenset[Edge] = frozenset()
    tier: tuple[tuple[str, int], ...] = ()
    """(column, place in time); columns that are not named are free."""

    def allows(self, cause: str, consequence: str) -> bool:
        """Whether cause -> consequence may stand: not forbidden, not backwards in time, no reverse required."""
        time = dict(self.tier)
        backwards = cause in time and consequence in time and time[cause] > time[consequence]
        return (
            not backwards and (cause, consequence) not in self.forbidden and (consequence, cause) not in self.required
        )


def knowledge(
    names: Iterable[str],
    required: Iterable[Edge] = (),
    forbidden: Iterable[Edge] = (),
    tiers: Iterable[Iterable[str]] = (),
) -> Knowledge:
    """The constraints on `names`; forbidden edges and tiers of other columns are left out.

    Raises Refusal for what cannot hold at once: a column in two tiers, a required edge that is forbidden, runs
    backwards in time or closes a circle of required edges, or whose column takes no part.
    """
    taking_part = tuple(names)
    must = tuple(dict.fromkeys(required))
    time: dict[str, int] = {}
    for place, tier in enumerate(tiers):
        for name in tier:
            if name in time and time[name] != place:
                raise Refusal("discover.two_tiers", name=name)
            time[name] = place
    banned = {edge for edge in forbidden if set(edge) <= set(taking_part)}
    for cause, consequence in must:
        edge = f"{cause} -> {consequence}"
        for name in (cause, consequence):
            if name not in taking_part:
                raise Refusal("discover.required_unknown", edge=edge, name=name)
        if cause == consequence:
            raise Refusal("graph.self_loop", name=cause)
        if (cause, consequence) in banned:
            raise Refusal("discover.required_forbidden", edge=edge)
        if cause in time and consequence in time and time[cause] > time[consequence]:
            raise Refusal("discover.required_backwards", edge=edge, first=consequence, then=cause)
    loop = cycle(taking_part, must)
    if loop:
        raise Refusal("discover.required_cycle", cycle=" -> ".join(loop))
    return Knowledge(must, frozenset(banned), tuple((name, time[name]) for name in taking_part if name in time))


def time_order(dataset: Dataset, names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """The order in time that roles suggest: sensitive attributes; the users' other columns; what else is known of an
    event and its item; treatment and position; the outcome. Tiers without a column are left out."""
    roles = {"treatment": 3, "position": 3, "self_selected": 3, "outcome": 4}
    of_users = dict.fromkeys((*map(str, dataset.users.columns), "activity"), 1)
    places = of_users | dict.fromkeys(map(str, dataset.log.columns), 2) | roles | dict.fromkeys(dataset.sensitive, 0)
    tiers: list[list[str]] = [[], [], [], [], []]
    for name in names:
        tiers[places.get(name, 2)].append(name)
    return tuple(tuple(tier) for tier in tiers if tier)


def of_settings(dataset: Dataset, names: tuple[str, ...], settings: DiscoverySettings) -> Knowledge:
    """The constraints that the settings name, checked. Raises Refusal as `knowledge` does."""
    tiers = time_order(dataset, names) if settings.tiers == "auto" else settings.tiers
    return knowledge(names, settings.required, settings.forbidden, tiers)
