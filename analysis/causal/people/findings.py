"""Who gains, can they be found in advance, and what would a rule do: each figure as a Finding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.causal.people.analyse import People
from analysis.causal.people.groups import Gains
from analysis.causal.people.judged import Treated
from analysis.causal.people.projection import Slope
from analysis.causal.people.voice import Voice, corrected
from analysis.causal.propensity import WITHHELD
from analysis.charts.labels import number
from analysis.fairness.partition import group_label
from analysis.finding import Finding, Verdict, amount, not_computed
from analysis.log import UNKNOWN
from words import Phrase, phrase


def findings(p: People, voice: Voice) -> tuple[Finding, ...]:
    """All figures of one contrast."""
    return (_average(p, voice), *_by_group(p, voice), *_found(p, voice), *_rule(p, voice), *_varies(p.slopes, voice))


def _average(p: People, voice: Voice) -> Finding:
    method = phrase("people.method_average", names=voice.question.names)
    label = voice.label("average", arms=voice.arms)
    return voice.figure("average", label, method, p.average, Verdict.EFFECT, margin=voice.margin)


def _by_group(p: People, voice: Voice) -> list[Finding]:
    """Effects, pairs and the test of any difference, corrected together."""
    listed = [one for part in p.groups for one in (*part.effect, *part.pairs.values())]
    tests = [part.differ for part in p.groups if part.differ is not None]
    adjusted, tested = corrected(listed, tests)
    rest, rest_tests = iter(adjusted), iter(tested)
    found: list[Finding] = []
    for part in p.groups:
        own = [next(rest) for _ in part.effect]
        pairs = [next(rest) for _ in part.pairs]
        found += [_level(part, code, own[code], voice) for code in range(len(part.labels))]
        if part.differ is not None:
            found.append(_largest_gap(part, next(rest_tests), voice))
        found += _pairs(part, pairs, voice)
    return found


def _level(part: Gains, code: int, p_adjusted: float | None, voice: Voice) -> Finding:
    label, users = part.labels[code], part.users[code]
    thin = part.lacking[code] > WITHHELD
    reason = (
        phrase("people.group_no_overlap", share=amount(part.lacking[code], "share"))
        if thin
        else phrase("people.group_few", least=part.least)
    )
    return voice.figure(
        f"cate.{part.attribute}.{label}",
        voice.label("group", attribute=part.attribute, group=group_label(label)),
        phrase("people.method_group"),
        part.effect[code],
        Verdict.EFFECT,
        n=users,
        groups={label: users},
        p_adjusted=p_adjusted,
        reason=reason,
        margin=voice.margin,
    )


def _largest_gap(part: Gains, p_adjusted: float, voice: Voice) -> Finding:
    """Largest minus smallest effect of three or more groups: no interval is valid for it, so a permutation test."""
    known = {
        label: one.value
        for label, one in zip(part.labels, part.effect, strict=True)
        if one is not None and label != UNKNOWN
    }
    users = dict(zip(part.labels, part.users, strict=True))
    most, least = max(known, key=lambda name: known[name]), min(known, key=lambda name: known[name])
    return Finding(
        key=f"{voice.base}.cate.{part.attribute}.gap",
        label=voice.label("largest_gap", attribute=part.attribute, a=group_label(most), b=group_label(least)),
        unit=voice.unit,
        verdict=Verdict.GAP if p_adjusted <= 0.05 else Verdict.CANNOT_TELL,
        value=float(known[most] - known[least]),
        n=part.tested,
        groups={name: users[name] for name in known},
        p_value=part.differ,
        p_adjusted=p_adjusted,
        test="" if part.shared else "permutation",
        method=phrase("people.method_differ_rows" if part.shared else "people.method_differ"),
        settings=voice.settings,
        seed=voice.seed,
    )


def _pairs(part: Gains, adjusted: list[float | None], voice: Voice) -> list[Finding]:
    prefix = f"cate.{part.attribute}.gap"
    if not part.pairs:
        reason = phrase("people.one_group", attribute=part.attribute)
        label = voice.label("no_gap", attribute=part.attribute)
        return [voice.figure(prefix, label, phrase("people.method_group"), None, Verdict.GAP, reason=reason)]
    found = []
    for ((a, b), one), p_adjusted in zip(part.pairs.items(), adjusted, strict=True):
        names = part.labels[a], part.labels[b]
        users = {names[0]: part.users[a], names[1]: part.users[b]}
        made = voice.figure(
            prefix if len(part.pairs) == 1 else f"{prefix}.{names[0]}-{names[1]}",
            voice.label("group_gap", attribute=part.attribute, a=names[0], b=names[1]),
            phrase("people.method_group"),
            one,
            Verdict.GAP,
            n=part.people[a, b],
            groups=users,
            p_adjusted=p_adjusted,
            reason=phrase("people.pair_undefined"),
            margin=voice.margin,
        )
        found.append(made)
    return found


def _found(p: People, voice: Voice) -> list[Finding]:
    """Fifths by expected gain, the Qini coefficient, and whether expectations are borne out."""
    t = p.targeting
    method = phrase("people.method_ranking")
    made = [
        voice.figure(
            f"fifth.{place}",
            voice.label("fifth", place=phrase(f"people.fifth_{place}")),
            method,
            fifth.effect,
            Verdict.MEASURED,
            n=fifth.users,
        )
        for place, fifth in enumerate(t.fifths, 1)
    ]
    reason = phrase("people.nothing_to_rank")
    qini, people = phrase("people.method_qini"), p.judged_users
    return [
        *made,
        voice.figure("fifth.gap", voice.label("fifths"), method, t.spread, Verdict.GAP, n=people, reason=reason),
        voice.figure(
            "qini", voice.label("qini"), qini, t.qini, Verdict.EFFECT, n=people, reason=reason, unit=voice.small
        ),
        voice.figure(
            "calibration",
            voice.label("calibration"),
            phrase("people.method_calibration"),
            t.slope,
            Verdict.MEASURED,
            n=people,
            reason=reason,
            unit="score",
        ),
    ]


def _rule(p: People, voice: Voice) -> list[Finding]:
    if p.too_small(voice.k):
        label, reason = voice.label("rule"), phrase("finding.suppressed", k=voice.k)
        return [voice.figure("rule", label, phrase("people.method_rule"), None, Verdict.EFFECT, reason=reason)]
    if p.rule.rule.same_for_all:
        reason = phrase("people.same_for_all", **voice.facts())
        label = voice.label("rule")
        return [voice.figure("rule", label, phrase("people.method_rule"), None, Verdict.EFFECT, reason=reason)]
    priced = voice.settings.get("worth") is not None
    method = phrase("people.method_held_out")
    named = {"lift": p.rule.lift, "treated": p.rule.treated, "left": p.rule.left}
    named |= {"net": p.rule.net, "over_all": p.rule.over_all} if priced else {}
    levels = {"treated", "left"}
    values = [
        voice.figure(
            f"rule.{name}",
            voice.label(name),
            method,
            one,
            Verdict.MEASURED if name in levels else Verdict.EFFECT,
            n=p.judged_users,
            unit=voice.unit if name in levels else voice.small,
        )
        for name, one in named.items()
    ]
    return [*values, *_shares(tuple(_safe(p, part, voice.k) for part in p.shares), voice)]


def _safe(p: People, part: Treated, k: int) -> Treated:
    """No share of an attribute where in one of its groups the rule treats, or leaves, some but fewer than `k` people:
    with the share of everybody the others would give it away."""
    codes = next(one.codes for one in p.groups if one.attribute == part.attribute)
    held = [
        len(np.unique(p.study.user[(codes == code) & (p.rule.chosen == does)]))
        for code in range(len(part.labels))
        for does in (True, False)
    ]
    if not any(0 < people < k for people in held):
        return part
    return replace(part, share=(None,) * len(part.labels), gaps=dict.fromkeys(part.gaps))


def _shares(parts: tuple[Treated, ...], voice: Voice) -> list[Finding]:
    """Whom the rule treats, by group, and the gaps; corrected together."""
    few = phrase("finding.suppressed", k=voice.k)
    adjusted = iter(corrected([one for part in parts for one in part.gaps.values()])[0])
    method = phrase("people.method_share")
    found = []
    for part in parts:
        prefix = f"rule.share.{part.attribute}"
        for label, users, share in zip(part.labels, part.users, part.share, strict=True):
            words = voice.label("share", attribute=part.attribute, group=group_label(label))
            own = {label: users}
            found.append(
                voice.figure(
                    f"{prefix}.{label}",
                    words,
                    method,
                    share,
                    Verdict.MEASURED,
                    n=users,
                    groups=own,
                    reason=few,
                    unit="share",
                )
            )
        for (a, b), one in part.gaps.items():
            names = part.labels[a], part.labels[b]
            users_of = {names[0]: part.users[a], names[1]: part.users[b]}
            key = f"{prefix}.gap" if len(part.gaps) == 1 else f"{prefix}.gap.{names[0]}-{names[1]}"
            words = voice.label("share_gap", attribute=part.attribute, a=names[0], b=names[1])
            found.append(
                voice.figure(
                    key,
                    words,
                    method,
                    one,
                    Verdict.GAP,
                    n=part.people[a, b],
                    groups=users_of,
                    p_adjusted=next(adjusted),
                    reason=few,
                    unit="points",
                )
            )
    return found


def _varies(slopes: tuple[Slope, ...], voice: Voice) -> list[Finding]:
    adjusted = corrected([slope.estimate for slope in slopes])[0]
    return [_slope(slope, p, voice) for slope, p in zip(slopes, adjusted, strict=True)]


def _slope(slope: Slope, p_adjusted: float | None, voice: Voice) -> Finding:
    term = slope.term
    key = f"varies.{term.name}.{term.level}" if term.level else f"varies.{term.name}"
    return voice.figure(
        key,
        voice.label("varies", what=slope_label(slope, voice)),
        phrase("people.method_projection"),
        slope.estimate,
        Verdict.GAP,
        n=term.users,
        groups={term.level: term.users} if term.level else {},
        p_adjusted=p_adjusted,
        margin=voice.margin,
    )


def slope_label(slope: Slope, voice: Voice) -> Phrase:
    """`gender: women against men`, or `age, per 12.3 more`."""
    term = slope.term
    name = voice.question.said(term.name)
    if term.level:
        return phrase("people.against", name=name, level=group_label(term.level), reference=group_label(term.reference))
    return phrase("people.per_spread", name=name, spread=number(term.spread))


def nothing(voice_base: str, unit: str, users: int, label: Phrase, reason: Phrase) -> Finding:
    """The one figure of a section that could not be begun."""
    return not_computed(f"{voice_base}.average", label, unit, users, reason, phrase("people.method_none"))
