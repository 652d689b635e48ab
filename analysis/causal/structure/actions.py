"""What can be done to a variable of a structural model, and where the log holds nothing like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.causal.propensity import SUPPORT
from analysis.causal.structure.model import Sample, Structure
from analysis.causal.structure.variables import Rows, is_binary
from analysis.causal.study import Codes, Numbers
from analysis.charts.labels import apart, exact
from analysis.log import UNKNOWN

Kind = Literal["set", "share", "shift"]
SHARES = tuple(step / 10 for step in range(11))
"""Shares of the rows that a 0/1 variable is set to 1 for, drawn by lot."""
QUANTILES = tuple(step / 10 for step in range(1, 10))
"""Where a number with many values is set."""
SHIFTS = (-1.0, -0.5, 0.5, 1.0)
"""Standard deviations that such a number is shifted by; a number with few values is shifted by whole places."""
MAX_LEVELS = 20
"""A variable with more categories is not offered: nobody would look through them."""


@dataclass(frozen=True)
class Action:
    """One thing to do: set a variable to a value, set it to 1 for a share of the rows, or shift it.

    label: the value as it is called; amount: the value, share or shift as a number, where there is one.
    """

    variable: str
    kind: Kind
    label: str
    amount: float | None


def actions(rows: Rows, names: tuple[str, ...], k: int) -> tuple[Action, ...]:
    """What can be done with each variable of `names`; never to a category that fewer than `k` users have."""
    return tuple(action for name in names for action in _of(rows, name, k))


def set_to(rows: Rows, now: Codes | Numbers, action: Action) -> Codes | Numbers:
    """The variable's values [n] once the action is done."""
    variable = rows.variables[action.variable]
    if action.kind == "set":
        code = variable.labels.index(action.label) if variable.discrete else action.amount
        return np.full(len(now), code)
    assert action.amount is not None
    if not variable.discrete:
        return np.asarray(now + action.amount)
    known = int(np.isfinite(variable.amounts).sum()) if variable.amounts is not None else 0
    return np.where(now < known, np.clip(now + int(action.amount), 0, known - 1), now)


def lacks(model: Structure, values: Sample, n: int, action: Action) -> Numbers:
    """1 for each row [n] for which the log holds nothing like the action, given the row's causes; else 0.

    A category counts as absent where its modelled share is under 2% of the rows (less for a category that is itself
    rare: under 4% of its overall share); a number where it lies outside the middle 98% of the noise around its mean.
    """
    rows, name = model.rows, action.variable
    mechanism = model.fitted[name]
    law = mechanism.law(values, n)
    if not rows.variables[name].discrete:
        assert mechanism.noise is not None
        residual, upto = mechanism.noise
        low, high = (residual[min(int(np.searchsorted(upto, tail)), len(upto) - 1)] for tail in (0.01, 0.99))
        noise = set_to(rows, values[name], action) - law[:, 0]
        return np.asarray((noise < low) | (noise > high), dtype=float)
    overall = np.bincount(rows.values[name].astype(int), minlength=law.shape[1]) / rows.n
    least = SUPPORT * np.minimum(1.0, 2 * overall)
    if action.kind == "share":
        absent = (law < least).any(axis=1)
    else:
        code = set_to(rows, values[name], action).astype(int)
        absent = law[np.arange(n), code] < least[code]
    return np.asarray(absent, dtype=float)


def _of(rows: Rows, name: str, k: int) -> list[Action]:
    variable = rows.variables[name]
    people = [len(np.unique(rows.user[rows.values[name] == code])) for code in range(len(variable.labels))]
    if is_binary(variable):
        return [] if min(people) < k else [Action(name, "share", f"{share:.0%}", share) for share in SHARES]
    if variable.discrete:
        if not 2 <= len(variable.labels) <= MAX_LEVELS:
            return []
        amounts = [None] * len(variable.labels) if variable.amounts is None else variable.amounts.tolist()
        levels = [
            Action(name, "set", label, amount)
            for label, amount, users in zip(variable.labels, amounts, people, strict=True)
            if label != UNKNOWN and users >= k
        ]
        steps = [Action(name, "shift", f"{step:+d}", float(step)) for step in (-1, 1)]
        shiftable = variable.amounts is not None and min(people) >= k
        return [*levels, *steps] if shiftable else levels
    values = rows.values[name]
    spread = float(np.std(values))
    if spread == 0:
        return []
    at = dict.fromkeys(apart(np.quantile(values, QUANTILES)))
    shifts = [float(f"{step * spread:.3g}") for step in SHIFTS]  # what is done is what is said
    return [
        *(Action(name, "set", exact(value), value) for value in at),
        *(Action(name, "shift", f"{'+' if shift > 0 else ''}{exact(shift)}", shift) for shift in shifts),
    ]
