"""Does shrinking the model widen the gap? A recommender beside its smaller forms, on the same users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, field_validator

from analysis.document import Cell, Chart, Column, Section, Series, Table
from analysis.fairness.disclose import build_disclosed
from analysis.fairness.infer import InferenceSettings, each_once
from analysis.fairness.judge import judged
from analysis.fairness.partition import partition
from analysis.fairness.ranking import Ranking
from analysis.finding import Finding, amount, bare, is_certain_gap, verdict_word
from analysis.mitigation.before_after import Terms, user_changes
from analysis.mitigation.compare import MitigationSettings, chosen_attribute
from analysis.mitigation.moved import gap_moved, moved
from analysis.mitigation.naming import BEFORE, form_title
from words import Phrase, phrase

MEGABYTE = 1_000_000


class ShrinkSettings(InferenceSettings):
    """Which smaller forms are tried, and by what they are judged."""

    pruned: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (0.5, 0.9)
    """Shares of the smallest weights that are left out, each in (0, 1); int8 is always tried."""
    attribute: str | None = None
    """The sensitive attribute whose gap is followed; None: the first of two groups, else the first."""
    figure: Literal["ndcg", "recall", "hit"] = "ndcg"
    """Accuracy by which users are compared."""

    _once = field_validator("pruned")(each_once)


@dataclass(frozen=True)
class Smaller:
    """One smaller form: `name` as in keys (``int8``, ``pruned-50``), its lists, and bytes of its weights of `of`."""

    name: str
    ranking: Ranking
    bytes: int
    of: int


def shrink_section(before: Ranking, forms: Sequence[Smaller], settings: ShrinkSettings, k: int, seed: int) -> Section:
    """Accuracy overall and by group, and the gap, of each smaller form minus the full model's; step `shrink`.

    Keys: ``shrink.FORM.all.FIGURE@K.change``, ``shrink.FORM.ATTRIBUTE.FIGURE@K.gap.change`` ...; paired on users, all
    p-values corrected together. k: disclosure threshold. Raises Refusal where the attribute is unknown.
    """
    chosen = chosen_attribute(before.attributes, MitigationSettings(attribute=settings.attribute))
    group = partition(before.attributes, (chosen,))
    K = before.lists.shape[1]
    terms = Terms(group, settings.figure, "tail", K, k, settings, seed)
    found: dict[str, Finding] = {}
    comparisons = []
    for form in forms:
        levels, changed = user_changes(before, form.ranking, form.name, terms)
        found |= {finding.key: finding for finding in levels}
        comparisons += changed
    findings = [
        finding.model_copy(update={"key": finding.key.replace("mitigation.", "shrink.", 1)})
        for finding in (*found.values(), *judged(comparisons))
    ]
    names = (f"all.{settings.figure}@{K}", f"{chosen}.{settings.figure}@{K}.gap")
    return build_disclosed(findings, k, lambda shown: _drawn(shown, forms, names, len(before.user_ids)))


def _drawn(findings: Sequence[Finding], forms: Sequence[Smaller], names: tuple[str, str], users: int) -> Section:
    by_key = {finding.key: finding for finding in findings}
    use, gap = ({form.name: by_key.get(f"shrink.{form.name}.{name}.change") for form in forms} for name in names)
    changes = {form.name: (use[form.name], gap[form.name]) for form in forms}
    before = by_key.get(f"shrink.{BEFORE}.{names[1]}")
    after = {form.name: by_key.get(f"shrink.{form.name}.{names[1]}") for form in forms}
    said = tuple(_said(f, use[f.name], gap_moved(before, after[f.name], gap[f.name])) for f in forms)
    return Section(
        step="shrink",
        summary=(_answer(changes), *said),
        findings=tuple(findings),
        charts=_chart(forms, changes, users),
        tables=(_table(forms, changes, by_key, names),),
        notes=(phrase("shrink.note_int8"), phrase("shrink.note_pruned"), phrase("shrink.note_time")),
    )


Pair = tuple[Finding | None, Finding | None]


def _answer(changes: Mapping[str, Pair]) -> Phrase:
    """Whether any form widened the gap by more than chance."""
    gaps = [gap for _, gap in changes.values() if gap is not None and gap.value is not None]
    moved = sum(is_certain_gap(gap) for gap in gaps)
    if not gaps:
        return phrase("shrink.answer_unknown")
    return phrase("shrink.answer_moved" if moved else "shrink.answer_none", moved=moved, count=len(gaps))


def _said(form: Smaller, use: Finding | None, gap: Phrase) -> Phrase:
    share = amount(form.bytes / form.of, "share")
    return phrase("shrink.said", form=form_title(form.name), share=share, use=moved(use), gap=gap)


def _chart(forms: Sequence[Smaller], changes: Mapping[str, Pair], users: int) -> tuple[Chart, ...]:
    series = []
    for at, name in enumerate(("use", "gap")):
        pairs = [(form, changes[form.name][at]) for form in forms]
        shown = [(form, change) for form, change in pairs if change is not None and change.low is not None]
        if shown:
            series.append(
                Series(
                    name=phrase(f"shrink.{name}"),
                    x=tuple(change.value for _, change in shown),
                    y=tuple(form_title(form.name) for form, _ in shown),
                    low=tuple(change.low for _, change in shown),
                    high=tuple(change.high for _, change in shown),
                )
            )
    if not series:
        return ()
    return (
        Chart(
            key="shrink.changes",
            kind="interval",
            title=phrase("shrink.chart"),
            x_title=phrase("shrink.axis"),
            y_title=phrase("shrink.column.form"),
            n=users,
            series=tuple(series),
            alt=phrase("shrink.chart_alt", count=len(forms)),
            zero_line=0.0,
        ),
    )


def _table(
    forms: Sequence[Smaller], changes: Mapping[str, Pair], by_key: Mapping[str, Finding], names: tuple[str, str]
) -> Table:
    columns = [("form", "text"), ("size", "text"), ("share", "share"), ("use", "score"), ("use_change", "text")]
    columns += [("gap", "score"), ("gap_change", "text")]

    def level(which: str, at: int) -> float | None:
        found = by_key.get(f"shrink.{which}.{names[at]}")
        return None if found is None else found.value

    def row(name: str, words: Phrase, weights: int, share: float, pair: Pair) -> tuple[Cell, ...]:
        cells = (words, f"{weights / MEGABYTE:,.3f} MB", share)
        return (*cells, level(name, 0), _interval(pair[0]), level(name, 1), _interval(pair[1]))

    rows = [row("before", form_title("full"), forms[0].of, 1.0, (None, None))] if forms else []
    rows += [row(f.name, form_title(f.name), f.bytes, f.bytes / f.of, changes[f.name]) for f in forms]
    return Table(
        key="shrink.forms",
        title=phrase("shrink.table"),
        columns=tuple(Column(key=key, title=phrase(f"shrink.column.{key}"), unit=unit) for key, unit in columns),
        rows=tuple(rows),
    )


def _interval(change: Finding | None) -> Cell:
    if change is None:
        return None
    if change.value is None or change.low is None or change.high is None:
        return verdict_word(change)
    ends = {"low": bare(change.low, change.unit), "high": bare(change.high, change.unit)}
    return phrase("shrink.interval", value=bare(change.value, change.unit), **ends)
