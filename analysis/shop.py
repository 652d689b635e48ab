"""The simulated shop's own law: what causes what, how strongly, and therefore what is true of it.

Causes are discrete, so every population figure is a finite sum that `truth` evaluates exactly.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from analysis.catalogue import SHELVES

Shares = npt.NDArray[np.float64]

GENDERS = ("men", "women")
AGES = ("18-24", "25-34", "35-49", "50-64")
AGE_LIMITS = ((18, 25), (25, 35), (35, 50), (50, 65))
ACTIVITIES = ("low", "medium", "high")
INTENTS = ("browse", "seek")
TIERS = ("head", "middle", "tail")
STRATA = ("gender", "activity", "intent", "tier")
"""The parents of `promoted`: adjusting for them identifies its effect."""

P_GENDER = np.array([0.62, 0.38])
P_AGE = np.array([0.2, 0.3, 0.3, 0.2])
P_ACTIVITY = np.array(  # [gender, age, activity]
    [
        [[0.25, 0.40, 0.35], [0.25, 0.40, 0.35], [0.30, 0.42, 0.28], [0.38, 0.40, 0.22]],
        [[0.42, 0.38, 0.20], [0.42, 0.38, 0.20], [0.48, 0.36, 0.16], [0.55, 0.33, 0.12]],
    ]
)
IMPRESSIONS = np.array([18, 30, 48])  # a user of each activity, on average
JITTER = 4  # and up to this many more or fewer
SESSION = 6  # impressions that share one intent
P_SEEK = np.array([0.25, 0.35, 0.50])  # [activity]
P_TASTE = np.array(  # [gender, taste]; taste t likes categories 2t and 2t + 1
    [[0.30, 0.27, 0.20, 0.15, 0.05, 0.03], [0.05, 0.05, 0.18, 0.12, 0.32, 0.28]]
)
LIKED = 0.62  # share of a user's impressions that come from the two liked categories
# Tastes that the smaller group holds are spread over the tail: harder to learn from the same number of rows.
P_TIER_POPULAR = np.array([0.55, 0.30, 0.15])
P_TIER_SPREAD = np.array([0.30, 0.32, 0.38])
SPREAD_FROM = 8  # categories 8.. are spread
SHARE_TIER = (0.2, 0.5)  # cumulative share of a category's items that are head, and head or middle
P_SLOT = np.array(  # [promoted, slot]
    [[0.14, 0.17, 0.21, 0.23, 0.25], [0.34, 0.26, 0.18, 0.12, 0.10]]
)

# promoted: a sum of what the system looks at.
E_BASE, E_WOMEN = 0.14, -0.05
E_ACTIVITY = np.array([0.0, 0.05, 0.10])
E_INTENT = np.array([0.0, 0.30])
E_TIER = np.array([0.18, 0.08, 0.0])
# purchased: a sum of causes, so that a mean-zero personal habit on top leaves every mean as it is.
Y_BASE = 0.03
Y_ACTIVITY = np.array([0.0, 0.01, 0.02])
Y_INTENT = np.array([0.0, 0.10])
Y_TIER = np.array([0.03, 0.015, 0.0])
Y_LIKED = 0.10
Y_SLOT = np.array([0.030, 0.020, 0.010, 0.005, 0.0])
Y_EFFECT = np.array([[0.075, 0.060], [0.045, 0.030]])  # [gender, intent]: what promotion itself adds
HABIT = 0.03  # a user buys this much more or less than alike users, with equal chance
P_MISSING_GENDER = 0.06
START = np.datetime64("2026-03-02T06:00:00", "us")
DAYS = 56

EDGES: tuple[tuple[str, str], ...] = (
    ("gender", "activity"),
    ("age", "activity"),
    ("gender", "taste"),
    ("taste", "category"),
    ("category", "tier"),
    ("activity", "intent"),
    ("gender", "promoted"),
    ("activity", "promoted"),
    ("intent", "promoted"),
    ("tier", "promoted"),
    ("promoted", "slot"),
    ("slot", "purchased"),
    ("promoted", "purchased"),
    ("gender", "purchased"),
    ("activity", "purchased"),
    ("intent", "purchased"),
    ("tier", "purchased"),
    ("taste", "purchased"),
    ("category", "purchased"),
)
"""The shop's own causal graph; `taste` is in no file."""


class Shop(BaseModel):
    """How large a shop to simulate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    users: int = Field(1200, ge=2)
    """Customers; about 28 impressions each."""
    items: int = Field(240, ge=3 * len(SHELVES))
    """Things on sale, spread evenly over twelve categories."""
    seed: int = Field(1, ge=0)
    randomised: float = Field(0.0, ge=0, le=1)
    """Share of rows whose promotion is decided by a fair coin (then a column `randomised` marks them)."""


class Truth(BaseModel):
    """Population figures of the shop, over rows, exact (no sampling error).

    Effects and rates are differences and shares of purchased (0..1). Gaps are women minus men.
    Groups that the analyst cannot see (missing gender is at random) do not change any of them.
    """

    model_config = ConfigDict(frozen=True)

    ate: float
    """E[purchased | do(promoted = 1)] - E[purchased | do(promoted = 0)], through the slot included."""
    att: float
    """The same over the rows that are promoted."""
    naive: float
    """E[purchased | promoted] - E[purchased | not promoted]: what confounding makes of it."""
    effect: dict[str, dict[str, float]]
    """attribute -> group -> ATE among that group's rows."""
    outcome: dict[str, dict[str, float]]
    """attribute -> group -> share of rows purchased."""
    exposure: dict[str, dict[str, float]]
    """attribute -> group -> share of rows promoted."""
    category: dict[str, dict[str, float]]
    """gender -> category -> share of rows."""
    propensity: dict[tuple[str, str, str, str], float]
    """P(promoted | gender, activity, intent, tier), in the order of STRATA, over the whole log."""

    @property
    def outcome_gap(self) -> float:
        """Women's minus men's share of rows purchased."""
        return self.outcome["gender"]["women"] - self.outcome["gender"]["men"]

    @property
    def exposure_gap(self) -> float:
        """Women's minus men's share of rows promoted."""
        return self.exposure["gender"]["women"] - self.exposure["gender"]["men"]


