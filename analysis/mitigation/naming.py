"""Names of recommenders before and after a mitigation, in words; keys of findings keep the short ones."""

from __future__ import annotations

from words import Phrase, phrase

BEFORE = "before"
METHODS = frozenset({"reweigh", "adversary", "rerank", "threshold"})
"""Methods that the catalogue names."""


def title_of(name: str) -> Phrase | str:
    """`before`, `threshold` or ``METHOD@STRENGTH`` in words; a name of another's making as it is."""
    if name == BEFORE:
        return phrase("mitigation.before")
    method, _, strength = name.partition("@")
    if method not in METHODS:
        return name
    title = phrase(f"mitigation.name.{method}")
    return phrase("mitigation.name.strength", method=title, strength=strength) if strength else title
