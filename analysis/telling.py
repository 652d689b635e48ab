"""The data section in words: its summary and its tables."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.document import Cell, Column, Table
from analysis.fairness.partition import Partition, group_label
from analysis.finding import VALUELESS, Finding, amount, is_certain_gap
from analysis.log import EACH_ROW, NO_ITEMS, Roles
from analysis.logged import RANDOM, Logged, Shown
from analysis.prepare import Prepared
from analysis.quality import THIN, ColumnQuality
from words import Fact, Phrase, listed, phrase

MOST = 4
"""Sentences on groups in the summary; two on the log itself follow."""


def summary(
    prepared: Prepared, data: Logged, groups: Sequence[Partition], findings: Sequence[Finding]
) -> tuple[Phrase, ...]:
    """The largest gaps of exposure, gaps of the outcome, by what nobody was compared, and where no gap could be shown;
    then size and cleaning."""
    by_key = {finding.key: finding for finding in findings}
    exposed = _exposures(data, groups, by_key)
    outcomes = [_outcome(group, by_key) for group in groups]
    silent = _not_compared(data, groups, by_key)
    blocks = [*exposed[:1], *outcomes, *silent, *exposed[1:], *_nothing_shown(data, groups, by_key)]
    said: list[Phrase] = []
    for block in blocks:
        said += block if len(said) + len(block) <= MOST else []
    return (*said, _size(prepared), *_without_ids(prepared.dataset.roles), _cleaned(prepared))


def tables(prepared: Prepared) -> tuple[Table, ...]:
    """Quality counts, columns, cleaning log, parts."""
    return (_quality(prepared), _columns(prepared.quality.columns), _cleaning(prepared), _parts(prepared))


def _without_ids(roles: Roles) -> tuple[Phrase, ...]:
    """What having no column of users or items means for the audit."""
    said = (("each_row", roles.user == EACH_ROW), ("no_items", roles.item == NO_ITEMS))
    return tuple(phrase(f"data.note.{key}") for key, holds in said if holds)


def _size(prepared: Prepared) -> Phrase:
    dataset, quality = prepared.dataset, prepared.quality
    if dataset.roles.item == NO_ITEMS:
        return phrase("data.summary.size_people", rows=len(dataset.log), users=len(dataset.users))
    facts = {"rows": len(dataset.log), "users": len(dataset.users), "items": int(dataset.log["item"].nunique())}
    if "time" not in dataset.log.columns or quality.first is None:
        return phrase("data.summary.size", **facts)
    first, last = (str(getattr(dataset.log["time"], end)().date()) for end in ("min", "max"))
    return phrase("data.summary.size_time", **facts, first=first, last=last)


def _cleaned(prepared: Prepared) -> Phrase:
    lost = prepared.quality.rows - len(prepared.dataset.log)
    if lost:
        return phrase("data.summary.cleaned", lost=lost, rows=prepared.quality.rows, rules=len(prepared.steps))
    return phrase("data.summary.changed" if prepared.steps else "data.summary.untouched", rules=len(prepared.steps))


def _exposures(data: Logged, groups: Sequence[Partition], by_key: dict[str, Finding]) -> list[list[Phrase]]:
    """What is said of the largest exposure gap of each column and attribute, the largest first."""
    found: dict[tuple[str, str], tuple[float, list[Phrase]]] = {}
    for group in groups:
        for shown in data.shown:
            key = f"{group.attribute}.{shown.name}"
            gap = by_key[f"{key}.gap"]
            size = abs(gap.value or 0.0)
            place = group.attribute, shown.column
            if is_certain_gap(gap) and size > found.get(place, (0.0, []))[0]:
                found[place] = size, _exposure(data, group, shown, gap, by_key)
    return [said for _, said in sorted(found.values(), key=lambda entry: -entry[0])]


def _nothing_shown(data: Logged, groups: Sequence[Partition], by_key: dict[str, Finding]) -> list[list[Phrase]]:
    """The attributes by which neither exposure nor outcome could be shown to differ."""
    told = []
    for kind, names in (("exposure", [shown.name for shown in data.shown]), ("outcome", ["outcome"])):
        without = []
        for group in groups:
            gaps = [by_key[key] for name in names if (key := f"{group.attribute}.{name}.gap") in by_key]
            known = [gap for gap in gaps if gap.verdict not in VALUELESS]
            if known and not any(is_certain_gap(gap) for gap in known):
                without.append(group.attribute)
        if without:
            told.append([phrase(f"data.summary.no_{kind}_gap", attribute=listed(without))])
    return told


def _not_compared(data: Logged, groups: Sequence[Partition], by_key: dict[str, Finding]) -> list[list[Phrase]]:
    """The attributes by which no gap at all has a value, and why: else the answer is silent on them."""
    silent: dict[Phrase | None, list[str]] = {}
    for group in groups:
        names = [*(shown.name for shown in data.shown), "outcome", "rows"]
        gaps = [by_key[key] for name in names if (key := f"{group.attribute}.{name}.gap") in by_key]
        if gaps and all(gap.verdict in VALUELESS for gap in gaps):
            silent.setdefault(gaps[0].reason, []).append(group.attribute)
    return [
        [phrase("data.summary.not_compared", attribute=listed(names), reason=reason)]
        for reason, names in silent.items()
    ]


def _exposure(data: Logged, group: Partition, shown: Shown, gap: Finding, by_key: dict[str, Finding]) -> list[Phrase]:
    """Who has how much of what, and what is left of it where exposure was random."""
    key = f"{group.attribute}.{shown.name}"
    what = phrase("data.what.flag" if shown.flag else "data.what.value", column=shown.column, value=shown.value)
    facts: dict[str, Fact] = {"attribute": group.attribute, "what": what}
    where = phrase("data.where.chosen" if data.has_random else "data.where.all")
    first, second = _ends(gap, key, by_key)
    said = [phrase("data.summary.exposure", **facts, where=where, **_shares(first, second))]
    chosen = by_key.get(f"{key}.selection")
    random = by_key.get(f"{key}{RANDOM}.gap")
    if chosen is None or chosen.value is None or chosen.low is None or chosen.high is None or random is None:
        return said
    if random.value is None:
        return said
    first, second = _ends(random, f"{key}{RANDOM}", by_key)
    ends: dict[str, Fact] = {"low": amount(chosen.low, "points"), "high": amount(chosen.high, "points")}
    ends["level"] = round(100 * chosen.level)
    return [
        *said,
        phrase("data.summary.random", **facts, **_shares(first, second)),
        phrase(
            "data.summary.selection" if is_certain_gap(chosen) else "data.summary.selection_unclear",
            **facts,
            selection=amount(chosen.value, "points"),
            gap=amount(gap.value or 0.0, "points"),
            **ends,
        ),
    ]


def _ends(gap: Finding, key: str, by_key: dict[str, Finding]) -> tuple[Finding, Finding]:
    """The two groups' levels that a gap is between: those compared, or the highest and the lowest."""
    names = list(gap.groups) if len(gap.groups) == 2 else [str(gap.settings[end]) for end in ("highest", "lowest")]
    first, second = (by_key[f"{key}.{name}"] for name in names)
    return first, second


