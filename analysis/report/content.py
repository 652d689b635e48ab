"""A Document in the reader's words: what the HTML and the PDF both say, before either is laid out.

Everything here is text, already said in one language and legible; no figure is computed or rounded twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from analysis.charts import legible
from analysis.document import Chart, Document, Section, refused
from analysis.finding import VALUELESS, Finding, Verdict, amount, interval, verdict_word, warns, written
from analysis.report.answers import Answer, about, answers, size
from analysis.report.appendix import Appendix, appendix
from analysis.report.grids import Grid, table_grid
from analysis.report.purpose import Purpose, purpose
from analysis.report.tables import chart_table, file_names
from words import Fact, Language, Phrase, listed, phrase, say
from words.phrase import catalogue

STEPS = ("data", "graph", "effects", "recommender", "disparity", "mitigation")
ORDER = (
    Verdict.EFFECT,
    Verdict.GAP,
    Verdict.CANNOT_TELL,
    Verdict.EQUIVALENT,
    Verdict.MEASURED,
    Verdict.NOT_COMPUTED,
    Verdict.SUPPRESSED,
)
"""What says most comes first. Levels (`measured`) claim nothing and are not in the table of verdicts."""
SYMBOLS = {
    Verdict.GAP: "▲",
    Verdict.EFFECT: "●",
    Verdict.EQUIVALENT: "＝",
    Verdict.CANNOT_TELL: "?",
    Verdict.MEASURED: "○",
    Verdict.SUPPRESSED: "■",
    Verdict.NOT_COMPUTED: "×",
}
"""Beside the word and the colour, so that a badge is read without colour."""
TELLING = ("disparity", "effects", "mitigation", "recommender", "data")
"""The order of steps in the table of verdicts; others follow."""
MAX_VERDICTS = 4
"""Rows of each step in the table of verdicts; the first reader wants the answer, not everything."""
MAX_CHART_ROWS = 40
"""Rows of the table behind a picture; longer ones are in their CSV file."""
FIRST_FINDINGS = 12
"""Of each section that are shown at once, the telling ones first; the HTML folds the rest, the PDF names its file."""
LABELS = [
    "report",
    "contents",
    "skip",
    "summary",
    "verdicts",
    "verdicts_intro",
    "telling",
    "figure",
    "value",
    "interval",
    "n",
    "verdict",
    "method",
    "findings",
    "picture_values",
    "notes",
    "limits",
    "methods",
    "limits_of",
    "appendix",
    "settings",
    "data",
    "digest",
    "cleaning",
    "graph",
    "versions",
    "seed",
    "made_by",
    "nameless",
    "rows_left",
    "provenance",
]
LIMITS = ("interval", "cannot_tell", "causal", "groups", "small", "law")


@dataclass(frozen=True)
class Row:
    """One finding as it is printed. `method` numbers the list of methods at the end."""

    key: str
    label: str
    value: str
    interval: str
    n: str
    verdict: str
    word: str
    meaning: str
    """The key of what that verdict means."""
    symbol: str
    reason: str
    method: int
    step: str
    small: bool
    """Real, but inside the margin that the analyst set."""


@dataclass(frozen=True)
class Picture:
    """One chart: its caption, the text for those who cannot see it, and the table behind it.

    `grid` is None where that table is too long to print; `elsewhere` says in which file it is.
    """

    chart: Chart
    title: str
    caption: str
    alt: str
    grid: Grid | None
    elsewhere: str


@dataclass(frozen=True)
class Part:
    """One step of the audit."""

    step: str
    title: str
    summary: tuple[str, ...]
    pictures: tuple[Picture, ...]
    findings: tuple[Row, ...]
    rest: tuple[Row, ...]
    more_findings: str
    fold: str
    tables: tuple[Grid, ...]
    draws_edges: bool
    """Whether one of `tables` lists the arrows of the causal graph, so that they need not be said again."""
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Content:
    """The whole report."""

    language: Language
    title: str
    labels: dict[str, str]
    made_by: str
    seed: str
    digest: str
    about: tuple[str, ...]
    missing: tuple[str, ...]
    """Which steps did not run, and why those could not that were tried."""
    verdicts: tuple[Row, ...]
    more_verdicts: str
    counts: tuple[dict[str, str], ...]
    answers: tuple[Answer, ...]
    purpose: Purpose | None
    size: str
    parts: tuple[Part, ...]
    methods: tuple[str, ...]
    limits: tuple[str, ...]
    appendix: Appendix

    def plain(self) -> dict[str, Any]:
        """As JSON values, for the PDF's template; pictures without their drawing instructions."""
        whole = asdict(self)
        for part in whole["parts"]:
            for picture in part["pictures"]:
                del picture["chart"]
        return whole


