"""What would have happened to one user had each row been treated, or not: exact, bounded, or not to be had.

Where everything from treatment to outcome is a number plus its own noise, the noise can be read off the record and the
other outcome follows exactly (abduction, action, prediction: Pearl 2009, section 7.1). A yes-or-no outcome hides its
noise: then only bounds hold, those of Frechet on the pair of outcomes, given what comes before the treatment and what
was observed (Tian & Pearl 2000 for a single stratum).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.causal.structure.model import Sample, Structure, moved
from analysis.causal.structure.variables import is_binary
from analysis.causal.structure.whatif import Base
from analysis.causal.study import Codes, Numbers
from words import Phrase, phrase

DRAWS = 64
"""Draws of what lies between treatment and outcome behind each row's two chances."""
COLUMNS = ("user", "rows", "treated", "recorded", "never_low", "never_high", "always_low", "always_high")


def unavailable(model: Structure, treatment: str) -> Phrase | None:
    """Why no user's other outcome can be told; None where it can."""
    variables = model.rows.variables
    if treatment not in model.drawn.free:
        return phrase("structure.not_free", name=treatment)
    if not is_binary(variables[treatment]):
        return phrase("structure.not_binary", name=treatment)
    between = [name for name in model.drawn.after(treatment) if name != model.outcome and variables[name].discrete]
    if is_binary(variables[model.outcome]):
        return None
    if variables[model.outcome].discrete:
        return phrase("structure.not_invertible", name=model.outcome)
    return phrase("structure.not_invertible", name=between[0]) if between else None


def exact(model: Structure) -> bool:
    """Whether counterfactuals are single values here rather than bounds."""
    return not model.rows.variables[model.outcome].discrete


def counterfactuals(model: Structure, on: Base, treatment: str, seed: int) -> pd.DataFrame:
    """One row a user, columns COLUMNS: rows, treated rows, the mean outcome as recorded, with no row treated and with
    every row treated (low and high are equal where the answer is exact). Only where `unavailable` is None."""
    rows = model.rows
    treated = rows.values[treatment].astype(np.int64)
    if exact(model):
        outcome = np.asarray(rows.values[model.outcome], dtype=float)
        other = _abducted(model, treatment, 1 - treated)
        low, high = other, other
    else:
        outcome = np.asarray(rows.values[model.outcome], dtype=float)
        none, all_of = (chance[on.row] for chance in _chances(model, on, treatment, seed))
        low, high = bounds(np.where(treated == 1, all_of, none), np.where(treated == 1, none, all_of), outcome)
    count = np.bincount(rows.user, minlength=rows.users).astype(float)

    def mean(values: Numbers) -> Numbers:
        return np.asarray(np.bincount(rows.user, weights=values, minlength=rows.users) / count)

    return pd.DataFrame(
        {
            "user": rows.names,
            "rows": count.astype(int),
            "treated": np.bincount(rows.user, weights=treated, minlength=rows.users).astype(int),
            "recorded": mean(outcome),
            "never_low": mean(np.where(treated == 1, low, outcome)),
            "never_high": mean(np.where(treated == 1, high, outcome)),
            "always_low": mean(np.where(treated == 0, low, outcome)),
            "always_high": mean(np.where(treated == 0, high, outcome)),
        }
    )


def bounds(own: Numbers, other: Numbers, outcome: Numbers) -> tuple[Numbers, Numbers]:
    """Least and greatest chance [n] that the other outcome is 1, given the recorded one.

    own, other: chance of 1 as treated and as not, given what comes before the treatment; outcome 0/1 as recorded.
    """
    seen = np.where(outcome == 1, own, 1 - own)
    both = np.where(outcome == 1, own + other - 1, other - own)
    seen = np.maximum(seen, np.finfo(float).eps)
    return np.clip(both / seen, 0, 1), np.clip(other / seen, 0, 1)


def _chances(model: Structure, on: Base, treatment: str, seed: int) -> tuple[Numbers, Numbers]:
    """P(outcome = 1) without and with treatment [rows alike], given what comes before the treatment."""
    rng = np.random.default_rng(seed)
    total = np.zeros((2, on.n))
    draws = max(1, DRAWS // on.copies) if len(model.drawn.after(treatment)) > 1 else 1
    for _ in range(draws):
        uniform: Sample = {name: on.uniform(rng) for name in model.drawn.order}
        for arm in (0, 1):
            setting = {treatment: np.full(on.n, arm)}
            total[arm] += moved(model.fitted, model.drawn, on.values, setting, uniform)
    none, all_of = total.reshape(2, on.copies, -1).mean(axis=1) / draws
    return none, all_of


def _abducted(model: Structure, treatment: str, other: Codes) -> Numbers:
    """The outcome [n] with the treatment `other`, each number keeping the noise that the record shows."""
    rows = model.rows
    then: Sample = {**rows.values, treatment: other}
    for name in model.drawn.after(treatment):
        own = model.fitted[name]
        noise = rows.values[name] - own.mean(rows.values, rows.n)
        then[name] = own.mean(then, rows.n) + noise
    return np.asarray(then[model.outcome], dtype=float)