def _shares(first: Finding, second: Finding) -> dict[str, Phrase | str]:
    assert first.value is not None and second.value is not None
    return {
        "first": group_label(next(iter(first.groups))),
        "second": group_label(next(iter(second.groups))),
        "first_share": amount(first.value, first.unit),
        "second_share": amount(second.value, second.unit),
    }


def _outcome(group: Partition, by_key: dict[str, Finding]) -> list[Phrase]:
    key = f"{group.attribute}.outcome"
    gap = by_key.get(f"{key}.gap")
    if gap is None or gap.value is None or not is_certain_gap(gap):
        return []
    return [phrase("data.summary.outcome", attribute=group.attribute, **_shares(*_ends(gap, key, by_key)))]


def _quality(prepared: Prepared) -> Table:
    quality = prepared.quality
    counts = {
        "rows": quality.rows,
        "users": quality.users,
        "items": quality.items,
        "duplicates": quality.duplicates,
        "repeats": quality.repeats,
        "missing_ids": quality.missing_ids,
        "missing_outcome": quality.missing_outcome,
        "outliers": quality.outliers,
        "bad_propensity": quality.bad_propensity,
        "thin_users": quality.thin_users,
        "thin_items": quality.thin_items,
        "users_without_record": quality.users_without_record,
    }
    rows: list[tuple[Cell, ...]] = [
        (phrase(f"data.quality.{name}", thin=THIN), count) for name, count in counts.items() if count is not None
    ]
    rows += [
        (
            phrase(
                "data.quality.look_alikes", column=column, example=", ".join(f'"{value}"' for value in list(merged)[:5])
            ),
            len(merged),
        )
        for column, merged in quality.look_alikes.items()
    ]
    columns = (_column("what"), _column("count", "count"))
    return Table(key="quality", title=phrase("data.table.quality"), columns=columns, rows=tuple(rows))


def _columns(columns: Sequence[ColumnQuality]) -> Table:
    return Table(
        key="columns",
        title=phrase("data.table.columns"),
        columns=(
            *(_column(name) for name in ("table", "column", "type")),
            *(_column(name, "count") for name in ("filled", "missing", "distinct")),
        ),
        rows=tuple(
            (
                phrase(f"data.table.{one.table}"),
                one.column,
                phrase(f"data.type.{one.type}"),
                one.filled,
                one.missing,
                one.distinct,
            )
            for one in columns
        ),
    )


def _cleaning(prepared: Prepared) -> Table:
    return Table(
        key="cleaning",
        title=phrase("data.table.cleaning"),
        columns=(_column("rule"), _column("before", "count"), _column("after", "count")),
        rows=tuple((step.phrase, step.rows_before, step.rows_after) for step in prepared.steps),
    )


def _parts(prepared: Prepared) -> Table:
    log = prepared.dataset.log
    rows, users = log["part"].value_counts(), log.groupby("part")["user"].nunique()
    return Table(
        key="parts",
        title=phrase("data.table.parts"),
        columns=(_column("part"), _column("rows", "count"), _column("users", "count")),
        rows=tuple(
            (phrase(f"data.part.{part}"), int(rows.get(part, 0)), int(users.get(part, 0)))
            for part in ("train", "validation", "test")
        ),
    )


def _column(key: str, unit: str = "text") -> Column:
    return Column(key=key, title=phrase(f"data.column.{key}"), unit=unit)
