"""The parts in sentences, as a picture and as tables."""

from __future__ import annotations

import numpy as np

from analysis.causal.gap.decompose import Parts
from analysis.causal.gap.places import all_of, obstacle
from analysis.causal.gap.sample import Column, Sample
from analysis.causal.gap.told import NAMES, Frame, named, part_label, why_not
from analysis.causal.propensity import WITHHELD
from analysis.document import Cell, Chart, Series, Table
from analysis.document import Column as Head
from analysis.fairness.partition import group_label
from analysis.finding import VALUELESS, Finding, Verdict, amount, axis_unit, bare, signed
from words import Fact, Phrase, phrase

UNSAID = frozenset({"ndcg", "score", "ratio", "own"})


def summary(done: Parts, frame: Frame, found: dict[str, Finding]) -> tuple[Phrase, ...]:
    """The whole, what it is made of, which parts are sure, and what all of it rests on."""
    whole = found[f"{frame.base}.{'gap' if frame.kind == 'gap' else 'te'}"]
    if whole.verdict in VALUELESS:
        assert whole.reason is not None
        return (phrase(f"gap.withheld_{frame.kind}", **frame.facts(), reason=whole.reason), *_left_out(frame))
    said = [_whole(whole, done, frame)]
    reason = why_not("direct", done, frame)
    if reason is not None or done.direct is None:
        return (*said, reason or phrase("gap.undefined"))
    said += [_made_of(done, frame), _sure(done, frame, found)]
    unsound = obstacle(frame.places, frame.said, frame.outcome)
    said += [] if unsound is None else [unsound]
    return (*said, phrase(f"gap.rests_{frame.kind}", **frame.facts()), *_left_out(frame))


def chart(done: Parts, frame: Frame) -> Chart | None:
    """The whole and its parts as bars from none, with their intervals; None where the parts are withheld."""
    if done.direct is None:
        return None
    scale = 100 if frame.unit == "points" else 1
    parts = {
        name: part for name, part in named(done, frame).items() if name in ("total", *_pieces(done, frame)) and part
    }
    series = Series(
        name=frame.outcome,
        x=tuple(phrase(f"gap.bar_{frame.kind}_{_kind(name)}", **_facts(name, frame)) for name in parts),
        y=tuple(scale * part.value for part in parts.values()),
        low=tuple(scale * part.low for part in parts.values()),
        high=tuple(scale * part.high for part in parts.values()),
    )
    return Chart(
        key=f"{frame.base}.parts",
        kind="bars",
        title=phrase(f"gap.title_{frame.kind}", **frame.facts()),
        x_title=phrase("gap.axis_part"),
        y_title=phrase("gap.axis_value", outcome=frame.outcome, unit=axis_unit(frame.unit)),
        n=frame.n,
        series=(series,),
        alt=phrase(f"gap.alt_{frame.kind}", **frame.facts()),
        zero_line=0.0,
    )


def parts_table(done: Parts, frame: Frame, others: dict[str, Parts]) -> Table:
    """Every part with its interval, and its value by other ways (`others`: column -> parts)."""
    beside = {name: named(parts, frame) for name, parts in others.items()}
    rows: list[tuple[Cell, ...]] = []
    for name, part in named(done, frame).items():
        numbers = (
            (None, None, None) if part is None or why_not(name, done, frame) else (part.value, part.low, part.high)
        )
        other = [None if parts.get(name) is None else parts[name].value for parts in beside.values()]  # type: ignore[union-attr]
        rows.append((part_label(name, frame), *numbers, *other))
    heads = [Head(key="part", title=phrase("gap.column_part"))]
    heads += [Head(key=key, title=phrase(f"gap.column_{key}"), unit=frame.unit) for key in ("value", "low", "high")]
    heads += [Head(key=key, title=phrase(f"gap.column_{key}", **frame.facts()), unit=frame.unit) for key in others]
    return Table(
        key=f"{frame.base}.parts",
        title=phrase(f"gap.title_{frame.kind}", **frame.facts()),
        columns=tuple(heads),
        rows=tuple(rows),
    )


def sides_table(rows: Sample, frame: Frame, k: int) -> Table:
    """How the arms differ in what lies before and in between: means of numbers, shares of categories.

    A category with a cell under `k` people is left out whole, so that no cell follows by subtraction; so is a number
    that fewer than `k` people of an arm have.
    """
    cells: list[tuple[Cell, ...]] = []
    for one in (*rows.before, *rows.between):
        cells += _numbers(one, rows, frame, k) if one.numbers is not None else _shares(one, rows, frame, k)
    heads = (
        Head(key="column", title=phrase("gap.column_what")),
        Head(key="first", title=phrase("gap.column_arm", arm=frame.first), unit="score"),
        Head(key="second", title=phrase("gap.column_arm", arm=frame.second), unit="score"),
    )
    return Table(
        key=f"{frame.base}.sides",
        title=phrase("gap.sides_title", first=frame.first, second=frame.second),
        columns=heads,
        rows=tuple(cells),
    )