def content(document: Document, language: Language) -> Content:
    """Everything the report says of `document`, in `language`."""
    methods = _methods(document, language)
    files = file_names(document)
    parts = tuple(_part(section, methods, files, language) for section in _answered(document))
    rows = [row for part in parts for row in (*part.findings, *part.rest)]
    telling, left = _telling(rows)
    return Content(
        language=language,
        title=legible(document.title) or say("report.untitled", language),
        labels={name: say(f"report.label.{name}", language) for name in LABELS},
        made_by=legible(document.evenhand),
        seed=str(document.seed),
        digest=legible(document.digest),
        about=about(document, language),
        missing=_missing(document, language),
        verdicts=telling,
        more_verdicts=_more(left, "report.more", language),
        counts=_counts(rows, language),
        answers=answers(document, language),
        purpose=purpose(document, language),
        size=size(document, language),
        parts=parts,
        methods=tuple(methods),
        limits=tuple(say(f"report.limit.{name}", language) for name in LIMITS),
        appendix=appendix(document, language),
    )


def _answered(document: Document) -> list[Section]:
    """The sections that have an answer: a step that could not run is named with its reason in the summary alone."""
    return [section for section in document.sections if section.step != "report" and section.not_run is None]


def _rank(row: Row) -> int:
    return ORDER.index(Verdict(row.verdict))


def _telling(rows: list[Row]) -> tuple[tuple[Row, ...], int]:
    """The first figures of each step that claim something, whole gaps before pairs; and how many are left out."""
    claims = [row for row in rows if row.verdict != Verdict.MEASURED]
    steps = dict.fromkeys([*TELLING, *(row.step for row in claims)])
    chosen = []
    for step in steps:
        own = [row for row in claims if row.step == step]
        chosen += sorted(own, key=_weight)[:MAX_VERDICTS]
    return tuple(chosen), len(claims) - len(chosen)


def _weight(row: Row) -> tuple[int, bool, bool]:
    """What to tell first: by verdict, differences of practical weight, then gaps before levels and single pairs."""
    return _rank(row), row.small, not row.key.endswith((".gap", ".gap.change", ".ate", ".att"))


def _more(count: int, key: str, language: Language) -> str:
    return say(key, language, count=count) if count > 0 else ""


def _missing(document: Document, language: Language) -> tuple[str, ...]:
    absent = [step for step in STEPS if document.section(step) is None]
    said = [say("report.steps_missing", language, steps=_titles(absent, language))] if absent else []
    for reason, steps in refused(document.sections).items():
        said.append(say(phrase("report.steps_refused", steps=_titles(steps, language), why=reason), language))
    return tuple(map(legible, said))


def _titles(steps: Iterable[str], language: Language) -> Phrase | str:
    return listed(step_title(step, language) for step in steps)


def _counts(rows: list[Row], language: Language) -> tuple[dict[str, str], ...]:
    """How many figures have each verdict, and what the verdict means: the legend of the badges."""
    seen = Counter((row.word, row.meaning) for row in rows)
    return tuple(
        {
            "verdict": verdict,
            "word": word,
            "symbol": SYMBOLS[verdict],
            "count": str(count),
            "meaning": say(meaning, language),
        }
        for verdict in Verdict
        for (word, meaning), count in seen.items()
        if meaning.endswith(f".{verdict.name.lower()}")
    )


