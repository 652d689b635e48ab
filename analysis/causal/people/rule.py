"""A rule of at most two questions that says whom to treat: the best one, searched exhaustively."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.causal.strata import moment
from analysis.causal.study import Marks, Numbers, Stratified, Study
from analysis.charts.labels import apart, exact
from analysis.log import UNKNOWN

CUTS = 9
"""Quantiles at which a number may be cut."""
SMALLEST = 0.05
"""Share of the rows that each answer of a rule must hold."""


@dataclass(frozen=True)
class Question:
    """`name` is `value` (relation "is"), or is at most `value` (relation "most")."""

    name: str
    relation: str
    value: str


@dataclass(frozen=True)
class Leaf:
    """The questions on the way, each with its answer, and what the rule does there."""

    path: tuple[tuple[Question, bool], ...]
    treat: bool


@dataclass(frozen=True)
class Rule:
    """Leaves in order; together they hold every row."""

    leaves: tuple[Leaf, ...]

    @property
    def same_for_all(self) -> bool:
        """Whether it treats everybody, or nobody."""
        return len({leaf.treat for leaf in self.leaves}) == 1


@dataclass(frozen=True)
class Questions:
    """All questions that a rule may ask: answers bool [rows, questions]."""

    asked: tuple[Question, ...]
    answers: Marks

    def leaf_rows(self, leaf: Leaf) -> Marks:
        """Rows that a leaf holds, bool [rows]."""
        rows = np.ones(len(self.answers), bool)
        for question, answer in leaf.path:
            rows &= self.answers[:, self.asked.index(question)] == answer
        return rows

    def treated(self, rule: Rule) -> Marks:
        """Rows that the rule treats, bool [rows]."""
        chosen = np.zeros(len(self.answers), bool)
        for leaf in rule.leaves:
            if leaf.treat:
                chosen |= self.leaf_rows(leaf)
        return chosen


def questions(study: Study, names: tuple[str, ...]) -> Questions:
    """Levels of categories and quantile cuts of numbers, of the confounders called `names`."""
    asked: list[Question] = []
    answers: list[Marks] = []
    for one in study.confounders:
        if one.name in names:
            for question, answer in _cuts(study, one) if one.edges else _levels(one):
                if 0 < answer.mean() < 1:
                    asked.append(question)
                    answers.append(answer)
    return Questions(tuple(asked), np.column_stack(answers) if answers else np.empty((study.rows, 0), bool))


def best_rule(gain: Numbers, asked: Questions, rows: Marks, depth: int) -> Rule:
    """The rule with the largest summed `gain` (less what a treatment must bring) over the rows it treats.

    rows bool [all rows]: those learnt from. Every leaf holds at least 5% of them. Athey & Wager 2021, by sums over
    pairs of questions; of equally good rules the one with fewer questions, then the first.
    """
    weight, answers = gain[rows], asked.answers[rows].astype(np.float64)
    whole = Leaf((), bool(weight.sum() > 0))
    if answers.shape[1] == 0:
        return Rule((whole,))
    sums = answers.T @ (answers * weight[:, None])  # [questions, questions]: yes to both
    counts = answers.T @ answers
    total, least = float(weight.sum()), SMALLEST * len(weight)
    best, rule = max(total, 0.0), Rule((whole,))
    for first in range(len(asked.asked)):
        sides = [
            (True, sums[first, first], counts[first, first], sums[first], counts[first]),
            (
                False,
                total - sums[first, first],
                len(weight) - counts[first, first],
                np.diag(sums) - sums[first],
                np.diag(counts) - counts[first],
            ),
        ]
        if min(side[2] for side in sides) < least:
            continue
        value, leaves = 0.0, []
        for answer, gained, size, yes, yes_size in sides:
            own, found = _side(asked, first, answer, (gained, size, yes, yes_size), least if depth > 1 else np.inf)
            value += own
            leaves += found
        near = 1e-9 * max(abs(best), 1.0)
        if value > best + near or (value > best - near and len(leaves) < len(rule.leaves)):
            best, rule = value, Rule(tuple(leaves))
    return rule


def _side(
    asked: Questions, first: int, answer: bool, held: tuple[float, float, Numbers, Numbers], least: float
) -> tuple[float, list[Leaf]]:
    """The best of stopping here and of one more question; what it gains, and its leaves."""
    gained, size, yes, yes_size = held
    way = ((asked.asked[first], answer),)
    value, leaves = max(gained, 0.0), [Leaf(way, bool(gained > 0))]
    fits = (yes_size >= least) & (size - yes_size >= least)
    if not fits.any():
        return value, leaves
    split = np.where(fits, np.maximum(yes, 0.0) + np.maximum(gained - yes, 0.0), -np.inf)
    second = int(split.argmax())
    if split[second] <= value + 1e-9 * max(abs(value), 1.0):
        return value, leaves
    further = asked.asked[second]
    return float(split[second]), [
        Leaf((*way, (further, True)), bool(yes[second] > 0)),
        Leaf((*way, (further, False)), bool(gained - yes[second] > 0)),
    ]


def _levels(one: Stratified) -> list[tuple[Question, Marks]]:
    """One question a level; of two levels one question says all."""
    codes = range(len(one.labels)) if len(one.labels) > 2 else range(1)
    return [(Question(one.name, "is", one.labels[code]), one.codes == code) for code in codes]


def _cuts(study: Study, one: Stratified) -> list[tuple[Question, Marks]]:
    values = study.table[one.name].astype(float).to_numpy(dtype=float, na_value=np.nan)
    known = np.isfinite(values)
    edges = np.quantile(values[known], np.linspace(0, 1, CUTS + 2)[1:-1])
    if one.dated:
        edges = edges // 10**6 * 10**6
    named = sorted({*edges} if one.dated else {*apart(edges)})  # cut where the sentence says
    told = moment if one.dated else exact
    found = [(Question(one.name, "most", told(edge)), known & (values <= edge)) for edge in named]
    return found if known.all() else [*found, (Question(one.name, "is", UNKNOWN), ~known)]
