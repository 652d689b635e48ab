"""What was done about the log's bias, beside the same recommender on the log as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.document import Section
from models.config import AdditiveSettings, Debias, Gradient, RecommenderSettings, Weighting
from models.data import Interactions

if TYPE_CHECKING:
    from analysis.fairness.propensity import Removal
    from audit.run import Run
    from models.fitted import Fitted


def twin(run: Run, model: RecommenderSettings) -> RecommenderSettings | None:
    """The trained recommender's settings, `model`, without any correction; None where it has none."""
    settings = run.settings.recommender
    if settings.lists_alone or settings.saved is not None or not isinstance(model, Gradient | AdditiveSettings):
        return None
    asked = model.debias
    if asked.correction == "none" and not (isinstance(asked, Debias) and asked.confounder):
        return None
    return model.model_copy(update={"debias": type(asked)()})


def said(run: Run, section: Section, model: Fitted[Any] | None, name: str) -> Section:
    """The recommender's section with the propensities, their weights, and whether the correction helped."""
    from analysis.fairness.propensity import Check, verdict_said, with_propensities
    from analysis.fairness.ranking import TWIN

    settings = run.settings
    chosen, top = settings.recommender.model, settings.recommender.top
    assert isinstance(chosen, Gradient | AdditiveSettings), "twin is None for all others"
    gaps = {finding.key: finding for finding in section.findings}
    gap = gaps[f"recommender.ndcg@{top}.gap.{name}-{TWIN}"]
    section = section.model_copy(update={"summary": (*section.summary, *verdict_said(gap, _randomised(run), top))})
    removal = None if chosen.debias.correction == "none" else _removal(run.composed.data, chosen.debias, settings.seed)
    found = getattr(model, "check", None)
    check = None if found is None else Check(found.p, found.auc)
    return with_propensities(section, removal, check, settings.k, settings.seed)


def _randomised(run: Run) -> bool:
    """Whether all held-out rows had randomised exposure."""
    log = run.dataset.log
    return "randomised" in log and bool(log.loc[log["part"] == "test", "randomised"].all())


def _removal(data: Interactions, settings: Weighting, seed: int) -> Removal:
    from analysis.fairness.propensity import Judged, Removal
    from models.crossing import features
    from models.debias import correction

    made = correction(data, settings, seed)
    cells = made.exposure.cells
    x, z = features(data, crosses=True)
    return Removal(
        user=data.user,
        item=data.item,
        weight=np.asarray(made.weight, np.float64),
        clipped=made.clipped,
        cells=None if cells is None else Judged(cells.user, cells.seen, cells.chance, cells.count),
        x=x,
        z=z,
        x_names=data.user_feature_names or tuple(str(at + 1) for at in range(x.shape[1])),
        z_names=data.item_feature_names or tuple(str(at + 1) for at in range(z.shape[1])),
    )
