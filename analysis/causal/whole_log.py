"""The effect over a whole log, too large for the pages: its findings, by any engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from analysis.causal import estimate
from analysis.causal.cells import Estimand
from analysis.causal.compressed import WholeLog, compress_log
from analysis.causal.dag import Graph
from analysis.causal.effect_checks import lacking
from analysis.causal.effect_findings import Frame, default_margin, finding
from analysis.causal.identification import identify
from analysis.causal.log_rows import LogQuestion
from analysis.causal.propensity import WITHHELD
from analysis.causal.question import Question, arms
from analysis.causal.settings import EffectSettings
from analysis.causal.study import Contrast
from analysis.document import Section
from analysis.engine import Kind, opened, readable
from analysis.fairness.disclose import disclosed
from analysis.finding import JSON, Finding, Verdict, amount, suppressed
from words import phrase


def whole_log_section(
    log: Path, asked: LogQuestion, settings: EffectSettings, kind: Kind, k: int, seed: int
) -> Section:
    """Section `effects` over every row of `log` (a Parquet file or a folder of them), under the file's own names.

    Raw difference, adjusted difference, what the raw one mixes in, and the share of rows without a counterpart; the
    adjusted one is withheld as on the page. The columns of `asked.adjustment` are taken for all common causes, which
    a note says. k: disclosure threshold in users. Raises Refusal where the log cannot answer or the engine is missing.
    """
    with opened(kind) as engine, readable(log):
        whole = compress_log(log, asked, engine)
    frame = _frame(whole, asked, settings, k, seed)
    said = [phrase("effects.note_row"), phrase("scale.note_rows", rows=f"{whole.rows:,}", users=f"{frame.n:,}")]
    if asked.adjustment:
        said.append(
            phrase("effects.note_assumes", treatment=asked.treatment, outcome=asked.outcome, names=frame.question.names)
        )
    if whole.dropped:
        said.append(phrase("effects.note_dropped", rows=f"{whole.dropped:,}"))
    if frame.n < k or min(whole.arms) < k:
        hidden = tuple(suppressed(one, k) for one in _findings(whole, frame, settings.estimand))
        return Section(step="effects", summary=(), findings=hidden)
    facts: dict[str, JSON] = {"rows": whole.rows, "users": frame.n, "strata": len(whole.strata), "engine": kind}
    found = disclosed(_findings(whole, frame, settings.estimand), k)
    return Section(step="effects", summary=(), findings=found, notes=tuple(said), facts=facts)


def _findings(whole: WholeLog, frame: Frame, estimand: Estimand) -> list[Finding]:
    replicates, seed = frame.settings.replicates, frame.seed
    share = whole.lacking(estimand)
    done = whole.effect(estimand, replicates, seed)
    crude = estimate.raw(whole.cells, replicates, seed) if done is None else done.naive
    why = phrase("effects.undefined")
    if share > WITHHELD:
        why = phrase("effects.no_overlap", share=amount(share, "share"), names=frame.question.names)
    key, method = estimand.lower(), frame.method("strata", strata=len(whole.strata))
    effect, selection = (None, None) if done is None else (done.effect, done.selection)
    found = [
        finding(frame, "naive", frame.label("naive"), frame.method("naive"), crude, Verdict.GAP),
        finding(frame, key, frame.label(key), method, effect, Verdict.EFFECT, why),
    ]
    if frame.question.adjustment:
        label = frame.label("selection")
        found.append(finding(frame, "selection", label, frame.method("selection"), selection, Verdict.GAP, why))
        found.append(lacking(frame, share, "lacking_strata"))
    return found


def _frame(whole: WholeLog, asked: LogQuestion, settings: EffectSettings, k: int, seed: int) -> Frame:
    names = (asked.treatment, asked.outcome, *asked.adjustment)
    ends = (asked.treatment, asked.outcome)
    edges = ((asked.treatment, asked.outcome), *((one, end) for one in asked.adjustment for end in ends))
    graph = Graph(nodes=names, edges=edges, treatment=asked.treatment, outcome=asked.outcome)
    question = Question(asked.treatment, asked.outcome, {}, asked.adjustment, None, identify(graph, names))
    nobody = Contrast(whole.reference, whole.level, np.zeros(0, np.bool_), np.zeros(0, np.int8))
    unit = "points" if whole.binary else "own"
    people = {whole.level: whole.arms[1], whole.reference: whole.arms[0]}
    margin = settings.margin or default_margin(whole.binary, whole.mean, whole.spread)
    words = arms(question, nobody, None)
    return Frame(question, "effect", words, unit, margin, settings, k, seed, whole.cells.users, people)
