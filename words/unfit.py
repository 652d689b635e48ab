"""Settings that cannot be: why, in the reader's words. pydantic has its own, in English and for programmers."""

from __future__ import annotations

from pydantic import ValidationError

from words.phrase import Fact, Phrase, phrase, say

SAID = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at_least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at_most", "le"),
    "too_short": ("more_entries", "min_length"),
    "too_long": ("fewer_entries", "max_length"),
    "string_too_short": ("longer", "min_length"),
    "string_too_long": ("shorter", "max_length"),
    "literal_error": ("one_of", "expected"),
    "missing": ("missing", ""),
    "extra_forbidden": ("unknown", ""),
    "bool_parsing": ("yes_or_no", ""),
    "bool_type": ("yes_or_no", ""),
    "finite_number": ("number", ""),
    "float_parsing": ("number", ""),
    "float_type": ("number", ""),
    "int_from_float": ("whole_number", ""),
    "int_parsing": ("whole_number", ""),
    "int_type": ("whole_number", ""),
    "int_parsing_size": ("whole_number", ""),
    "string_type": ("text", ""),
    "tuple_type": ("of_many", ""),
    "list_type": ("of_many", ""),
    "dict_type": ("of_parts", ""),
    "model_type": ("of_parts", ""),
    "model_attributes_type": ("of_parts", ""),
    "union_tag_invalid": ("one_of", "expected_tags"),
    "union_tag_not_found": ("missing", ""),
}
"""pydantic's kind of error -> its text under ``unfit`` and the fact of it that the text names."""


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
    if first["type"] not in SAID:
        return where, phrase("unfit.other", said=first["msg"])
    key, limit = SAID[first["type"]]
    return where, phrase(f"unfit.{key}", **({"limit": _told(facts[limit])} if limit else {}))


def _told(limit: object) -> str:
    """A number without needless digits; pydantic joins the choices of a literal with an English "or"."""
    if isinstance(limit, int):
        return f"{limit:,}"
    return f"{limit:.12g}" if isinstance(limit, float) else str(limit).replace(" or ", ", ")
