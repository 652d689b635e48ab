"""A shop with known truth: the bundled demo, and the proving ground of every estimator.

Each row of its log is an impression. Who sees what, what is promoted and what is bought follow the discrete, observed
causes of `analysis.shop` (and a taste that nobody logs, which is no confounder).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.catalogue import PROVIDERS, SHELVES, description, title
from analysis.log import Roles
from analysis.shop import (
    ACTIVITIES,
    AGE_LIMITS,
    AGES,
    DAYS,
    EDGES,
    GENDERS,
    HABIT,
    IMPRESSIONS,
    INTENTS,
    JITTER,
    P_ACTIVITY,
    P_AGE,
    P_GENDER,
    P_MISSING_GENDER,
    P_SEEK,
    P_SLOT,
    P_TASTE,
    SESSION,
    SHARE_TIER,
    START,
    STRATA,
    TIERS,
    Y_ACTIVITY,
    Y_BASE,
    Y_EFFECT,
    Y_INTENT,
    Y_LIKED,
    Y_SLOT,
    Y_TIER,
    Shares,
    Shop,
    Truth,
    category_table,
    propensity_table,
    tier_table,
    truth,
)

__all__ = [
    "AGES",
    "AGE_LIMITS",
    "EDGES",
    "ROLES",
    "STRATA",
    "Shop",
    "Simulated",
    "Truth",
    "simulate",
    "tastes",
    "truth",
]

Codes = npt.NDArray[np.int64]


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


def tastes(shop: Shop) -> Codes:
    """The taste of every user of `simulate(shop)`, in the order of its users: what no file of the shop holds."""
    return _people(shop, np.random.default_rng(shop.seed))[1]["taste"]


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
    category = _draw(rng, category_table()[taste])
    level = _draw(rng, tier_table()[category])
    coin = rng.random(len(user)) < shop.randomised
    propensity = np.where(coin, 0.5, propensity_table(0.0)[gender, activity, intent, level])
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
