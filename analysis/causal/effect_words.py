"""What the effects step found, in plain sentences, the answer first."""

from __future__ import annotations

from analysis.causal.analyse import Analysis, ByGroup
from analysis.causal.effect_checks import e_values
from analysis.causal.effect_findings import Frame, headline, verdict, withheld_reason
from analysis.causal.estimate import Adjusted, Estimate
from analysis.causal.refute import Refutation
from analysis.causal.variables import SELF_SELECTED
from analysis.charts.labels import number
from analysis.finding import Finding, Verdict, amount, bare, signed
from words import Fact, Phrase, phrase


def summary(a: Analysis, frame: Frame, findings: tuple[Finding, ...]) -> tuple[Phrase, ...]:
    """The answer, what the raw difference mixes in, whether other estimators agree, and where groups differ."""
    done = headline(a)
    if done is None:
        return (*withheld(frame, withheld_reason(a, frame)), *raw_only(a.raw, frame))
    first = _split(frame, done) if frame.question.obstacle is not None else answer(frame, done.effect)
    mixed = () if frame.question.obstacle is not None else (mixes(frame, done),)
    hidden = e_values(a)
    return (
        *first,
        *mixed,
        *others(a.beside, done.effect, frame),
        *by_group(a.groups, frame, findings),
        *(refutation(one, frame) for one in a.refutations),
        *(() if hidden is None else (hidden_cause(frame, *hidden[1:]),)),
    )


def notes(a: Analysis, frame: Frame) -> tuple[Phrase, ...]:
    """Methods, limits, what was cut, left out or clipped."""
    study, q = a.study, frame.question
    said = [phrase("effects.note_row")]
    if q.obstacle is None and q.adjustment:
        facts = {"treatment": q.treatment_name, "outcome": q.outcome_name, "names": q.names}
        said.append(phrase("effects.note_assumes", **facts))
    for one in study.continuous:
        edges = ", ".join(number(edge) for edge in one.edges[1:-1]) or "–"
        said.append(phrase("effects.note_binned", name=q.said(one.name), bins=len(one.edges) - 1, edges=edges))
    if study.dropped:
        said.append(phrase("effects.note_dropped", rows=f"{study.dropped:,}"))
    if a.by == "strata" and a.strata_lacking > 0:
        said.append(phrase("effects.note_support", share=amount(a.strata_lacking, "share")))
    if a.by == "models":
        said.append(phrase("effects.note_models_headline", share=amount(a.strata_lacking, "share")))
    if q.adjustment:
        without, treated = (amount(size, "count") for size in a.overlap.effective)
        clipped = amount(a.overlap.clipped, "share")
        said.append(phrase("effects.note_overlap", without=without, treated=treated, clipped=clipped))
    if a.logged == "unfit":
        said.append(phrase("effects.bad_logged"))
    return tuple(said)


def withheld(frame: Frame, reason: Phrase) -> tuple[Phrase, ...]:
    """That no effect is given, and why."""
    q = frame.question
    said = (phrase("effects.withheld", treatment=frame.treatment, outcome=q.outcome_name, reason=reason),)
    return said if q.obstacle is None else (*said, q.obstacle)


def raw_only(raw: Estimate | None, frame: Frame) -> tuple[Phrase, ...]:
    """The raw difference, where it is all that there is."""
    if raw is None:
        return ()
    return (phrase("effects.raw_only", naive=_signed(raw.value, frame), unit=_unit(frame), **_limits(raw, frame)),)


def answer(frame: Frame, effect: Estimate) -> tuple[Phrase, ...]:
    """What the treatment did to the outcome, in one sentence; a second one where it is told of the treated."""
    q = frame.question
    facts: dict[str, Fact] = {
        "treatment": frame.treatment,
        "outcome": q.outcome_name,
        "how": frame.how,
        "unit": _unit(frame),
    }
    decided = verdict(effect, frame.margin, Verdict.EFFECT)
    if decided is Verdict.EFFECT:
        low, high = (effect.low, effect.high) if effect.value > 0 else (-effect.high, -effect.low)
        key = "effects.raised" if effect.value > 0 else "effects.lowered"
        size = {"value": _plain(abs(effect.value), frame), "low": _plain(low, frame), "high": _plain(high, frame)}
        first = phrase(key, **facts, **size)
    elif decided is Verdict.EQUIVALENT:
        margin = _plain(frame.margin, frame)
        value = _signed(effect.value, frame)
        first = phrase("effects.equivalent", **facts, value=value, **_limits(effect, frame), margin=margin)
    else:
        value, smallest = _signed(effect.value, frame), _plain(2.8016 * effect.error, frame)
        first = phrase("effects.unclear", **facts, value=value, **_limits(effect, frame), smallest=smallest)
    treated = (phrase("effects.for_treated"),) if frame.settings.estimand == "ATT" else ()
    return (first, *treated)


