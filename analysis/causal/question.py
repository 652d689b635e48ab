"""The causal question as asked: what is adjusted for, and whether the graph calls the answer an effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from analysis.causal.adjustment import biasing_paths, drawn_path, shortest
from analysis.causal.dag import Graph
from analysis.causal.identification import Identification, identify
from analysis.causal.settings import EffectSettings
from analysis.causal.spoken import retold, retold_path, spoken
from analysis.causal.study import Contrast
from analysis.log import Dataset
from words import Phrase, Refusal, listed, phrase

Way = Literal["backdoor", "front-door", "instrument"]


@dataclass(frozen=True)
class Question:
    """Treatment and outcome (columns and spoken names), the adjustment, and why it may not be an effect.

    obstacle: None where the graph identifies the effect; else the reason. Then what is adjusted for is only what
    was recorded, and the adjusted difference is reported as what remains, not as an effect.
    through: the columns of an instrument or a front door, where the graph offers that and no adjustment is enough.
    changed: what the graph has the treatment change.
    """

    treatment: str
    outcome: str
    spoken: dict[str, str]
    adjustment: tuple[str, ...]
    obstacle: Phrase | None
    identification: Identification
    changed: frozenset[str] = frozenset()
    way: Way = "backdoor"
    through: tuple[str, ...] = ()

    @property
    def treatment_name(self) -> str:
        return self.spoken.get(self.treatment, self.treatment)

    @property
    def outcome_name(self) -> str:
        return self.spoken.get(self.outcome, self.outcome)

    @property
    def names(self) -> Phrase | str:
        """What is adjusted for, or what the other way leads through, in words."""
        return listed(map(self.said, self.through or self.adjustment)) or phrase("effects.nothing")

    def said(self, name: str) -> str:
        """A column by the name that the analyst's files give it."""
        return self.spoken.get(name, name)


def ask(dataset: Dataset, graph: Graph, settings: EffectSettings, table: pd.DataFrame) -> Question:
    """The question that `settings` put to `graph` and the columns of `table`.

    Raises Refusal where treatment or outcome is not chosen, not in the graph or not in the data.
    """
    asked = graph.ask(settings.treatment or graph.treatment, settings.outcome or graph.outcome)
    found = identify(asked, table.columns)
    words, changed = spoken(dataset, taken=asked.nodes), asked.descendants(found.treatment)
    told = retold(found, words)
    missing = [name for name in (found.treatment, found.outcome) if name in found.absent]
    if missing:
        raise Refusal("effects.not_recorded", names=listed(missing))
    if settings.adjustment == "auto" and found.recommended is None and found.by in ("front-door", "instrument"):
        through = found.front_door if found.by == "front-door" else found.instruments
        return Question(found.treatment, found.outcome, words, (), None, found, changed, found.by, through)
    if settings.adjustment == "auto":
        adjustment = found.recorded_causes if found.recommended is None else found.recommended
        obstacle = _obstacle(told)
    else:
        adjustment = settings.adjustment
        absent = [name for name in adjustment if name not in table.columns]
        if absent:
            raise Refusal("effects.not_recorded", names=listed(absent))
        obstacle = _own_set(asked, found, adjustment, words)
    return Question(found.treatment, found.outcome, words, adjustment, obstacle, found, changed)


def arms(question: Question, contrast: Contrast, threshold: str | None) -> Phrase:
    """What is compared with what, in words."""
    name = question.treatment_name
    if threshold is not None:
        return phrase("effects.arms_above", treatment=name, limit=threshold)
    if {contrast.reference, contrast.level} == {"0", "1"}:
        return phrase("effects.arms_binary", treatment=name)
    return phrase("effects.arms_levels", treatment=name, level=contrast.level, reference=contrast.reference)


def _obstacle(found: Identification) -> Phrase | None:
    if found.status == "no path":
        return phrase("effects.no_path", treatment=found.treatment, outcome=found.outcome)
    if found.recommended is not None:
        return None
    hidden = listed(found.hidden)
    return phrase("effects.not_identifiable", hidden=hidden, treatment=found.treatment, outcome=found.outcome)


def _own_set(graph: Graph, found: Identification, adjustment: tuple[str, ...], words: dict[str, str]) -> Phrase | None:
    if found.status == "no path":
        return _obstacle(retold(found, words))
    after = graph.descendants(found.treatment) | {found.treatment, found.outcome}
    changed = [words.get(name, name) for name in adjustment if name in after]
    if changed:
        return phrase("effects.bad_column", names=listed(changed))
    given = [name for name in adjustment if name in graph.nodes]
    paths = shortest(biasing_paths(graph, found.treatment, found.outcome, given))
    if paths:
        drawn = listed((retold_path(drawn_path(graph, path), words) for path in paths[:5]), "semicolon")
        names = listed(words.get(name, name) for name in adjustment) or phrase("effects.nothing")
        return phrase("effects.not_a_set", names=names, paths=drawn)
    return None
