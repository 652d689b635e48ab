"""Pictures and tables of robustness: the specification curve, the contour, what each choice moves, the attempts."""

from __future__ import annotations

import numpy as np

from analysis.causal.robustness.curve import Way
from analysis.causal.robustness.findings import what
from analysis.causal.robustness.hidden import Hidden
from analysis.causal.robustness.sentences import way_words
from analysis.causal.robustness.shaken import Shaken
from analysis.causal.robustness.specifications import set_words
from analysis.document import Cell, Chart, Column, Series, Table
from analysis.finding import axis_unit
from words import Phrase, phrase

READABLE = 40
"""Ways up to this many are drawn with their names; more as ranks, the names under the pointer."""
MARKED = 2
"""Recorded causes that are marked in the contour, the strongest."""
STEPS = 60
"""Points of a contour's line."""
Row = tuple[Cell, ...]


def charts(s: Shaken) -> tuple[Chart, ...]:
    """The curve and the contour."""
    drawn = (_curve(s), None if s.model is None else _contour(s, s.model))
    return tuple(one for one in drawn if one is not None)


def tables(s: Shaken) -> tuple[Table, ...]:
    """Every way with its choices, what each choice moves, the attempts, the hidden causes."""
    made = [_ways(s)]
    if s.told is not None and len(s.told.values) > 1:
        made.append(_choices(s))
    if s.refutations:
        made.append(_attempts(s))
    if s.model is not None and s.benchmarks:
        made.append(_hidden(s, s.model))
    return tuple(made)


def _order(s: Shaken) -> list[int]:
    """Places of the computed ways, from the smallest estimate to the largest."""
    kept = [at for at, way in enumerate(s.ways) if way.estimate is not None]
    return sorted(kept, key=lambda at: (_scaled(s, at)[0], at))


def _scaled(s: Shaken, at: int) -> tuple[float, float, float]:
    one = s.ways[at].estimate
    assert one is not None
    scale = s.scales[at]
    return one.value / scale, one.low / scale, one.high / scale


def _curve(s: Shaken) -> Chart | None:
    order = _order(s)
    if not order:
        return None
    named = len(order) <= READABLE
    names = {True: "robustness.series_headline", False: "robustness.series_others"}
    series = []
    for headline in (True, False):
        own = [(rank, at) for rank, at in enumerate(order, 1) if s.ways[at].specification.headline is headline]
        if own:
            series.append(_curve_series(s, own, phrase(names[headline]), named))
    title = phrase("robustness.curve_title", what=what(s))
    difference = phrase("robustness.curve_x", outcome=s.question.outcome_name, unit=axis_unit(s.unit))
    return Chart(
        key=f"{s.frame.base}.curve",
        kind="interval" if named else "scatter",
        title=title,
        x_title=difference if named else phrase("robustness.curve_rank"),
        y_title=phrase("robustness.curve_y") if named else difference,
        n=s.frame.n,
        series=tuple(series),
        alt=phrase("robustness.curve_alt"),
        zero_line=0.0,
        order=tuple(way_words(s, at) for at in order) if named else (),
    )


def _curve_series(s: Shaken, own: list[tuple[int, int]], name: Phrase, named: bool) -> Series:
    factor = 100 if s.unit == "points" else 1
    value, low, high = zip(*((factor * end for end in _scaled(s, at)) for _, at in own), strict=True)
    words = tuple(way_words(s, at) for _, at in own)
    if named:
        return Series(name=name, x=value, y=words, low=low, high=high)
    ranks = tuple(rank for rank, _ in own)
    return Series(name=name, x=ranks, y=value, low=low, high=high, text=words)


def _contour(s: Shaken, model: Hidden) -> Chart:
    """Level lines of the adjusted estimate over the two shares, in percent, and recorded causes as marks."""
    marks = [one for one in s.benchmarks if one.strength is not None]
    shown = [*[one for one in marks if one.times == 1][:MARKED], *[one for one in marks if one.times > 1]]
    points = [(one, one.strength) for one in shown if one.strength is not None]
    reach = [2 * model.value, *(1.2 * strength.treatment for _, strength in points)]
    height = [2 * model.value, *(1.2 * strength.outcome for _, strength in points)]
    right, top = min(max(reach), 0.98), min(max(height), 1.0)
    facts = {"treatment": s.question.treatment_name, "outcome": s.question.outcome_name}
    said = s.question.said
    series = [
        *_lines(model, right, top),
        *(
            Series(
                name=phrase("robustness.mark_as", name=said(one.name))
                if one.times == 1
                else phrase("robustness.mark_times", times=f"{one.times:g}", name=said(one.name)),
                x=(100 * strength.treatment,),
                y=(100 * strength.outcome,),
            )
            for one, strength in points
        ),
    ]
    return Chart(
        key=f"{s.frame.base}.contour",
        kind="line",
        title=phrase("robustness.contour_title"),
        x_title=phrase("robustness.contour_x", **facts),
        y_title=phrase("robustness.contour_y", **facts),
        n=s.frame.n,
        series=tuple(series),
        alt=phrase("robustness.contour_alt"),
    )