def mixes(frame: Frame, done: Adjusted) -> Phrase:
    """How much of the raw difference is selection."""
    naive = _signed(done.naive.value, frame)
    if not frame.question.adjustment:
        return phrase("effects.raw_same", naive=naive, unit=_unit(frame))
    named = {"names": frame.question.names} if frame.subject is not None else {}
    return phrase(
        "effects.raw_mixes_dose" if named else "effects.raw_mixes",
        **named,
        naive=naive,
        unit=_unit(frame),
        treatment=frame.question.treatment_name,
        selection=_signed(done.selection.value, frame),
        **_limits(done.selection, frame),
    )


def _split(frame: Frame, done: Adjusted) -> tuple[Phrase, ...]:
    """Not identified: how much of the raw difference goes with what was recorded, and how much remains."""
    q = frame.question
    assert q.obstacle is not None
    said = phrase(
        "effects.split_self" if q.treatment == SELF_SELECTED else "effects.split",
        treatment=q.treatment_name,
        outcome=q.outcome_name,
        names=q.names,
        unit=_unit(frame),
        naive=_signed(done.naive.value, frame),
        selection=_signed(done.selection.value, frame),
        **_limits(done.selection, frame),
        remaining=_signed(done.effect.value, frame),
        remaining_low=_signed(done.effect.low, frame),
        remaining_high=_signed(done.effect.high, frame),
    )
    return (said, *withheld(frame, q.obstacle)[:1])


def others(beside: dict[str, Estimate | None], effect: Estimate, frame: Frame) -> tuple[Phrase, ...]:
    """Whether the other estimators lie inside the answer's interval."""
    known = {name: one for name, one in beside.items() if one is not None}
    if not known:
        return ()
    listed: Phrase | None = None
    for name, one in known.items():
        said = phrase(
            "effects.another",
            name=phrase(f"effects.name_{name}"),
            value=_signed(one.value, frame),
            **_limits(one, frame),
        )
        listed = said if listed is None else phrase("effects.pair", first=listed, second=said)
    agree = all(effect.low <= one.value <= effect.high for one in known.values())
    return (phrase("effects.others_agree" if agree else "effects.others_differ", others=listed),)


def by_group(parts: tuple[ByGroup, ...], frame: Frame, findings: tuple[Finding, ...]) -> tuple[Phrase, ...]:
    """Where the effect differs between groups."""
    return tuple(said for part in parts for said in _of_attribute(part, frame, findings))


def _of_attribute(part: ByGroup, frame: Frame, findings: tuple[Finding, ...]) -> list[Phrase]:
    prefix = f"{frame.base}.{frame.figure}.{part.attribute}.gap"
    gaps = [one for one in findings if one.key == prefix or one.key.startswith(f"{prefix}.")]
    shown = [one for one in gaps if one.verdict is Verdict.GAP]
    key = "effects.group_differs" if frame.question.obstacle is None else "effects.group_remaining_differs"
    said = []
    for one in shown:
        first, second = list(one.groups)
        assert one.value is not None and one.low is not None and one.high is not None
        limits = {"low": _signed(one.low, frame), "high": _signed(one.high, frame)}
        value = _signed(one.value, frame)
        facts: dict[str, Fact] = {"attribute": part.attribute, "a": first, "b": second, "unit": _unit(frame)}
        said.append(phrase(key, **facts, value=value, **limits))
    if not said and any(one.verdict in {Verdict.CANNOT_TELL, Verdict.EQUIVALENT} for one in gaps):
        same = "effects.group_same" if frame.question.obstacle is None else "effects.group_remaining_same"
        said.append(phrase(same, attribute=part.attribute))
    return said


def refutation(one: Refutation, frame: Frame) -> Phrase:
    """What one attempt to break the estimate shows, and what not."""
    key = f"effects.{one.kind}_{'stood' if one.stood else 'fell'}"
    return phrase(key, mean=_signed(one.mean, frame), low=_signed(one.low, frame), high=_signed(one.high, frame))


def hidden_cause(frame: Frame, value: float, bound: float) -> Phrase:
    """How strong a hidden cause would have to be (`e_values`)."""
    if bound == 1.0:
        return phrase("effects.evalue_none", value=_times(value))
    facts: dict[str, Fact] = {"treatment": frame.treatment, "outcome": frame.question.outcome_name}
    return phrase("effects.evalue", **facts, value=_times(value), bound=_times(bound))


def _signed(number: float, frame: Frame) -> str:
    return signed(number, frame.unit)


def _plain(number: float, frame: Frame) -> str:
    return bare(number, frame.unit)


def _times(number: float) -> str:
    """How many times as likely: two digits say all that this figure can."""
    return f"{number:.1f}" if number < 10 else f"{number:,.0f}"


def _limits(one: Estimate, frame: Frame) -> dict[str, str]:
    return {"low": _signed(one.low, frame), "high": _signed(one.high, frame)}


def _unit(frame: Frame) -> Phrase:
    return phrase(f"units.{frame.unit}")
