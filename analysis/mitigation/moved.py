"""How a figure changed, as the end of a sentence that begins with its name."""

from __future__ import annotations

from analysis.fairness.infer import two_sided
from analysis.fairness.summary import size
from analysis.finding import Finding, Verdict, bare, is_certain_gap, warns
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


def resized(before: Finding | None, after: Finding | None, change: Finding | None) -> int:
    """-1 where the size of a signed gap became smaller by more than chance, 1 where larger; 0 where that is not shown.

    The change of a gap that keeps its sign is that of its size. Where it turns round, the sizes differ by the sum of
    both gaps, whose variance is twice that of each less that of the change: intervals of all three are needed.
    """
    if change is None or not is_certain_gap(change) or before is None or after is None:
        return 0
    if before.value is None or after.value is None:
        return 0
    larger = abs(after.value) - abs(before.value)
    if before.value * after.value < 0:
        apart = [_variance(one) for one in (before, after, change)]
        if any(one is None for one in apart):
            return 0
        own, other, both = (float(one or 0.0) for one in apart)
        if larger**2 <= two_sided(change.level) ** 2 * max(2 * own + 2 * other - both, 0.0):
            return 0
    return (larger > 0) - (larger < 0)


def _variance(one: Finding) -> float | None:
    """Of the value, by its interval."""
    if one.low is None or one.high is None:
        return None
    return ((one.high - one.low) / (2 * two_sided(one.level))) ** 2


def gap_moved(before: Finding | None, after: Finding | None, change: Finding | None) -> Phrase:
    """What became of the size of a signed gap; from what to what where it turned round."""
    if before is not None and after is not None and change is not None and is_certain_gap(change):
        old, new = before.value or 0.0, after.value or 0.0
        if old * new < 0:
            return _said("turned", before=size(abs(old), before.unit), after=size(abs(new), after.unit))
    return moved(_of_size(before, change))


def _of_size(before: Finding | None, change: Finding | None) -> Finding | None:
    """The change of a signed gap along the way it pointed before, so that a rise is a wider gap."""
    if change is None or change.value is None or before is None or (before.value or 0.0) >= 0:
        return change
    low, high = (None if end is None else -end for end in (change.high, change.low))
    return change.model_copy(update={"value": -change.value, "low": low, "high": high})
