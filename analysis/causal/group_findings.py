"""Effects inside groups as Findings, corrected together."""

from __future__ import annotations

import numpy as np

from analysis.causal.analyse import ByGroup
from analysis.causal.effect_findings import Frame, finding
from analysis.causal.propensity import WITHHELD
from analysis.fairness.infer import benjamini_hochberg
from analysis.fairness.partition import group_label
from analysis.finding import Finding, Verdict, amount
from analysis.log import UNKNOWN
from words import Phrase, phrase


def by_group(parts: tuple[ByGroup, ...], frame: Frame) -> list[Finding]:
    """Effects and their differences in every attribute, p-values corrected together."""
    known = [one for part in parts for one in (*part.effects.effect, *part.effects.gap.values()) if one is not None]
    adjusted = benjamini_hochberg(np.array([one.p for one in known], dtype=float)) if known else np.array([])
    corrected = {id(one): float(p) for one, p in zip(known, adjusted, strict=True)}
    return [found for part in parts for found in _of_attribute(part, frame, corrected)]


def _of_attribute(part: ByGroup, frame: Frame, corrected: dict[int, float]) -> list[Finding]:
    kind = "group" if frame.question.obstacle is None else "group_remaining"
    claim = Verdict.EFFECT if frame.question.obstacle is None else Verdict.GAP
    method = frame.method("group")
    found = []
    for code, (label, one) in enumerate(zip(part.labels, part.effects.effect, strict=True)):
        key = f"{frame.figure}.{part.attribute}.{label}"
        words = frame.label(kind, attribute=part.attribute, group=group_label(label))
        p = None if one is None else corrected[id(one)]
        thin, people = _thin(part, code), part.users[code]
        made = finding(frame, key, words, method, one, claim, thin, people, {label: people}, p)
        found.append(made)
    return [*found, *_gaps(part, frame, corrected, method)]


def _gaps(part: ByGroup, frame: Frame, corrected: dict[int, float], method: Phrase) -> list[Finding]:
    prefix = f"{frame.figure}.{part.attribute}.gap"
    if not part.pairs:
        only = next((label for label in part.labels if label != UNKNOWN), UNKNOWN)
        words = frame.label("group_gap", attribute=part.attribute, a=only, b=only)
        reason = phrase("effects.one_group", attribute=part.attribute)
        return [finding(frame, prefix, words, method, None, Verdict.GAP, reason)]
    found = []
    for (a, b), people in part.pairs.items():
        one = part.effects.gap[(a, b)]
        names = part.labels[a], part.labels[b]
        key = prefix if len(part.pairs) == 1 else f"{prefix}.{names[0]}-{names[1]}"
        words = frame.label("group_gap", attribute=part.attribute, a=names[0], b=names[1])
        users = {names[0]: part.users[a], names[1]: part.users[b]}
        p = None if one is None else corrected[id(one)]
        thin = _thin(part, max(a, b, key=lambda code: part.lacking[code]))
        made = finding(frame, key, words, method, one, Verdict.GAP, thin, people, users, p)
        found.append(made)
    return found


def _thin(part: ByGroup, code: int) -> Phrase | None:
    """Why a group has no effect, where too many of its rows have no counterpart."""
    if part.lacking[code] <= WITHHELD:
        return None
    share, group = amount(part.lacking[code], "share"), group_label(part.labels[code])
    return phrase("effects.group_no_overlap", share=share, attribute=part.attribute, group=group)
