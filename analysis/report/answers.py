"""The first page: the four questions of an audit, each answered by the sentences that its steps wrote."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.charts import legible
from analysis.document import Document
from analysis.finding import Finding, Verdict, is_sure
from words import Language, Phrase, phrase, say

QUESTIONS: dict[str, tuple[tuple[str, int], ...]] = {
    "who": (("disparity", 2), ("data", 1)),
    "cause": (("effects", 2),),
    "cost": (("mitigation", 2),),
}
"""Question -> the steps that answer it, and how many of the first sentences of each."""
INSTEAD = {"cause": (("graph", 2),)}
"""Where none of those steps has run: the next best."""
ABOUT = ("cohort.scope", "cohort.population", "cohort.all_rows")
"""What a step says that is about some people alone."""
CLAIMS = (Verdict.GAP, Verdict.EFFECT, Verdict.EQUIVALENT, Verdict.CANNOT_TELL)


@dataclass(frozen=True)
class Answer:
    """One question in the reader's words and what this audit says to it."""

    question: str
    sentences: tuple[str, ...]


def answers(document: Document, language: Language) -> tuple[Answer, ...]:
    """Who gets less, by what cause, at what cost to mend, and whether it is strong enough to sign; in this order."""
    given = {
        name: _said(document, steps) or _said(document, INSTEAD.get(name, ())) for name, steps in QUESTIONS.items()
    }
    given["sign"] = _strength(list(document.findings().values()))
    return tuple(
        Answer(
            question=say(f"report.question.{name}", language),
            sentences=tuple(legible(say(words, language)) for words in said)
            or (say("report.question.unanswered", language),),
        )
        for name, said in given.items()
    )


def size(document: Document, language: Language) -> str:
    """How much the audit rests on: the data step's own sentence; empty where that step has not run."""
    data = document.section("data")
    said = [words for words in data.summary if words.key.startswith("data.summary.size")] if data else []
    return legible(say(said[0], language)) if said else ""


def about(document: Document, language: Language) -> tuple[str, ...]:
    """Whom the report is about, where its steps say that this is not everybody; each saying once."""
    said = [words for section in document.sections for words in section.summary if words.key in ABOUT]
    said.sort(key=lambda words: ABOUT.index(words.key))
    return tuple(dict.fromkeys(legible(say(words, language)) for words in said))


def _said(document: Document, steps: tuple[tuple[str, int], ...]) -> list[Phrase]:
    sections = [(document.section(step), most) for step, most in steps]
    return [words for section, most in sections if section is not None for words in section.summary[:most]]


def _strength(findings: list[Finding]) -> list[Phrase]:
    """How many claims stand, which attempts to break the effect it withstood, and what no figure can settle."""
    count = {verdict: sum(one.verdict is verdict for one in findings) for verdict in CLAIMS}
    total = sum(count.values())
    if not total:
        return []
    alone = sum(one.verdict is Verdict.GAP and not is_sure(one) for one in findings)
    counted = {"total": total, "sure": count[Verdict.GAP] + count[Verdict.EFFECT] - alone, "alone": alone}
    counted |= {"same": count[Verdict.EQUIVALENT], "open": count[Verdict.CANNOT_TELL]}
    said = [phrase(f"report.strength.counts{'_and_alone' if alone else ''}", **counted)]
    tried = [bool(one.settings["stood"]) for one in findings if "stood" in one.settings]
    if tried:
        key = "all_stood" if all(tried) else "some_fell"
        said.append(phrase(f"report.strength.{key}", total=len(tried), stood=sum(tried)))
        effects = [one for one in findings if one.key.endswith((".ate", ".att"))]
        known = any(one.value is not None for one in effects)
        said.append(phrase("report.strength.graph" if known else "report.strength.no_effect"))
    return said
