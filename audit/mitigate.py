"""Step `mitigation`: every chosen method at every strength beside the recommender as it is, on the same users."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from analysis.charts.labels import exact
from analysis.document import Section
from words import Phrase, Refusal, phrase

if TYPE_CHECKING:
    from analysis.mitigation.compare import MitigationSettings, Variant
    from analysis.mitigation.methods import Method
    from audit.kept import Scored
    from audit.methods import Dose, Ground
    from audit.run import Run


def mitigation_section_of(run: Run) -> Section:
    """The section; a method that cannot work on these data or this kind is named with the reason."""
    from analysis.mitigation.compare import mitigation_section
    from audit.cohorts import of_scope
    from audit.kept import audited_ranking
    from audit.methods import as_it_is, ground_of
    from audit.variants import keep

    settings = run.settings
    if run.composed.attributes.empty:
        raise Refusal("audit.no_attributes")
    ground = ground_of(run)
    variants, left_out = _variants(run, ground)
    for one in variants:
        keep(run.folder.variants, one)
    users, before = of_scope(run, audited_ranking(run)), as_it_is(ground)
    if users is not None:
        before, variants = before.among(users), [one.among(users) for one in variants]
    section = mitigation_section(before, variants, settings.mitigation, settings.k, settings.seed, _LastTenth(run))
    return section.model_copy(update={"notes": (*section.notes, *left_out)})


def _variants(run: Run, ground: Ground) -> tuple[list[Variant], list[Phrase]]:
    """What each method gave at each strength, and what was left out."""
    from analysis.mitigation.naming import method_title
    from audit.methods import made

    plan, found = _plan(run.settings.mitigation), []
    cache: dict[tuple[Dose, ...], Scored] = {}
    left_out: dict[Method, Phrase] = {}
    for at, doses in enumerate(plan):
        if any(method in left_out for method, _ in doses):
            continue
        method, strength = doses[-1]
        name = method_title(method)
        run.say(0.9 * at / len(plan), phrase("audit.progress.mitigate", method=name, strength=exact(strength)))
        try:
            found.append(made(ground, doses, cache))
        except Refusal as refusal:
            left_out[method] = phrase("audit.method_left_out", method=name, why=refusal.phrase)
    return found, list(left_out.values())


def _plan(settings: MitigationSettings) -> list[list[Dose]]:
    """Every method alone at every strength, then methods of different places together at equal strength."""
    from analysis.mitigation.methods import METHODS, PLACES

    alone = [[(method, strength)] for method in settings.tried for strength in settings.strengths]
    if not settings.together:
        return alone
    at_place = [[None, *(m for m in settings.tried if METHODS[m].place == place)] for place in PLACES]
    several = [[method for method in chosen if method is not None] for chosen in product(*at_place)]
    return alone + [[(m, s) for m in methods] for methods in several if len(methods) > 1 for s in settings.strengths]


class _LastTenth:
    """Passes a comparison's progress on as the last tenth of the step."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __call__(self, fraction: float, note: str, **figures: float) -> None:
        self._run.tell(0.9 + 0.1 * fraction, note, **figures)
