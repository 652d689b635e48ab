"""How far the exposure of item groups lies from parity, before and after a mitigation."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from analysis.fairness.attention import MOST_GROUPS, group_attention
from analysis.fairness.contrasts import groupings_of
from analysis.fairness.infer import ALIKE, estimate, smallest_detectable, two_sided
from analysis.fairness.itemgroups import grouping_label
from analysis.fairness.judge import Comparison, measured
from analysis.fairness.paired import sign_flip_p
from analysis.fairness.ranking import Ranking
from analysis.finding import JSON, Finding
from analysis.mitigation.before_after import Both, Terms
from analysis.mitigation.naming import BEFORE, title_of
from words import Phrase, phrase

Array = npt.NDArray[np.float64]

INNER_LEVEL = 0.90


@dataclass(frozen=True)
class Distance:
    """value: half the sum over item groups of |share of attention - share of items|, 0..1.

    replicate: [B], of resampled users. linear: no resample moves a group across parity, so that the distance is a
    signed sum of shares there. moved: [B], half the sum of |resampled share - share|.
    """

    value: float
    replicate: Array
    linear: bool
    moved: Array


def distance(shares: Array, area: Array) -> Distance:
    """shares: [1 + B, groups] of the attention, the estimate first, then its replicates; area: [groups] of the items.

    Where the distance is linear in the shares, the bootstrap is valid for it. At a kink (a group near parity) it is
    not: there replicates of an absolute value lie above the value itself. But by the triangle inequality a distance
    is never further from the true one than the shares are from the true shares, half their absolute differences
    summed; so the quantiles of `moved` bound it.
    """
    off = shares - area
    far = np.abs(off).sum(1) / 2
    linear = bool(((off >= 0).all(0) | (off <= 0).all(0)).all())
    return Distance(float(far[0]), far[1:], linear, np.abs(shares[1:] - shares[0]).sum(1) / 2)


def item_changes(before: Ranking, after: Ranking, name: str, terms: Terms) -> Both:
    """Distance of the exposure of item groups from their share of the catalogue, before and after.

    0 = parity, towards 1 = all attention to a vanishing group. Nothing where the items lack the grouping or have one
    group, or fewer than two users have a list both before and after. Intervals are symmetric and hold their value.
    """
    grouping = terms.grouping
    if grouping not in before.item_groups or before.item_groups[grouping].nunique() < 2:
        return [], []
    n, one, two = _both(before, after, name, terms)
    if n < 2:
        return [], []
    facts: dict[str, JSON] = {"variant": name, "figure": "distance", "grouping": grouping}
    method = phrase("mitigation.method.distance", replicates=terms.settings.replicates, protocol=before.protocol)
    label = phrase("mitigation.figure.distance", grouping=grouping_label(grouping))
    found = [_level(which, far, n, method, terms) for which, far in ((BEFORE, one), (name, two))]
    blank = Comparison(
        key=f"mitigation.{name}.distance[{grouping}].change",
        label=phrase("mitigation.label.change", figure=label, name=title_of(name)),
        unit="score",
        n=n,
        method=method,
        groups={},
        settings=facts,
        seed=terms.seed,
        level=terms.settings.level,
    )
    return found, [_change(blank, one, two, terms.settings.margin)]


def _level(which: str, far: Distance, n: int, method: Phrase, terms: Terms) -> Finding:
    grouping, level = terms.grouping, terms.settings.level
    reach = float(np.quantile(np.abs(far.replicate - far.value) if far.linear else far.moved, level))
    label = phrase("mitigation.figure.distance", grouping=grouping_label(grouping))
    spread = reach > ALIKE
    return measured(
        f"mitigation.{which}.distance[{grouping}]",
        phrase("mitigation.label.level", figure=label, name=title_of(which)),
        "score",
        far.value,
        (max(0.0, far.value - reach), min(1.0, far.value + reach)) if spread else None,
        n,
        method,
        reason=None if spread else phrase("fairness.reason.no_spread"),
        settings={"variant": which, "figure": "distance", "grouping": grouping},
        seed=terms.seed,
        level=level,
    )


def _change(blank: Comparison, one: Distance, two: Distance, margin: float) -> Comparison:
    """`blank` with the change from `one` to `two`; p and smallest detectable of the same width as the interval."""
    value = two.value - one.value
    paired = two.replicate - one.replicate
    off = np.abs(paired - value) if one.linear and two.linear else one.moved + two.moved
    if max(abs(value), float(np.abs(paired).max())) <= ALIKE:
        return replace(blank, reason=phrase("fairness.reason.unchanged"))
    reach, inner = (float(np.quantile(off, level)) for level in (blank.level, INNER_LEVEL))
    if reach <= ALIKE:
        method, reason = phrase("fairness.method.sign_flip", figure=blank.method), phrase("fairness.reason.same_change")
        return replace(blank, value=value, p=sign_flip_p(blank.n), method=method, reason=reason)
    error = reach / two_sided(blank.level)
    return replace(
        blank,
        value=value,
        limits=(value - reach, value + reach),
        inner=(value - inner, value + inner),
        p=max(2 * float(ndtr(-abs(value) / error)), float(np.finfo(float).tiny)),
        margin=margin,
        smallest=smallest_detectable(np.array([error]), blank.level),
    )


def _both(before: Ranking, after: Ranking, name: str, terms: Terms) -> tuple[int, Distance, Distance]:
    """Users, and the distance before and after, from the same resamples of the users that have both lists."""
    purpose = f"mitigation items {terms.grouping} {name}"
    rng = np.random.default_rng([terms.seed, zlib.crc32(purpose.encode())])
    given, area = zip(
        *(attention_given(ranking.top(terms.K), terms.grouping) for ranking in (before, after)), strict=True
    )
    total = [one.sum(axis=1, keepdims=True) for one in given]
    both = (total[0] > 0) & (total[1] > 0)
    top = np.hstack([one * both for one in given])
    bottom = np.hstack([np.broadcast_to(one * both, given[0].shape) for one in total])
    found = estimate(top, bottom, np.zeros(len(both), np.intp), 1, terms.settings.replicates, rng)
    shares = np.vstack([found.value, found.replicate[:, 0]])  # [1 + B, 2 groups]
    one, two = np.split(shares, 2, axis=1)
    return int(found.n[0]), distance(one, area[0]), distance(two, area[1])


def attention_given(ranking: Ranking, grouping: str) -> tuple[Array, Array]:
    """Attention of each user's list to every value of an item grouping [users, groups], and their share of the items.

    All values count, however few are shown elsewhere; of more than MOST_GROUPS the smallest are one together.
    """
    code, groups = groupings_of(ranking.item_groups[grouping].to_numpy(str))
    size = np.bincount(code, minlength=groups)
    if groups > MOST_GROUPS:
        place = np.empty(groups, np.intp)
        place[np.argsort(-size, kind="stable")] = np.minimum(np.arange(groups), MOST_GROUPS - 1)
        code, groups = place[code], MOST_GROUPS
        size = np.bincount(code, minlength=groups)
    return group_attention(ranking.lists, code, groups), size / len(code)


def far_from_parity(ranking: Ranking, grouping: str) -> float:
    """The distance of one recommender's lists; 0 where nothing is listed."""
    given, area = attention_given(ranking, grouping)
    shares = given.sum(axis=0) / max(given.sum(), 1e-12)
    return float(np.abs(shares - area).sum() / 2) if given.any() else 0.0
