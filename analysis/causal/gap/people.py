"""One row a person: what is compared between groups, what lies in between, and what stands before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.causal.dag import Graph
from analysis.causal.gap.settings import OF_THE_LOG, GapSettings
from analysis.causal.spoken import spoken
from analysis.causal.study import Numbers
from analysis.causal.templates import MAX_LEVELS
from analysis.causal.variables import ACTIVITY, POPULARITY, variables
from analysis.fairness.exposure import attention_measures, exposure_measures, shown_values
from analysis.fairness.judge import SIGNED_UNIT, Measure
from analysis.fairness.ranking import Ranking
from analysis.fairness.utility import accuracy_measures
from analysis.log import Dataset
from words import Phrase, Refusal, phrase

TREATMENT, OUTCOME = "treatment", "outcome"


@dataclass(frozen=True)
class Compared:
    """What the groups differ in: float64 [users], NaN where a person has none; its name in keys, words and unit.

    node: what it is called in a graph. unit: of a level; gap_unit: of a difference.
    """

    value: Numbers
    figure: str
    label: Phrase
    unit: str
    node: str
    method: Phrase

    @property
    def gap_unit(self) -> str:
        return SIGNED_UNIT.get(self.unit, self.unit)


def compared(dataset: Dataset, ranking: Ranking | None, settings: GapSettings) -> Compared:
    """The outcome that the settings ask for. Raises Refusal where the data do not hold it."""
    if settings.gap_in in OF_THE_LOG:
        return _of_the_log(dataset, settings.gap_in)
    if ranking is None:
        raise Refusal("gap.needs_lists")
    one = _measure(ranking, settings)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(one.denominator > 0, one.numerator / one.denominator, np.nan)
    return Compared(value, one.name, one.label, one.unit, one.name, one.method)


def carried(dataset: Dataset, ranking: Ranking | None, names: tuple[str, ...]) -> pd.DataFrame:
    """[users x names] in the order of `dataset.users`: each column as one value a person.

    Columns of the users' table as they are; of the log: the mean of a number, the share of the second of two values,
    else the most frequent value. With lists the rows before the test part count, as for the recommender;
    `activity` is then the number of things a person took before, `popularity` how many people took these (the mean).
    Raises Refusal for a name that is no column.
    """
    log = dataset.log
    if ranking is not None and (log["part"] != "test").any():
        log = log[log["part"] != "test"]
    rows = variables(Dataset(log, dataset.users, dataset.items, dataset.roles, dataset.digest))
    found: dict[str, pd.Series] = {}
    for name in names:
        if name in dataset.users.columns:
            found[name] = dataset.users[name]
        elif ranking is not None and ranking.profile is not None and name in (ACTIVITY, POPULARITY):
            found[name] = pd.Series(_profile(ranking, name), index=dataset.users.index)
        elif name in rows.columns and name not in ("user", "item", "part"):
            found[name] = _by_person(rows, name).reindex(dataset.users.index)
        else:
            raise Refusal("gap.no_column", name=name)
    return pd.DataFrame(found, index=dataset.users.index).reset_index(drop=True)


def sides(
    dataset: Dataset, graph: Graph, attribute: str, node: str, settings: GapSettings
) -> tuple[tuple[str, ...], ...]:
    """(confounders, mediators) as chosen, or as the graph and common sense place the recorded columns."""
    after = graph.descendants(attribute) if attribute in graph.nodes else frozenset()
    own = [
        str(name)
        for name in dataset.users.columns
        if name != attribute
        and (name in dataset.sensitive or name in graph.nodes)
        and (pd.api.types.is_numeric_dtype(dataset.users[name]) or dataset.users[name].nunique() <= MAX_LEVELS)
    ]
    usual = [ACTIVITY, POPULARITY]
    if TREATMENT in dataset.log and pd.api.types.is_numeric_dtype(dataset.log[TREATMENT]):
        usual.append(TREATMENT)
    later = graph.descendants(node) | {node} if node in graph.nodes else {node}
    between = settings.mediators
    if between is None:
        drawn = [name for name in own if name in after]
        before_it = {name for name in own if name in graph.nodes and name not in after}
        between = tuple(name for name in (*drawn, *usual) if name not in later | before_it)
        between = tuple(dict.fromkeys(between))
    before = settings.confounders
    if before is None:
        before = tuple(name for name in own if name not in after and name not in between)
    whole = (attribute, node)
    before = tuple(name for name in before if name not in whole)
    return before, tuple(name for name in between if name not in (*before, *whole))


def names_of(dataset: Dataset, names: tuple[str, ...], ranking: Ranking | None) -> dict[str, str | Phrase]:
    """Columns in words: the analyst's own names, and ours for what was derived."""
    own = spoken(dataset)
    said: dict[str, str | Phrase] = {name: own.get(name, name) for name in names}
    where = "lists" if ranking is not None and ranking.profile is not None else "log"
    for name in (ACTIVITY, POPULARITY):
        if name in said and name not in dataset.users.columns:
            said[name] = phrase(f"gap.{name}_{where}")
    if TREATMENT in said:
        said[TREATMENT] = phrase("gap.exposure_to", name=own.get(TREATMENT, TREATMENT))
    return said


