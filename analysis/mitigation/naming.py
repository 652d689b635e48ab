"""Names of recommenders before and after a mitigation, in words; keys of findings keep the short ones."""

from __future__ import annotations

from analysis.mitigation.methods import METHODS
from words import Phrase, phrase

BEFORE = "before"


def title_of(name: str) -> Phrase | str:
    """`before`, ``METHOD@STRENGTH`` or several of them joined by + in words; a name of another's making as it is."""
    if name == BEFORE:
        return phrase("mitigation.before")
    first, _, rest = name.partition("+")
    return phrase("mitigation.name.both", first=_one(first), second=title_of(rest)) if rest else _one(first)


def method_title(method: str) -> Phrase:
    """A method in words."""
    return phrase(f"mitigation.name.{method}")


def _one(name: str) -> Phrase | str:
    method, _, strength = name.partition("@")
    if method not in METHODS:
        return name
    title = method_title(method)
    return phrase("mitigation.name.strength", method=title, strength=strength) if strength else title