def notes(done: Parts, frame: Frame) -> tuple[Phrase, ...]:
    """Convention, method, order of the mediators, overlap."""
    facts = frame.facts()
    said = [phrase(f"gap.note_convention_{frame.kind}", **facts), phrase(f"gap.note_{done.by}", **facts)]
    if len(frame.places.between) > 1:
        said.append(phrase("gap.note_order" if frame.places.drawn else "gap.note_order_assumed", **facts))
    if done.by == "models" and done.lacking <= WITHHELD:
        lacking, clipped = amount(done.lacking, "share"), amount(done.clipped, "share")
        said.append(phrase("gap.note_overlap", lacking=lacking, clipped=clipped))
    return tuple(said)


def _whole(whole: Finding, done: Parts, frame: Frame) -> Phrase:
    assert whole.value is not None and whole.low is not None and whole.high is not None
    open_ = whole.verdict in (Verdict.CANNOT_TELL, Verdict.EQUIVALENT)
    turn = -1 if whole.value < 0 and not open_ else 1
    low, high = sorted((turn * whole.low, turn * whole.high))
    write = signed if open_ else bare
    facts: dict[str, Fact] = {
        **frame.facts(),
        "value": _in_unit(write(turn * whole.value, frame.unit), frame.unit),
        "low": write(low, frame.unit),
        "high": write(high, frame.unit),
        "mean_first": amount(done.means[1], frame.level_unit),
        "mean_second": amount(done.means[0], frame.level_unit),
    }
    key = "open" if open_ else "less" if turn < 0 else "more"
    return phrase(f"gap.whole_{frame.kind}_{key}", **facts)


def _made_of(done: Parts, frame: Frame) -> Phrase:
    parts = {name: part for name, part in named(done, frame).items() if part is not None}
    said = [
        phrase(
            f"gap.piece_{frame.kind}_{_kind(name)}",
            **_facts(name, frame),
            value=signed(parts[name].value, frame.unit),
        )
        for name in _pieces(done, frame)
    ]
    assert done.total is not None
    whole: Phrase = said[0]
    for one in said[1:]:
        whole = phrase("gap.pieces", first=whole, second=one)
    return phrase(
        f"gap.made_of_{frame.kind}", value=_in_unit(signed(done.total.value, frame.unit), frame.unit), parts=whole
    )


def _sure(done: Parts, frame: Frame, found: dict[str, Finding]) -> Phrase:
    """Which parts can be told from none."""
    sure: list[str | Phrase] = []
    pieces = _pieces(done, frame)
    for name in named(done, frame):
        one = found.get(f"{frame.base}.{NAMES[frame.kind].get(name, name)}")
        if name not in pieces or one is None or one.verdict not in (Verdict.GAP, Verdict.EFFECT):
            continue
        sure.append(phrase(f"gap.bar_{frame.kind}_{_kind(name)}", **_facts(name, frame)))
    return phrase("gap.sure", names=all_of(sure)) if sure else phrase("gap.sure_none")


def _pieces(done: Parts, frame: Frame) -> list[str]:
    """The parts that add up to the whole: each mediator's own where they can be told, else their sum."""
    known = [name for name, part in named(done, frame).items() if part is not None and name != "total"]
    alone = [name for name in known if name.startswith("through[")]
    whole = len(alone) == len(frame.places.between) and alone and not any(why_not(name, done, frame) for name in alone)
    return [name for name in known if name != "indirect"] if whole else [name for name in known if name not in alone]


def _left_out(frame: Frame) -> tuple[Phrase, ...]:
    if not frame.places.left_out:
        return ()
    names = all_of(frame.said(name) for name in frame.places.left_out)
    return (phrase("gap.left_out", names=names, outcome=frame.outcome),)


def _kind(name: str) -> str:
    return name.partition("[")[0]


def _facts(name: str, frame: Frame) -> dict[str, Fact]:
    column = name.partition("[")[2].removesuffix("]")
    return {**frame.facts(), "name": frame.said(column)}


def _numbers(one: Column, rows: Sample, frame: Frame, k: int) -> list[tuple[Cell, ...]]:
    assert one.numbers is not None
    known = [rows.of(arm) & np.isfinite(one.numbers) for arm in (1, 0)]
    if any(len(np.unique(rows.user[marks])) < max(k, 1) for marks in known):
        return []
    means = (float(one.numbers[marks].mean()) for marks in known)
    return [(phrase("gap.mean_of", name=frame.said(one.name)), *means)]


def _shares(one: Column, rows: Sample, frame: Frame, k: int) -> list[tuple[Cell, ...]]:
    levels = range(len(one.strata.labels))
    inside = [[rows.of(arm) & (one.strata.codes == code) for arm in (1, 0)] for code in levels]
    if any(len(np.unique(rows.user[marks])) < k for pair in inside for marks in pair):
        return []
    return [
        (
            phrase("gap.share_in", name=frame.said(one.name), level=group_label(one.strata.labels[code])),
            *(float(inside[code][at].sum() / rows.of(arm).sum()) for at, arm in enumerate((1, 0))),
        )
        for code in levels
    ]


def _in_unit(number: str, unit: str) -> str | Phrase:
    """A number with its unit, where the unit says more than the name of the outcome does."""
    return number if unit in UNSAID else phrase("gap.in_unit", number=number, unit=phrase(f"units.{unit}"))
