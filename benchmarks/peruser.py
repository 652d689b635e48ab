"""The audit's own figures of each user (analysis.fairness.peruser), from plain lists."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from analysis.fairness.peruser import Accuracy, accuracy
from analysis.fairness.ranking import Ranking
from words import phrase


def per_user(lists: npt.NDArray[np.int32], relevant: sp.csr_matrix, K: int) -> Accuracy:
    """lists: item codes [users, K], -1 where a list has ended; relevant: csr [users, items]."""
    users, items = relevant.shape
    return accuracy(
        Ranking(
            name="",
            user_ids=np.arange(users).astype(str),
            item_ids=np.arange(items).astype(str),
            lists=lists,
            scores=None,
            relevant=relevant,
            popularity=np.zeros(items, np.int64),
            attributes=pd.DataFrame(index=range(users)),
            item_groups=pd.DataFrame(index=range(items)),
            protocol=phrase("models.fitted"),
        ),
        K,
    )
