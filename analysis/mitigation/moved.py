"""How a figure changed, as the end of a sentence that begins with its name."""

from __future__ import annotations

from analysis.fairness.summary import bare, size
from analysis.finding import Finding, Verdict, is_certain_gap, warns
from words import Phrase, phrase


def moved(change: Finding | None) -> Phrase:
    """Fell or rose by so much, with its interval; or not by more than chance; or why that is not known."""
    if change is None or change.value is None:
        return _unmeasured(change)
    rises = change.value > 0
    certain = is_certain_gap(change)
    if certain and change.low is None:
        return _said("rises_alike" if rises else "falls_alike", amount=size(abs(change.value), change.unit))
    if change.low is None or change.high is None:
        return _unmeasured(change)
    if not certain:
        key = "perhaps" if change.verdict is Verdict.GAP else "steady"
        return _said(key, low=bare(change.low, change.unit), high=bare(change.high, change.unit))
    low, high = (change.low, change.high) if rises else (-change.high, -change.low)
    return _said(
        "rises" if rises else "falls",
        amount=size(abs(change.value), change.unit),
        low=bare(low, change.unit),
        high=bare(high, change.unit),
    )


def _unmeasured(change: Finding | None) -> Phrase:
    same = change is not None and warns(change, "fairness.reason.unchanged")
    return _said("same" if same else "unknown")


def _said(key: str, **facts: Phrase | str) -> Phrase:
    return phrase(f"mitigation.moved.{key}", **facts)
