"""The structure step in Findings and plain sentences, the answer first."""

from __future__ import annotations

import numpy as np

from analysis.causal.estimate import Estimate
from analysis.causal.structure.change import Change
from analysis.causal.structure.found import Found
from analysis.causal.structure.said import Frame, action_key, deed, difference, level, who
from analysis.causal.structure.whatif import Answer, Answers
from analysis.fairness.infer import benjamini_hochberg
from analysis.fairness.partition import group_label
from analysis.finding import VALUELESS, Finding, Verdict, amount, bare
from words import Phrase, listed, phrase


def too_few() -> Phrase:
    """Why an interval is missing where nothing else is wrong."""
    return phrase("structure.too_few")


def findings(found: Found, frame: Frame) -> tuple[Finding, ...]:
    """As it is, the treatment's effect (by group too), every lever's change for everybody, and the change's parts."""
    as_is = who(frame, "", "", outcome=frame.name(frame.outcome), deed=phrase("structure.as_is"))["level"]
    first = level(frame, "structure.as_is", as_is, found.answers.as_is[0], too_few(), frame.users, {})
    return (first, *_effects(found, frame), *_levers(found.answers, frame), *_parts(found.change, frame))


def summary(found: Found, frame: Frame, shown: tuple[Finding, ...]) -> tuple[Phrase, ...]:
    """What if everybody or nobody were treated, the strongest lever, why the two populations differ, what is barred."""
    said = [*_treated(found, frame), *_strongest(shown, found, frame), *_why(found, frame, shown)]
    drawn = found.model.drawn
    barred = [name for name in drawn.order if name not in (*drawn.free, frame.outcome)]
    if barred:
        hidden = dict.fromkeys(one for name in barred for one in drawn.confounders[name][0])
        named = listed(map(frame.name, barred))
        said.append(phrase("structure.barred", names=named, hidden=listed(hidden)))
    if found.check is not None:
        value, error = frame.signed(found.check.value), bare(1.96 * found.check.error, frame.unit)
        said.append(phrase("structure.checked", value=value, error=error, unit=frame.unit_words))
    return (*said, *_person(found, frame))


def notes(found: Found, frame: Frame) -> tuple[Phrase, ...]:
    """What the answers rest on, and what was left out."""
    rows = found.model.rows
    said = [phrase("structure.note_graph"), phrase("structure.note_fit"), phrase("structure.note_interval")]
    if found.model.drawn.dropped:
        said.append(phrase("structure.note_hidden", names=listed(map(frame.name, found.model.drawn.dropped))))
    if rows.dropped:
        said.append(phrase("structure.note_dropped", rows=f"{rows.dropped:,}"))
    if rows.sampled is not None:
        said.append(phrase("structure.note_sampled", users=f"{rows.users:,}", of=f"{rows.sampled:,}"))
    if isinstance(found.change, Change):
        said.append(phrase("structure.note_change"))
    return tuple(said)


def _effects(found: Found, frame: Frame) -> list[Finding]:
    """All rows treated minus none, for everybody and in every group (corrected together)."""
    name = frame.name(frame.treatment or "")
    label = phrase("structure.label_effect", treatment=name, outcome=frame.name(frame.outcome))
    if isinstance(found.effect, Phrase):
        return [difference(frame, "structure.effect", label, None, found.effect)]
    groups, users = found.answers.base.groups, found.answers.base.users
    known = [one.p for one in found.effect[1:] if one is not None]
    corrected = iter(benjamini_hochberg(np.array(known)).tolist())
    lacking = next(one.lacking for one in found.answers.of(frame.treatment or ""))
    made = []
    for at, ((attribute, group), one) in enumerate(zip(groups, found.effect, strict=True)):
        few = phrase("structure.unsupported_effect", share=amount(lacking[at], "share")) if lacking[at] else too_few()
        if not attribute:
            made.append(difference(frame, "structure.effect", label, one, few))
            continue
        facts = {"treatment": name, "attribute": frame.name(attribute)}
        inside = phrase(
            "structure.label_effect_in", **facts, outcome=frame.name(frame.outcome), group=group_label(group)
        )
        p = None if one is None else next(corrected)
        key = f"structure.effect.{attribute}.{group}"
        made.append(difference(frame, key, inside, one, few, n=users[at], groups={group: users[at]}, p_adjusted=p))
    return made


def _levers(found: Answers, frame: Frame) -> list[Finding]:
    """The change for everybody of every action, of a share none and all only; p-values corrected together."""
    shown = [one for one in found.each if one.action.kind != "share" or one.action.amount in (0.0, 1.0)]
    known = [one.change[0].p for one in shown if one.change[0] is not None]
    corrected = iter(benjamini_hochberg(np.array(known)).tolist())
    return [_lever(frame, one, None if one.change[0] is None else next(corrected)) for one in shown]


def _lever(frame: Frame, one: Answer, p: float | None) -> Finding:
    said = who(frame, "", "", outcome=frame.name(frame.outcome), deed=deed(frame, one.action))["change"]
    lacking = one.lacking[0]
    few = phrase("structure.unsupported", share=amount(lacking, "share"), deed=deed(frame, one.action))
    key = f"structure.{action_key(one.action)}"
    return difference(frame, key, said, one.change[0], few if lacking > 0 else too_few(), p_adjusted=p)


