"""The one error that is meant for the analyst."""

from __future__ import annotations

from words.phrase import Fact, Language, Phrase, phrase, say


class Refusal(Exception):
    """Something cannot be done: what, where and what to do, as a phrase of the catalogue.

    Raised by any room; a page shows it as one sentence, the command line prints it and exits with 2.
    """

    def __init__(self, key: str, /, **facts: Fact) -> None:
        self.phrase: Phrase = phrase(key, **facts)
        super().__init__(say(self.phrase))

    def sentence(self, language: Language = "en") -> str:
        """The refusal in the reader's language."""
        return say(self.phrase, language)
