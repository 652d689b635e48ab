"""The categories of a column that an engine holds, and the expression that numbers them: `strata`, for whole logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.causal.strata import FEW_VALUES, MAX_LEVELS, interval_labels, is_number, label
from analysis.engine import Engine
from analysis.log import UNKNOWN
from words import Refusal

if TYPE_CHECKING:
    import ibis


@dataclass(frozen=True)
class Level:
    """A column as categories: `labels` as in `Stratified`.

    values: the column's own values behind each label, None for a missing one; () where the column is cut at `edges`.
    """

    name: str
    labels: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...] = ()
    edges: tuple[float, ...] = ()

    def code(self, table: ibis.Table) -> ibis.Value:
        """The number of each row's label, int32."""
        import ibis

        column = table[self.name]
        if self.edges:
            number = column.cast("float64")
            passed = [(number >= edge).cast("int32") for edge in self.edges[1:-1]]
            bin_of = reduce(lambda a, b: a + b, passed, ibis.literal(0, "int32"))
            return ibis.ifelse(column.isnull(), ibis.literal(len(self.labels) - 1, "int32"), bin_of)
        known = [(one, code) for code, own in enumerate(self.values) for one in own if one is not None]
        missing = next((code for code, own in enumerate(self.values) if None in own), 0)
        cases = [(column == _literal(one, column), ibis.literal(code, "int32")) for one, code in known]
        return ibis.cases(*cases, else_=ibis.literal(missing, "int32")) if cases else ibis.literal(0, "int32")


def _literal(value: Any, column: ibis.Value) -> Any:
    """A value to compare the column with: whole numbers of its own type, as one beyond int64 would equal nothing."""
    import ibis

    return ibis.literal(value, column.type()) if isinstance(value, int) and column.type().is_integer() else value


def named(name: str, values: pd.Series) -> Level:
    """A column of few values as categories, labels sorted; refuses more than 50."""
    behind: dict[str, list[Any]] = {}
    for one in values.unique():
        blank = bool(pd.isna(one))
        behind.setdefault(UNKNOWN if blank else label(one), []).append(None if blank else _plain(one))
    if len(behind) > MAX_LEVELS:
        raise Refusal("effects.too_many_levels", name=name, n=len(behind), limit=MAX_LEVELS)
    labels = sorted(behind)
    return Level(name, tuple(labels), tuple(tuple(behind[one]) for one in labels))


def levels_of(
    kept: ibis.Table, adjustment: Sequence[str], found: pd.DataFrame, bins: int, engine: Engine
) -> tuple[Level, ...]:
    """Each column of `adjustment` as categories over the rows `kept`; found: the values of columns with few of them."""
    cut = [name for name in adjustment if name not in found or _many(found[name])]
    edges = _edges(kept, cut, bins, engine)
    return tuple(
        Level(name, (*interval_labels(edges[name]), UNKNOWN), edges=edges[name]) if name in edges
        else named(name, found[name])
        for name in adjustment
    )  # fmt: skip


def _many(values: pd.Series) -> bool:
    return is_number(values) and values.nunique() > FEW_VALUES


def _edges(kept: ibis.Table, names: Sequence[str], bins: int, engine: Engine) -> dict[str, tuple[float, ...]]:
    """Quantiles of each column, as NumPy interpolates them."""
    if not names:
        return {}
    at = np.linspace(0, 1, bins + 1)
    asked = {
        f"q{column}_{step}": kept[name].cast("float64").quantile(float(share))
        for column, name in enumerate(names)
        for step, share in enumerate(at)
    }
    answer = engine.frame(kept.aggregate(**asked)).iloc[0]
    cuts = [np.unique([float(answer[f"q{column}_{step}"]) for step in range(len(at))]) for column in range(len(names))]
    return {name: tuple(float(edge) for edge in cut) for name, cut in zip(names, cuts, strict=True)}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