def _parts(found: Change | Phrase | None, frame: Frame) -> list[Finding]:
    """Recorded difference, the structure's, what that leaves, each mechanism's part; p-values of parts corrected."""
    if found is None:
        return []
    method = phrase("structure.method_change", replicates=frame.settings.replicates)
    if isinstance(found, Phrase):
        label = phrase("structure.label_change_none", outcome=frame.name(frame.outcome))
        return [difference(frame, "change.total", label, None, found, method=method)]
    first, second = found.compared.names
    facts = {"outcome": frame.name(frame.outcome), "first": first, "second": second}
    people = dict(zip(found.compared.names, found.users, strict=True))
    known = [one.p for one in found.parts.values() if one is not None]
    corrected = iter(benjamini_hochberg(np.array(known)).tolist())

    def made(key: str, label: Phrase, one: Estimate | None, p: float | None = None) -> Finding:
        return difference(frame, f"change.{key}", label, one, too_few(), Verdict.GAP, found.people, people, p, method)

    whole = [
        made("recorded", phrase("structure.label_recorded", **facts), found.recorded),
        made("total", phrase("structure.label_total", **facts), found.total),
        made("rest", phrase("structure.label_rest", **facts), found.rest),
    ]
    parts = []
    for name, one in found.parts.items():
        label = phrase("structure.label_part", **facts, name=frame.name(name))
        parts.append(made(f"part.{name}", label, one, None if one is None else next(corrected)))
    return [*whole, *parts]


def _treated(found: Found, frame: Frame) -> list[Phrase]:
    if isinstance(found.effect, Phrase):
        return [phrase("structure.no_effect", treatment=frame.name(frame.treatment or ""), reason=found.effect)]
    own = found.answers.of(frame.treatment or "")
    none, everyone, effect, now = own[0].level[0], own[-1].level[0], found.effect[0], found.answers.as_is[0]
    if none is None or everyone is None or effect is None or now is None:
        lacking = own[0].lacking[0]
        reason = phrase("structure.unsupported_effect", share=amount(lacking, "share")) if lacking else too_few()
        return [phrase("structure.no_effect", treatment=frame.name(frame.treatment or ""), reason=reason)]
    facts = {"treatment": frame.name(frame.treatment or ""), "outcome": frame.name(frame.outcome)}
    levels = {"none": frame.level(none.value), "all": frame.level(everyone.value), "now": frame.level(now.value)}
    value = frame.signed(effect.value)
    return [phrase("structure.treated", **facts, **levels, value=value, **frame.limits(effect), unit=frame.unit_words)]


def _strongest(shown: tuple[Finding, ...], found: Found, frame: Frame) -> list[Phrase]:
    """The action that moves the outcome most, of those that are more than chance."""
    sure = {
        one.key: one
        for one in shown
        if one.key.startswith("structure.what_if[") and one.verdict is Verdict.EFFECT and one.value is not None
    }
    if not sure:
        return []
    key = max(sure, key=lambda key: abs(sure[key].value or 0.0))
    action = next(one.action for one in found.answers.each if f"structure.{action_key(one.action)}" == key)
    one = sure[key]
    facts = {"outcome": frame.name(frame.outcome), **_signed(one, frame)}
    return [phrase("structure.strongest", **facts, deed=deed(frame, action), unit=frame.unit_words)]


def _signed(one: Finding, frame: Frame) -> dict[str, str]:
    """Value and limits of a difference in words."""
    ends = {"value": one.value, "low": one.low, "high": one.high}
    return {name: frame.signed(end or 0.0) for name, end in ends.items()}


def _why(found: Found, frame: Frame, shown: tuple[Finding, ...]) -> list[Phrase]:
    """The difference between the two populations, and the parts of it that are more than chance."""
    if found.change is None:
        return []
    if isinstance(found.change, Phrase):
        return [phrase("structure.no_change", reason=found.change)]
    named = {one.key: one for one in shown}
    recorded, rest = named["change.recorded"], named["change.rest"]
    if recorded.verdict in VALUELESS:
        return []
    first, second = found.change.compared.names
    facts = {"outcome": frame.name(frame.outcome), "first": first, "second": second, **_signed(recorded, frame)}
    said = [phrase("structure.differs", **facts, unit=frame.unit_words)]
    if rest.verdict is Verdict.GAP and abs(rest.value or 0.0) > frame.margin:  # less is what smoothing leaves
        total = frame.signed(named["change.total"].value or 0.0)
        said.append(phrase("structure.unlike", total=total, unit=frame.unit_words, **_signed(rest, frame)))
    sure = [one for one in shown if one.key.startswith("change.part.") and one.verdict is Verdict.GAP]
    if not sure:
        return [*said, phrase("structure.no_part")]
    sure.sort(key=lambda one: -abs(one.value or 0.0))
    listed = ""
    for one in sure:
        name = frame.name(one.key.removeprefix("change.part."))
        listed += f"{', ' if listed else ''}{name} {frame.signed(one.value or 0.0)}"
    return [*said, phrase("structure.parts", parts=listed, unit=frame.unit_words)]


def _person(found: Found, frame: Frame) -> list[Phrase]:
    """Whether one user's other outcome can be told."""
    if found.personal is not None:
        return [phrase("structure.no_person", reason=found.personal)]
    key = "structure.person_bounds" if found.model.rows.variables[frame.outcome].discrete else "structure.person_exact"
    return [phrase(key, outcome=frame.name(frame.outcome))]
