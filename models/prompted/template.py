"""Prompts from templates: named gaps and nothing else, filled in one pass."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from words import Unfit

GAP = re.compile(r"\{([a-z_]+)\}")
"""A gap is a plain name in braces; attributes, indices and formats of Python's own templates are just text here."""


def fill(template: str, facts: Mapping[str, object]) -> str:
    """`template` with each gap replaced by its fact; a fact that itself holds braces is not looked into again."""
    return GAP.sub(lambda found: str(facts[found[1]]), template).strip()


def gaps(template: str) -> frozenset[str]:
    """The names of the gaps."""
    return frozenset(GAP.findall(template))


def must_be_fillable(template: str, known: Sequence[str], needed: Sequence[str] = ()) -> str:
    """The template; raises Unfit where a gap has no fact, or a needed one is missing."""
    named = gaps(template)
    for strange in sorted(named - set(known)):
        raise Unfit("strange_gap", gap=f"{{{strange}}}", known=", ".join(f"{{{name}}}" for name in known))
    for missing in (name for name in needed if name not in named):
        raise Unfit("missing_gap", gap=f"{{{missing}}}")
    return template


def must_name_candidates(template: str, count: int) -> None:
    """Raises Unfit where items are to be named and the template has no place for them, or the other way."""
    if (count > 0) != ("candidates" in gaps(template)):
        raise Unfit("candidates_gap", gap="{candidates}")


def enumerated(titles: Sequence[str]) -> str:
    """Titles as lines with a dash, each on one line."""
    return "\n".join(f"- {' '.join(title.split())}" for title in titles)
