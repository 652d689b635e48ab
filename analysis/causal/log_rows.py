"""The rows of a log that a question compares, as an engine holds them: chosen, counted, and refused where unfit."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from analysis.causal.levels import Level, named
from analysis.causal.strata import MAX_LEVELS
from analysis.causal.strata import label as category
from analysis.causal.study import MAX_ARMS, reference_of
from analysis.charts.labels import number
from analysis.columns import find
from analysis.engine import Engine
from analysis.log import UNKNOWN
from words import Refusal

if TYPE_CHECKING:
    import ibis

FEW = 100
"""A column with more values (or about so many) is cut at quantiles where it holds numbers, and else refused."""
FEW_OUTCOMES = 16
"""An outcome with at most so many values (0/1, ratings) is counted value by value, exactly."""
SPARSE = 8
"""Users that are whole numbers are their own codes where their range is at most so many times the rows."""
N, TOTAL, SQUARE, SPREAD, LOW, HIGH = (
    f"sum of {name}" for name in ("rows", "outcomes", "squares", "variances", "lowest", "highest")
)
"""Columns of sums, beside columns under the log's own names."""


class LogQuestion(BaseModel):
    """What is asked of a log, by the names of its columns."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    treatment: str
    """Whose effect is asked for: 0/1, true and false, or a few kinds of which two are compared."""
    outcome: str
    """A number; 0/1 where something did or did not happen."""
    adjustment: tuple[str, ...] = ()
    """Columns within whose values rows are compared."""
    user: str = "user"
    """Who: users are what is resampled."""
    reference: str | None = None
    """The treatment that is compared with; None: 0, False or no, else the most frequent."""
    level: str | None = None
    """The treatment whose effect is asked for; None: the only other one."""
    bins: int = Field(5, ge=2, le=20)
    """Quantile bins of a number with many values."""


@dataclass(frozen=True)
class LogRows:
    """The rows compared, still in the engine.

    kept: those rows; treatment: its kinds, and the numbers of the two compared; found: rows and sums of the outcome in
    every combination of the columns with few values, over the rows compared. rows: of the whole log; complete: with
    user, treatment and outcome. users: (lowest, highest) user where users are whole numbers. outcomes: the outcome's
    values where they are few.
    """

    kept: ibis.Table
    treatment: Level
    reference: int
    level: int
    found: pd.DataFrame
    rows: int
    complete: int
    users: tuple[int, int] | None
    outcomes: Level | None

    @property
    def binary(self) -> bool:
        """Whether every outcome is 0 or 1: none outside [0, 1], and each its own square."""
        inside = self.found[LOW].min() >= 0 and self.found[HIGH].max() <= 1
        return bool(inside and self.found[TOTAL].sum() == self.found[SQUARE].sum())

    @property
    def codes_from(self) -> int | None:
        """The lowest user, where users are whole numbers without wide gaps; None else."""
        if self.users is None:
            return None
        low, high = self.users
        return low if high - low < SPARSE * self.rows else None

    @property
    def codes(self) -> int:
        """Codes that users may have: those without wide gaps, or one a row at most."""
        return self.rows if self.users is None or self.codes_from is None else self.users[1] - self.users[0] + 1

    @property
    def spread(self) -> float:
        """Standard deviation of the outcome: within the combinations and between them, since of times in epoch seconds
        the mean square less the squared mean leaves rounding alone."""
        n, mean = self.found[N], self.found[TOTAL] / self.found[N]
        apart = mean - self.found[TOTAL].sum() / n.sum()
        return float((n * (self.found[SPREAD] + apart**2)).sum() / n.sum()) ** 0.5


def log_rows(table: ibis.Table, asked: LogQuestion, engine: Engine) -> LogRows:
    """The rows that `asked` compares. Raises Refusal where a column is missing or cannot be what it is asked to be."""
    table = _finite(_numbers(_chosen(table, asked), asked))
    rows, users, few = _profile(table, asked, engine)
    complete = table.filter([table[name].notnull() for name in (asked.user, asked.treatment, asked.outcome)])
    if asked.treatment not in few:
        median = engine.frame(complete.aggregate(median=complete[asked.treatment].median()))["median"].iloc[0]
        raise Refusal("effects.treatment_continuous", name=asked.treatment, median=number(median))
    found = _combinations(complete, asked, few, engine)
    kinds = named(asked.treatment, found[asked.treatment])
    reference, level = _arms(found, kinds, asked)
    compared = [one for arm in (reference, level) for one in kinds.values[arm]]
    inside = found[found[asked.treatment].isin(compared)]
    if inside[LOW].min() == inside[HIGH].max():
        raise Refusal("effects.outcome_constant", name=asked.outcome, value=category(float(inside[LOW].min())))
    kept = complete.filter(complete[asked.treatment].isin(compared))
    outcomes = None
    if asked.outcome in few and inside[asked.outcome].nunique() <= FEW_OUTCOMES:
        values = sorted({float(one) for one in inside[asked.outcome].unique()})
        outcomes = Level(asked.outcome, tuple(map(category, values)), tuple((one,) for one in values))
    return LogRows(kept, kinds, reference, level, inside, rows, int(found[N].sum()), users, outcomes)


def _chosen(table: ibis.Table, asked: LogQuestion) -> ibis.Table:
    wanted = list(dict.fromkeys((asked.user, asked.treatment, asked.outcome, *asked.adjustment)))
    roles = ("user", "treatment", "outcome", *("adjusted" for _ in asked.adjustment))
    for role, name in zip(roles, (asked.user, asked.treatment, asked.outcome, *asked.adjustment), strict=True):
        find(role, name, list(table.columns), required=True)
    kinds = {name: table[name].type() for name in wanted}
    if not (kinds[asked.outcome].is_numeric() or kinds[asked.outcome].is_boolean()):
        raise Refusal("effects.outcome_text", name=asked.outcome)
    odd = [name for name, kind in kinds.items() if not (kind.is_numeric() or kind.is_boolean() or kind.is_string())]
    if odd:
        raise Refusal("scale.column_kind", name=odd[0])
    return table.select(*wanted)


def _numbers(table: ibis.Table, asked: LogQuestion) -> ibis.Table:
    """Outcomes of true and false, and decimals but for users' ids, as numbers."""
    kinds = {name: table[name].type() for name in table.columns}
    others = [name for name in table.columns if kinds[name].is_decimal() and name != asked.user]
    others += [asked.outcome] if kinds[asked.outcome].is_boolean() else []
    return table.mutate(**{name: table[name].cast("float64") for name in others}) if others else table


