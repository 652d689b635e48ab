"""Every text a person reads, in English and Chinese, and the one error that carries such a text.

The lowest room of the house: `analysis`, `models`, `audit` and `pages` say what they have to say as a
`Phrase` (a catalogue key and its facts), and only a renderer turns it into words. So the page, the report
and the command line say the same sentence, in the reader's language.
"""

from words.phrase import LANGUAGES, Fact, Language, Phrase, listed, phrase, say, shape
from words.refusal import Refusal
from words.unfit import Unfit, unfit

__all__ = ["LANGUAGES", "Fact", "Language", "Phrase", "Refusal", "Unfit", "listed", "phrase", "say", "shape", "unfit"]
