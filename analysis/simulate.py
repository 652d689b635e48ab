"""A shop with known truth: the bundled demo, and the proving ground of every estimator.

Each row of its log is an impression. Who sees what, what is promoted and what is bought follow discrete,
observed causes (and a taste that nobody logs, which is no confounder), so every population figure is a
finite sum that `truth` evaluates exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from analysis.catalogue import PROVIDERS, SHELVES, description, title
from analysis.log import Roles

Shares = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

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
SLOTS = 5
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
P_MISSING_GENDER = 0.03
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
    seed: int = 1
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


@dataclass(frozen=True)
class Simulated:
    """Raw frames as an analyst would upload them, and what is true about them.

    log: user_id, item_id, session, time (UTC), slot 1..5, intent, promoted 0/1, propensity, purchased 0/1.
    users: user_id, gender (None for about 3%), age (years), activity.
    items: item_id, title, description, category, provider, tier.
    """

    log: pd.DataFrame
    users: pd.DataFrame
    items: pd.DataFrame
    roles: Roles
    truth: Truth
    edges: tuple[tuple[str, str], ...] = EDGES


ROLES = Roles(
    user="user_id",
    item="item_id",
    time="time",
    outcome="purchased",
    treatment="promoted",
    position="slot",
    propensity="propensity",
    provider="provider",
    category="category",
    text="description",
    sensitive=("gender", "age"),
)


def simulate(shop: Shop) -> Simulated:
    """The shop's log, users and items; the same settings give the same frames."""
    rng = np.random.default_rng(shop.seed)
    people, codes = _people(shop, rng)
    goods, shelf, tier = _goods(shop, rng)
    log = _log(shop, rng, codes, shelf, tier)
    log.insert(0, "user_id", people["user_id"].to_numpy()[log.pop("user").to_numpy()])
    log.insert(1, "item_id", goods["item_id"].to_numpy()[log.pop("item").to_numpy()])
    roles = ROLES.model_copy(update={"randomised": "randomised"}) if shop.randomised else ROLES
    return Simulated(log, people, goods, roles, truth(shop))


def truth(shop: Shop) -> Truth:
    """Every population figure by summing over all gender x age x activity x taste x intent x category x tier."""
    weight = _row_weights()  # g a c t i k r
    e = _propensity_table(shop.randomised)[:, None, :, None, :, None, :]  # g . c . i . r
    bought = [_purchase_table(promoted) for promoted in (0, 1)]
    effect = bought[1] - bought[0]
    treated, control = weight * e, weight * (1 - e)
    observed = treated * bought[1] + control * bought[0]
    naive = (treated * bought[1]).sum() / treated.sum() - (control * bought[0]).sum() / control.sum()
    strata = _propensity_table(shop.randomised)
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
    shares = np.einsum("gac,gt,ci,tk,kr->gactikr", rows, P_TASTE, intent, _category_table(), _tier_table())
    return shares / shares.sum()


def _category_table() -> Shares:
    """P(category | taste), [taste, category]."""
    tastes, categories = P_TASTE.shape[1], len(SHELVES)
    table = np.full((tastes, categories), (1 - LIKED) / (categories - 2))
    for taste in range(tastes):
        table[taste, [2 * taste, 2 * taste + 1]] = LIKED / 2
    return table


def _tier_table() -> Shares:
    """P(tier | category), [category, tier]."""
    spread = np.arange(len(SHELVES)) >= SPREAD_FROM
    return np.where(spread[:, None], P_TIER_SPREAD, P_TIER_POPULAR)


def _propensity_table(randomised: float) -> Shares:
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


def _people(shop: Shop, rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, Codes]]:
    n = shop.users
    gender, age = _draw(rng, np.tile(P_GENDER, (n, 1))), _draw(rng, np.tile(P_AGE, (n, 1)))
    activity = _draw(rng, P_ACTIVITY[gender, age])
    codes = {"gender": gender, "activity": activity, "taste": _draw(rng, P_TASTE[gender])}
    codes["rows"] = IMPRESSIONS[activity] + rng.integers(-JITTER, JITTER + 1, n)
    codes["habit"] = rng.integers(0, 2, n) * 2 - 1
    limits = np.array(AGE_LIMITS)[age]
    named = np.array(GENDERS, dtype=object)[gender]
    named[rng.random(n) < P_MISSING_GENDER] = None
    people = pd.DataFrame(
        {
            "user_id": _names("u", n),
            "gender": named,
            "age": rng.integers(limits[:, 0], limits[:, 1]),
            "activity": np.array(ACTIVITIES, dtype=object)[activity],
        }
    )
    return people, codes