def truth(shop: Shop) -> Truth:
    """Every population figure by summing over all gender x age x activity x taste x intent x category x tier."""
    weight = _row_weights()  # g a c t i k r
    e = propensity_table(shop.randomised)[:, None, :, None, :, None, :]  # g . c . i . r
    bought = [_purchase_table(promoted) for promoted in (0, 1)]
    effect = bought[1] - bought[0]
    treated, control = weight * e, weight * (1 - e)
    observed = treated * bought[1] + control * bought[0]
    naive = (treated * bought[1]).sum() / treated.sum() - (control * bought[0]).sum() / control.sum()
    strata = propensity_table(shop.randomised)
    return Truth(
        ate=float((weight * effect).sum()),
        att=float((treated * effect).sum() / treated.sum()),
        naive=float(naive),
        effect=_by_group(weight, weight * effect),
        outcome=_by_group(weight, observed),
        exposure=_by_group(weight, treated),
        category=_category_shares(weight),
        propensity={
            (GENDERS[g], ACTIVITIES[c], INTENTS[i], TIERS[r]): float(strata[g, c, i, r])
            for g, c, i, r in np.ndindex(strata.shape)
        },
    )


def _row_weights() -> Shares:
    """Share of rows [gender, age, activity, taste, intent, category, tier]; sums to 1."""
    user = P_GENDER[:, None, None] * P_AGE[None, :, None] * P_ACTIVITY
    rows = user * IMPRESSIONS
    intent = np.stack([1 - P_SEEK, P_SEEK], axis=1)  # c i
    shares = np.einsum("gac,gt,ci,tk,kr->gactikr", rows, P_TASTE, intent, category_table(), tier_table())
    return shares / shares.sum()


def category_table() -> Shares:
    """P(category | taste), [taste, category]."""
    tastes, categories = P_TASTE.shape[1], len(SHELVES)
    table = np.full((tastes, categories), (1 - LIKED) / (categories - 2))
    for taste in range(tastes):
        table[taste, [2 * taste, 2 * taste + 1]] = LIKED / 2
    return table


def tier_table() -> Shares:
    """P(tier | category), [category, tier]."""
    spread = np.arange(len(SHELVES)) >= SPREAD_FROM
    return np.where(spread[:, None], P_TIER_SPREAD, P_TIER_POPULAR)


def propensity_table(randomised: float) -> Shares:
    """P(promoted | gender, activity, intent, tier), [g, c, i, r]; a fair coin on a `randomised` share."""
    women = np.array([0.0, E_WOMEN])
    looked = (
        E_BASE
        + women[:, None, None, None]
        + E_ACTIVITY[None, :, None, None]
        + E_INTENT[None, None, :, None]
        + E_TIER[None, None, None, :]
    )
    return (1 - randomised) * looked + randomised * 0.5


def _purchase_table(promoted: int) -> Shares:
    """E[purchased | do(promoted), cause], broadcastable to [g, a, c, t, i, k, r]."""
    tastes, categories = P_TASTE.shape[1], len(SHELVES)
    liked = (np.arange(categories)[None, :] // 2) == np.arange(tastes)[:, None]  # t k
    return (
        Y_BASE
        + float(P_SLOT[promoted] @ Y_SLOT)
        + Y_ACTIVITY[None, None, :, None, None, None, None]
        + Y_LIKED * liked[None, None, None, :, None, :, None]
        + Y_INTENT[None, None, None, None, :, None, None]
        + Y_TIER[None, None, None, None, None, None, :]
        + promoted * Y_EFFECT[:, None, None, None, :, None, None]
    )


def _by_group(weight: Shares, figure: Shares) -> dict[str, dict[str, float]]:
    """Mean of a figure (already multiplied by the row weight) in each gender and each age band."""
    result: dict[str, dict[str, float]] = {}
    for axis, (name, groups) in enumerate((("gender", GENDERS), ("age", AGES))):
        others = tuple(other for other in range(weight.ndim) if other != axis)
        means = figure.sum(axis=others) / weight.sum(axis=others)
        result[name] = dict(zip(groups, means.tolist(), strict=True))
    return result


def _category_shares(weight: Shares) -> dict[str, dict[str, float]]:
    table = weight.sum(axis=(1, 2, 3, 4, 6))  # g k
    shares = table / table.sum(axis=1, keepdims=True)
    names = [shelf.category for shelf in SHELVES]
    return {gender: dict(zip(names, shares[g].tolist(), strict=True)) for g, gender in enumerate(GENDERS)}
