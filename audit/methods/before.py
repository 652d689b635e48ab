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


BEFORE: dict[Method, Prepare] = {"reweigh": reweighed}
