"""Groupings of items in words: what a grouping is called, and each of its groups."""

from __future__ import annotations

from analysis.fairness.partition import group_label
from words import Phrase, phrase

TAIL = "tail"
"""The grouping of head and long tail, whose two values are words of ours."""
ITEM = "item"
"""Each item for itself, as a grouping."""
OWN = (TAIL, "category", "provider", ITEM)
"""Groupings that have a name of ours; another keeps its own."""


def grouping_label(grouping: str) -> Phrase | str:
    """What a grouping of items is called: "head and long tail" for `tail`."""
    return phrase(f"fairness.grouping.{grouping}") if grouping in OWN else grouping


def items_label(grouping: str, value: str) -> Phrase:
    """What one group of items is called: "category yoga", "long-tail items"."""
    if grouping == TAIL and value in ("head", "tail"):
        return phrase(f"fairness.items.{value}")
    return phrase("fairness.items.of", grouping=grouping_label(grouping), value=group_label(value))
