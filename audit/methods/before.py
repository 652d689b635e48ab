"""Before training: the rows that the recommender learns from, changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from audit.methods.ground import Ground
from models.data import Interactions

if TYPE_CHECKING:
    from analysis.mitigation.methods import Method

Prepare = Callable[[Ground, Interactions, float], Interactions]
"""(ground, rows, strength 0..1) -> the rows to learn from; users added to them come last."""


def reweighed(ground: Ground, data: Interactions, strength: float) -> Interactions:
    """Rows weighted so that group and label (or, of positives alone, groups) balance."""
    from analysis.mitigation.reweigh import group_balance, row_weights

    group = data.profile[ground.attribute][data.user]
    one_label = bool((data.label > 0).all())
    weight = group_balance(group, strength) if one_label else row_weights(group, data.label, strength)
    return replace(data, weight=weight if data.weight is None else (weight * data.weight).astype(np.float32))


def resampled(ground: Ground, data: Interactions, strength: float) -> Interactions:
    """Rows drawn anew by the weights of `reweighed`, for kinds that take none."""
    from analysis.mitigation.resample import resampled_rows
    from analysis.mitigation.reweigh import group_balance, row_weights
    from models.rows import taking

    group = data.profile[ground.attribute][data.user]
    weight = group_balance(group) if (data.label > 0).all() else row_weights(group, data.label)
    return taking(data, resampled_rows(weight, strength, ground.settings.seed))


def twinned(ground: Ground, data: Interactions, strength: float) -> Interactions:
    """Attribute-flipped twins of a share of the users."""
    from models.rows import with_twins

    return with_twins(data, ground.attribute, strength, ground.settings.seed)


def freed(ground: Ground, data: Interactions, strength: float) -> Interactions:
    """User features without their relation to the attribute."""
    from analysis.mitigation.resample import decorrelated
    from models.rows import with_features

    if data.user_features is None:
        return data
    own = np.array([name.startswith(f"{ground.attribute}=") for name in data.user_feature_names or ()], bool)
    group = data.profile[ground.attribute]
    return with_features(data, decorrelated(data.user_features.toarray(), group, own, strength))


BEFORE: dict[Method, Prepare] = {
    "reweigh": reweighed,
    "resample": resampled,
    "twins": twinned,
    "decorrelate": freed,
}
