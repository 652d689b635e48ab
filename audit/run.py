"""One run over some steps of an audit: what the steps share, and who hears of their progress."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from audit.settings import AuditSettings, Step
from audit.workspace import AuditFolder
from words import Phrase, Refusal, phrase

if TYPE_CHECKING:
    from analysis.causal.graph import Graph
    from analysis.log import Dataset
    from audit.compose import Composed


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
    span: tuple[float, float] = (0.0, 1.0)
    seconds: dict[str, float] = field(default_factory=dict)

    @cached_property
    def dataset(self) -> Dataset:
        """The cleaned data. Raises Refusal(audit.needs_step) before the data step."""
        dataset = self.folder.dataset()
        if dataset is None:
            raise Refusal("audit.needs_step", step=phrase("audit.step.data"))
        return dataset

    @cached_property
    def population(self) -> Dataset:
        """The data that the causal questions are about: the rows of a cohort, else of the scope's people, else all."""
        from analysis.cohorts import of_people, restricted

        settings = self.settings
        if (cohort := settings.cohort(settings.population)) is not None:
            return restricted(self.dataset, cohort, settings.k)
        if (scope := settings.cohort(settings.scope)) is not None:
            return of_people(self.dataset, scope, settings.k)
        return self.dataset

    @cached_property
    def graph(self) -> Graph:
        """The graph that the analyst drew, or the template chosen, or the first that fits."""
        return chosen_graph(self.dataset, self.settings)

    @cached_property
    def composed(self) -> Composed:
        """The data coded for recommenders."""
        from analysis.interests import INTENT
        from audit.compose import compose

        topics = self.settings.topics
        read_from_rows = topics.enabled and topics.signs != "text"  # all rows, those of the test part too
        composed = compose(self.dataset, self.settings.recommender, (INTENT,) if read_from_rows else ())
        prompted = self.settings.recommender.prompted
        if prompted is None:
            return composed
        from audit.asked import of_the_asked

        return of_the_asked(composed, prompted, self.settings.seed)

    def tell(self, fraction: float, note: str, **figures: float) -> None:
        """A models.base.Tell for the running step; `note` is a catalogue key."""
        self.say(fraction, phrase(note, **figures), figures)

    def say(self, fraction: float, note: Phrase, figures: dict[str, float] | None = None) -> None:
        """Report the running step's progress, 0..1, as progress of the whole run."""
        start, end = self.span
        self.watch(start + (end - start) * min(1.0, max(0.0, fraction)), self.step, note, figures or {})


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
