"""The defensible ways of answering one question: which adjustment sets, which definitions of the outcome."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Literal

import numpy as np
import pandas as pd

from analysis.causal.question import Question
from analysis.causal.settings import EffectSettings
from analysis.causal.study import FEW_VALUES
from analysis.charts.labels import number
from words import Phrase, listed, phrase

MAX_SETS = 8
"""A large graph has hundreds of minimal sets; those with the fewest columns are tried."""
MAX_CUTS = 3
"""Cuts of one outcome, those that split the rows most evenly."""
RARE = 0.05
"""A cut must leave this share of the rows on each side."""
LISTED = 4
"""A set with more columns is called by its size."""
Names = tuple[str, ...]
Kind = Literal["headline", "minimal", "causes", "recorded"]


@dataclass(frozen=True)
class AdjustmentChoice:
    """Columns adjusted for. kind: the answer's own set, another minimal set of the graph, all recorded causes that the
    treatment does not change, or what is recorded of a minimal set."""

    names: Names
    kind: Kind


@dataclass(frozen=True)
class OutcomeChoice:
    """One definition of the outcome. values: one a row of the table; headline: the answer's own definition."""

    words: Phrase | str
    values: pd.Series
    headline: bool = False


def adjustment_choices(question: Question) -> tuple[tuple[AdjustmentChoice, ...], int]:
    """The sets to try, the answer's own first, each once; and how many minimal sets were left out for their number.

    All recorded causes of treatment and outcome close every biasing path whenever any recorded set does (van der
    Zander, Liskiewicz & Textor 2014), so that set is as defensible as the minimal ones.
    """
    found = question.identification
    whole = [one.names for one in found.sets if not one.missing]
    partly = [tuple(name for name in one.names if name not in one.missing) for one in found.sets if one.missing]
    named: list[tuple[Names, Kind]] = [(question.adjustment, "headline")]
    named += [(names, "minimal") for names in whole[:MAX_SETS]]
    named.append((found.recorded_causes, "causes"))
    if question.obstacle is not None:
        named += [(names, "recorded") for names in partly[: MAX_SETS - len(whole)]]
    chosen: dict[frozenset[str], AdjustmentChoice] = {}
    for names, kind in named:
        if frozenset(names) not in chosen:
            chosen[frozenset(names)] = AdjustmentChoice(names, kind)
    left_out = max(0, len(whole) - MAX_SETS)
    return tuple(chosen.values()), left_out


def outcome_choices(
    question: Question, table: pd.DataFrame, settings: EffectSettings, others: Iterable[str]
) -> tuple[OutcomeChoice, ...]:
    """The answer's own definition first; then the outcome as it is, cut in two, and the other columns named."""
    own = pd.to_numeric(table[question.outcome], errors="coerce").astype(float)
    name = question.outcome_name
    chosen = [OutcomeChoice(phrase("robustness.outcome_as_is", name=name), own, settings.positive_from is None)]
    chosen += [_cut_at(name, own, cut) for cut in cuts(own) if cut != settings.positive_from]
    if settings.positive_from is not None:
        headline = _cut_at(name, own, settings.positive_from)
        chosen.insert(0, OutcomeChoice(headline.words, headline.values, headline=True))
    for other in dict.fromkeys(others):
        chosen.append(OutcomeChoice(question.said(other), pd.to_numeric(table[other], errors="coerce").astype(float)))
    return tuple(chosen)


def cuts(values: pd.Series) -> tuple[float, ...]:
    """Where a number may be cut in two ("from here on"), at most three, ascending; none for 0/1 and constants.

    Few values: each value that leaves 5% of the rows on both sides, those nearest to halves. Many: median and upper
    quartile, and anything above none where the smallest value is 0 and common.
    """
    known = values[np.isfinite(values)]
    distinct = np.unique(known)
    if len(distinct) <= 2:
        return ()
    if len(distinct) <= FEW_VALUES:
        found = [float(value) for value in distinct[1:]]
    else:
        above_none = [float(distinct[1])] if distinct[0] == 0 else []
        found = [*above_none, float(known.quantile(0.5)), float(known.quantile(0.75))]
    shares = {cut: float((known >= cut).mean()) for cut in found}
    usable = [cut for cut, share in shares.items() if RARE <= share <= 1 - RARE]
    return tuple(sorted(sorted(usable, key=lambda cut: (abs(shares[cut] - 0.5), cut))[:MAX_CUTS]))


def set_words(choices: Sequence[AdjustmentChoice], place: int, question: Question) -> Phrase | str:
    """What one of the sets adjusts for, short enough for a label; sets of many columns by their letter."""
    choice = choices[place]
    letters = set_letters(choices)
    if place in letters:
        return phrase("robustness.some_causes", letter=letters[place], count=len(choice.names))
    if len(choice.names) > LISTED:
        key = "own_set" if choice.kind == "headline" else "all_causes"
        return phrase(f"robustness.{key}", count=len(choice.names))
    return listed(map(question.said, choice.names)) or phrase("effects.nothing")


def set_letters(choices: Sequence[AdjustmentChoice]) -> dict[int, str]:
    """Letters of the sets with more columns than a label holds, but the answer's own and that of all causes."""
    long = [at for at, one in enumerate(choices) if len(one.names) > LISTED and one.kind in ("minimal", "recorded")]
    return dict(zip(long, ascii_uppercase, strict=False))


def _cut_at(name: str, values: pd.Series, cut: float) -> OutcomeChoice:
    words = phrase("robustness.outcome_from", name=name, cut=number(cut))
    return OutcomeChoice(words, (values >= cut).astype(float).where(values.notna()))
