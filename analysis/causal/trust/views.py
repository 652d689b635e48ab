"""Charts and the ranking of the trust step."""

from __future__ import annotations

from collections.abc import Callable

from analysis.causal.trust.trial import Record, advice, ranked
from analysis.causal.trust.wording import Frame, name_of
from analysis.document import Cell, Chart, Column, Series, Table
from analysis.finding import axis_unit
from words import Phrase, phrase

Drawn = tuple[float, float, float]


def charts(frame: Frame) -> tuple[Chart, ...]:
    """Coverage beside 95%, bias beside none, and how often an effect is found, of every estimator."""

    def covered(one: Record) -> Drawn | None:
        return None if one.covered is None else (100 * one.covered.value, 100 * one.covered.low, 100 * one.covered.high)

    def found(one: Record) -> Drawn | None:
        return None if one.found is None else (100 * one.found.value, 100 * one.found.low, 100 * one.found.high)

    scale = 100.0 if frame.unit == "points" else 1.0

    def biased(one: Record) -> Drawn | None:
        return None if one.bias is None else (scale * one.bias[0], scale * one.bias[1], scale * one.bias[2])

    return (
        _chart(frame, "coverage", covered, 95.0),
        _chart(frame, "bias", biased, 0.0),
        _chart(frame, "found", found, 5.0),
    )


def tables(frame: Frame) -> tuple[Table, ...]:
    """Estimators in the order of trust, one row for each size of effect."""
    trial = frame.trial
    rows: list[tuple[Cell, ...]] = []
    for place, name in enumerate(ranked(trial), start=1):
        advised = phrase(f"trust.advice_{advice(trial, name)}")
        for one in trial.of(name):
            known = one.covered is not None and one.found is not None and one.bias is not None
            figures: tuple[Cell, ...] = (
                (one.covered.value, one.bias[0], one.error, one.width, one.found.value)  # type: ignore[union-attr, index]
                if known
                else (phrase("trust.no_value"),) * 5
            )
            rows.append((place, name_of(name), one.effect, *figures, one.defined, advised))
    units = {
        "place": "count",
        "estimator": "text",
        "effect": frame.unit,
        "coverage": "share",
        "bias": frame.unit,
        "error": frame.unit,
        "width": frame.unit,
        "found": "share",
        "logs": "count",
        "advice": "text",
    }
    columns = tuple(Column(key=key, title=phrase(f"trust.column_{key}"), unit=unit) for key, unit in units.items())
    return (Table(key="trust.ranking", title=phrase("trust.ranking"), columns=columns, rows=tuple(rows)),)


def _chart(frame: Frame, key: str, figure: Callable[[Record], Drawn | None], zero: float) -> Chart:
    series = []
    for effect in frame.trial.effects:
        known = [
            (name_of(one.estimator), drawn)
            for name in ranked(frame.trial)
            for one in frame.trial.of(name)
            if one.effect == effect and (drawn := figure(one)) is not None
        ]
        series.append(
            Series(
                name=_effect_name(frame, effect),
                x=tuple(drawn[0] for _, drawn in known),
                y=tuple(name for name, _ in known),
                low=tuple(drawn[1] for _, drawn in known),
                high=tuple(drawn[2] for _, drawn in known),
            )
        )
    return Chart(
        key=f"trust.{key}",
        kind="interval",
        title=phrase(f"trust.{key}_title"),
        x_title=phrase(f"trust.{key}_x", unit=axis_unit(frame.unit)),
        y_title=phrase("trust.column_estimator"),
        n=frame.settings.logs,
        n_unit="logs",
        series=tuple(series),
        alt=phrase(f"trust.{key}_alt"),
        zero_line=zero,
    )


def _effect_name(frame: Frame, effect: float) -> Phrase:
    if effect == 0:
        return phrase("trust.no_effect")
    return phrase("trust.an_effect", effect=frame.signed(effect), unit=axis_unit(frame.unit))
