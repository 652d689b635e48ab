"""How much of a list an attribute that the recommender is told decides, over all users."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from analysis.fairness.bygroup import levels, resample
from analysis.fairness.infer import InferenceSettings
from analysis.fairness.judge import Measure
from analysis.fairness.partition import everyone
from analysis.finding import Finding
from words import phrase


def token_findings(
    kept: Mapping[str, npt.NDArray[np.float32]], top: int, settings: InferenceSettings, seed: int
) -> list[Finding]:
    """``recommender.kept[ATTRIBUTE]``: mean share of a user's `top` items that stay when the attribute is not told.

    kept: attribute -> float32 [users] in [0, 1], NaN for users whose attribute is unknown, who do not count. 1 = the
    attribute changes no list, 0 = it changes every item. Interval by bootstrap of users.
    """
    found = []
    for name, share in kept.items():
        counts = np.isfinite(share)
        measure = Measure(
            name=f"kept[{name}]",
            label=phrase("why.kept", attribute=name, top=top),
            unit="share",
            numerator=np.where(counts, share, 0.0).astype(np.float64),
            denominator=counts.astype(np.float64),
            method=phrase("why.method"),
        )
        (one,) = levels(resample([measure], everyone(len(share)), settings, seed))
        found.append(one.model_copy(update={"key": f"recommender.kept[{name}]"}))
    return found
