"""What a search finds between two columns: a link with a mark at each end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from analysis.causal.dag import Edge

Mark = Literal["tail", "arrow", "circle"]
"""At an end: tail, this one is the cause; arrow, this one is not the cause; circle, the data do not say."""
Links = dict[Edge, tuple[Mark, Mark]]
"""(a, b) with a before b in the columns' order -> (mark at a, mark at b). tail/arrow: a -> b. circle/circle: either
way. arrow/arrow: neither, a hidden common cause. circle/arrow: a -> b, or a hidden common cause."""


class Marks:
    """Links while they are being oriented; either end may be named first."""

    def __init__(self, names: tuple[str, ...], links: Mapping[Edge, tuple[Mark, Mark]]) -> None:
        self.place = {name: number for number, name in enumerate(names)}
        self.names = names
        self._at: dict[Edge, Mark] = {}
        for (one, other), (at_one, at_other) in links.items():
            self.put(one, other, at_one, at_other)

    def linked(self, one: str, other: str) -> bool:
        return (one, other) in self._at

    def at(self, end: str, other: str) -> Mark | None:
        """The mark at `end` of the link to `other`; None where there is no link."""
        return self._at.get((end, other))

    def put(self, one: str, other: str, at_one: Mark, at_other: Mark) -> None:
        """Set the link between two columns."""
        self._at[one, other], self._at[other, one] = at_one, at_other

    def mark(self, end: str, other: str, mark: Mark) -> None:
        """Set the mark at one end of a link that is there."""
        self._at[end, other] = mark

    def remove(self, one: str, other: str) -> None:
        """Take the link away, if there is one."""
        self._at.pop((one, other), None)
        self._at.pop((other, one), None)

    def directed(self) -> list[Edge]:
        """Every a -> b, in the order of the columns."""
        return [
            (one, other)
            for one in self.names
            for other in self.names
            if self.at(one, other) == "tail" and self.at(other, one) == "arrow"
        ]

    def links(self) -> Links:
        """All links, the earlier column first."""
        return {
            (one, other): (self._at[one, other], self._at[other, one])
            for place, one in enumerate(self.names)
            for other in self.names[place + 1 :]
            if (one, other) in self._at
        }

    def reaches(self, start: str, end: str) -> bool:
        """Whether directed links lead from `start` to `end`."""
        found, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            for there in self.names:
                if there not in found and self.at(here, there) == "tail" and self.at(there, here) == "arrow":
                    found.add(there)
                    waiting.append(there)
        return end in found