def _finite(table: ibis.Table) -> ibis.Table:
    """NaN and infinities as missing: both engines take NaN as greater than any number."""
    import ibis

    floats = [name for name in table.columns if table[name].type().is_floating()]
    odd = {name: table[name].cast("float64").abs() > sys.float_info.max for name in floats}
    blanked = {name: ibis.ifelse(blank, ibis.null(table[name].type()), table[name]) for name, blank in odd.items()}
    return table.mutate(**blanked) if blanked else table


def _profile(
    table: ibis.Table, asked: LogQuestion, engine: Engine
) -> tuple[int, tuple[int, int] | None, frozenset[str]]:
    """Rows, the range of users that are whole numbers, and the columns that have few values.

    Whole numbers in a narrow range are few without being counted; others are counted, approximately.
    """
    columns = list(dict.fromkeys((asked.treatment, asked.outcome, *asked.adjustment)))
    whole = [name for name in dict.fromkeys((asked.user, *columns)) if table[name].type().is_integer()]
    ends = {f"{end} {name}": getattr(table[name], end)() for name in whole for end in ("min", "max")}
    answer = engine.frame(table.aggregate(rows=table.count(), **ends)).iloc[0]
    ranges = {
        name: (int(answer[f"min {name}"]), int(answer[f"max {name}"]))
        for name in whole
        if pd.notna(answer[f"min {name}"])
    }
    few = {name for name in columns if table[name].type().is_boolean()}
    few |= {name for name in columns if name in ranges and ranges[name][1] - ranges[name][0] < FEW}
    rest = [name for name in columns if name not in few]
    if rest:
        counts = table.aggregate(**{f"values {name}": table[name].approx_nunique() for name in rest})
        about = engine.frame(counts).iloc[0]
        found = {name: int(about[f"values {name}"]) for name in rest}
        wordy = [name for name in rest if found[name] > FEW and not table[name].type().is_numeric()]
        if wordy:
            raise Refusal("effects.too_many_levels", name=wordy[0], n=found[wordy[0]], limit=MAX_LEVELS)
        few |= {name for name in rest if found[name] <= FEW}
    return int(answer["rows"]), ranges.get(asked.user), frozenset(few)


def _combinations(complete: ibis.Table, asked: LogQuestion, few: frozenset[str], engine: Engine) -> pd.DataFrame:
    """Rows and sums of the outcome for every combination of the columns with few values."""
    keys = [name for name in dict.fromkeys((asked.treatment, *asked.adjustment, asked.outcome)) if name in few]
    y = complete[asked.outcome].cast("float64")
    sums = {N: complete.count(), TOTAL: y.sum(), SQUARE: (y * y).sum(), SPREAD: y.var(how="pop")}
    sums |= {LOW: y.min(), HIGH: y.max()}
    return engine.frame(complete.group_by(keys).aggregate(**sums).order_by(keys))


def _arms(found: pd.DataFrame, kinds: Level, asked: LogQuestion) -> tuple[int, int]:
    """Numbers of the reference and of the treatment compared with it."""
    labels, name = kinds.labels, asked.treatment
    if len(labels) < 2:
        raise Refusal("effects.treatment_constant", name=name, level=labels[0] if labels else UNKNOWN)
    if len(labels) > MAX_ARMS:
        raise Refusal("effects.treatment_many", name=name, n=len(labels), limit=MAX_ARMS)
    rows = {label: int(found[N][found[name].isin(own)].sum()) for label, own in zip(labels, kinds.values, strict=True)}
    reference = reference_of(name, labels, rows, asked.reference)
    others = [label for label in labels if label != reference]
    if asked.level is None and len(others) > 1:
        raise Refusal("scale.which_level", name=name, levels=", ".join(others))
    level = others[0] if asked.level is None else asked.level
    if level not in others:
        raise Refusal("effects.no_reference", name=name, reference=level, levels=", ".join(labels))
    return labels.index(reference), labels.index(level)
