"""Step `gap`: why is there a gap? The recommender's lists, or the log, one value a person, taken apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.causal.gap.settings import OF_THE_LOG
from analysis.cohorts import of_people
from analysis.document import Section

if TYPE_CHECKING:
    from audit.run import Run


def gap_section_of(run: Run) -> Section:
    """The gap that the settings ask for, in parts."""
    from analysis.causal.gap.section import gap_section
    from audit.kept import audited_ranking

    settings = run.settings
    dataset, ranking = run.dataset, None if settings.gap.gap_in in OF_THE_LOG else audited_ranking(run)
    if (scope := settings.cohort(settings.scope)) is not None:
        dataset = of_people(dataset, scope, settings.k)
        ranking = None if ranking is None else ranking.among(np.isin(ranking.user_ids, dataset.users.index))
    return gap_section(dataset, run.graph, ranking, settings.gap, settings.k, settings.seed, run.tell)


def mediation_section_of(run: Run) -> Section:
    """What the effect runs through."""
    from analysis.causal.gap.mediation import mediation_section

    settings = run.settings
    return mediation_section(run.population, run.graph, settings.mediation, settings.k, settings.seed, run.tell)
