"""Settings that cannot be: why, in the reader's words. pydantic has its own, in English and for programmers."""

from __future__ import annotations

from pydantic import ValidationError

from words.phrase import Fact, Phrase, phrase, say

SAID = {
    "greater_than": "gt",
    "greater_than_equal": "ge",
    "less_than": "lt",
    "less_than_equal": "le",
    "too_short": "min_length",
    "too_long": "max_length",
    "string_too_short": "min_length",
    "string_too_long": "max_length",
    "literal_error": "expected",
    "missing": "",
    "extra_forbidden": "",
    "finite_number": "",
}
"""pydantic's kind of error, each with a text of its own under ``unfit`` -> the fact of it that the text names."""


class Unfit(ValueError):
    """Settings that do not fit together: raised by their validators, which pydantic wants to raise ValueErrors."""

    def __init__(self, key: str, /, **facts: Fact) -> None:
        self.phrase: Phrase = phrase(f"unfit.{key}", **facts)
        super().__init__(say(self.phrase))


def unfit(error: ValidationError) -> tuple[tuple[str, ...], Phrase]:
    """The setting (a path of names; empty for all of them together) that was found wrong first, and why."""
    first = error.errors(include_url=False)[0]
    where, facts = tuple(str(part) for part in first["loc"]), first.get("ctx", {})
    if isinstance(raised := facts.get("error"), Unfit):
        return where, raised.phrase
    named = SAID.get(first["type"])
    if named is None:
        return where, phrase("unfit.other", said=first["msg"])
    return where, phrase(f"unfit.{first['type']}", **({"limit": str(facts[named])} if named else {}))
