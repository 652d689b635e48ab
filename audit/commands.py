"""The commands of `python -m audit`, each a few lines over the same steps as the pages."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from analysis.charts.labels import legible
from analysis.document import Document, Section
from analysis.finding import sentence
from analysis.ingest import Source
from analysis.log import EACH_ROW
from audit.jobs import Recorder, hold_lifeline, limit_memory, report_faults
from audit.pseudonyms import unquoted
from audit.rules import Rule, parse_rule
from audit.settings import DEPENDS, AuditSettings, Step
from audit.settings_file import read_settings, settings_toml
from audit.workspace import SETTINGS_FILE, AuditFolder, read_document
from models.devices import follows
from storage import MANIFEST, of_memory, sweep, write_atomic
from words import Language, Phrase, Refusal, phrase, say

if TYPE_CHECKING:
    from audit.trial import Asker

TOKEN_VARIABLE = "EVENHAND_SERVE_TOKEN"
"""Where it is set, `audit serve` answers only requests that carry it."""
EXIT_REFUSED = 2
EXIT_RULE_FIRED = 3
PARQUET = b"PAR1"
"""What a Parquet file begins and ends with."""
FORMATS = ("html", "pdf", "json", "csv")
MOST_ROWS = 40
"""Differences printed of one table; the Report page shows all."""
_ROLE_FLAGS = (
    *("user", "item", "time", "outcome", "treatment", "position", "propensity"),
    *("provider", "category", "text", "randomised"),
)
_WANTED_ROLES = ("time", "outcome", "treatment", "sensitive")
"""Roles without which much of an audit stays empty; whoever sets up a log is told that no column was taken for them."""


def init(given: argparse.Namespace) -> int:
    """Write audit.toml for a log, guessing what is not given."""
    from audit.presets import guessed_settings

    if given.output.is_file() and not given.force:
        raise Refusal("audit.init_there", path=str(given.output))
    roles: dict[str, object] = {name: getattr(given, name) for name in _ROLE_FLAGS if getattr(given, name) is not None}
    if given.sensitive is not None:
        roles["sensitive"] = tuple(name.strip() for name in given.sensitive.split(",") if name.strip())
    source = _source(given)
    settings = guessed_settings(source, roles, given.title or _title(given.log))
    settings = settings.model_copy(update={"language": given.language})
    if given.pseudonyms:
        settings = _with_pseudonyms(settings)
    write_atomic(given.output, settings_toml(settings))
    assert settings.roles is not None
    named = {name: column for name, column in settings.roles.model_dump().items() if column}
    columns = ", ".join(
        f"{name}={column if isinstance(column, str) else ','.join(column)}" for name, column in named.items()
    )
    print(say(phrase("audit.init_roles", roles=columns, path=str(given.output)), given.language))
    without = [name for name in _WANTED_ROLES if name not in named]
    if without and source.kind == "files":
        flags = ", ".join(f"--{name} COL" for name in without)
        print(say(phrase("audit.init_without", roles=", ".join(without), flags=flags), given.language))
    return 0


def run(settings_file: Path, output: Path, rules: Sequence[str], quiet: bool, about: Mapping[str, str]) -> int:
    """Run every step into `output`, and judge the rules. about: cohorts in place of those of audit.toml."""
    from audit.steps import run_steps

    parsed = [parse_rule(text) for text in rules]
    settings = _about(read_settings(settings_file), about)
    folder = AuditFolder(output.resolve())  # a child process may stand elsewhere
    if folder.would_replace(settings):
        raise Refusal("audit.own_settings", name=SETTINGS_FILE, folder=folder.path.name)
    with folder.alone():
        sweep(folder.path)
        folder.save_settings(settings)
        run_steps(folder, settings.steps, _Terminal(settings.language, quiet))
    document = folder.document()
    for section in document.sections:
        _print_section(section, settings.language)
    print(say(phrase("audit.wrote", path=str(output / "report.html")), settings.language))
    return judged(parsed, document, settings.language)


def judged(rules: Sequence[Rule], document: Document, language: Language) -> int:
    """Say of every rule that it fired or cannot be judged; the exit code. One that fired outweighs the others."""
    codes = {0}
    for rule in rules:
        try:
            words, code = rule.fires(document), EXIT_RULE_FIRED
        except Refusal as refusal:
            words, code = refusal.phrase, EXIT_REFUSED
        if words is not None:
            print(_said(words, language), file=sys.stderr)
            codes.add(code)
    return max(codes)


def report(folder: Path, formats: Sequence[str], language: Language | None) -> int:
    """Render audit.json again."""
    from analysis.report import write

    for name in formats:
        if name not in FORMATS:
            raise Refusal("audit.unknown_format", name=name)
    document = read_document(folder)
    for path in write(document, folder, formats, language or document.language):
        print(path)
    return 0


def compare(first: Path, second: Path) -> int:
    """Print what differs between two audits: figures of another verdict first, at most MOST_ROWS of each table."""
    from analysis.report import compare as compared
    from analysis.report.grids import cell_text

    before = read_document(first)
    section, language = compared(before, read_document(second)), before.language
    _print_section(section, language)
    unchanged = cast(int, section.facts["unchanged"])
    for table in section.tables:
        differing = table.rows[: len(table.rows) - unchanged] if table.key == "figures" else table.rows
        if differing:
            print(f"\n{say(table.title, language)}")
        for row in differing[:MOST_ROWS]:
            name, one, other, *change = (
                legible(cell_text(cell, column, language)) for cell, column in zip(row, table.columns, strict=True)
            )
            print("  " + "; ".join([f"{name}: {one} → {other}", *change]))
        if len(differing) > MOST_ROWS:
            print(f"  {say(phrase('audit.more_rows', count=len(differing) - MOST_ROWS), language)}")
    return 0


def effect(given: argparse.Namespace) -> int:
    """Print one effect over a whole log, by DuckDB here or by Spark on a cluster."""
    from analysis.causal.log_rows import LogQuestion
    from analysis.causal.settings import EffectSettings
    from analysis.causal.whole_log import whole_log_section

    _refuse_other_than_parquet(given.log)
    asked = LogQuestion(
        treatment=given.treatment,
        outcome=given.outcome,
        adjustment=tuple(name.strip() for name in given.adjust.split(",") if name.strip()),
        user=given.user,
        reference=given.reference,
        level=given.level,
    )
    settings = EffectSettings(estimand=given.estimand, replicates=given.replicates)
    section = whole_log_section(given.log, asked, settings, given.engine, given.k, given.seed)
    _print_section(section, given.language)
    for note in section.notes:
        print(f"  {_said(note, given.language)}")
    if given.output is not None:
        write_atomic(given.output, section.model_dump_json(indent=2).encode())
    return 0


def _refuse_other_than_parquet(log: Path) -> None:
    """DuckDB and Spark would say so themselves, in many lines and only after they have begun."""
    if not log.exists():
        raise Refusal("data.no_file", name=log.name, why="")
    files = sorted(log.glob("*.parquet")) if log.is_dir() else [log]
    if not files:
        raise Refusal("scale.no_parquet", name=log.name)
    for path in files:
        with path.open("rb") as file:
            first = file.read(len(PARQUET))
            if path.stat().st_size > len(PARQUET):
                file.seek(-len(PARQUET), os.SEEK_END)
            if first != PARQUET or file.read() != PARQUET:
                raise Refusal("scale.no_parquet", name=path.name)


def ask(folder: Path, asker: Asker, place: int, send: bool, as_line: bool) -> int:
    """Print the first prompt of a step that asks a language model, how much would be sent, and (send) its reply."""
    from audit.trial import Trial, as_json, preview, try_one

    opened = AuditFolder(folder.resolve())
    language = opened.settings().language
    if as_line:
        try:
            print(as_json(try_one(opened, asker, place)))
        except Refusal as refusal:
            print(as_json(Trial(refused=refusal.phrase)))
        return 0
    plan = preview(opened, asker)
    if not 0 <= place < len(plan.first):
        raise Refusal("prompted.trial.place", most=len(plan.first) - 1)
    print(list(plan.first.values())[place])
    print(say("prompted.trial.plan", language, requests=plan.requests, tokens=plan.tokens), file=sys.stderr)
    if send:
        found = try_one(opened, asker, place)
        print(f"\n{found.reply}\n")
        print(
            say("prompted.trial.read", language, items="; ".join(found.items), strange=found.strange), file=sys.stderr
        )
    return 0


def serve(folder: Path, host: str, port: int) -> int:
    """Answer with the lists of an audit's saved model until the process is told to stop."""
    from analysis.pseudonyms import pseudonym
    from audit.kept import place_of
    from audit.pseudonyms import key_of
    from models.catalogue import Catalogue
    from models.serve import HERE, service
    from models.serve import run as answer
    from models.store import load

    if not folder.is_dir():
        raise Refusal("audit.no_document", folder=str(folder))
    audit = AuditFolder(folder if (folder / "work").is_dir() else folder.resolve().parents[1])
    model = load(place_of(audit.settings().recommender, audit.model) if audit.path == folder else audit.model)
    if audit.section("recommender") is not None:  # of one run, where it is told what that left
        for place in (audit.model, audit.catalogue):
            audit.left_by("recommender", place / MANIFEST)
    hosts = HERE if host in HERE else ()
    named: Callable[[str], str] = partial(pseudonym, key_of(audit)) if audit.settings().data.pseudonyms else str
    app = service(model, Catalogue.load(audit.catalogue), os.environ.get(TOKEN_VARIABLE), hosts, named)
    told = phrase("serve.answers", kind=phrase(f"models.name.{model.kind}"), host=host, port=str(port))
    answer(app, host, port, lambda: print(say(told), flush=True))
    return 0


