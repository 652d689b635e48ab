"""Small rankings with known answers."""

import numpy as np
import pandas as pd
import scipy.sparse as sp

from analysis.fairness.ranking import Ranking
from words import Phrase


def ranking(lists, relevant, attributes=None, item_groups=None, popularity=None, name="tested", **rest):
    """A Ranking from plain lists; relevant may be dense."""
    lists = np.asarray(lists, np.int32)
    relevant = sp.csr_matrix(relevant)
    users, items = relevant.shape
    attributes = attributes if attributes is not None else {"gender": ["F", "M"] * (users // 2) + ["F"] * (users % 2)}
    groups = (
        item_groups if item_groups is not None else {"tail": ["head"] * (items // 2) + ["tail"] * (items - items // 2)}
    )
    return Ranking(
        name=name,
        user_ids=np.array([f"u{user}" for user in range(users)]),
        item_ids=np.array([f"i{item}" for item in range(items)]),
        lists=lists,
        scores=None,
        relevant=relevant,
        popularity=np.asarray(popularity if popularity is not None else np.arange(items, 0, -1), np.int64),
        attributes=pd.DataFrame(attributes),
        item_groups=pd.DataFrame(groups),
        protocol=Phrase(key="fairness.group.all"),
        **rest,
    )
