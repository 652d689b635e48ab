"""The data section in pictures: activity over time, exposure and outcome by group, long tail."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.document import Chart, Series
from analysis.fairness.disclose import hidden_parts
from analysis.fairness.partition import Partition, held_label
from analysis.finding import Finding
from analysis.log import NO_ITEMS, Dataset
from analysis.logged import RANDOM, Logged, Shown
from words import Phrase, phrase

STEPS = (("h", 3), ("D", 90), ("W", 700), ("M", 10**9))
"""Periods of the activity chart, each with the longest span in days that it is used for."""
TAIL_POINTS = 21
"""Points of the long-tail curve: every 5% of the items."""


def pictures(
    dataset: Dataset, data: Logged, groups: Sequence[Partition], findings: Sequence[Finding], k: int
) -> tuple[Chart, ...]:
    """Every chart that the data allow, drawn from findings whose small cells are hidden."""
    by_key = {finding.key: finding for finding in findings}
    drawn = [_activity(dataset, k)]
    for group in groups:
        drawn.append(_exposure(data, group, by_key, ""))
        if data.has_random:
            drawn.append(_exposure(data, group, by_key, RANDOM))
    if dataset.roles.item != NO_ITEMS:
        drawn.append(_tail(dataset))
    return tuple(chart for chart in drawn if chart is not None)


def _activity(dataset: Dataset, k: int) -> Chart | None:
    """Rows a period; periods of fewer than k users are left out, and what would give them away."""
    if "time" not in dataset.log.columns:
        return None
    time = dataset.log["time"].dt.tz_localize(None)
    days = (time.max() - time.min()).total_seconds() / 86_400
    step = next(step for step, longest in STEPS if days <= longest)
    period_of, starts = pd.factorize(time.dt.to_period(step).dt.start_time, sort=True)
    hidden = hidden_parts(period_of, pd.factorize(dataset.log["user"])[0], k)
    counted = pd.Series(np.bincount(period_of), starts).drop(starts[sorted(hidden)])
    if len(counted) < 2:
        return None
    x = tuple(moment.isoformat() if step == "h" else str(moment.date()) for moment in counted.index)
    period = phrase(f"data.period.{step}")
    peak = x[int(counted.to_numpy().argmax())]
    return Chart(
        key="activity",
        kind="line",
        title=phrase("data.chart.activity"),
        x_title=period,
        y_title=phrase("data.chart.rows"),
        n=len(dataset.users),
        series=(Series(name=phrase("data.chart.rows"), x=x, y=tuple(int(n) for n in counted)),),
        alt=phrase(
            "data.alt.activity",
            periods=len(counted),
            period=period,
            most=int(counted.max()),
            when=peak,
        ),
    )


def _exposure(data: Logged, group: Partition, by_key: dict[str, Finding], suffix: str) -> Chart | None:
    """Share of each group's rows that go to each category, or to the treatment, side by side."""
    labels = [_what(shown) for shown in data.shown]
    series, users = [], 0
    for code, name in enumerate(group.names):
        found = [by_key[f"{group.attribute}.{shown.name}{suffix}.{name}"] for shown in data.shown]
        if any(finding.value is None for finding in found) or not found:
            continue
        users += int(group.size[code])
        series.append(
            Series(
                name=group.label(code),
                x=tuple(labels),
                y=tuple(finding.value for finding in found),
                low=tuple(finding.low for finding in found),
                high=tuple(finding.high for finding in found),
            )
        )
    if not series:
        return None
    where = _where(data, suffix)
    return Chart(
        key=f"exposure{suffix}.{group.attribute}",
        kind="bars",
        title=phrase("data.chart.exposure", attribute=group.attribute, where=where),
        x_title=phrase("data.chart.what"),
        y_title=phrase("data.chart.share"),
        n=users,
        series=tuple(series),
        alt=phrase("data.alt.exposure", attribute=group.attribute, where=where, groups=len(series), values=len(labels)),
    )


def _what(shown: Shown) -> Phrase | str:
    if shown.flag:
        return phrase("data.chart.flag", column=shown.column)
    return held_label(shown.column, shown.value)


def _where(data: Logged, suffix: str) -> Phrase:
    if not data.has_random:
        return phrase("data.where.all")
    return phrase("data.where.random" if suffix else "data.where.chosen")


def _tail(dataset: Dataset) -> Chart:
    """Share of rows that the most popular share of the catalogue takes: a straight line where all are equal."""
    rows = dataset.log["item"].value_counts().reindex(dataset.items.index, fill_value=0)
    sorted_rows = np.sort(rows.to_numpy())[::-1]
    taken = np.concatenate([[0.0], np.cumsum(sorted_rows) / sorted_rows.sum()])
    share = np.linspace(0, 1, TAIL_POINTS)
    curve = np.interp(share * len(sorted_rows), np.arange(len(taken)), taken)
    even = Series(name=phrase("data.chart.even"), x=(0.0, 1.0), y=(0.0, 1.0))
    own = Series(
        name=phrase("data.chart.log"), x=tuple(round(float(x), 4) for x in share), y=tuple(float(y) for y in curve)
    )
    return Chart(
        key="tail",
        kind="line",
        title=phrase("data.chart.tail"),
        x_title=phrase("data.chart.share_items"),
        y_title=phrase("data.chart.share_rows"),
        n=len(dataset.items),
        n_unit="items",
        series=(own, even),
        alt=phrase("data.alt.tail", share=f"{100 * float(np.interp(0.2, share, curve)):.0f}%"),
    )
