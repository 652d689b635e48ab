"""The key of an audit's pseudonyms: whose it is, where it lies, and whether it is still the same."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from typing import Literal

from analysis.pseudonyms import check_of, pseudonym
from audit.workspace import AuditFolder, workspace
from storage import write_atomic, write_once
from words import Phrase, Refusal, phrase

KEY_VARIABLE = "EVENHAND_ID_KEY"
"""The operator's key. Where it is not set, one is made at random and kept in the workspace, for its owner alone."""
KEY_FILE = "ids.key"
LEAST = 32
"""Characters of a key: a shorter one could be guessed from a pseudonym whose id is known."""
RECORD = "pseudonyms.json"
"""In an audit's `work`: that its ids are pseudonyms, and what tells their key from another."""
_QUOTING = ("found", "columns", "column", "nearest", "example", "low", "high")
"""Facts of refusals that are taken from a file."""
_RESULTS = ("data", "steps", "model", "catalogue")

Held = Literal["pseudonyms", "originals"]


def held(folder: AuditFolder) -> Held | None:
    """What ids an audit's results are of; None before there are any. An audit keeps to what it began with."""
    if _record(folder) is not None:
        return "pseudonyms"
    return "originals" if any((folder.path / "work" / name).exists() for name in _RESULTS) else None


def key_of(folder: AuditFolder) -> str:
    """The key of an audit's pseudonyms; the first call begins them, and what was uploaded before then is removed.

    Raises Refusal(pseudonyms.begun_with_originals | other_key | no_key | short_key).
    """
    if held(folder) == "originals":
        raise Refusal("pseudonyms.begun_with_originals")
    known = _record(folder)
    key = _key(made=known is None)
    if known is None:
        for place in (folder.uploads, folder.source):
            shutil.rmtree(place, ignore_errors=True)
        write_atomic(folder.path / "work" / RECORD, json.dumps({"check": check_of(key)}).encode())
    elif known != check_of(key):
        raise Refusal("pseudonyms.other_key", variable=KEY_VARIABLE)
    return key


def pseudonym_of(folder: AuditFolder, original: str) -> str:
    """The pseudonym of a person's own id in this audit. Raises Refusal as `key_of` does."""
    return pseudonym(key_of(folder), original)


def unquoted(folder: AuditFolder, words: Phrase) -> Phrase:
    """A refusal as it may be kept: where ids are replaced, without what it quotes of a file.

    A file without a header has people in its first line, and what is no number or time may be an id.
    """
    if not words.key.startswith("data."):
        return words
    settings = folder.settings()
    if settings.data.pseudonyms is None:
        return words
    named = [] if settings.roles is None else list(settings.roles.model_dump().values())
    asked = [settings.data.pseudonyms, *named]
    quoted = {name for name in _QUOTING if isinstance(fact := words.facts.get(name), str) and fact not in asked}
    return Phrase(key=words.key, facts={**words.facts, **dict.fromkeys(quoted, phrase("pseudonyms.not_kept"))})


def by_the_operator() -> bool:
    """Whether the key is the operator's and not one made here."""
    return bool(os.environ.get(KEY_VARIABLE))


def _record(folder: AuditFolder) -> str | None:
    try:
        return str(json.loads((folder.path / "work" / RECORD).read_bytes())["check"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal("storage.changed", name=RECORD) from error


def _key(made: bool) -> str:
    """The operator's key, else that of the workspace; made: at random where there is none."""
    path = workspace().root / KEY_FILE
    if made and not by_the_operator():
        write_once(path, secrets.token_hex(LEAST).encode())
    key = os.environ.get(KEY_VARIABLE) or (path.read_text(encoding="utf-8").strip() if path.exists() else "")
    if not key:
        raise Refusal("pseudonyms.no_key", variable=KEY_VARIABLE, file=KEY_FILE)
    if len(key) < LEAST:
        raise Refusal("pseudonyms.short_key", variable=KEY_VARIABLE, file=KEY_FILE, least=LEAST)
    return key
