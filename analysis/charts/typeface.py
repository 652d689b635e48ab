"""The shipped fonts, and text brought down to the characters that they have."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

FONTS = Path(__file__).parents[1] / "report" / "fonts"
FAMILIES = (
    "Noto Sans",
    "Noto Sans CJK SC",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
)
"""Each character is drawn by the first family that has it."""
_SILENT = frozenset({0x200B, 0x200C, 0x200D, 0x2060, *range(0xFE00, 0xFE10)})
"""Joiners and variation selectors: nothing is lost without them where the characters they join are named."""


@cache
def covered(files: str = "*-Regular.?tf") -> frozenset[int]:
    """Code points that the shipped fonts of these files can show."""
    from matplotlib.ft2font import FT2Font

    return frozenset(point for path in sorted(FONTS.glob(files)) for point in FT2Font(path).get_charmap())


def families(text: str) -> list[str]:
    """The families that draw `text`: the first alone where it has all, for to ask six for every word takes its time."""
    enough = covered("NotoSans-Regular.ttf").issuperset(map(ord, text))
    return list(FAMILIES[:1] if enough else FAMILIES)


def printable(text: str) -> str:
    """The text with every character that no shipped font has named in brackets, as `[party popper]`.

    Two names that differ in an emoji alone stay two names on paper, and no reader meets an empty box.
    """
    have = covered()
    return "".join(c if ord(c) in have or c == "\n" else _named(c) for c in text)


def _named(character: str) -> str:
    if ord(character) in _SILENT:
        return ""
    return f"[{unicodedata.name(character, f'U+{ord(character):04X}').lower()}]"