def _meaning(finding: Finding) -> str:
    """The key of what the finding's verdict means: one of a change, or of two recommenders, reads otherwise."""
    _, words, name = verdict_word(finding).key.split(".")
    return f"report.meaning.{name}" if words == "verdict" else f"report.meaning_of_{words}.{name}"


def _methods(document: Document, language: Language) -> dict[str, int]:
    """Every method once, numbered in order of appearance."""
    found = (legible(say(f.method, language)) for section in _answered(document) for f in section.findings)
    return {text: number for number, text in enumerate(dict.fromkeys(found), start=1)}


def _part(section: Section, methods: dict[str, int], files: dict[tuple[str, str], str], language: Language) -> Part:
    rows = sorted((_row(section.step, f, methods, language) for f in section.findings), key=_rank)
    return Part(
        step=section.step,
        title=step_title(section.step, language),
        summary=_said(section.summary, language),
        pictures=tuple(_picture(section.step, chart, files, language) for chart in section.charts),
        findings=tuple(rows[:FIRST_FINDINGS]),
        rest=tuple(rows[FIRST_FINDINGS:]),
        more_findings=_more(len(rows) - FIRST_FINDINGS, "report.more_findings", language),
        fold=_more(len(rows) - FIRST_FINDINGS, "report.fold", language),
        tables=tuple(table_grid(table, language) for table in section.tables),
        draws_edges=any(table.key == "graph.edges" for table in section.tables),
        notes=_said(section.notes, language),
    )


def step_title(step: str, language: Language) -> str:
    """The name of a step of the audit."""
    return say(f"report.step.{step}", language)


def _said(phrases: tuple[Phrase, ...], language: Language) -> tuple[str, ...]:
    return tuple(legible(say(words, language)) for words in phrases)


def _picture(step: str, chart: Chart, files: dict[tuple[str, str], str], language: Language) -> Picture:
    behind = chart_table(chart)
    short = len(behind.rows) <= MAX_CHART_ROWS
    where: dict[str, Fact] = {"count": len(behind.rows), "file": f"tables/{files[step, behind.key]}"}
    return Picture(
        chart=chart,
        title=legible(say(chart.title, language)),
        caption="" if chart.counted is None else say(chart.counted, language),
        alt=legible(say(chart.alt, language)),
        grid=table_grid(behind, language) if short else None,
        elsewhere=say("report.chart_too_long", language, **where),
    )


def _row(step: str, finding: Finding, methods: dict[str, int], language: Language) -> Row:
    value, interval, n = finding_texts(finding, language)
    return Row(
        key=legible(finding.key),
        label=legible(say(finding.label, language)),
        value=value,
        interval=interval,
        n=n,
        verdict=finding.verdict,
        word=say(verdict_word(finding), language),
        meaning=_meaning(finding),
        symbol=SYMBOLS[finding.verdict],
        reason=legible(say(finding.reason, language)) if finding.reason else "",
        method=methods[legible(say(finding.method, language))],
        step=step,
        small=warns(finding, "fairness.reason.small"),
    )


def finding_texts(finding: Finding, language: Language) -> tuple[str, str, str]:
    """Value, interval (or p) and n of a finding as printed; empty where it has none."""
    if finding.verdict in VALUELESS or finding.value is None:
        return "", "", "" if finding.verdict is Verdict.SUPPRESSED else f"{finding.n:,}"
    value = say("report.value_unit", language, value=written(finding, finding.value), unit=_unit(finding, language))
    value = value.strip()
    if (limits := interval(finding)) is not None:
        return value, say(limits, language), f"{finding.n:,}"
    p = finding.p_value if finding.p_adjusted is None else finding.p_adjusted
    tested = say("report.no_interval", language, p=_p(p)) if p is not None else ""
    return value, tested, f"{finding.n:,}"


def _unit(finding: Finding, language: Language) -> str:
    """The unit as a table has room for: short where the catalogue has a short form."""
    short = f"report.short.{finding.unit}"
    return say(short if short in catalogue(language) else f"units.{finding.unit}", language)


def _p(p: float) -> str:
    text = amount(p, "p")
    return text if text.startswith("<") else f"= {text}"