def step(folder: Path, names: Sequence[str], job: str | None, database: Path | None) -> int:
    """Run some steps of an audit folder; with a job, progress goes into its row and the server holds the lifeline."""
    from audit.steps import run_steps

    steps = [_step(name) for name in names]
    audit = AuditFolder(folder.resolve())
    if job is None or database is None:
        audit.settings()  # refused before anything is written into a folder that is no audit
        with nullcontext() if follows() else audit.alone():  # torchrun's further processes write nothing
            run_steps(audit, steps, _Terminal(audit.settings().language, quiet=False))
        return 0
    hold_lifeline()
    limit_memory()
    recorder = Recorder(database, job)
    report_faults(recorder, job)
    try:
        with audit.alone():
            run_steps(audit, steps, recorder.tell)
    except Refusal as refusal:
        recorder.failed(unquoted(audit, refusal.phrase))
        print(refusal.phrase.key, file=sys.stderr)  # into the job's log, which holds no value of the data
        return EXIT_REFUSED
    except (MemoryError, ImportError, RuntimeError) as error:
        if not of_memory(error):
            raise
        recorder.failed(phrase("audit.out_of_memory"))
        raise Refusal("audit.out_of_memory") from error
    recorder.done()
    return 0


class _Terminal:
    """Progress as one line a change on standard error."""

    def __init__(self, language: Language, quiet: bool) -> None:
        self._language, self._quiet = language, quiet
        self._last, self._started = "", time.perf_counter()

    def __call__(self, fraction: float, step: str, note: Phrase, figures: dict[str, float]) -> None:
        line = f"{say(phrase(f'audit.step.{step}'), self._language)}: {_said(note, self._language)}"
        if self._quiet or line == self._last:
            return
        self._last = line
        print(f"{time.perf_counter() - self._started:6.1f} s {fraction:4.0%}  {line}", file=sys.stderr, flush=True)


