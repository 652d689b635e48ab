"""The section of the data step: what the log is, what was mended, who is shown what."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.document import Section
from analysis.fairness.bygroup import levels, resample
from analysis.fairness.disclose import build_disclosed, hidden_by_figure
from analysis.fairness.gaps import gaps
from analysis.fairness.infer import InferenceSettings
from analysis.fairness.judge import Comparison, judged, measured
from analysis.fairness.partition import Partition, partitions
from analysis.finding import JSON, Finding
from analysis.lacking import lacking_measures
from analysis.log import NO_ITEMS, Dataset
from analysis.logged import Logged, logged, measures, selection
from analysis.pictures import pictures
from analysis.prepare import Prepared
from analysis.telling import summary, tables
from words import Phrase, phrase

INFERENCE = InferenceSettings(replicates=1000, permutations=500, margin=0.0)
"""The analyst sets no margin in this step, so nothing is called equivalent here."""
SEED = 1
"""Of the resampling; part of each finding."""


def data_section(prepared: Prepared, k: int) -> Section:
    """Counts, exposure and outcome by group with intervals over users, cleaning log; small cells already hidden.

    Where the log marks randomised rows, each exposure is given in the chosen and in the random part, with the
    selection (chosen minus random gap). Gaps of one part are corrected as one table, signed pairs as another.
    """
    dataset = prepared.dataset
    data = logged(dataset)
    groups = partitions(dataset.users, dataset.sensitive, intersections=False, cells=0)
    findings = (*_sizes(prepared), *_by_group(prepared, data, groups, k))
    return build_disclosed(findings, k, lambda shown: _drawn(prepared, data, groups, shown, k))


def _drawn(
    prepared: Prepared, data: Logged, groups: Sequence[Partition], findings: tuple[Finding, ...], k: int
) -> Section:
    return Section(
        step="data",
        summary=summary(prepared, data, groups, findings),
        findings=findings,
        charts=pictures(prepared.dataset, data, groups, findings, k),
        tables=tables(prepared),
        notes=(*prepared.notes, *_notes(prepared.dataset, data)),
        facts=_facts(prepared),
    )


def _sizes(prepared: Prepared) -> list[Finding]:
    """Rows, users and items after cleaning: counts of the log itself, so without an interval."""
    dataset = prepared.dataset
    users = len(dataset.users)
    counts = {"rows": len(dataset.log), "users": users, "items": int(dataset.log["item"].nunique())}
    method = phrase("data.method.count")
    return [
        measured(f"log.{name}", phrase(f"data.figure.log_{name}"), "count", float(count), None, users, method)
        for name, count in counts.items()
        if name != "items" or dataset.roles.item != NO_ITEMS
    ]


def _by_group(prepared: Prepared, data: Logged, groups: Sequence[Partition], k: int) -> list[Finding]:
    figures = measures(data)
    if prepared.lacking is not None:
        figures += lacking_measures(prepared.lacking, prepared.dataset.users.index, data.outcome)
    batches = [batch for group in groups for batch in resample(figures, group, INFERENCE, SEED)]
    found = levels(batches)
    headlines, pairs = gaps(batches, hidden_by_figure(found, k))
    chosen: list[Comparison] = [c for group in groups for c in selection(data, group, SEED, INFERENCE)]
    return [*found, *judged(headlines), *judged(pairs), *judged(chosen)]


def _notes(dataset: Dataset, data: Logged) -> tuple[Phrase, ...]:
    notes = [phrase("data.about.users")]
    if data.has_random:
        notes.append(phrase("data.about.selection", column=str(dataset.roles.randomised)))
    if dataset.roles.category is None:
        notes.append(phrase("data.about.no_category"))
    if not dataset.sensitive:
        notes.append(phrase("data.about.no_sensitive"))
    return tuple(notes)


def _facts(prepared: Prepared) -> dict[str, JSON]:
    dataset = prepared.dataset
    counted = dataset.log["part"].value_counts()
    return {
        "roles": dataset.roles.model_dump(mode="json"),
        "parts": {part: int(counted.get(part, 0)) for part in ("train", "validation", "test")},
        "cleaning": [
            {"rule": step.rule, "rows_before": step.rows_before, "rows_after": step.rows_after}
            for step in prepared.steps
        ],
        "dataset": dataset.digest,
    }
