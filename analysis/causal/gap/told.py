"""The parts as Findings: each with its interval, n, method and what it lets one say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.causal.effect_findings import verdict
from analysis.causal.estimate import Estimate
from analysis.causal.gap.decompose import Parts
from analysis.causal.gap.places import Places, all_of
from analysis.causal.propensity import WITHHELD
from analysis.document import Section
from analysis.fairness.infer import smallest_detectable
from analysis.finding import JSON, Finding, Verdict, amount, not_computed, suppressed
from words import Fact, Phrase, phrase

NAMES = {
    "gap": {"total": "gap", "direct": "direct", "indirect": "indirect", "spurious": "spurious"},
    "effect": {"total": "te", "direct": "nde", "indirect": "nie"},
}
"""Kind of whole -> part -> its name in keys."""


@dataclass(frozen=True)
class Frame:
    """What all parts of one whole share.

    kind: a gap between two groups, or an effect. base: of the keys. first, second: x1 and x0 in words. words: columns
    in words. people: users of each arm, first then second; n: of both (a user may have rows of either).
    """

    kind: str
    base: str
    first: str | Phrase
    second: str | Phrase
    x: str
    outcome: str | Phrase
    unit: str
    level_unit: str
    words: Mapping[str, str | Phrase]
    places: Places
    people: dict[str, int]
    n: int
    margin: float
    replicates: int
    settings: dict[str, JSON]
    seed: int

    def said(self, name: str) -> str | Phrase:
        return self.words.get(name, name)

    @property
    def before(self) -> str | Phrase:
        return all_of(self.said(name) for name in self.places.before)

    @property
    def between(self) -> str | Phrase:
        return all_of(self.said(name) for name in self.places.between)

    def facts(self) -> dict[str, Fact]:
        return {
            "first": self.first,
            "second": self.second,
            "x": self.x,
            "outcome": self.outcome,
            "before": self.before,
            "between": self.between,
            "replicates": self.replicates,
        }


def findings(done: Parts, frame: Frame, turned: Parts | None = None) -> tuple[Finding, ...]:
    """The whole and its parts; and the parts in the other direction."""
    found = [_one(name, part, done, frame) for name, part in named(done, frame).items()]
    if turned is not None:
        parts = {name: part for name, part in named(turned, frame).items() if name != "total"}
        found += [_one(name, part, turned, frame, mark="turned") for name, part in parts.items()]
    return tuple(found)


def named(done: Parts, frame: Frame) -> dict[str, Estimate | None]:
    """Part -> estimate, in the order in which they are told; with several mediators also `through[W]`, one each."""
    through = {f"through[{name}]": part for name, part in zip(frame.places.between, done.through, strict=True)}
    parts: dict[str, Estimate | None] = {"total": done.total}
    if frame.places.between:
        parts |= {"indirect": done.indirect, **(through if len(through) > 1 else {})}
    if frame.kind == "gap" and frame.places.before:
        parts["spurious"] = done.spurious
    return parts | {"direct": done.direct}


def part_label(name: str, frame: Frame) -> Phrase:
    """A part in words."""
    facts = frame.facts()
    if name.startswith("through["):
        column = name.removeprefix("through[").removesuffix("]")
        return phrase(f"gap.{frame.kind}_through", **facts, name=frame.said(column))
    return phrase(f"gap.{frame.kind}_{name}", **facts)


def why_not(name: str, done: Parts, frame: Frame) -> Phrase | None:
    """Why a part is not given; None where nothing but its interval is missing."""
    if name == "total" and frame.kind == "gap":
        return None
    if done.lacking > WITHHELD:
        share = amount(done.lacking, "share")
        names = all_of(frame.said(one) for one in (*frame.places.between, *frame.places.before))
        return phrase(f"gap.no_overlap_{frame.kind}", **frame.facts(), share=share, names=names)
    if frame.kind == "effect" and not frame.places.sound:
        return phrase("gap.not_sound", names=frame.between, outcome=frame.outcome)
    if name.startswith("through["):
        column = name.removeprefix("through[").removesuffix("]")
        at = frame.places.between.index(column)
        if not frame.places.apart[at]:
            return phrase("gap.not_apart", name=frame.said(column), names=frame.between, outcome=frame.outcome)
    return None


def _one(name: str, part: Estimate | None, done: Parts, frame: Frame, mark: str = "") -> Finding:
    plain = NAMES[frame.kind].get(name, name)
    key = f"{frame.base}.{plain}" + (f"[{mark}]" if mark else "")
    label = part_label(name, frame)
    if mark:
        label = phrase(f"gap.{mark}", label=label, first=frame.first)
    method = phrase(f"gap.method_{frame.kind}_{done.by}", **frame.facts())
    if name == "total" and frame.kind == "gap":
        method = phrase(f"gap.method_total_{done.by}", **frame.facts())
    shared = {"groups": frame.people, "settings": frame.settings, "seed": frame.seed}
    reason = why_not(name, done, frame)
    if reason is None and part is None:
        reason = phrase("gap.undefined")
    if reason is not None or part is None:
        return not_computed(key, label, frame.unit, frame.n, reason or phrase("gap.undefined"), method, **shared)
    claim = Verdict.GAP if name in ("total", "spurious") and frame.kind == "gap" else Verdict.EFFECT
    if not frame.places.sound:
        claim = Verdict.GAP
    return Finding(
        key=key,
        label=label,
        unit=frame.unit,
        verdict=verdict(part, frame.margin, claim),
        value=part.value,
        low=part.low,
        high=part.high,
        n=frame.n,
        p_value=part.p,
        margin=frame.margin,
        smallest_detectable=smallest_detectable(np.array([part.error])),
        method=method,
        **shared,
    )


def hidden(section: Section, k: int) -> Section:
    """The section with every figure suppressed: even why there is none would tell of fewer than `k` people."""
    return section.model_copy(update={"findings": tuple(suppressed(one, k) for one in section.findings)})
