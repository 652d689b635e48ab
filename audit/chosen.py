"""Step `chosen`: the mitigation that the analyst chose, in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.document import Section
from words import Refusal, phrase

if TYPE_CHECKING:
    from audit.run import Run


def chosen_section_of(run: Run) -> Section:
    """The chosen variant, or the one that the mitigation step suggests, beside the recommender as it is.

    Raises Refusal where none is chosen and none suggested, or where the mitigation step did not try it.
    """
    from analysis.mitigation.chosen import chosen_section
    from audit.cohorts import of_scope
    from audit.kept import audited_ranking
    from audit.methods import as_it_is, ground_of
    from audit.variants import kept

    tried = run.folder.section("mitigation")
    if tried is None:
        raise Refusal("audit.needs_step", step=phrase("audit.step.mitigation"))
    listed = tried.facts.get("variants")
    names = [str(name) for name in listed] if isinstance(listed, list) else []
    name = run.settings.chosen.variant or tried.facts.get("suggested")
    if name is None:
        raise Refusal("audit.nothing_chosen", known=", ".join(names))
    if name not in names:
        raise Refusal("audit.not_tried", name=str(name), known=", ".join(names))
    settings = run.settings
    after = kept(run.folder, str(name), run.composed)
    before, users = as_it_is(ground_of(run)), of_scope(run, audited_ranking(run))
    if users is not None:
        before, after = before.among(users), after.among(users)
    return chosen_section(before, after, settings.mitigation, settings.k, settings.seed, run.tell)
