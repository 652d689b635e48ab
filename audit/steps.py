"""The steps of an audit: each reads the audit's folder and adds one section to it."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from analysis.document import Section
from audit.settings import STEPS, AuditSettings, Step
from audit.workspace import AuditFolder
from words import Phrase, Refusal, phrase

if TYPE_CHECKING:
    from analysis.causal.graph import Graph
    from analysis.log import Dataset
    from audit.compose import Composed

WEIGHT: dict[Step, float] = {
    "data": 2.0,
    "graph": 1.0,
    "effects": 2.0,
    "recommender": 5.0,
    "disparity": 2.0,
    "mitigation": 10.0,
    "report": 1.0,
}
"""Usual share of an audit's time, for the progress of a whole run."""


class Watch(Protocol):
    """Who hears of progress: share of the whole run, step, news, figures."""

    def __call__(self, fraction: float, step: str, note: Phrase, figures: dict[str, float]) -> None: ...


@dataclass
class Run:
    """One run over some steps: what the steps share, loaded once and when first needed."""

    folder: AuditFolder
    settings: AuditSettings
    watch: Watch
    step: Step = "data"
    _span: tuple[float, float] = (0.0, 1.0)
    seconds: dict[str, float] = field(default_factory=dict)

    @cached_property
    def dataset(self) -> Dataset:
        """The cleaned data. Raises Refusal(audit.needs_step) before the data step."""
        dataset = self.folder.dataset()
        if dataset is None:
            raise Refusal("audit.needs_step", step=phrase("audit.step.data"))
        return dataset

    @cached_property
    def graph(self) -> Graph:
        """The graph that the analyst drew, or the template chosen, or the first that fits."""
        return chosen_graph(self.dataset, self.settings)

    @cached_property
    def composed(self) -> Composed:
        """The data coded for recommenders."""
        from audit.compose import compose

        return compose(self.dataset, self.settings.recommender)

    def tell(self, fraction: float, note: str, **figures: float) -> None:
        """A models.base.Tell for the running step; `note` is a catalogue key."""
        self.say(fraction, phrase(note, **figures), figures)

    def say(self, fraction: float, note: Phrase, figures: dict[str, float] | None = None) -> None:
        """Report the running step's progress, 0..1, as progress of the whole run."""
        start, end = self._span
        self.watch(start + (end - start) * min(1.0, max(0.0, fraction)), self.step, note, figures or {})


def run_steps(folder: AuditFolder, steps: Iterable[Step], watch: Watch) -> Run:
    """Run the steps in their order; one whose settings did not change since it ran is kept as it is."""
    run = Run(folder, folder.settings(), watch)
    wanted = [step for step in STEPS if step in set(steps)]
    total, before = sum(WEIGHT[step] for step in wanted), 0.0
    for step in wanted:
        run.step, run._span = step, (before / total, (before + WEIGHT[step]) / total)
        before += WEIGHT[step]
        if not folder.stale(step):
            run.say(1.0, phrase("audit.progress.kept"))
            continue
        started = time.perf_counter()
        stamp = folder.stamp(run.settings, step)
        folder.save_section(ACTIONS[step](run), stamp)
        run.seconds[step] = round(time.perf_counter() - started, 3)
    return run


def chosen_graph(dataset: Dataset, settings: AuditSettings) -> Graph:
    """The analyst's graph, else the named template, else the first template that fits these data."""
    from analysis.causal.templates import templates

    if settings.graph.drawn is not None:
        return settings.graph.drawn
    fitting = templates(dataset)
    if settings.graph.template is None:
        return next(iter(fitting.values()))
    if settings.graph.template not in fitting:
        raise Refusal("audit.unknown_template", name=settings.graph.template, templates=", ".join(fitting))
    return fitting[settings.graph.template]


def data_step(run: Run) -> Section:
    """Read, clean, split and describe the log."""
    from analysis.ingest import Limits, spool
    from analysis.overview import data_section
    from analysis.prepare import prepare, save
    from analysis.roles import guess

    settings = run.settings
    run.tell(0.0, "audit.progress.spool")
    tables = spool(settings.data, run.folder.source, Limits())
    run.tell(0.4, "audit.progress.prepare")
    roles = settings.roles or guess(tables).roles
    prepared = prepare(tables, roles, settings.cleaning, settings.split, settings.seed, settings.k)
    save(prepared.dataset, run.folder.data)
    run.__dict__.pop("dataset", None)
    run.tell(0.7, "audit.progress.describe")
    section = data_section(prepared, settings.k)
    facts = {**section.facts, "digest": prepared.dataset.digest, "source_digest": tables.digest}
    return _disclosed(section.model_copy(update={"facts": facts}), settings)


def graph_step(run: Run) -> Section:
    """Check the graph and say what may be adjusted for."""
    from analysis.causal.effects import variables
    from analysis.causal.identify import graph_section, identify

    run.tell(0.0, "audit.progress.identify")
    identification = identify(run.graph, tuple(variables(run.dataset).columns))
    return graph_section(run.dataset, run.graph, identification)


def effects_step(run: Run) -> Section:
    """Estimate and refute the effect of the treatment."""
    from analysis.causal.effects import effects_section

    settings = run.settings
    run.tell(0.0, "audit.progress.effects")
    section = effects_section(run.dataset, run.graph, settings.effects, settings.k, settings.seed, run.tell)
    return _disclosed(section, settings)


def recommender_step(run: Run) -> Section:
    """Train or load the recommender, rank for every user, measure accuracy."""
    from audit.recommend import recommender_section_of

    return _disclosed(recommender_section_of(run), run.settings)


def disparity_step(run: Run) -> Section:
    """Compare groups in what the recommender gives them."""
    from audit.recommend import disparity_section_of

    return _disclosed(disparity_section_of(run), run.settings)


def mitigation_step(run: Run) -> Section:
    """Try each chosen mitigation and compare before and after."""
    from audit.mitigate import mitigation_section_of

    return _disclosed(mitigation_section_of(run), run.settings)


def report_step(run: Run) -> Section:
    """Compose audit.json from the sections and render it; the run record goes beside it."""
    from analysis.report import write
    from audit.publish import composed_document, write_run_record

    run.tell(0.0, "audit.progress.report")
    document = composed_document(run.folder)
    write(document, run.folder.path, ("json", "html", "pdf", "csv"), document.language)
    write_run_record(run.folder, run.seconds, platform.platform())
    return Section(step="report", summary=())


def _disclosed(section: Section, settings: AuditSettings) -> Section:
    from analysis.fairness.disclose import disclose

    return disclose(section, settings.k)


ACTIONS: dict[Step, Callable[[Run], Section]] = {
    "data": data_step,
    "graph": graph_step,
    "effects": effects_step,
    "recommender": recommender_step,
    "disparity": disparity_step,
    "mitigation": mitigation_step,
    "report": report_step,
}
