"""Text that is safe to draw: the one escaping of labels, wrapping by width, and numbers as people write them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from analysis.document import Cell
from words import Language, Phrase, say

_DRAWN = str.maketrans({"$": "\uff04", "<": "\u2039", ">": "\u203a"})
"""plotly reads tags in every label and MathJax between dollar signs. Look-alikes instead of deletion, so that two
groups whose names differ only in such a character stay two."""
CLOSING = "）)，。、；：？！”"


def legible(text: str) -> str:
    """The text in one line without what no reader sees or no format may hold.

    Control characters and line breaks become one space; direction overrides, which could make a label read
    backwards into its neighbours, and byte-order marks go; lone surrogates and non-characters become U+FFFD.
    """
    if not text.isprintable():  # what is printable holds none of these, and most text is
        text = "".join(_legible(character) for character in text)
    return " ".join(text.split())


def _legible(character: str) -> str:
    category = unicodedata.category(character)
    point = ord(character)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    if 0x202A <= point <= 0x202E or 0x2066 <= point <= 0x2069 or point in (0x200E, 0x200F, 0xFEFF):
        return ""
    if category == "Cs" or point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF:
        return "\ufffd"
    return character


def plain(text: str) -> str:
    """The one escaping of everything that is drawn: `legible`, and neither tags nor dollar signs."""
    return legible(text).translate(_DRAWN)


def spoken(cell: Cell, language: Language) -> str:
    """A cell of a chart as plain words: phrases said, numbers written, None as nothing."""
    if cell is None:
        return ""
    if isinstance(cell, Phrase):
        return plain(say(cell, language))
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return number(cell)
    return plain(str(cell))


def number(value: float) -> str:
    """A number on an axis or under a pointer: four significant digits, thousands marked, never `1e+03`."""
    rounded = float(f"{value:.4g}")
    if abs(value) >= 1000 or abs(rounded) >= 1000:
        return f"{value:,.0f}"
    return f"{rounded:.4g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.2g}"


def exact(value: float) -> str:
    """A number that reads back as itself, whole ones without a point: for keys, settings and what is done as said."""
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < 1e16 else repr(float(value))


def apart(values: Iterable[float]) -> list[float]:
    """The numbers to four significant digits, or to as many more as keep different ones different."""
    given = [float(value) for value in values]
    for digits in range(4, 17):
        found = [float(f"{value:.{digits}g}") for value in given]
        if len(set(found)) == len(set(given)):
            return found
    return given


def numbers(values: Iterable[float]) -> list[str]:
    """Each as `number` writes it; where two different ones would read the same, with as many digits as it takes."""
    given = [float(value) for value in values]
    texts = [number(value) for value in given]
    if len(set(texts)) == len(set(given)):
        return texts
    return [f"{value:,}".removesuffix(".0") for value in apart(given)]


def columns(text: str) -> int:
    """How many Latin letters wide the text is; Chinese characters count two, combining marks none."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrapped(text: str, limit: int, lines: int = 3) -> tuple[str, ...]:
    """The text in at most `lines` lines of `limit` columns; an ellipsis where it was longer."""
    rows: list[str] = [""]
    for word in _words(text):
        if columns(rows[-1] + word.rstrip()) <= limit or not rows[-1]:
            rows[-1] += word
        else:
            rows.append(word)
    rows = [part.strip() for row in rows for part in _chopped(row.strip(), limit)]
    if len(rows) > lines:
        rows = [*rows[: lines - 1], _chopped(rows[lines - 1], limit - 1)[0] + "…"]
    return tuple(rows)


def shortened(text: str, limit: int) -> str:
    """The text in one line of `limit` columns; an ellipsis where it was longer."""
    return wrapped(text, limit, 1)[0]


def longest_word(text: str) -> int:
    """Columns of the longest piece that no line break may cut."""
    return max((columns(piece.strip()) for piece in _words(text)), default=0)


def _words(text: str) -> list[str]:
    """Pieces between which a line may break: after spaces, hyphens, underscores and any wide character.

    A hyphen between digits is a range (25-34), which stays in one line; no line begins with what closes one.
    """
    pieces = [""]
    for character in text:
        last = pieces[-1][-1:]
        within = last == "-" and pieces[-1][-2:-1].isdecimal() and character.isdecimal()
        if last and not within and character not in CLOSING and (last in " -_/|" or _columns(last) == 2):
            pieces.append("")
        pieces[-1] += character
    return pieces


def _chopped(text: str, limit: int) -> list[str]:
    """A piece that has no place to break, cut hard."""
    parts = [""]
    for character in text:
        if columns(parts[-1]) + _columns(character) > limit:
            parts.append("")
        parts[-1] += character
    return parts
