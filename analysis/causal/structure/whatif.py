"""What if: the expected outcome when one variable is set, for everybody and by group, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.causal.arms import Arms, whole_arms
from analysis.causal.estimate import Estimate, from_error
from analysis.causal.propensity import WITHHELD
from analysis.causal.structure.actions import Action, lacks, set_to
from analysis.causal.structure.model import Mechanisms, Sample, Structure, expected, moved
from analysis.causal.structure.variables import Rows
from analysis.causal.study import Codes, Numbers, stratified

MAX_GROUPS = 20
FEWEST = 20
"""Users of a group that a value must have been seen with, where the group has a mechanism of its own: of 10 users whose
chance is 10%, an interval at 95% held the truth in 30% to 52% of samples."""
ENOUGH = 20_000
"""Rows at which draws of what lies between add nothing to the interval; fewer rows alike are copied up to it."""


@dataclass(frozen=True)
class Base:
    """Rows alike in all that is asked, each `copies` times so that what lies between is drawn often enough.

    values, member: [alike * copies], copy after copy; row: int64 [log rows], which of the rows alike each is.
    """

    values: Sample
    row: Codes
    groups: tuple[tuple[str, str], ...]
    """(attribute, group); ("", "") is everybody."""
    member: Numbers
    """float64 [rows alike, groups]."""
    users: tuple[int, ...]
    """Of each group."""
    copies: int

    @property
    def n(self) -> int:
        return len(self.member)

    def shares(self, weight: Numbers) -> Numbers:
        """What each row counts in each group's mean, float64 [n, groups]; weight: [log rows]."""
        counted = np.bincount(self.row, weights=weight, minlength=self.n // self.copies)
        share = self.member * np.tile(counted, self.copies)[:, None]
        return np.asarray(share / np.maximum(share.sum(axis=0), np.finfo(float).tiny))

    def uniform(self, rng: np.random.Generator) -> Numbers:
        """Numbers in [0, 1) [n]; the copies of a row get one from each of as many equal parts."""
        alike = self.n // self.copies
        part = rng.permuted(np.tile(np.arange(self.copies)[:, None], (1, alike)), axis=0)
        return np.asarray((part + rng.random((self.copies, alike))).ravel() / self.copies)


@dataclass(frozen=True)
class Answer:
    """What an action comes to in each group of `Base.groups`; None where an interval is undefined.

    level: expected outcome; change: level minus the outcome expected with everything as recorded; lacking: share of
    the group's rows for which the log holds nothing like it (see `support`). A group that lacks more than 10% has None,
    and so has one in which fewer than FEWEST users have the value; `lacking` is 0 then.
    """

    action: Action
    level: tuple[Estimate | None, ...]
    change: tuple[Estimate | None, ...]
    lacking: tuple[float, ...]


@dataclass(frozen=True)
class Answers:
    """As recorded, every action, and of a 0/1 variable all rows minus none (variable -> one estimate a group)."""

    base: Base
    as_is: tuple[Estimate | None, ...]
    each: tuple[Answer, ...]
    whole: dict[str, tuple[Estimate | None, ...]]

    def of(self, variable: str) -> tuple[Answer, ...]:
        return tuple(one for one in self.each if one.action.variable == variable)


def base(rows: Rows, names: tuple[str, ...], attributes: tuple[str, ...]) -> Base:
    """The rows alike in the variables `names` (the outcome left out) and in `attributes`."""
    splits = [stratified(rows.table[name], bins=4) for name in attributes]
    columns = [rows.values[name] for name in names]
    if all(rows.variables[name].discrete for name in names):
        grid = np.stack([*columns, *(split.codes for split in splits)], axis=1)
        _, first, row = np.unique(grid, axis=0, return_index=True, return_inverse=True)
    else:
        first = row = np.arange(rows.n)
    shown = [split for split in splits if len(split.labels) <= MAX_GROUPS]
    groups = (("", ""), *((split.name, label) for split in shown for label in split.labels))
    marks = [np.ones(rows.n, bool), *(split.codes == code for split in shown for code in range(len(split.labels)))]
    copies = max(1, ENOUGH // len(first))
    return Base(
        values={name: rows.values[name][np.tile(first, copies)] for name in names},
        row=row.reshape(-1).astype(np.int64),
        groups=groups,
        member=np.tile(np.stack([mark[first] for mark in marks], axis=1).astype(float), (copies, 1)),
        users=tuple(len(np.unique(rows.user[mark])) for mark in marks),
        copies=copies,
    )


def answers(
    model: Structure, on: Base, todo: tuple[Action, ...], replicates: int, seed: int, tell: Callable[[float], None]
) -> Answers:
    """Every action in every group; intervals from refits on resampled users.

    A replicate draws its own users and its own numbers for what lies between, so that the error of drawing is in the
    interval too.
    """
    rng = np.random.default_rng(seed)
    point = responses(model, model.fitted, on, np.ones(model.rows.n), todo, rng)
    drawn = np.empty((replicates, *point.shape))
    for number in range(replicates):
        picked = np.bincount(rng.integers(0, model.rows.users, model.rows.users), minlength=model.rows.users)
        weight = picked[model.rows.user].astype(float)
        drawn[number] = responses(model, model.refitted(weight), on, weight, todo, rng)
        tell((number + 1) / replicates)
    shares = on.shares(np.ones(model.rows.n))
    lacking = np.array([lacks(model, on.values, on.n, action) @ shares for action in todo]).reshape(-1, len(on.groups))
    seen = _Seen(model, on)
    arms: list[Sequence[Arms | None]] = [[None] * len(on.groups), *(seen.arms(action) for action in todo)]
    lacking = np.where([[few(one) for one in own] for own in arms[1:]], 0.0, lacking)
    level = _estimates(point, drawn, on.users, arms)
    change = _estimates(point - point[:1], drawn - drawn[:, :1], on.users, arms)
    each = tuple(
        Answer(
            action, _held(level[at + 1], lacking[at]), _held(change[at + 1], lacking[at]), tuple(lacking[at].tolist())
        )
        for at, action in enumerate(todo)
    )
    return Answers(on, level[0], each, _whole(todo, point, drawn, on, lacking, seen))


@dataclass(frozen=True)
class _Seen:
    """Who was recorded with a value, and whether they are all alike."""

    model: Structure
    on: Base

    def arms(self, action: Action) -> tuple[Arms | None, ...]:
        """What an action's answer rests on in each group; None where no rows have just its value."""
        variable = self.model.rows.variables[action.variable]
        if action.kind == "shift" or not variable.discrete:
            return (None,) * len(self.on.groups)
        if action.kind == "set":
            return self.of(action.variable, {variable.labels.index(action.label): 1.0})
        share = action.amount or 0.0
        return self.of(action.variable, {code: part for code, part in ((0, 1 - share), (1, share)) if part})

    def of(self, name: str, parts: Mapping[int, float]) -> tuple[Arms | None, ...]:
        """The rows whose variable is one of `parts` (code -> what its mean counts), in each group; those of everybody
        where the outcome's mechanism knows no groups."""
        rows, outcome = self.model.rows, self.model.amounts
        own = self.model.drawn.given[self.model.outcome]
        inside = self.on.member[: self.on.n // self.on.copies][self.on.row] > 0  # [log rows, groups]
        found = []
        for at, (attribute, _) in enumerate(self.on.groups):
            among = inside[:, at] if attribute in own else np.ones(rows.n, bool)
            marks = [among & (rows.values[name] == code) for code in parts]
            some = [outcome[mark] if mark.any() else np.full(1, np.nan) for mark in marks]
            found.append(
                whole_arms(
                    sign=np.array(list(parts.values())),
                    n=np.array([len(np.unique(rows.user[mark])) for mark in marks], dtype=float),
                    flat=np.array([np.ptp(one) == 0 for one in some]),
                    value=np.array([one[0] for one in some]),
                    seen=(float(outcome.min()), float(outcome.max())),
                )
            )
        return tuple(found)


def few(arms: Arms | None) -> bool:
    """Whether too few users were seen to tell."""
    return arms is not None and bool(arms.n.min() < FEWEST)


def _held(found: tuple[Estimate | None, ...], lacking: Numbers) -> tuple[Estimate | None, ...]:
    return tuple(None if share > WITHHELD else one for one, share in zip(found, lacking, strict=True))


def _whole(
    todo: tuple[Action, ...], point: Numbers, drawn: Numbers, on: Base, lacking: Numbers, seen: _Seen
) -> dict[str, tuple[Estimate | None, ...]]:
    """All rows minus none of every 0/1 variable."""
    found = {}
    for name in dict.fromkeys(action.variable for action in todo if action.kind == "share"):
        own = [at for at, action in enumerate(todo) if action.variable == name]
        first, last = own[0] + 1, own[-1] + 1
        apart = (point[last] - point[first])[None], (drawn[:, last] - drawn[:, first])[:, None]
        effect = _estimates(*apart, on.users, [seen.of(name, {0: -1.0, 1: 1.0})])
        found[name] = _held(effect[0], lacking[own[0]])
    return found


def responses(
    model: Structure,
    mechanisms: Mechanisms,
    on: Base,
    weight: Numbers,
    todo: tuple[Action, ...],
    rng: np.random.Generator,
) -> Numbers:
    """Expected outcome float64 [1 + actions, groups], the first as recorded; weight [rows of the log]."""
    share = on.shares(weight)
    uniform: Sample = {name: on.uniform(rng) for name in model.drawn.order}
    drawn = model.drawn
    rows = [expected(mechanisms, drawn, on.values, on.n) @ share]
    ends: dict[str, tuple[Numbers, Numbers]] = {}
    for action in todo:
        name = action.variable
        if action.kind == "share":
            if name not in ends:
                none, all_of = (np.full(on.n, code) for code in (0, 1))
                ends[name] = tuple(  # type: ignore[assignment]
                    moved(mechanisms, drawn, on.values, {name: end}, uniform) @ share for end in (none, all_of)
                )
            low, high = ends[name]
            rows.append((1 - (action.amount or 0.0)) * low + (action.amount or 0.0) * high)
        else:
            setting = set_to(model.rows, on.values[name], action)
            rows.append(moved(mechanisms, drawn, on.values, {name: setting}, uniform) @ share)
    return np.stack(rows)


def _estimates(
    point: Numbers, drawn: Numbers, users: tuple[int, ...], arms: Sequence[Sequence[Arms | None]]
) -> list[tuple[Estimate | None, ...]]:
    """One estimate a cell of `point` [rows, groups]; drawn [replicates, rows, groups]; arms: of each cell."""
    error = drawn.std(axis=0, ddof=1)
    return [
        tuple(_estimate(*cell) for cell in zip(row.tolist(), errors.tolist(), users, own, strict=True))
        for row, errors, own in zip(point, error, arms, strict=True)
    ]


def _estimate(value: float, error: float, users: int, arms: Arms | None) -> Estimate | None:
    """Student's interval with the degrees of freedom of the fewest users that it rests on; None where too few."""
    if few(arms):
        return None
    if arms is None:
        return from_error(value, error, users)
    least = min(float(arms.n.min()), users)
    return from_error(value, error * (least / (least - 1)) ** 0.5, users, arms, least - 1)
