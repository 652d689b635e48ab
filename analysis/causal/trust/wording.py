"""The trial of estimators in Findings and plain sentences, the advice first."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.causal.question import Question
from analysis.causal.trust.settings import TrustSettings
from analysis.causal.trust.trial import Record, Share, Trial, advice, covered, ranked
from analysis.causal.trust.world import World
from analysis.finding import Finding, Verdict, amount, bare, not_computed, signed
from words import Fact, Phrase, listed, phrase

ALIKE = 1.1
"""Estimators whose error is at most so many times the best one's do as well: the logs do not tell them apart."""


@dataclass(frozen=True)
class Frame:
    """What everything that is said shares. unit: of the effect."""

    question: Question
    trial: Trial
    world: World
    unit: str
    settings: TrustSettings
    seed: int

    def signed(self, number: float) -> str:
        return signed(number, self.unit)

    def size(self, number: float) -> str:
        """A size that has no direction."""
        return bare(number, self.unit)

    @property
    def unit_words(self) -> Phrase:
        return phrase(f"units.{self.unit}")


def name_of(estimator: str) -> Phrase:
    """An estimator as people call it."""
    return phrase(f"trust.name_{estimator}")


def findings(frame: Frame) -> tuple[Finding, ...]:
    """Bias, coverage and share found of every estimator at every size; `logs` they rest on, not people."""
    return tuple(one for record in frame.trial.records for one in _of(frame, record))


def summary(frame: Frame) -> tuple[Phrase, ...]:
    """Whom to trust and how far, who does as well, whom not to trust, and what this does not show."""
    trial = frame.trial
    order = ranked(trial)
    advised = {name: advice(trial, name) for name in order}
    best = order[0]
    said = [_best(frame, best, advised[best])]
    alike = [name for name in order[1:] if advised[name] == "yes" and _alike(frame, best, name)]
    if alike and advised[best] == "yes":
        said.append(phrase("trust.alike", names=listed(map(name_of, alike))))
    said += [_open(frame, name) for name in order[1:] if advised[name] == "open"]
    said += [_doubt(frame, name) for name in order[1:] if advised[name] == "no"]
    q = frame.question
    return (*said, phrase("trust.supposes", names=q.names, treatment=q.treatment_name, outcome=q.outcome_name))


def notes(frame: Frame) -> tuple[Phrase, ...]:
    """How the logs are made, and what they leave out."""
    q, made = frame.question, frame.world
    people = {"users": f"{made.study.users:,}", "rows": f"{made.study.rows:,}"}
    said = [phrase("trust.note_logs", **people, treatment=q.treatment_name, outcome=q.outcome_name)]
    own = frame.size(made.own_outcome)
    said.append(phrase("trust.note_own", own=own, unit=frame.unit_words, chance=amount(made.own_chance, "share")))
    said.append(phrase("trust.note_constant"))
    said.append(phrase("trust.note_enough", logs=frame.settings.logs, width=_width(frame)))
    return tuple(said)


def _width(frame: Frame) -> str:
    """How far a share of 95% can be off by chance with so many logs."""
    return amount(1.96 * (0.95 * 0.05 / frame.settings.logs) ** 0.5, "share")


def _of(frame: Frame, record: Record) -> list[Finding]:
    effect = frame.signed(record.effect) if record.effect else frame.size(0.0)
    facts: dict[str, Fact] = {"name": name_of(record.estimator), "effect": effect, "unit": frame.unit_words}
    at = frame.trial.effects.index(record.effect)
    base = f"trust.{record.estimator}.{('none', 'estimated', 'own')[at]}"
    method = phrase("trust.method", logs=record.logs, resamples=frame.settings.resamples)
    shared = {"method": method, "seed": frame.seed, "n_unit": "logs", "settings": {"true_effect": record.effect}}
    names = {"bias": frame.unit, "coverage": "share", "found": "share"}
    labels = {
        name: phrase(f"trust.label_{'false' if name == 'found' and at == 0 else name}", **facts) for name in names
    }
    if record.bias is None or record.covered is None or record.found is None:
        reason = phrase("trust.undefined", defined=record.defined, logs=record.logs)
        return [
            not_computed(f"{base}.{name}", labels[name], unit, record.logs, reason, **shared)  # type: ignore[arg-type]
            for name, unit in names.items()
        ]
    value, low, high = record.bias
    bias = Finding(
        key=f"{base}.bias",
        label=labels["bias"],
        unit=frame.unit,
        verdict=Verdict.MEASURED,
        value=value,
        low=low,
        high=high,
        n=record.defined,
        **shared,
    )
    shares = {"coverage": record.covered, "found": record.found}
    return [bias, *(_share(f"{base}.{name}", labels[name], one, shared) for name, one in shares.items())]


def _share(key: str, label: Phrase, one: Share, shared: dict[str, object]) -> Finding:
    return Finding(
        key=key,
        label=label,
        unit="share",
        verdict=Verdict.MEASURED,
        value=one.value,
        low=one.low,
        high=one.high,
        n=one.n,
        **shared,
    )


def _best(frame: Frame, name: str, advised: str) -> Phrase:
    none, some = frame.trial.of(name)[0], frame.trial.of(name)[-1]
    held = covered(frame.trial, name)
    if held is None or none.found is None or some.bias is None or some.found is None:
        return phrase("trust.nobody")
    facts: dict[str, Fact] = {
        "name": name_of(name),
        "logs": f"{held.n:,}",
        "covered": amount(held.value, "share"),
        "low": amount(held.low, "share"),
        "high": amount(held.high, "share"),
        "bias": frame.size(abs(some.bias[0])),
        "unit": frame.unit_words,
        "effect": frame.signed(some.effect),
        "power": amount(some.found.value, "share"),
        "false": amount(none.found.value, "share"),
    }
    return phrase({"yes": "trust.best", "open": "trust.best_open", "no": "trust.best_unsound"}[advised], **facts)


def _open(frame: Frame, name: str) -> Phrase:
    """An estimator that was tried on too few logs."""
    held = covered(frame.trial, name)
    assert held is not None
    limits = {"low": amount(held.low, "share"), "high": amount(held.high, "share")}
    return phrase("trust.open", name=name_of(name), logs=held.n, **limits)


def _doubt(frame: Frame, name: str) -> Phrase:
    """What is wrong with an estimator: no answer, or intervals that miss the truth."""
    records, held = frame.trial.of(name), covered(frame.trial, name)
    if held is None:
        least = min(records, key=lambda one: one.defined)
        return phrase("trust.doubt_undefined", name=name_of(name), defined=least.defined, logs=least.logs)
    furthest = max((one.bias[0] for one in records if one.bias is not None), key=abs)
    facts: dict[str, Fact] = {"name": name_of(name), "bias": frame.signed(furthest), "unit": frame.unit_words}
    return phrase("trust.doubt", **facts, covered=amount(held.value, "share"))


def _alike(frame: Frame, best: str, name: str) -> bool:
    pairs = zip(frame.trial.of(best), frame.trial.of(name), strict=True)
    return all(a.error is not None and b.error is not None and b.error <= ALIKE * a.error for a, b in pairs)
