"""The recorded variables of a structural model as arrays: categories as codes, numbers as they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.causal.strata import label
from analysis.causal.study import FEW_VALUES, Codes, Numbers, stratified
from analysis.log import UNKNOWN
from words import Refusal

MAX_ROWS = 100_000
"""Larger logs are fitted on as many whole users as fit into so many rows, drawn at random."""


@dataclass(frozen=True)
class Variable:
    """One recorded variable.

    labels: its categories, sorted (numerically where they are numbers), or () for a number with many values.
    amounts: float64 [labels], what each category counts for where it is a number; None for words.
    """

    name: str
    labels: tuple[str, ...]
    amounts: Numbers | None

    @property
    def discrete(self) -> bool:
        return bool(self.labels)


@dataclass(frozen=True)
class Rows:
    """Rows [n] of the log. values: name -> int64 codes or float64 numbers; user: int64 dense codes; names: user ids."""

    variables: dict[str, Variable]
    values: dict[str, Codes | Numbers]
    user: Codes
    names: tuple[str, ...]
    table: pd.DataFrame
    dropped: int
    """Rows left out for a missing outcome, treatment or number."""
    sampled: int | None
    """Users of the log where not all were taken; else None."""

    @property
    def n(self) -> int:
        return len(self.user)

    @property
    def users(self) -> int:
        return len(self.names)


def rows_of(table: pd.DataFrame, names: tuple[str, ...], outcome: str, seed: int, treatment: str | None = None) -> Rows:
    """The columns `names` of `table` as arrays; rows with a missing outcome, treatment or number are left out.

    Other missing categories are a category of their own. Raises Refusal for an outcome that is text, empty or constant,
    and for text with more than 50 kinds.
    """
    _refuse_outcome(table[outcome])
    known = table[[name for name in names if name in (outcome, treatment)]].notna().all(axis=1).to_numpy()
    for name in names:
        if _is_number(table[name]) and table[name].nunique() > FEW_VALUES:
            known = known & np.isfinite(table[name].to_numpy(dtype=float, na_value=np.nan))
    kept, sampled = some_users(table.loc[known].reset_index(drop=True), seed)
    if len(kept) == 0:
        raise Refusal("effects.outcome_empty", name=outcome)
    _refuse_outcome(kept[outcome])
    read = {name: _read(kept[name]) for name in names}
    ids, user = np.unique(kept["user"].astype(str).to_numpy(dtype=str), return_inverse=True)
    return Rows(
        variables={name: variable for name, (variable, _) in read.items()},
        values={name: values for name, (_, values) in read.items()},
        user=user.astype(np.int64),
        names=tuple(str(one) for one in ids),
        table=kept,
        dropped=int((~known).sum()),
        sampled=sampled,
    )


def is_binary(variable: Variable) -> bool:
    """Whether the variable is 0/1."""
    return variable.amounts is not None and variable.labels == ("0", "1")


def some_users(table: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, int | None]:
    """Whole users drawn at random that fit into MAX_ROWS rows, and how many users there were; else all, and None."""
    if len(table) <= MAX_ROWS:
        return table, None
    counts = table["user"].value_counts(sort=False).sort_index()
    drawn = counts.iloc[np.random.default_rng(seed).permutation(len(counts))]
    kept = drawn.index[drawn.cumsum() <= MAX_ROWS]
    kept = kept if len(kept) else drawn.index[:1]
    return table.loc[table["user"].isin(kept)].reset_index(drop=True), len(counts)


def _read(column: pd.Series) -> tuple[Variable, Codes | Numbers]:
    name = str(column.name)
    if _is_number(column) and column.nunique() > FEW_VALUES:
        return Variable(name, (), None), column.to_numpy(dtype=float, na_value=np.nan)
    cut = stratified(column, bins=FEW_VALUES)
    if not (_is_number(column) or pd.api.types.is_bool_dtype(column)):
        return Variable(name, cut.labels, None), cut.codes
    amounts = np.array([np.nan if label == UNKNOWN else float(label) for label in cut.labels])
    order = np.argsort(amounts, kind="stable")
    place = np.argsort(order)
    return Variable(name, tuple(cut.labels[code] for code in order), amounts[order]), place[cut.codes]


def _refuse_outcome(column: pd.Series) -> None:
    name = str(column.name)
    if not (_is_number(column) or pd.api.types.is_bool_dtype(column)):
        raise Refusal("effects.outcome_text", name=name)
    if not column.notna().any():
        raise Refusal("effects.outcome_empty", name=name)
    if column.nunique() < 2:
        raise Refusal("effects.outcome_constant", name=name, value=label(column.dropna().iloc[0]))


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
