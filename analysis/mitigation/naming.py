"""Names of recommenders before and after a mitigation, in words; keys of findings keep the short ones."""

from __future__ import annotations

from analysis.mitigation.methods import METHODS
from words import Phrase, phrase

BEFORE = "before"
FORMS = ("int8", "pruned")
"""Smaller forms of a model (analysis.mitigation.shrinking), the latter with its per cent: ``pruned-50``."""


def title_of(name: str) -> Phrase | str:
    """`before`, a smaller form, ``METHOD@STRENGTH`` or several of them joined by +, in words; others as they are."""
    if name == BEFORE:
        return phrase("mitigation.before")
    first, _, rest = name.partition("+")
    return phrase("mitigation.name.both", first=_one(first), second=title_of(rest)) if rest else _one(first)


def method_title(method: str) -> Phrase:
    """A method in words."""
    return phrase(f"mitigation.name.{method}")


def form_title(name: str) -> Phrase:
    """A smaller form in words; ``full`` is one of them."""
    kind, _, percent = name.partition("-")
    return phrase(f"shrink.form.{kind}", percent=percent) if percent else phrase(f"shrink.form.{kind}")


def _one(name: str) -> Phrase | str:
    method, _, strength = name.partition("@")
    if method not in METHODS:
        return form_title(name) if name.partition("-")[0] in FORMS else name
    title = method_title(method)
    return phrase("mitigation.name.strength", method=title, strength=strength) if strength else title
