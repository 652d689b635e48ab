"""Step `leakage`: does the recommender give the group away? Fresh probes on its lists and on its users' vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.document import Section

if TYPE_CHECKING:
    from audit.run import Run


def leakage_section_of(run: Run) -> Section:
    """What a probe reads of each attribute from lists, vectors (where the kind has them) and profiles."""
    from analysis.fairness.leakage import leakage_section
    from audit.cohorts import of_scope
    from audit.kept import audited_ranking, trained_model

    settings = run.settings
    vectors = None if settings.recommender.lists_alone else trained_model(run).user_vectors()
    ranking = audited_ranking(run)
    users = of_scope(run, ranking)
    if users is not None:
        ranking, vectors = ranking.among(users), None if vectors is None else vectors[: len(users)][users]
    return leakage_section(ranking, vectors, settings.leakage, settings.k, settings.seed, run.tell)
