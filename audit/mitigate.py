"""Step `mitigation`: every chosen method at every strength beside the recommender as it is, on the same users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.document import Section
from words import Phrase, Refusal, phrase

if TYPE_CHECKING:
    from analysis.mitigation.compare import Variant
    from audit.methods import Ground
    from audit.run import Run


def mitigation_section_of(run: Run) -> Section:
    """The section; a method that cannot work on these data or this kind is named with the reason."""
    from analysis.mitigation.compare import mitigation_section
    from audit.methods import as_it_is, ground_of

    settings = run.settings
    if run.composed.attributes.empty:
        raise Refusal("audit.no_attributes")
    ground = ground_of(run)
    variants, left_out = _variants(run, ground)
    before = as_it_is(ground)
    assert before.ranking is not None, "every recommender has lists"
    section = mitigation_section(
        before.ranking, variants, settings.mitigation, settings.k, settings.seed, _LastTenth(run), before.decisions
    )
    return section.model_copy(update={"notes": (*section.notes, *left_out)})


def _variants(run: Run, ground: Ground) -> tuple[list[Variant], list[Phrase]]:
    """What each method gave at each strength, and what was left out."""
    from analysis.mitigation.naming import method_title
    from audit.methods import made

    settings = run.settings.mitigation
    plan = [(method, strength) for method in settings.methods for strength in settings.strengths]
    found: list[Variant] = []
    left_out: dict[str, Phrase] = {}
    for at, (method, strength) in enumerate(plan):
        if method in left_out:
            continue
        name = method_title(method)
        run.say(0.9 * at / len(plan), phrase("audit.progress.mitigate", method=name, strength=f"{strength:g}"))
        try:
            found.append(made(ground, [(method, strength)]))
        except Refusal as refusal:
            left_out[method] = phrase("audit.method_left_out", method=name, why=refusal.phrase)
    return found, list(left_out.values())


class _LastTenth:
    """Passes a comparison's progress on as the last tenth of the step."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __call__(self, fraction: float, note: str, **figures: float) -> None:
        self._run.tell(0.9 + 0.1 * fraction, note, **figures)
