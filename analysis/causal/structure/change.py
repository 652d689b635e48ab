"""Why the outcome differs between two groups or two periods: the difference shared out among the mechanisms.

Each mechanism is fitted in both populations. Swapping them one after another leads from one population's mean outcome
to the other's; a mechanism's share is its step averaged over all orders of swapping (Shapley 1953; Budhathoki, Janzing,
Bloebaum & Ng 2021), so the shares sum to the difference that the fitted structure has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import factorial

import numpy as np
import pandas as pd

from analysis.causal.dag import Graph
from analysis.causal.estimate import Estimate, from_error
from analysis.causal.structure.model import Mechanisms, Sample, Structure, structure
from analysis.causal.structure.settings import StructureSettings
from analysis.causal.structure.variables import Rows
from analysis.causal.study import Marks, Numbers
from analysis.log import UNKNOWN, Dataset
from words import Phrase, listed, phrase

MOST_MECHANISMS = 11
"""With more, the number of orders of swapping (2^n states) cannot be gone through."""
POINTS = 12
"""Base-2 logarithm of the points at which the outcome's mean is worked out: 4,096 of Sobol's sequence."""
FEWEST = 30
"""Users in each population under whom refits say nothing."""


@dataclass(frozen=True)
class Compared:
    """Two populations of rows [n]: the difference is `first` minus `second`.

    kind: groups of `attribute`, or periods; names: what the two are called.
    """

    kind: str
    attribute: str
    names: tuple[str, str]
    first: Marks
    second: Marks


@dataclass(frozen=True)
class Change:
    """The difference taken apart: recorded, as the structure has it, and variable -> its mechanism's part.

    users: of the first and of the second; people: of both, each counted once. rest: recorded minus total, paired; what
    a structure that fits leaves is chance.
    """

    compared: Compared
    users: tuple[int, int]
    people: int
    recorded: Estimate | None
    total: Estimate | None
    rest: Estimate | None
    parts: dict[str, Estimate | None]


def compared(dataset: Dataset, graph: Graph, rows: Rows, settings: StructureSettings) -> Compared | Phrase:
    """The two populations asked for, or why there are none."""
    if settings.compare == "periods":
        return _periods(rows, settings)
    attribute = settings.compare_by or next(iter(dataset.sensitive), None)
    if attribute is None or attribute not in rows.table:
        return phrase("structure.no_attribute")
    if attribute in graph.nodes and graph.parents(attribute):
        return phrase("structure.attribute_caused", attribute=attribute, causes=listed(graph.parents(attribute)))
    labels = rows.table[attribute].astype(str).to_numpy(dtype=str)
    people = pd.Series(labels).groupby(labels).size()
    known = sorted((name for name in people.index if name != UNKNOWN), key=lambda name: (-int(people[name]), name))
    if len(known) < 2:
        return phrase("effects.one_group", attribute=attribute)
    largest, other = known[:2]
    return Compared("groups", attribute, (other, largest), labels == other, labels == largest)


def change(
    model: Structure, which: Compared, replicates: int, seed: int, tell: Callable[[float], None]
) -> Change | Phrase:
    """The difference of `which` shared out among the mechanisms, or why it is not."""
    either = which.first | which.second
    first, second, people = (len(np.unique(model.rows.user[mark])) for mark in (which.first, which.second, either))
    if min(first, second) < FEWEST:
        return phrase("structure.few_compared", least=FEWEST)  # not how many: it may be under k
    inside = _without(model, which, seed)
    if len(inside.drawn.order) > MOST_MECHANISMS:
        return phrase("structure.many_mechanisms", n=len(inside.drawn.order), limit=MOST_MECHANISMS)
    rng = np.random.default_rng(seed)
    rows = inside.rows
    point = _parts(inside, which, np.ones(rows.n), int(rng.integers(2**31)))
    drawn = np.empty((replicates, len(point)))
    for number in range(replicates):
        picked = np.bincount(rng.integers(0, rows.users, rows.users), minlength=rows.users)
        drawn[number] = _parts(inside, which, picked[rows.user].astype(float), int(rng.integers(2**31)))
        tell((number + 1) / replicates)
    error = drawn.std(axis=0, ddof=1)
    found = [from_error(float(value), float(one), min(first, second)) for value, one in zip(point, error, strict=True)]
    recorded, total, rest, *parts = found
    each = dict(zip(inside.drawn.order, parts, strict=True))
    return Change(which, (first, second), people, recorded, total, rest, each)


def shares(worth: Numbers) -> Numbers:
    """Shapley's shares [d] of worth [2^d], whose place in binary says who takes part."""
    d = int(np.log2(len(worth)))
    place = np.arange(len(worth))
    size = np.array([int(one).bit_count() for one in place])
    weight = np.array([factorial(s) * factorial(d - s - 1) / factorial(d) if s < d else 0.0 for s in size])
    found = np.empty(d)
    for who in range(d):
        without = place[(place >> who) & 1 == 0]
        found[who] = weight[without] @ (worth[without | (1 << who)] - worth[without])
    return found


