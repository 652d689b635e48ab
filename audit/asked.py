"""Which users a recommender that is a prompt is asked about."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from audit.compose import Composed
from models.prompted.settings import Prompted
from words import Refusal, phrase


def of_the_asked(composed: Composed, settings: Prompted, seed: int) -> Composed:
    """`composed`, judged on the users that are asked about: drawn at random of those with held-out wanted items.

    Raises Refusal where nobody has a history and a held-out wanted item.
    """
    data = composed.final
    known = np.zeros(data.n_users, bool)
    known[data.user[data.label > 0]] = True
    able = np.flatnonzero(known & (np.diff(composed.relevant.indptr) > 0))
    if not able.size:
        raise Refusal("prompted.no_history")
    asked = np.zeros(data.n_users, bool)
    rng = np.random.default_rng([seed, 7])
    asked[rng.choice(able, min(settings.users, able.size), replace=False)] = True
    how = (
        phrase("prompted.named_to", count=settings.candidates) if settings.candidates else phrase("prompted.unnamed_to")
    )
    protocol = phrase(
        "prompted.protocol", asked=int(asked.sum()), users=data.n_users, how=how, protocol=composed.protocol
    )
    return replace(composed, asked=asked, protocol=protocol)
