"""What every mitigation starts from: the recommender as it is, and the data it was taught."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from audit.compose import Composed
from audit.kept import Scored, kept_lists, trained_model
from audit.settings import AuditSettings
from models.config import RecommenderSettings
from words import Phrase, Refusal, phrase

if TYPE_CHECKING:
    from analysis.mitigation.methods import Need
    from audit.run import Run


@dataclass(frozen=True)
class Ground:
    """settings, composed: of the audit. kept: lists and scores without mitigation. model: the recommender's settings
    with what its fit chose made fixed; None for lists from a file and saved models, which nothing trains anew.
    cache: where the audit keeps the vectors of texts."""

    settings: AuditSettings
    composed: Composed
    kept: Scored
    model: RecommenderSettings | None
    cache: Path | None = None

    @cached_property
    def attribute(self) -> str:
        """The sensitive attribute whose gap is to be narrowed."""
        from analysis.mitigation.compare import chosen_attribute

        return chosen_attribute(self.composed.attributes, self.settings.mitigation)

    @property
    def group(self) -> np.ndarray:
        """str [users]: each user's value of `attribute`."""
        return self.composed.attributes[self.attribute].to_numpy(str)

    @property
    def item_group(self) -> np.ndarray:
        """str [items]: each item's value of the grouping whose exposure is shared out."""
        grouping, groups = self.settings.mitigation.grouping, self.composed.item_groups
        if grouping not in groups:
            raise Refusal("audit.unknown_grouping", name=grouping, known=", ".join(groups.columns))
        return groups[grouping].to_numpy(str)

    @property
    def top(self) -> int:
        """Length of the lists."""
        return self.settings.recommender.top


def ground_of(run: Run) -> Ground:
    """The ground of a run whose recommender step is done."""
    chosen = run.settings.recommender
    trains = not chosen.lists_alone and chosen.saved is None
    model = trained_model(run).settled() if trains else None
    return Ground(run.settings, run.composed, kept_lists(run), model, run.folder.cache)


def unmet(settings: AuditSettings, needs: tuple[Need, ...]) -> Phrase | None:
    """Why a method with these needs cannot be tried on the recommender that the settings name; None where it can."""
    from models.config import Gradient

    chosen = settings.recommender
    kind = phrase(f"models.name.{chosen.model.kind}")
    if "scores" in needs and chosen.lists_alone:
        return phrase("audit.lists_without_scores")
    if "training" in needs and (chosen.lists_alone or chosen.saved is not None):
        return phrase("audit.needs_training")
    if "weights" in needs and chosen.model.kind == "popularity":
        return phrase("audit.needs_weights", kind=kind)
    if "gradient" in needs and not isinstance(chosen.model, Gradient):
        return phrase("audit.needs_gradient", kind=kind)
    if {"weights", "groups", "copies"} & set(needs) and getattr(chosen.model, "epsilon", 0) > 0:
        return phrase("audit.needs_rows_once" if "copies" in needs else "audit.needs_no_privacy")
    if "features" in needs and chosen.model.kind != "additive":
        return phrase("audit.needs_features", kind=kind)
    if "profile" in needs and chosen.model.kind not in ("additive", "language"):
        return phrase("audit.needs_profile", kind=kind)
    return None
