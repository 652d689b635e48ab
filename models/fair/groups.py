"""Groups of users as codes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.data import UNKNOWN, Interactions
from words import Refusal


def group_codes(data: Interactions, attribute: str) -> npt.NDArray[np.int64]:
    """int64 [users]: the group of each user, -1 where unknown (nothing is learned of them).

    Refuses an attribute with fewer than two groups.
    """
    if attribute not in data.profile:
        raise Refusal("models.no_attribute", attribute=attribute)
    values = data.profile[attribute]
    groups = sorted({str(value) for value in values} - {UNKNOWN})
    if len(groups) < 2:
        raise Refusal("models.one_group", attribute=attribute)
    number = {group: code for code, group in enumerate(groups)}
    return np.array([number.get(str(value), -1) for value in values], np.int64)
