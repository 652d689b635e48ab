"""Step `shrink`: the audited model with fewer bytes, and what that does to accuracy and to the gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.document import Section
from audit.kept import audited_ranking, trained_model
from audit.recommend import DEPTH, ranked

if TYPE_CHECKING:
    from audit.run import Run
    from models.shrink import Small


def shrink_section_of(run: Run) -> Section:
    """int8 and each pruned form beside the model as it is, ranked for every user by the very numbers that are kept."""
    from analysis.mitigation.shrinking import Smaller, shrink_section
    from models.shrink import full, in_bytes, pruned
    from words import Refusal

    settings = run.settings
    if run.composed.attributes.empty:
        raise Refusal("audit.no_attributes")
    model, top = trained_model(run), settings.recommender.top
    run.tell(0.0, "shrink.progress")
    before = audited_ranking(run)
    small: dict[str, Small] = {"int8": in_bytes(model)}
    small |= {f"pruned-{100 * share:.12g}": pruned(model, share) for share in settings.shrink.pruned}
    whole, forms = full(model), []
    for at, (name, form) in enumerate(small.items()):
        run.tell((at + 1) / (len(small) + 1), "shrink.progress")
        codes, scores = ranked(form, run.composed, DEPTH)
        ranking = run.composed.ranking(name, codes[:, :top], scores[:, :top])
        forms.append(Smaller(name, ranking, form.bytes, whole.bytes))
    return shrink_section(before, forms, settings.shrink, settings.k, settings.seed)
