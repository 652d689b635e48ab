"""What a reply names: its entries (JSON, numbered, bulleted or plain lines), and those that are items."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from models.prompted.titles import NONE, Titles

LONGEST_REPLY = 200_000
THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
FENCE = re.compile(r"```[a-z]*\n(.*?)```", re.DOTALL | re.IGNORECASE)
MARK = re.compile(r"^\s*(?:[-*•–—·]|#+|\(?\d{1,3}[.)、]|\[\d{1,3}\])\s*(?=\S)")
WRAPPED = re.compile(r"^[\s*_`\"'“”‘’«»《》「」]+|[\s*_`\"'“”‘’«»《》「」,;，；]+$")
TAIL = re.compile(r"\s+(?:[-–—:|]|by|from)\s+|[:：—]\s*|\s+\(")
"""Where a remark may begin behind a title."""
FIELDS = ("title", "name", "item", "id", "movie", "product", "song")
MOST_ENTRIES = 1000


@dataclass(frozen=True)
class Named:
    """What one reply names.

    codes: item codes in the reply's order, each once. entries: how many things it lists; strange: those that are
    not in the catalogue; twice: entries that repeat an item.
    """

    codes: tuple[int, ...]
    entries: int
    strange: int
    twice: int


def named(reply: str, titles: Titles) -> Named:
    """The items that a reply names, best first. Entries that are no items are counted and left out."""
    listed = entries(reply)
    codes = [_code(entry, titles) for entry in listed]
    known = [code for code in codes if code != NONE]
    once = tuple(dict.fromkeys(known))
    return Named(once, len(listed), len(codes) - len(known), len(known) - len(once))


def entries(reply: str) -> list[str]:
    """The things a reply lists: of a JSON list, else of the marked lines where there are two, else of all lines."""
    said = THOUGHT.sub("", reply[:LONGEST_REPLY])
    found = _json_entries(said)
    if found is None:
        lines = [line for line in said.splitlines() if line.strip() and not line.lstrip().startswith("```")]
        marked = [line for line in lines if MARK.match(line)]
        lines = marked if len(marked) > 1 else lines
        found = lines[0].split(";") if len(lines) == 1 and ";" in lines[0] else lines
    cleaned = (WRAPPED.sub("", MARK.sub("", WRAPPED.sub("", entry))) for entry in found[:MOST_ENTRIES])
    return [entry for entry in cleaned if entry]


def _code(entry: str, titles: Titles) -> int:
    """The entry as a whole, else what stands before a remark, the longest first."""
    for candidate in (entry, *(_heads(entry))):
        code = titles.code(WRAPPED.sub("", candidate))
        if code != NONE:
            return code
    return NONE


def _heads(entry: str) -> list[str]:
    ends = [found.start() for found in TAIL.finditer(entry)]
    return [entry[:end] for end in reversed(ends[-4:]) if end > 1]


def _json_entries(said: str) -> list[str] | None:
    """The entries of the first JSON list (bare, fenced or in an object); None where there is none."""
    for text in (said.strip(), *(found[1].strip() for found in FENCE.finditer(said)), _bracketed(said)):
        if text[:1] not in ("[", "{"):
            continue
        try:
            node = json.loads(text)
        except (ValueError, RecursionError):
            continue
        found = _listed(node)
        if found is not None:
            return found
    return None


def _bracketed(said: str) -> str:
    start, end = said.find("["), said.rfind("]")
    return said[start : end + 1] if 0 <= start < end else ""


def _listed(node: object) -> list[str] | None:
    if isinstance(node, dict):
        return next((found for inner in node.values() if (found := _listed(inner)) is not None), None)
    if not isinstance(node, list):
        return None
    return list(_words(node))


def _words(node: Iterable[object]) -> Iterable[str]:
    for entry in node:
        if isinstance(entry, dict):
            entry = next((entry[name] for name in FIELDS if name in entry), "")
        if isinstance(entry, str | int):
            yield str(entry)