def _said(words: Phrase, language: Language) -> str:
    """The sentence in one line: a name of the data can hold what a terminal obeys."""
    return legible(say(words, language))


def language_of(given: argparse.Namespace) -> Language:
    """The language that a command speaks: as asked for, else that of the audit it is about, else English."""
    if getattr(given, "language", None) is not None:
        return cast(Language, given.language)
    try:
        match given.command:
            case "run":
                return read_settings(given.settings).language
            case "compare":
                return read_document(given.first).language
            case "report":
                return read_document(given.folder).language
            case _:
                return AuditFolder(given.folder).settings().language
    except Refusal:
        return "en"


def _print_section(section: Section, language: Language) -> None:
    print(f"\n{say(phrase(f'audit.step.{section.step}'), language)}")
    if section.not_run is not None:
        print(f"  {say(phrase('audit.not_run', why=section.not_run), language)}")
        return
    for words in section.summary:
        print(f"  {_said(words, language)}")
    if not section.summary:
        for finding in section.findings:
            print(f"  {_said(sentence(finding), language)}")


def _source(given: argparse.Namespace) -> Source:
    from audit.presets import layout_of

    beside = [f"--{name}" for name in ("users", "items") if getattr(given, name) is not None]
    if beside and (given.log == "demo" or Path(given.log).is_dir()):
        raise Refusal("audit.brings_its_own", log=given.log, flags=", ".join(beside))
    if given.log == "demo":
        return Source(kind="demo")
    log = Path(given.log)
    if log.is_dir():
        return Source.model_validate({"kind": layout_of(log), "folder": str(log.resolve())})
    paths = {name: str(path.resolve()) for name in ("users", "items") if (path := getattr(given, name)) is not None}
    return Source.model_validate({"kind": "files", "log": str(log.resolve()), **paths})


def _with_pseudonyms(settings: AuditSettings) -> AuditSettings:
    """The settings with the users' ids replaced. Raises Refusal where nobody's ids are in the data."""
    assert settings.roles is not None
    if settings.data.kind == "demo" or settings.roles.user == EACH_ROW:
        raise Refusal("pseudonyms.nobodys_ids")
    return settings.model_copy(update={"data": settings.data.model_copy(update={"pseudonyms": settings.roles.user})})


def _title(log: str) -> str:
    return Path(log).resolve().stem if log != "demo" else say("audit.demo_title")


def _about(settings: AuditSettings, cohorts: Mapping[str, str]) -> AuditSettings:
    """The settings about other cohorts (field -> name). Raises Refusal(cohort.unknown) for a name that none has."""
    for name in cohorts.values():
        if settings.cohort(name) is None:
            known = ", ".join(cohort.name for cohort in settings.cohorts) or phrase("cohort.none")
            raise Refusal("cohort.unknown", name=name, known=known)
    return settings.model_copy(update=dict(cohorts))


def _step(name: str) -> Step:
    for known in DEPENDS:
        if name == known:
            return known
    raise Refusal("audit.unknown_step", name=name, steps=", ".join(DEPENDS))