def _of_the_log(dataset: Dataset, which: str) -> Compared:
    node = OUTCOME if which == "outcome" else TREATMENT
    own = spoken(dataset).get(node, node)
    if node not in dataset.log or not pd.api.types.is_numeric_dtype(dataset.log[node]):
        raise Refusal("gap.no_outcome", name=own)
    rows = dataset.log[node].astype(float)
    mean = rows.groupby(dataset.log["user"]).mean().reindex(dataset.users.index)
    share = bool(rows.dropna().isin((0.0, 1.0)).all())
    label = phrase("gap.share_of" if share else "gap.mean_of", name=own)
    unit = "share" if share else "rating" if rows.nunique() <= MAX_LEVELS else "own"
    return Compared(np.asarray(mean, dtype=float), which, label, unit, node, phrase("gap.what_log", name=own))


def _measure(ranking: Ranking, settings: GapSettings) -> Measure:
    K, which = ranking.lists.shape[1], settings.gap_in
    if which == "shown":
        return _attention(ranking, K, settings.item_group)
    every = (*accuracy_measures(ranking, K), *exposure_measures(ranking, K))
    named = {one.name.split("@")[0]: one for one in every}
    if which not in named:
        raise Refusal("gap.needs_lists")
    return named[which]


def _attention(ranking: Ranking, K: int, group: str | None) -> Measure:
    if "category" not in ranking.item_groups:
        raise Refusal("gap.no_categories")
    values = shown_values(ranking, "category")
    if group is not None and group not in values:
        raise Refusal("gap.no_category", name=group, known=", ".join(values))
    return attention_measures(ranking, K, "category")[values.index(group) if group else 0]


def _profile(ranking: Ranking, name: str) -> Numbers:
    assert ranking.profile is not None
    taken = (ranking.profile > 0).astype(float)
    size = np.asarray(taken.sum(axis=1), dtype=float).ravel()
    if name == ACTIVITY:
        return size
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(size > 0, np.asarray(taken @ ranking.popularity, dtype=float).ravel() / size, np.nan)


def _by_person(rows: pd.DataFrame, name: str) -> pd.Series:
    column = rows[name]
    if pd.api.types.is_numeric_dtype(column):
        return column.astype(float).groupby(rows["user"]).mean()
    levels = sorted(column.dropna().astype(str).unique())
    if len(levels) == 2:
        second = (column.astype(str) == levels[1]).astype(float).where(column.notna())
        return second.groupby(rows["user"]).mean()
    return column.groupby(rows["user"]).agg(lambda one: one.mode().iloc[0] if one.notna().any() else None)
