"""Step `mediation`: what does the effect run through? Natural direct and indirect effects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.causal.dag import Graph
from analysis.causal.effect_findings import default_margin, unit_of
from analysis.causal.gap import views
from analysis.causal.gap.mediate import linear, mediate
from analysis.causal.gap.places import Places, all_of, of_effect
from analysis.causal.gap.sample import Sample, sample
from analysis.causal.gap.settings import MediationSettings
from analysis.causal.gap.told import Frame, findings, hidden
from analysis.causal.propensity import WITHHELD
from analysis.causal.spoken import spoken
from analysis.causal.study import Contrast, contrasts
from analysis.causal.variables import variables
from analysis.document import Section
from analysis.fairness.disclose import disclosed
from analysis.finding import Finding, not_computed
from analysis.log import UNKNOWN, Dataset
from words import Fact, Phrase, Refusal, phrase

Tell = Callable[..., None]


@dataclass(frozen=True)
class _Asked:
    """The question: columns x and y with the words for them, and where everything else stands."""

    x: str
    y: str
    words: Mapping[str, str]
    places: Places

    def said(self, name: str) -> str:
        return self.words.get(name, name)


def mediation_section(
    dataset: Dataset,
    graph: Graph,
    settings: MediationSettings,
    k: int,
    seed: int,
    tell: Tell = lambda *_, **__: None,
) -> Section:
    """Section `mediation`: total, direct and indirect effect, and the part of each mediator, the answer first.

    What the data or the graph do not allow (constant treatment, no overlap, hidden causes of mediator and outcome)
    ends as `not computed` with the reason. Raises Refusal where treatment and outcome are not named.
    """
    tell(0.0, "gap.progress.read")
    table = variables(dataset)
    x, y = settings.treatment or graph.treatment, settings.outcome or graph.outcome
    if x is None or y is None:
        raise Refusal("graph.no_question")
    for name in (x, y, *(settings.mediators or ()), *(settings.confounders or ())):
        if name not in table.columns:
            raise Refusal("gap.no_column", name=spoken(dataset).get(name, name))
    asked = _Asked(x, y, spoken(dataset, taken=graph.nodes), _places(dataset, graph, x, y, table, settings))
    if not asked.places.between:
        return _nothing("mediation", asked, table, phrase("gap.no_mediators", x=asked.said(x), outcome=asked.said(y)))
    try:
        outcome = _numbers(table[y], asked.said(y))
        known = table[x].where(table[x].astype(str) != UNKNOWN) if x in dataset.sensitive else table[x]
        compared = contrasts(known, settings.reference, settings.threshold)
    except Refusal as refusal:
        return _nothing("mediation", asked, table, refusal.phrase)
    parts = []
    for number, contrast in enumerate(compared):
        tell(number / len(compared), "gap.progress.parts")
        base = "mediation" if len(compared) == 1 else f"mediation[{asked.said(x)}={contrast.level}]"
        parts.append(_contrast(base, asked, contrast, table, outcome, settings, k, seed))
    tell(1.0, "gap.progress.done")
    return _joined(parts, asked)


def _places(dataset: Dataset, graph: Graph, x: str, y: str, table: pd.DataFrame, settings: MediationSettings) -> Places:
    recorded = {name for name in graph.nodes if name in table.columns} - set(graph.latent)
    between = tuple(name for name in settings.mediators or () if name not in (x, y)) or None
    before = settings.confounders
    if before is not None:
        before = tuple(name for name in before if name not in (x, y, *(between or ())))
    return of_effect(graph, x, y, recorded, between, before)


def _contrast(
    base: str,
    asked: _Asked,
    contrast: Contrast,
    table: pd.DataFrame,
    outcome: np.ndarray,
    settings: MediationSettings,
    k: int,
    seed: int,
) -> Section:
    places = asked.places
    kept = table.loc[contrast.rows].reset_index(drop=True)
    try:
        rows = sample(kept, contrast.treated, outcome[contrast.rows], places.before, places.between, settings.bins)
    except Refusal as refusal:
        return _nothing(base, asked, kept, refusal.phrase)
    if rows.rows == 0 or len(np.unique(rows.arm)) < 2:
        return _nothing(
            base,
            asked,
            kept,
            phrase("gap.no_overlap_effect", **_bare(asked), share="100%", names=_bare(asked)["between"]),
        )
    frame = _frame(base, asked, contrast, rows, settings, seed)
    few = min(frame.people.values()) < k
    if np.ptp(rows.outcome) == 0 and few:
        return hidden(_nothing(base, asked, kept, phrase("finding.suppressed", k=k)), k)
    if np.ptp(rows.outcome) == 0:
        return _nothing(base, asked, kept, phrase("gap.constant", outcome=asked.said(asked.y)))
    done = mediate(rows, settings.replicates, seed)
    sure = done.total is not None and done.lacking <= WITHHELD and places.sound
    line = linear(rows) if sure else None
    if not sure:
        none = (None,) * len(places.between)
        done = replace(done, total=None, direct=None, indirect=None, through=none)
    everything = findings(done, frame)
    if few:
        said = phrase("gap.withheld_effect", **frame.facts(), reason=phrase("finding.suppressed", k=k))
        return hidden(Section(step="mediation", summary=(said,), findings=tuple(everything)), k)
    found = disclosed(everything, k)
    picture = views.chart(done, frame)
    tables = [views.parts_table(done, frame, {} if line is None else {"linear": line})] if sure else []
    return Section(
        step="mediation",
        summary=views.summary(done, frame, {one.key: one for one in found}),
        findings=found,
        charts=() if picture is None else (picture,),
        tables=(*tables, views.sides_table(rows, frame, k)),
        notes=views.notes(done, frame),
        facts={"by": done.by, "lacking": done.lacking, "answered": sure},
    )


def _frame(base: str, asked: _Asked, contrast: Contrast, rows: Sample, settings: MediationSettings, seed: int) -> Frame:
    binary = bool(np.isin(rows.outcome, (0.0, 1.0)).all())
    unit = unit_of(rows.outcome, binary, asked.y == "outcome")
    default = default_margin(binary, float(rows.outcome.mean()), float(rows.outcome.std()))
    first, second = (_arm(level, contrast, asked.said(asked.x)) for level in (contrast.level, contrast.reference))
    sides = {"confounders": list(asked.places.before), "mediators": list(asked.places.between)}
    return Frame(
        kind="effect",
        base=base,
        first=first,
        second=second,
        x=asked.said(asked.x),
        outcome=asked.said(asked.y),
        unit=unit,
        level_unit="share" if binary else unit,
        words=asked.words,
        places=asked.places,
        people={contrast.level: rows.people(1), contrast.reference: rows.people(0)},
        n=rows.users,
        margin=settings.margin or default,
        replicates=settings.replicates,
        settings={**settings.model_dump(mode="json", exclude_none=True), **sides},
        seed=seed,
    )


def _arm(level: str, contrast: Contrast, name: str) -> Phrase:
    if {contrast.level, contrast.reference} == {"0", "1"}:
        return phrase("gap.with" if level == "1" else "gap.without", name=name)
    return phrase("gap.level", name=name, level=level)


def _joined(parts: list[Section], asked: _Asked) -> Section:
    notes = dict.fromkeys(note for section in parts for note in section.notes)
    return Section(
        step="mediation",
        summary=tuple(said for section in parts for said in section.summary),
        findings=tuple(one for section in parts for one in section.findings),
        charts=tuple(one for section in parts for one in section.charts),
        tables=tuple(one for section in parts for one in section.tables),
        notes=tuple(notes),
        facts={
            "treatment": asked.x,
            "outcome": asked.y,
            "confounders": list(asked.places.before),
            "mediators": list(asked.places.between),
            "sound": asked.places.sound,
            "contrasts": [section.facts for section in parts],
        },
    )


def _nothing(base: str, asked: _Asked, table: pd.DataFrame, reason: Phrase) -> Section:
    facts = _bare(asked)
    users = int(table["user"].nunique())
    found: tuple[Finding, ...] = tuple(
        not_computed(
            f"{base}.{key}", phrase(f"gap.effect_{name}", **facts), "own", users, reason, phrase("gap.method_none")
        )
        for key, name in (("te", "total"), ("nde", "direct"), ("nie", "indirect"))
    )
    said = phrase("gap.withheld_effect", **facts, reason=reason)
    return Section(step="mediation", summary=(said,), findings=found, facts={"answered": False})


def _bare(asked: _Asked) -> dict[str, Fact]:
    x = asked.said(asked.x)
    return {
        "x": x,
        "outcome": asked.said(asked.y),
        "first": x,
        "second": x,
        "between": all_of(asked.said(name) for name in asked.places.between),
        "before": all_of(asked.said(name) for name in asked.places.before),
    }


def _numbers(column: pd.Series, name: str) -> np.ndarray:
    if not pd.api.types.is_numeric_dtype(column):
        raise Refusal("effects.outcome_text", name=name)
    return column.to_numpy(dtype=float, na_value=np.nan)
