"""What the effects step found, in plain sentences, the answer first."""

from __future__ import annotations

from analysis.causal.analyse import Analysis, ByGroup
from analysis.causal.effect_findings import Frame, e_values, headline, verdict, withheld_reason
from analysis.causal.estimate import Adjusted, Estimate
from analysis.causal.refute import Refutation
from analysis.causal.variables import SELF_SELECTED
from analysis.finding import Finding, Verdict, amount
from words import Fact, Phrase, phrase


def summary(a: Analysis, frame: Frame, findings: tuple[Finding, ...]) -> tuple[Phrase, ...]:
    """The answer, what the raw difference mixes in, whether other estimators agree, and where groups differ."""
    done = headline(a)
    if done is None:
        return (*_withheld(frame, withheld_reason(a, frame)), *_raw(a, frame))
    first = _split(frame, done) if frame.question.obstacle is not None else _effect(a, frame, done)
    others = _others(a, done, frame)
    return (*first, *others, *_by_group(a.groups, frame, findings), *_refutations(a, frame), *_e_value(a, frame))


def notes(a: Analysis, frame: Frame) -> tuple[Phrase, ...]:
    """Methods, limits, what was cut, left out or clipped."""
    study, q = a.study, frame.question
    said = [phrase("effects.note_row")]
    if q.obstacle is None and q.adjustment:
        facts = {"treatment": q.treatment_name, "outcome": q.outcome_name, "names": q.names}
        said.append(phrase("effects.note_assumes", **facts))
    for one in study.continuous:
        edges = ", ".join(f"{edge:.4g}" for edge in one.edges)
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


def _withheld(frame: Frame, reason: Phrase) -> tuple[Phrase, ...]:
    q = frame.question
    said = (phrase("effects.withheld", treatment=q.treatment_name, outcome=q.outcome_name, reason=reason),)
    return said if q.obstacle is None else (*said, q.obstacle)


def _raw(a: Analysis, frame: Frame) -> tuple[Phrase, ...]:
    if a.raw is None:
        return ()
    return (phrase("effects.raw_only", naive=_signed(a.raw.value, frame), unit=_unit(frame), **_limits(a.raw, frame)),)


def _effect(a: Analysis, frame: Frame, done: Adjusted) -> tuple[Phrase, ...]:
    q, effect = frame.question, done.effect
    facts: dict[str, Fact] = {
        "treatment": q.treatment_name,
        "outcome": q.outcome_name,
        "names": q.names,
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
    treated = (phrase("effects.for_treated"),) if a.estimand == "ATT" else ()
    return (first, *treated, _mixes(frame, done))


def _mixes(frame: Frame, done: Adjusted) -> Phrase:
    naive = _signed(done.naive.value, frame)
    if not frame.question.adjustment:
        return phrase("effects.raw_same", naive=naive, unit=_unit(frame))
    return phrase(
        "effects.raw_mixes",
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
    return (said, *_withheld(frame, q.obstacle)[:1])


def _others(a: Analysis, done: Adjusted, frame: Frame) -> tuple[Phrase, ...]:
    known = {name: one for name, one in a.beside.items() if one is not None}
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
    agree = all(done.effect.low <= one.value <= done.effect.high for one in known.values())
    return (phrase("effects.others_agree" if agree else "effects.others_differ", others=listed),)


def _by_group(parts: tuple[ByGroup, ...], frame: Frame, findings: tuple[Finding, ...]) -> tuple[Phrase, ...]:
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


def _refutations(a: Analysis, frame: Frame) -> tuple[Phrase, ...]:
    return tuple(_refutation(one, frame) for one in a.refutations)


def _refutation(one: Refutation, frame: Frame) -> Phrase:
    key = f"effects.{one.kind}_{'stood' if one.stood else 'fell'}"
    return phrase(key, mean=_signed(one.mean, frame), low=_signed(one.low, frame), high=_signed(one.high, frame))


def _e_value(a: Analysis, frame: Frame) -> tuple[Phrase, ...]:
    found = e_values(a)
    if found is None:
        return ()
    _, value, bound = found
    if bound == 1.0:
        return (phrase("effects.evalue_none", value=_times(value)),)
    q = frame.question
    facts = {"treatment": q.treatment_name, "outcome": q.outcome_name}
    return (phrase("effects.evalue", **facts, value=_times(value), bound=_times(bound)),)


def _signed(number: float, frame: Frame) -> str:
    text = amount(number, frame.unit)
    return text if text.startswith(("-", "+")) else f"+{text}"


def _plain(number: float, frame: Frame) -> str:
    return amount(number, frame.unit).removeprefix("+")


def _times(number: float) -> str:
    """How many times as likely: two digits say all that this figure can."""
    return f"{number:.1f}" if number < 10 else f"{number:,.0f}"


def _limits(one: Estimate, frame: Frame) -> dict[str, str]:
    return {"low": _signed(one.low, frame), "high": _signed(one.high, frame)}


def _unit(frame: Frame) -> Phrase:
    return phrase(f"units.{frame.unit}")
