"""The figures of robustness as Findings."""

from __future__ import annotations

from analysis.causal.effect_findings import Frame, finding
from analysis.causal.refute import Refutation
from analysis.causal.robustness.controls import Control
from analysis.causal.robustness.shaken import Shaken
from analysis.finding import JSON, Finding, Verdict, not_computed
from words import Fact, Phrase, phrase

ALPHA = 0.05


def findings(s: Shaken) -> tuple[Finding, ...]:
    """The curve, the joint test, the hidden cause, the refutations and the negative controls."""
    return (*_curve(s), _joint(s), *_hidden(s), *_benchmarks(s), *_refutations(s), *controls(s))


def claim(s: Shaken) -> Verdict:
    """What a difference is called: an effect where the graph identifies one."""
    return Verdict.EFFECT if s.question.obstacle is None else Verdict.GAP


def _curve(s: Shaken) -> list[Finding]:
    method = phrase("robustness.method_curve")
    named = {"median": s.unit, "low": s.unit, "high": s.unit, "same": "share", "sure": "share"}
    found = []
    for key, unit in named.items():
        count = 0 if s.told is None else len(s.told.values)
        label = _label(s, key, count=count)
        if s.told is None:
            reason = phrase("robustness.curve_none", count=len(s.ways), reason=first_reason(s))
            found.append(_missing(s, f"ways.{key}", label, unit, reason, method))
        else:
            found.append(_measured(s, f"ways.{key}", label, unit, float(getattr(s.told, key)), method))
    return found


def first_reason(s: Shaken) -> Phrase:
    """Why the answer's own way, or else the first, was not computed."""
    reasons = [way.reason for way in s.ways if way.reason is not None]
    return s.withheld or (reasons[0] if reasons else phrase("effects.undefined"))


def what(s: Shaken) -> Phrase:
    """What the ways estimate: the effect, or, where the graph identifies none, what remains after adjusting."""
    key = "robustness.effect_on" if s.question.obstacle is None else "robustness.remains_in"
    return phrase(key, outcome=s.question.outcome_name)


def _joint(s: Shaken) -> Finding:
    method = phrase("robustness.method_joint", draws=s.asked.settings.draws)
    if s.joint is None:
        computed = any(way.estimate is not None for way in s.ways)
        reason = phrase("robustness.none_in_closed_form") if computed else first_reason(s)
        return _missing(s, "joint", _label(s, "joint", count=0), s.unit, reason, method)
    median, p, count = s.joint
    return Finding(
        key=f"{s.frame.base}.joint",
        label=_label(s, "joint", count=count),
        unit=s.unit,
        verdict=claim(s) if p <= ALPHA else Verdict.CANNOT_TELL,
        value=median,
        n=s.frame.n,
        p_value=p,
        method=method,
        settings=_settings(s),
        seed=s.asked.seed,
    )


def _hidden(s: Shaken) -> list[Finding]:
    method = phrase("robustness.method_hidden")
    found = []
    for key in ("value", "bound", "partial"):
        label = _label(s, key)
        if s.model is None:
            found.append(_missing(s, f"hidden.{key}", label, "explained", no_model(s), method))
        else:
            value = float(getattr(s.model, key))
            found.append(_measured(s, f"hidden.{key}", label, "explained", value, method))
    return found


def no_model(s: Shaken) -> Phrase:
    """Why there is no partial R^2."""
    if s.answer is None:
        return phrase("robustness.no_answer", reason=first_reason(s))
    return phrase("robustness.no_model")


def _benchmarks(s: Shaken) -> list[Finding]:
    if s.model is None:
        return []
    found = []
    for one in s.benchmarks:
        if one.strength is None:
            continue
        name = s.question.said(one.name)
        once = one.times == 1
        times = phrase("robustness.times_one") if once else phrase("robustness.times_more", times=f"{one.times:g}")
        label, method = _label(s, "benchmark", name=name, times=times), phrase("robustness.method_benchmark", name=name)
        key = f"hidden[{name}]" if once else f"hidden[{one.times:g} x {name}]"
        found.append(_measured(s, key, label, s.frame.unit, s.model.adjusted(one.strength), method))
    return found


def _refutations(s: Shaken) -> list[Finding]:
    found = []
    for one in s.refutations:
        room = "robustness" if one.kind in ("dummy_outcome", "bootstrap") else "effects"
        measured = _measured(
            s, one.kind, phrase(f"{room}.label_{one.kind}"), s.frame.unit, one.mean, _refutation_method(room, one)
        )
        limits = {"low": min(one.low, one.mean), "high": max(one.high, one.mean)}
        if room == "robustness":  # the others repeat attempts that the effects step has counted
            measured = measured.model_copy(update={"settings": {**measured.settings, "stood": one.stood}})
        found.append(measured.model_copy(update=limits))
    return found


def _refutation_method(room: str, one: Refutation) -> Phrase:
    return phrase(f"{room}.method_{one.kind}", simulations=one.simulations)


def controls(s: Shaken) -> list[Finding]:
    """The negative controls: a gap is a warning."""
    return [_control(one, s) for one in s.controls]


def _control(one: Control, s: Shaken) -> Finding:
    facts: dict[str, Fact] = {
        "name": one.said,
        "outcome": s.question.outcome_name,
        "arms": s.frame.arms,
    }
    label = phrase(f"robustness.label_{one.kind}_control", **facts)
    method = phrase("robustness.method_control", part=phrase(f"robustness.part_{one.kind}"))
    key, frame = f"control.{one.kind}[{one.name}]", one.frame
    return finding(frame, key, label, method, one.estimate, Verdict.GAP, one.reason, p_adjusted=one.p_adjusted)


def _label(s: Shaken, key: str, **more: Fact) -> Phrase:
    facts: dict[str, Fact] = {"treatment": s.question.treatment_name, "outcome": s.question.outcome_name}
    facts["what"] = what(s)
    return phrase(f"robustness.label_{key}", **{**facts, **more})


def _settings(s: Shaken) -> dict[str, JSON]:
    return {**s.frame.recorded(), **s.asked.settings.model_dump(mode="json")}


def _measured(s: Shaken, key: str, label: Phrase, unit: str, value: float, method: Phrase) -> Finding:
    frame: Frame = s.frame
    return Finding(
        key=f"{frame.base}.{key}",
        label=label,
        unit=unit,
        verdict=Verdict.MEASURED,
        value=value,
        n=frame.n,
        method=method,
        settings=_settings(s),
        seed=s.asked.seed,
    )


def _missing(s: Shaken, key: str, label: Phrase, unit: str, reason: Phrase, method: Phrase) -> Finding:
    return not_computed(f"{s.frame.base}.{key}", label, unit, s.frame.n, reason, method, settings=_settings(s))