def _goods(shop: Shop, rng: np.random.Generator) -> tuple[pd.DataFrame, Codes, Codes]:
    """Items with their shelf and tier codes; every shelf has items in each tier."""
    shelf, rank = np.arange(shop.items) % len(SHELVES), np.arange(shop.items) // len(SHELVES)
    size = np.bincount(shelf)[shelf]
    head, middle = (np.maximum(np.round(size * share), floor) for floor, share in enumerate(SHARE_TIER, 1))
    tier = (rank >= head).astype(np.int64) + (rank >= middle)
    provider = rng.integers(0, len(PROVIDERS), shop.items)
    goods = pd.DataFrame(
        {
            "item_id": _names("i", shop.items),
            "title": [title(SHELVES[s], r) for s, r in zip(shelf.tolist(), rank.tolist(), strict=True)],
            "description": [
                f"{title(SHELVES[s], r)}. {description(SHELVES[s], r, PROVIDERS[p])}"
                for s, r, p in zip(shelf.tolist(), rank.tolist(), provider.tolist(), strict=True)
            ],
            "category": [SHELVES[s].category for s in shelf],
            "provider": [PROVIDERS[p] for p in provider],
            "tier": [TIERS[t] for t in tier],
        }
    )
    return goods, shelf, tier


def _log(shop: Shop, rng: np.random.Generator, codes: dict[str, Codes], shelf: Codes, tier: Codes) -> pd.DataFrame:
    """One row an impression, drawn cause by cause in the order of EDGES."""
    user = np.repeat(np.arange(shop.users), codes["rows"])
    nth = _count_within(user)
    session = np.unique(user * 1000 + nth // SESSION, return_inverse=True)[1]
    gender, activity, taste = (codes[name][user] for name in ("gender", "activity", "taste"))
    of_session = activity[np.unique(session, return_index=True)[1]]
    intent = (rng.random(len(of_session)) < P_SEEK[of_session]).astype(np.int64)[session]
    category = _draw(rng, _category_table()[taste])
    level = _draw(rng, _tier_table()[category])
    coin = rng.random(len(user)) < shop.randomised
    propensity = np.where(coin, 0.5, _propensity_table(0.0)[gender, activity, intent, level])
    promoted = (rng.random(len(user)) < propensity).astype(np.int64)
    slot = _draw(rng, P_SLOT[promoted])
    likes = np.where(category // 2 == taste, Y_LIKED, 0.0)
    chance = Y_BASE + likes + Y_ACTIVITY[activity] + Y_INTENT[intent] + Y_TIER[level] + Y_SLOT[slot]
    chance += promoted * Y_EFFECT[gender, intent] + HABIT * codes["habit"][user]
    frame = {
        "user": user,
        "item": _pick_items(rng, shop, user, category * len(TIERS) + level, shelf * len(TIERS) + tier),
        "session": session,
        "time": _times(rng, session, nth),
        "slot": slot + 1,
        "intent": np.array(INTENTS, dtype=object)[intent],
        "promoted": promoted,
        "propensity": np.round(propensity, 4),
        "purchased": (rng.random(len(user)) < chance).astype(np.int64),
    }
    return pd.DataFrame(frame | ({"randomised": coin} if shop.randomised else {}))


def _pick_items(rng: np.random.Generator, shop: Shop, user: Codes, cell: Codes, cell_of_item: Codes) -> Codes:
    """An item of each row's cell (category x tier), without repeats for a user until the cell is used up."""
    size = np.bincount(cell_of_item, minlength=len(SHELVES) * len(TIERS))
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    shuffled = np.lexsort(
        (rng.random((shop.users, shop.items)), np.broadcast_to(cell_of_item, (shop.users, shop.items)))
    )
    order = np.lexsort((np.arange(len(user)), cell, user))
    nth = np.empty(len(user), np.int64)
    nth[order] = _count_within((user * len(size) + cell)[order])
    return shuffled[user, first[cell] + nth % size[cell]]


def _times(rng: np.random.Generator, session: Codes, nth: Codes) -> pd.Series:
    """Sessions of a user in order over eight weeks, impressions 20 seconds apart."""
    sessions = int(session.max()) + 1
    owner_start = np.flatnonzero(np.r_[True, (nth[1:] == 0)])
    per_user = np.unique(session[owner_start])
    owner = np.searchsorted(per_user, np.arange(sessions), side="right")
    begin = rng.random(sessions) * DAYS * 86_400
    ordered = begin[np.lexsort((begin, owner))]
    seconds = ordered[session].astype(np.int64) + 20 * (nth % SESSION)
    return pd.Series(START + seconds.astype("timedelta64[s]")).dt.tz_localize("UTC")


def _draw(rng: np.random.Generator, chances: Shares) -> Codes:
    """One code a row from the row's chances [n, codes]."""
    point = rng.random(len(chances))[:, None]
    return np.minimum((point >= np.cumsum(chances, axis=1)).sum(axis=1), chances.shape[1] - 1)


def _count_within(sorted_keys: Codes) -> Codes:
    """0, 1, 2 ... within each run of equal keys."""
    starts = np.flatnonzero(np.r_[True, sorted_keys[1:] != sorted_keys[:-1]])
    return np.arange(len(sorted_keys)) - np.repeat(starts, np.diff(np.r_[starts, len(sorted_keys)]))


def _names(letter: str, n: int) -> list[str]:
    width = len(str(n))
    return [f"{letter}{number:0{width}d}" for number in range(1, n + 1)]
