"""Charts and tables of the people step; what was suppressed is not drawn."""

from __future__ import annotations

import numpy as np

from analysis.causal.people.analyse import People
from analysis.causal.people.findings import slope_label
from analysis.causal.people.groups import Gains
from analysis.causal.people.targeting import Fifth
from analysis.causal.people.telling import leaf_words
from analysis.causal.people.voice import Voice, ends
from analysis.document import Cell, Chart, Column, Series, Table
from analysis.fairness.partition import group_label
from analysis.finding import VALUELESS, Finding, axis_unit
from words import Phrase, phrase

Shown = dict[str, Finding]
"""Findings that have a value, by key."""


def charts(p: People, voice: Voice, found: tuple[Finding, ...]) -> tuple[Chart, ...]:
    """Groups, fifths, the targeting curve, whom the rule treats, and what the effect goes with."""
    shown = {one.key: one for one in found if one.verdict not in VALUELESS}
    drawn = [
        *(_groups(part, voice, shown) for part in p.groups),
        _fifths(p.targeting.fifths, p.judged_users, voice, shown),
        _curve(p, voice),
        *(_shares(part, voice, shown) for part in p.groups),
        _slopes(p, voice, shown),
    ]
    return tuple(one for one in drawn if one is not None)


def tables(p: People, voice: Voice, found: tuple[Finding, ...]) -> tuple[Table, ...]:
    """The rule, and what EconML says."""
    shown = {one.key: one for one in found if one.verdict not in VALUELESS}
    made = [] if p.rule.rule.same_for_all or p.too_small(voice.k) else [_rule(p, voice)]
    if p.peers is not None:
        made += [_peer_groups(p, part, voice, shown) for part in p.groups]
        made.append(_peer_rankings(p, voice))
    return tuple(made)


def _scale(unit: str) -> float:
    return 100.0 if unit in ("points", "share") else 1.0


def _interval(name: str | Phrase, rows: list[tuple[Cell, Finding]]) -> Series:
    scale = _scale(rows[0][1].unit)
    return Series(
        name=name,
        x=tuple(scale * (one.value or 0.0) for _, one in rows),
        y=tuple(label for label, _ in rows),
        low=tuple(None if one.low is None else scale * one.low for _, one in rows),
        high=tuple(None if one.high is None else scale * one.high for _, one in rows),
    )


def _rows(kind: str, part: Gains, voice: Voice, shown: Shown) -> list[tuple[Cell, Finding]]:
    """Groups of `part` whose figure is shown, each with its name as people read it."""
    named = [(group_label(label), f"{voice.base}.{kind}.{part.attribute}.{label}") for label in part.labels]
    return [(label, shown[key]) for label, key in named if key in shown]


def _groups(part: Gains, voice: Voice, shown: Shown) -> Chart | None:
    rows = _rows("cate", part, voice, shown)
    if not rows:
        return None
    facts = {**voice.facts(), "attribute": part.attribute}
    return Chart(
        key=f"{voice.base}.cate.{part.attribute}",
        kind="interval",
        title=phrase("people.groups_title", **facts),
        x_title=_gain(voice),
        y_title=phrase("people.column_group"),
        n=voice.users,
        series=(_interval(part.attribute, rows),),
        alt=phrase("people.groups_alt", **facts),
        zero_line=0.0,
    )


def _shares(part: Gains, voice: Voice, shown: Shown) -> Chart | None:
    """Bars, so that the eye measures a gap against whole shares."""
    rows = _rows("rule.share", part, voice, shown)
    if not rows:
        return None
    facts = {**voice.facts(), "attribute": part.attribute}
    level = _interval(part.attribute, rows)
    return Chart(
        key=f"{voice.base}.rule.share.{part.attribute}",
        kind="bars",
        title=phrase("people.shares_title", **facts),
        x_title=phrase("people.column_group"),
        y_title=phrase("people.shares_x"),
        n=voice.users,
        series=(level.model_copy(update={"x": level.y, "y": level.x}),),
        alt=phrase("people.shares_alt", **facts),
    )


def _fifths(fifths: tuple[Fifth, ...], users: int, voice: Voice, shown: Shown) -> Chart | None:
    rows: list[tuple[Cell, Finding]] = []
    expected: list[tuple[Cell, float]] = []
    for place, fifth in enumerate(fifths, 1):
        key = f"{voice.base}.fifth.{place}"
        if key in shown:
            rows.append((phrase(f"people.fifth_{place}"), shown[key]))
            expected.append((rows[-1][0], _scale(voice.unit) * fifth.expected))
    if len(rows) < 2:
        return None
    foretold = Series(
        name=phrase("people.expected"), x=tuple(x for _, x in expected), y=tuple(label for label, _ in expected)
    )
    return Chart(
        key=f"{voice.base}.fifths",
        kind="interval",
        title=phrase("people.fifths_title", **voice.facts()),
        x_title=_gain(voice),
        y_title=phrase("people.fifths_y"),
        n=users,
        series=(_interval(phrase("people.measured"), rows), foretold),
        alt=phrase("people.fifths_alt"),
        zero_line=0.0,
    )


