"""Words on the screen: the reader's language, and text that no data can turn into markup."""

from __future__ import annotations

import re

from pages.parts.state import state
from words import Fact, Phrase, Refusal, say

_MARKUP = re.compile(r"([\\`*_\[\]<>~$|&@])")
_DIRECTIVE = re.compile(r":(?=[\w/])")
_SHORTCODE = re.compile(r":(?=[\w+/-]+:)")
_AUTOLINK = re.compile(r"https?:(?=//)|www(?=\.)|@(?=[-\w]+\.[-\w])", re.IGNORECASE)
_LINE_START = re.compile(r"^(?:([#+-])(?=[\s#+-]|$)|(\d+)([.)])(?=\s|$))")
WORD_JOINER = "\u2060"


def t(key: str, **facts: Fact) -> str:
    """The page's text `pages.KEY` in the reader's language, safe wherever Streamlit reads Markdown."""
    return plain(raw(key, **facts))


def raw(key: str, **facts: Fact) -> str:
    """The same text unescaped, for places that read no Markdown: choices, tool tips of charts, file names."""
    return say(f"pages.{key}", state().language, **facts)


def spoken(words: Phrase | str) -> str:
    """A phrase of any room (or a value of the data) in the reader's language, safe for Markdown."""
    return plain(words if isinstance(words, str) else say(words, state().language))


def why_not(refusal: Refusal) -> str:
    """Why something is refused, in the reader's language, safe for Markdown."""
    return plain(refusal.sentence(state().language))


def plain(text: str) -> str:
    """`text` with everything escaped that Streamlit's Markdown would read as markup, link, icon or formula.

    Icons, emoji short codes and bare addresses are looked for after Markdown is parsed, where a backslash no longer
    helps: an invisible word joiner breaks them.
    """
    line = " ".join(text.split())
    line = _AUTOLINK.sub(rf"\g<0>{WORD_JOINER}", line)
    line = _SHORTCODE.sub(":" + WORD_JOINER, line)
    line = _MARKUP.sub(r"\\\1", line)
    line = _DIRECTIVE.sub(r"\\:", line)
    return _LINE_START.sub(_escape_start, line)


def _escape_start(found: re.Match[str]) -> str:
    mark, number, dot = found.groups()
    return f"\\{mark}" if mark else f"{number}\\{dot}"
