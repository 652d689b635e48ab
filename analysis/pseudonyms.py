"""Ids of people replaced by a keyed hash.

A pseudonym is the beginning of HMAC-SHA256 over the id's UTF-8 bytes: the same key gives the same one everywhere, and
nobody without the key can tell whose it is. It is pseudonymity, not anonymity: who holds the key can do it again for
every id there may be.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field

from words import Refusal

DIGITS = 20
"""Hexadecimal digits of a pseudonym: among 20 million people two are alike once in six thousand million audits."""
_NO_ID = "\0evenhand"


class Ids(BaseModel):
    """What the child is told of ids: which columns, and the key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(repr=False)
    """The secret; in no file but the operator's own, no log and no report."""
    column: str
    """Column of the log whose ids are replaced, and those of the users file that belong to it."""
    named: tuple[str, ...] | None = None
    """For a file that is no log: names under which its column of ids is found, the first that is there; empty: it need
    not have one. None: a log."""
    listed: bool = False
    """A file of lists or replies: blanks around an id are no part of it, and all columns of such names are replaced."""


def pseudonym(key: str, original: str) -> str:
    """The pseudonym of one id as text."""
    return hmac.digest(key.encode(), original.encode(), "sha256").hex()[:DIGITS]


def check_of(key: str) -> str:
    """What tells one key from another and gives neither away: the pseudonym of what is nobody's id."""
    return pseudonym(key, _NO_ID)


def pseudonyms(key: str, originals: Iterable[str]) -> dict[str, str]:
    """The pseudonym of every id. Raises Refusal(pseudonyms.collision) where two would have one."""
    found = {one: pseudonym(key, one) for one in set(originals)}
    if len(set(found.values())) < len(found):
        raise Refusal("pseudonyms.collision")
    return found
