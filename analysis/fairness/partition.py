"""Users by sensitive attribute, or by several at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.cohorts import OTHERS
from analysis.log import COHORT, CROSSED, UNKNOWN
from words import Phrase, phrase

EVERYONE = "all"
"""The attribute of the partition that has one group: all users."""
CROSSING = " & "
"""Between the values that name an intersection's group."""
_ALONE = re.compile(r"^“|(^| )&( |$)")
"""What could be taken for a crossing, or for the quotation mark of a value that holds one."""


@dataclass(frozen=True)
class Partition:
    """Groups of users that share a value of an attribute (or of each attribute of an intersection).

    attribute: its name, for an intersection joined by "*". names: largest group first, ties by name, groups with
    an unknown value last; so a gap of two groups is larger minus smaller, and above 0 where the minority gets less.
    code: int [users] into names. parts: for each group, attribute -> value. size: int [groups].
    """

    attribute: str
    names: tuple[str, ...]
    code: npt.NDArray[np.intp]
    parts: tuple[dict[str, str], ...]
    size: npt.NDArray[np.int64]

    @property
    def known(self) -> tuple[int, ...]:
        """Codes of the groups whose values are all known: those that gaps compare."""
        return tuple(code for code, parts in enumerate(self.parts) if UNKNOWN not in parts.values())

    def label(self, code: int) -> Phrase | str:
        """The group's name as a fact of a sentence."""
        return group_label(self.names[code])


def partition(attributes: pd.DataFrame, names: tuple[str, ...]) -> Partition:
    """Users grouped by the columns `names` of `attributes`; one column is an attribute, more an intersection."""
    coded = [pd.factorize(attributes[name].astype(str)) for name in names]
    cell, found = pd.factorize(np.ravel_multi_index([code for code, _ in coded], [len(values) for _, values in coded]))
    held = np.unravel_index(found, [len(values) for _, values in coded])
    values = {name: np.asarray(of)[code] for name, (_, of), code in zip(names, coded, held, strict=True)}
    counted = pd.DataFrame(values, columns=list(names), dtype=str)
    counted["n"] = np.bincount(cell, minlength=len(found))
    counted["last"] = (counted[list(names)] == UNKNOWN).any(axis=1)
    said = counted[list(names)].map(_quoted) if len(names) > 1 else counted[list(names)]
    counted["label"] = said.agg(CROSSING.join, axis=1)
    counted = counted.sort_values(["last", "n", "label"], ascending=[True, False, True], kind="stable")
    place = np.empty(len(counted), np.intp)
    place[counted.index] = np.arange(len(counted))
    code = place[cell]
    parts = tuple({name: str(row[name]) for name in names} for row in counted.to_dict("records"))
    return Partition(CROSSED.join(names), tuple(counted["label"]), code, parts, counted["n"].to_numpy(np.int64))


def _quoted(value: str) -> str:
    """A value as part of an intersection's name: “x & y” of one attribute is not the x & y of two."""
    return f"“{value.replace('”', '””')}”" if _ALONE.search(value) else value


def everyone(users: int) -> Partition:
    """All users as one group."""
    return Partition(EVERYONE, (EVERYONE,), np.zeros(users, np.intp), ({},), np.array([users]))


def partitions(attributes: pd.DataFrame, names: tuple[str, ...], intersections: bool, cells: int) -> list[Partition]:
    """One partition an attribute, then one a pair of attributes unless it has more than `cells` groups.

    Cohorts are crossed with nothing: they are conditions on several attributes already.
    """
    single = [partition(attributes, (name,)) for name in names]
    if not intersections:
        return single
    crossed = [name for name in names if not name.startswith(COHORT)]
    pairs = [partition(attributes, pair) for pair in combinations(crossed, 2)]
    return single + [pair for pair in pairs if len(pair.names) <= cells]


def group_label(name: str) -> Phrase | str:
    """A group's name as a fact of a sentence: the analyst's own value, or our word for unknown and for all."""
    *first, last = name.split(CROSSING)
    if first and UNKNOWN in (*first, last):
        return phrase("fairness.group.crossed", first=group_label(CROSSING.join(first)), second=group_label(last))
    own = {UNKNOWN: "fairness.group.unknown", EVERYONE: "fairness.group.all", OTHERS: "cohort.others"}
    return phrase(own[name]) if name in own else name


def held_label(column: str, value: str) -> Phrase | str:
    """A column with one of its values, as a label: "gender: women"; the value as `group_label` has it."""
    value_label = group_label(value)
    if isinstance(value_label, Phrase):
        return phrase("fairness.group.held", column=column, value=value_label)
    return f"{column}: {value}"