def _curve(p: People, voice: Voice) -> Chart | None:
    curve = p.targeting.curve
    if curve is None:
        return None
    scale = _scale(voice.unit)
    points = [
        (share, one)
        for share, one in zip(curve.at, curve.gain, strict=True)
        if one and share * p.judged_users >= voice.k
    ]
    if not points:
        return None
    written = [ends(one) for _, one in points]
    x = (0.0, *(100 * share for share, _ in points))
    ours = Series(
        name=phrase("people.by_expected"),
        x=x,
        y=(0.0, *(scale * value for value, _, _ in written)),
        low=(0.0, *(scale * low for _, low, _ in written)),
        high=(0.0, *(scale * high for _, _, high in written)),
    )
    at = dict(zip(curve.at, curve.random, strict=True))
    random = Series(name=phrase("people.at_random"), x=x, y=(0.0, *(scale * at[share] for share, _ in points)))
    facts = voice.facts()
    return Chart(
        key=f"{voice.base}.curve",
        kind="line",
        title=phrase("people.curve_title", **facts),
        x_title=phrase("people.curve_x"),
        y_title=phrase("people.curve_y_100" if scale == 100 else "people.curve_y", **facts),
        n=p.judged_users,
        series=(ours, random),
        alt=phrase("people.curve_alt"),
    )


def _slopes(p: People, voice: Voice, shown: Shown) -> Chart | None:
    rows: list[tuple[Cell, Finding]] = []
    for slope in p.slopes:
        term = slope.term
        key = f"{voice.base}.varies.{term.name}" + (f".{term.level}" if term.level else "")
        if key in shown:
            rows.append((slope_label(slope, voice), shown[key]))
    if not rows:
        return None
    return Chart(
        key=f"{voice.base}.varies",
        kind="interval",
        title=phrase("people.varies_title", **voice.facts()),
        x_title=phrase("people.varies_x", unit=axis_unit(voice.unit), **voice.facts()),
        y_title=phrase("people.varies_y"),
        n=voice.users,
        series=(_interval(phrase("people.varies_y"), rows),),
        alt=phrase("people.varies_alt"),
        zero_line=0.0,
    )


def _rule(p: People, voice: Voice) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for leaf in p.rule.rule.leaves:
        held = p.asked.leaf_rows(leaf)
        people = len(np.unique(p.study.user[held]))
        does = phrase("people.treat" if leaf.treat else "people.leave")
        rows.append((leaf_words(p, leaf, voice), does, float(held.mean()), people))
    columns = (("where", "text"), ("does", "text"), ("rows_share", "share"), ("users", "count"))
    return Table(
        key=f"{voice.base}.rule",
        title=phrase("people.rule_title", **voice.facts()),
        columns=_columns(*columns),
        rows=tuple(rows),
    )


def _peer_groups(p: People, part: Gains, voice: Voice, shown: Shown) -> Table:
    """Our effect in each group beside the mean of what each model of EconML expects of its rows."""
    assert p.peers is not None
    split, user = part.codes[p.peers.sample], p.study.user[p.peers.sample]
    rows: list[tuple[Cell, ...]] = []
    for code, label in enumerate(part.labels):
        key = f"{voice.base}.cate.{part.attribute}.{label}"
        if key not in shown or len(np.unique(user[split == code])) < voice.k:
            continue
        one = shown[key]
        theirs = (float(model.fitted[split == code].mean()) for model in p.peers.models)
        rows.append((group_label(label), one.value, one.low, one.high, *theirs))
    columns = (
        ("group", "text"),
        *((name, voice.unit) for name in ("value", "low", "high")),
        *((model.name, voice.unit) for model in p.peers.models),
    )
    return Table(
        key=f"{voice.base}.peers.{part.attribute}",
        title=phrase("people.peers_title", attribute=part.attribute, **voice.facts()),
        columns=_columns(*columns),
        rows=tuple(rows),
    )


def _peer_rankings(p: People, voice: Voice) -> Table:
    assert p.peers is not None
    named = [(phrase("people.our_ranking"), p.peers.ours), *((one.name, one.qini) for one in p.peers.models)]
    rows = tuple((name, *ends(one)) for name, one in named if one is not None)
    columns = (("model", "text"), *((name, voice.small) for name in ("qini", "low", "high")))
    return Table(
        key=f"{voice.base}.peers.ranking",
        title=phrase("people.rankings_title", **voice.facts()),
        columns=_columns(*columns),
        rows=rows,
    )


def _columns(*named: tuple[str, str]) -> tuple[Column, ...]:
    return tuple(
        Column(key=key.lower(), title=phrase(f"people.column_{key.lower()}"), unit=unit) for key, unit in named
    )


def _gain(voice: Voice) -> Phrase:
    return phrase("people.gain_x", unit=axis_unit(voice.unit), **voice.facts())
