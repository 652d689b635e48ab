"""How likely each (user, item) cell was to get into the log: propensities of exposure.

A log without a word on what could have been shown is read as a table of cells, each seen or not seen. The models here
say how likely a cell was to be seen; `models.debias` turns that into weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from models.config import Weighting
from models.crossing import crossed, features, one_hot
from models.data import Interactions, Ints
from words import Refusal

Numbers = npt.NDArray[np.float64]

UNSEEN = 5
"""Unseen cells drawn for each seen one; where there are fewer, all are taken."""
ENUMERATED = 5_000_000
"""Tables of up to so many cells are listed whole when unseen ones are drawn."""
STRENGTHS = (0.1, 1.0)
"""Values of C, the inverse of the L2 penalty, of the exposure models; the one with the least log loss is taken."""
SETTLED = 1e-3
"""Largest slope at which the regression has settled; propensities need no more digits."""
LEAST = 1e-6
"""No chance is taken for lower than this; the weight rule of `models.debias` cuts far earlier."""


@dataclass(frozen=True)
class Cells:
    """Cells of users x items: every one that was seen, and unseen ones drawn at random.

    user, item: int32 [cells]; seen: bool [cells]; count: float64 [cells], how many cells of the whole table each stands
    for (1 for the seen); chance: float64 [cells], the propensity by a model that was not fitted on the cell.
    """

    user: Ints
    item: Ints
    seen: npt.NDArray[np.bool_]
    count: Numbers
    chance: Numbers


@dataclass(frozen=True)
class Exposure:
    """Propensities of the training rows.

    chance: float64 [rows], in (0, 1]. inverse: float64 [rows], what a row counts for: share of cells seen / chance, so
    that its mean is 1 where the chances are right; of chances known up to a factor (logged ones, positions) the
    mean is 1 by construction. valid: float64, `inverse` of the validation rows' cells, ones where nothing is known of
    them. cells: what the model can be judged on; None where the log tells only of what was shown.
    """

    chance: Numbers
    inverse: Numbers
    valid: Numbers
    cells: Cells | None


def exposure(data: Interactions, settings: Weighting, seed: int) -> Exposure:
    """The propensities that `settings` ask for.

    popularity: proportional to the item's rows to `power` (Saito et al. 2020), scaled so that they sum to the cells
    seen. additive, features: logistic regression of seen on a level for each user and item (and the crosses of
    users' known features with items'), cross-fitted. given: as logged. position: `models.position`.
    Raises Refusal where the data lack what is asked for.
    """
    if settings.propensity == "position":
        return _examined(data)
    if settings.propensity == "given":
        return _logged(data)
    rng = np.random.default_rng([seed, 1])
    user, item, seen, count = _drawn(data, rng)
    if settings.propensity == "popularity":
        of_item = _popular(data, settings.power)
        chance, valid = of_item[item], of_item[data.valid_item]
    else:
        chance, valid = _cross_fitted(data, settings, (user, item, seen, count), rng)
    cells = Cells(user, item, seen, count, chance)
    rows = _of_rows(data, cells)
    share = float(seen.sum()) / (data.n_users * data.n_items)
    return Exposure(rows, share / rows, share / valid, cells)


def _logged(data: Interactions) -> Exposure:
    if data.propensity is None:
        raise Refusal("models.no_propensity")
    chance = data.propensity.astype(np.float64)
    if not (np.isfinite(chance).all() and (chance > 0).all() and (chance <= 1).all()):
        raise Refusal("models.bad_propensity")
    inverse = 1 / chance
    known = data.valid_propensity
    valid = np.ones(len(data.valid_user)) if known is None else 1 / np.maximum(known, LEAST) / inverse.mean()
    return Exposure(chance, _mean_one(inverse), valid, None)


def _examined(data: Interactions) -> Exposure:
    """A wanted row counts 1/theta of its place, another one the chance that it was not wanted (not seen is no no).

    E[wanted and examined] / theta = E[wanted], and of rows that were not taken the share
    (1 - gamma) / (1 - theta gamma) was not wanted, gamma being the chance that the item is wanted once examined.
    """
    from models.position import examination

    if data.position is None:
        raise Refusal("models.no_position")
    found = examination(data)
    inverse = np.where(data.label > 0, 1 / found.chance, (1 - found.wanted) / (1 - found.chance * found.wanted))
    return Exposure(found.chance, _mean_one(inverse), np.ones(len(data.valid_user)), None)


def _mean_one(inverse: Numbers) -> Numbers:
    return np.asarray(inverse / inverse.mean())


def _popular(data: Interactions, power: float) -> Numbers:
    """float64 [items]: chance that a user saw the item."""
    rows = np.bincount(data.item, minlength=data.n_items).astype(np.float64)
    risen = np.where(rows > 0, rows**power, 0.0)
    return np.clip(risen * len(data.item) / (data.n_users * risen.sum()), LEAST, 1.0)


def _drawn(data: Interactions, rng: np.random.Generator) -> tuple[Ints, Ints, npt.NDArray[np.bool_], Numbers]:
    """user, item, seen, count of the cells (see Cells)."""
    seen = np.unique(data.user.astype(np.int64) * data.n_items + data.item)
    table = data.n_users * data.n_items
    wanted = min(UNSEEN * len(seen), table - len(seen))
    if table <= ENUMERATED:
        unseen = rng.choice(np.setdiff1d(np.arange(table), seen, assume_unique=True), wanted, replace=False)
    else:
        unseen = np.setdiff1d(rng.integers(0, table, wanted), seen)
    keys = np.concatenate([seen, unseen])
    is_seen = np.arange(len(keys)) < len(seen)
    count = np.where(is_seen, 1.0, (table - len(seen)) / max(1, len(unseen)))
    return (keys // data.n_items).astype(np.int32), (keys % data.n_items).astype(np.int32), is_seen, count


def _cross_fitted(
    data: Interactions,
    settings: Weighting,
    cells: tuple[Ints, Ints, npt.NDArray[np.bool_], Numbers],
    rng: np.random.Generator,
) -> tuple[Numbers, Numbers]:
    """Chances of the cells, each by a logistic regression on the other parts, and of the validation rows', by all.

    Put right for the unseen cells that were not drawn.
    """
    user, item, seen, count = cells
    if seen.all():
        return np.ones(len(seen)), np.ones(len(data.valid_user))
    X, valid = _features(data, settings, user, item), _features(data, settings, data.valid_user, data.valid_item)
    part = rng.integers(0, settings.parts, len(seen))
    odds, held_out = np.empty((len(STRENGTHS), len(seen))), np.zeros((len(STRENGTHS), len(data.valid_user)))
    for number in range(settings.parts):
        inside = part != number
        for at, C in enumerate(STRENGTHS):
            both = _log_odds(X[inside], seen[inside], sp.vstack([X[~inside], valid]), C)
            odds[at, ~inside], rest = np.split(both, [int((~inside).sum())])
            held_out[at] += rest / settings.parts
    losses = np.logaddexp(0, np.where(seen, -odds, odds)).mean(1)
    best = int(np.argmin(losses))
    undrawn = np.log(count.max())
    return _chance(odds[best] - undrawn), _chance(held_out[best] - undrawn)


def _chance(odds: Numbers) -> Numbers:
    return np.asarray(np.maximum(1 / (1 + np.exp(-odds)), LEAST))


def _features(data: Interactions, settings: Weighting, user: Ints, item: Ints) -> sp.csr_matrix:
    crosses = settings.propensity == "features"
    if crosses and data.user_features is None and data.item_features is None:
        raise Refusal("models.no_features")
    x, z = features(data, crosses)
    levels = [one_hot(user, data.n_users), one_hot(item, data.n_items)]
    return sp.hstack([*levels, crossed(x[user], z[item])], format="csr")


def _log_odds(X: sp.csr_matrix, seen: npt.NDArray[np.bool_], other: sp.csr_matrix, C: float) -> Numbers:
    from sklearn.linear_model import LogisticRegression

    if seen.all() or not seen.any():
        raise Refusal("models.one_exposure")
    fit = LogisticRegression(C=C, max_iter=2000, tol=SETTLED).fit(X, seen)
    return np.asarray(fit.decision_function(other), np.float64)


def _of_rows(data: Interactions, cells: Cells) -> Numbers:
    """float64 [rows]: the chance of each training row's cell."""
    seen = int(cells.seen.sum())  # these come first, by key
    keys = cells.user[:seen].astype(np.int64) * data.n_items + cells.item[:seen]
    place = np.searchsorted(keys, data.user.astype(np.int64) * data.n_items + data.item)
    return cells.chance[place]
