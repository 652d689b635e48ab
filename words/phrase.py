"""A sentence as data: a key of the catalogue and the facts that fill it."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache, reduce
from pathlib import Path
from string import Formatter
from typing import Literal, cast, get_args

from pydantic import BaseModel, ConfigDict, model_validator

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
_GAP = "\0"
"""A space of a Chinese text while its facts are filled in, told apart from the spaces of the facts."""
_CLOSED = re.compile(
    "^{gap}|{gap}$|(?<=[{marks}]){gap}|{gap}(?=[{marks}])|(?<=[{wide}]){gap}(?=[{wide}])".format(
        gap=f"{_GAP}+", marks="\u3001-\u301f\uff01-\uff60", wide="\u3400-\u9fff\u201c\u201d"
    )
)
"""Chinese parts Latin letters and digits by a space, but no characters and no punctuation of its own."""


class Phrase(BaseModel):
    """A catalogue key such as ``effects.adjusted`` and the facts its text names in braces.

    A fact that is itself a Phrase is said in the same language first, so names of figures and groups
    of ours are translated while values of the analyst's data stay as they are.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    facts: dict[str, Fact] = {}

    @model_validator(mode="after")
    def _can_be_said(self) -> Phrase:
        """A phrase of another version may have lost its text, or lack what the text now names."""
        missing = needs().get(self.key, frozenset(("?",))) - self.facts.keys()
        if missing:
            raise ValueError(f"{self.key!r} cannot be said: no such text, or without {', '.join(sorted(missing))}")
        return self

    def __hash__(self) -> int:
        return hash(self.model_dump_json())


Fact = bool | int | float | str | None | Phrase
Phrase.model_rebuild()


def phrase(key: str, /, **facts: Fact) -> Phrase:
    """The phrase `key` with its facts; raises KeyError where the catalogue has no such key."""
    if key not in catalogue("en"):
        raise KeyError(f"no text {key!r} in words/en/{key.split('.')[0]}.toml")
    return Phrase(key=key, facts=facts)


def listed(names: Iterable[Phrase | str], between: Literal["comma", "semicolon"] = "comma") -> Phrase | str:
    """Names after each other as the reader's language parts them; an empty text where there are none."""
    every, key = list(names), f"listing.{between}"
    return reduce(lambda first, second: phrase(key, first=first, second=second), every) if every else ""


def say(words: Phrase | str, language: Language = "en", /, **facts: Fact) -> str:
    """The text of a phrase (or of a key and its facts) in `language`, plain text, never markup."""
    key, given = (words.key, words.facts) if isinstance(words, Phrase) else (words, facts)
    filled = {name: say(fact, language) if isinstance(fact, Phrase) else fact for name, fact in given.items()}
    text = catalogue(language)[key]
    if language == "en":
        return _filled(text, filled)
    return _closed(_filled(text.replace(" ", _GAP), filled))


def _filled(text: str, facts: Mapping[str, Fact]) -> str:
    return _NUMBERED.vformat(text, (), facts) if "|" in text else text.format_map(facts)


class _Numbered(Formatter):
    """Also takes two words in place of a format, as in ``{rows:,} {rows:row|rows}``: for one, and for all else."""

    def format_field(self, value: object, spec: str) -> str:
        one, bar, many = spec.partition("|")
        if not bar:
            return str(super().format_field(value, spec))
        return one if str(value) == "1" else many


_NUMBERED = _Numbered()


def _closed(text: str) -> str:
    """The text with the spaces that its facts, letters or Chinese characters, leave room for."""
    return re.sub(f"{_GAP}+", " ", _CLOSED.sub("", text))


@cache
def catalogue(language: Language) -> dict[str, str]:
    """All texts of one language: ``file.key`` -> text, from words/<language>/<file>.toml."""
    texts: dict[str, str] = {}
    for path in sorted((Path(__file__).parent / language).glob("*.toml")):
        texts |= _flatten(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
    return texts


@cache
def needs() -> dict[str, frozenset[str]]:
    """Each text's key and the facts that the text names."""
    return {
        key: frozenset(str(name).split(".")[0] for _, name, _, _ in Formatter().parse(text) if name is not None)
        for key, text in catalogue("en").items()
    }


@cache
def shape() -> str:
    """Digest of all keys and the facts they take: phrases kept under another shape may have lost their text."""
    facts = {key: sorted(names) for key, names in needs().items()}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]


def _flatten(prefix: str, table: dict[str, object]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, entry in table.items():
        key = f"{prefix}.{name}"
        if isinstance(entry, dict):
            flat |= _flatten(key, cast(dict[str, object], entry))
        else:
            flat[key] = str(entry)
    return flat
