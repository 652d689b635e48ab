"""The search on the data and on resamples of users: which links stand, and in what share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from analysis.causal.dag import Edge
from analysis.causal.discovery.columns import Columns
from analysis.causal.discovery.independence import Independence, drawn_anew
from analysis.causal.discovery.knowledge import Knowledge
from analysis.causal.discovery.links import Links, Mark
from analysis.causal.discovery.search import Search
from analysis.causal.discovery.settings import DiscoverySettings, Method

GES_RESAMPLES = 25
"""Most resamples of GES, whose scores cannot be shared between resamples."""
OFTEN = 0.5
"""A link that the data do not have is told of when it stands in at least this share of resamples."""

Reading = Literal["directed", "possibly", "either", "hidden"]
"""directed: the first causes the other. possibly: that, or a hidden common cause. either: one of the two directions.
hidden: neither causes the other, something that is not among the columns drives both."""


class Tell(Protocol):
    """Progress: share done, the note's catalogue key, its figures."""

    def __call__(self, fraction: float, note: str, **figures: float) -> None: ...


class Link(BaseModel):
    """A link between two columns as the search reads it."""

    model_config = ConfigDict(frozen=True)

    cause: str
    consequence: str
    reading: Reading
    """What `cause` and `consequence` are to each other; in `either` and `hidden` their order means nothing."""
    share: float
    """Share of resamples in which the two are linked, 0..1; 1 for required edges, which no resample can miss."""
    agreeing: float
    """Share of those resamples that read the link the same way; 0 where no resample has it."""
    given: bool
    """Required by the analyst, not found."""
    found: bool
    """Stands in the data themselves; else only in resamples."""


@dataclass(frozen=True)
class Discovery:
    """What a search found: links in order of their share."""

    links: tuple[Link, ...]
    resamples: int
    left_out: tuple[str, ...]
    """Columns that the method cannot read."""

    @property
    def found(self) -> tuple[Link, ...]:
        """Links that stand in the data."""
        return tuple(link for link in self.links if link.found)


def discover(columns: Columns, known: Knowledge, settings: DiscoverySettings, seed: int, tell: Tell) -> Discovery:
    """Run the method on the data and on resamples of users drawn with replacement. Raises Refusal (see `Search`)."""
    resamples = min(settings.resamples, GES_RESAMPLES) if settings.method == "ges" else settings.resamples
    weights = drawn_anew(columns.users, resamples, seed)
    independence = Independence(columns, weights)
    search = Search(settings.method, columns, known, independence, settings.significance, settings.conditioning, seed)
    tell(0.0, "discover.progress", done=0, of=resamples)
    runs = [search.links(0)]
    for number in range(1, resamples + 1):
        runs.append(search.links(number))
        tell(number / (resamples + 1), "discover.progress", done=number, of=resamples)
    return Discovery(_links(runs[0], runs[1:], known), resamples, _unread(columns, settings.method))


def read(edge: Edge, marks: tuple[Mark, Mark]) -> tuple[Edge, Reading]:
    """The link with the cause first, and how it reads."""
    turned: dict[tuple[Mark, Mark], Reading] = {("tail", "arrow"): "directed", ("circle", "arrow"): "possibly"}
    if marks in turned:
        return edge, turned[marks]
    if marks[::-1] in turned:
        return edge[::-1], turned[marks[::-1]]
    return edge, "hidden" if marks == ("arrow", "arrow") else "either"


def _links(data: Links, resampled: list[Links], known: Knowledge) -> tuple[Link, ...]:
    standing = Counter(edge for run in resampled for edge in run)
    often = [edge for edge, count in standing.items() if edge not in data and count >= OFTEN * len(resampled)]
    links = []
    for edge in (*data, *often):
        readings = Counter(read(edge, run[edge]) for run in resampled if edge in run)
        (cause, consequence), reading = read(edge, data[edge]) if edge in data else max(readings, key=_most(readings))
        links.append(
            Link(
                cause=cause,
                consequence=consequence,
                reading=reading,
                share=standing[edge] / len(resampled),
                agreeing=readings[(cause, consequence), reading] / max(standing[edge], 1),
                given=(cause, consequence) in known.required,
                found=edge in data,
            )
        )
    return tuple(sorted(links, key=lambda link: (not link.found, -link.share, link.cause, link.consequence)))


def _most(readings: Counter[tuple[Edge, Reading]]) -> Callable[[tuple[Edge, Reading]], tuple[int, str]]:
    return lambda one: (readings[one], str(one))


def _unread(columns: Columns, method: Method) -> tuple[str, ...]:
    if method != "lingam":
        return ()
    return tuple(column.name for column in columns.columns if not column.ordered)