def _lines(model: Hidden, right: float, top: float) -> list[Series]:
    """Where the estimate reaches none, where its interval does, and where half of it is left."""
    value = abs(model.estimate.value)
    near = min(abs(model.estimate.low), abs(model.estimate.high))
    targets = {"none": value, "bound": near if model.bound > 0 else 0.0, "half": value / 2}
    drawn = []
    for name, target in targets.items():
        if target <= 0:
            continue
        first = (target / model.scale) ** 2  # the share of the treatment at which `top` = 1 would be needed
        start = first / (top + first)
        treatment = np.linspace(start, right, STEPS) if start < right else np.array([])
        if len(treatment):
            outcome = np.minimum(model.needed(treatment, target), top)
            x, y = (tuple(float(100 * at) for at in axis) for axis in (treatment, outcome))
            drawn.append(Series(name=phrase(f"robustness.line_{name}"), x=x, y=y))
    return drawn


def _ways(s: Shaken) -> Table:
    """Computed ways in the order of the picture, then the others with their reasons."""
    order = _order(s)
    left = [at for at, way in enumerate(s.ways) if way.estimate is None]
    columns = [("estimator", "text"), ("adjustment", "text"), ("outcome", "text")]
    columns += [("value", s.unit), ("low", s.unit), ("high", s.unit), ("said", "text")]
    return Table(
        key=f"{s.frame.base}.ways",
        title=phrase("robustness.ways_title"),
        columns=_columns(*columns),
        rows=tuple(_way_row(s, at) for at in (*order, *left)),
    )


def _way_row(s: Shaken, at: int) -> Row:
    way: Way = s.ways[at]
    own = way.specification
    choices = (
        phrase(f"robustness.name_{own.estimator}"),
        set_words(s.asked.sets, own.adjustment, s.question),
        s.asked.outcomes[own.outcome].words,
    )
    if way.estimate is None:
        dash = phrase("effects.no_value")
        return (*choices, dash, dash, dash, way.reason)
    value, low, high = _scaled(s, at)
    key = "includes" if low <= 0 <= high else "excludes"
    return (*choices, value, low, high, phrase(f"robustness.{'headline_' if own.headline else ''}{key}"))


def _choices(s: Shaken) -> Table:
    """Of each option: how many ways take it, the median and range of their estimates, how many agree and are sure."""
    order = _order(s)
    assert s.told is not None
    leading = next((_scaled(s, at)[0] for at in order if s.ways[at].specification.headline), s.told.median)
    rows: list[Row] = []
    for kind in ("estimator", "adjustment", "outcome"):
        options = dict.fromkeys(getattr(s.ways[at].specification, kind) for at in sorted(order))
        if len(options) < 2:
            continue
        for option in options:
            own = [_scaled(s, at) for at in order if getattr(s.ways[at].specification, kind) == option]
            values = [value for value, _, _ in own]
            sure = sum((low > 0 if leading > 0 else high < 0) for _, low, high in own)
            name = phrase(f"robustness.choice_{kind}")
            middle = float(np.median(values))
            rows.append((name, _option(s, kind, option), len(own), middle, min(values), max(values), sure))
    columns = [("choice", "text"), ("option", "text"), ("ways", "count"), ("median", s.unit)]
    columns += [("lowest", s.unit), ("highest", s.unit), ("sure", "count")]
    return Table(
        key=f"{s.frame.base}.choices",
        title=phrase("robustness.choices_title"),
        columns=_columns(*columns),
        rows=tuple(rows),
    )


def _option(s: Shaken, kind: str, option: str | int) -> Phrase | str:
    if kind == "estimator":
        return phrase(f"robustness.name_{option}")
    place = int(option)
    return set_words(s.asked.sets, place, s.question) if kind == "adjustment" else s.asked.outcomes[place].words


def _attempts(s: Shaken) -> Table:
    unit = s.frame.unit
    columns = (("test", "text"), ("mean", unit), ("low", unit), ("high", unit), ("stood", "text"))
    return Table(
        key=f"{s.frame.base}.attempts",
        title=phrase("robustness.shaken_title"),
        columns=tuple(Column(key=key, title=phrase(f"effects.column_{key}"), unit=own) for key, own in columns),
        rows=tuple(
            (
                phrase(f"{'robustness' if one.kind in ('dummy_outcome', 'bootstrap') else 'effects'}.test_{one.kind}"),
                one.mean,
                one.low,
                one.high,
                phrase("effects.yes" if one.stood else "effects.no"),
            )
            for one in s.refutations
        ),
    )


def _hidden(s: Shaken, model: Hidden) -> Table:
    dash = phrase("effects.no_value")
    columns = [("cause", "text"), ("times", "text"), ("of_treatment", "explained")]
    columns += [("of_outcome", "explained"), ("after", s.frame.unit)]
    rows: list[Row] = []
    for one in s.benchmarks:
        found: Row = (dash, dash, dash)
        if one.strength is not None:
            found = (one.strength.treatment, one.strength.outcome, model.adjusted(one.strength))
        rows.append((s.question.said(one.name), f"{one.times:g}", *found))
    return Table(
        key=f"{s.frame.base}.hidden",
        title=phrase("robustness.hidden_title"),
        columns=_columns(*columns),
        rows=tuple(rows),
    )


def _columns(*named: tuple[str, str]) -> tuple[Column, ...]:
    return tuple(Column(key=key, title=phrase(f"robustness.column_{key}"), unit=unit) for key, unit in named)