def worths(mechanisms: tuple[Mechanisms, Mechanisms], order: tuple[str, ...], uniform: Sample, n: int) -> Numbers:
    """Mean outcome [2^d] with each mechanism from the second (bit 0) or the first (bit 1) of `mechanisms`.

    The same `uniform` numbers [n] everywhere, so that only the mechanisms differ.
    """
    found = np.empty(2 ** len(order))

    def walk(place: int, mask: int, values: Sample) -> None:
        name = order[place]
        for bit in (0, 1):
            own = mechanisms[1 - bit][name]
            taken = mask | bit << place
            if place == len(order) - 1:
                found[taken] = own.mean(values, n).mean()
            else:
                walk(place + 1, taken, {**values, name: own.drawn(values, np.asarray(uniform[name], dtype=float))})

    walk(0, 0, {})
    return found


def _parts(model: Structure, which: Compared, weight: Numbers, seed: int) -> Numbers:
    """[recorded difference, the structure's, the first less the second, one share a mechanism]."""
    from scipy.stats import qmc

    order = model.drawn.order
    outcome = model.amounts
    masks = [weight * mark for mark in (which.first, which.second)]
    means = [float(mask @ outcome / max(mask.sum(), np.finfo(float).tiny)) for mask in masks]
    fitted = (model.refitted(masks[0]), model.refitted(masks[1]))
    points = qmc.Sobol(len(order), seed=seed).random_base2(POINTS)
    worth = worths(fitted, order, {name: points[:, at] for at, name in enumerate(order)}, len(points))
    recorded, total = means[0] - means[1], worth[-1] - worth[0]
    return np.array([recorded, total, recorded - total, *shares(worth)])


def _without(model: Structure, which: Compared, seed: int) -> Structure:
    """The structure over the rows compared without the attribute, which within a group is one value."""
    drawn, gone = model.drawn, which.attribute
    if which.kind == "periods" or gone not in drawn.order:
        return model

    def left(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if name != gone)

    order = left(drawn.order)
    smaller = replace(
        drawn,
        order=order,
        causes={name: left(drawn.causes[name]) for name in order},
        given={name: left(drawn.given[name]) for name in order},
    )
    return structure(model.rows, smaller, seed)


def _periods(rows: Rows, settings: StructureSettings) -> Compared | Phrase:
    if "time" not in rows.table:
        return phrase("structure.no_time")
    time = rows.table["time"]
    if not time.notna().any():
        return phrase("structure.no_time")
    if settings.second_from is not None:
        start = pd.to_datetime(settings.second_from, errors="coerce", utc=True)
        if pd.isna(start):
            return phrase("structure.no_day", day=settings.second_from)
    else:
        start = time.dropna().sort_values().iloc[int(time.notna().sum()) // 2].normalize()
    later = (time >= start).to_numpy(dtype=bool)
    if not later.any() or later.all():
        return phrase("structure.one_period", day=f"{start:%Y-%m-%d}")
    day = f"{start:%Y-%m-%d}"
    known = time.notna().to_numpy()
    return Compared("periods", "time", (f"≥ {day}", f"< {day}"), later & known, ~later & known)
