"""The simulated shop: its truth is exact, its log follows it, and it is the same every time."""

import re

import numpy as np
import pandas as pd
import pytest

from analysis.log import Roles
from analysis.simulate import EDGES, STRATA, Shop, simulate, truth

SEEDS = 30


def _wide(shop: Shop) -> pd.DataFrame:
    shopped = simulate(shop)
    return shopped.log.merge(shopped.users, on="user_id").merge(shopped.items, on="item_id")


@pytest.fixture(scope="module")
def many() -> list[pd.DataFrame]:
    return [_wide(Shop(users=500, seed=seed)) for seed in range(SEEDS)]


def _close(estimates: list[float], expected: float) -> bool:
    """Whether the mean over seeds lies within four standard errors of the truth."""
    error = np.std(estimates, ddof=1) / np.sqrt(len(estimates))
    return abs(np.mean(estimates) - expected) < 4 * error


def _adjusted(rows: pd.DataFrame, weight: str | None = None) -> float:
    cells = rows.dropna(subset=["gender"]).groupby([*STRATA, "promoted"]).purchased.agg(["mean", "size"]).unstack()
    cells = cells.dropna()
    size = cells["size"][1] if weight == "treated" else cells["size"].sum(axis=1)
    return float(((cells["mean"][1] - cells["mean"][0]) * size).sum() / size.sum())


def test_the_shops_texts_have_the_right_article() -> None:
    texts = " ".join(simulate(Shop(users=50, items=240, seed=1)).items["description"])
    assert " an award-winning " in texts and not re.search(r"\ba [aeiou]|\ban [^aeiou]", texts)


def test_standardising_over_the_parents_of_promotion_recovers_the_true_effects(many: list[pd.DataFrame]) -> None:
    expected = truth(Shop())
    assert _close([_adjusted(rows) for rows in many], expected.ate)
    assert _close([_adjusted(rows, "treated") for rows in many], expected.att)
    for gender, effect in expected.effect["gender"].items():
        assert _close([_adjusted(rows[rows.gender == gender]) for rows in many], effect)


def test_weighting_by_the_logged_propensity_recovers_the_true_effect(many: list[pd.DataFrame]) -> None:
    weighted = [
        float((r.promoted * r.purchased / r.propensity - (1 - r.promoted) * r.purchased / (1 - r.propensity)).mean())
        for r in many
    ]
    assert _close(weighted, truth(Shop()).ate)


def test_the_naive_difference_is_clearly_wrong_and_as_the_truth_says(many: list[pd.DataFrame]) -> None:
    expected = truth(Shop())
    naive = [float(np.diff(rows.groupby("promoted").purchased.mean())[0]) for rows in many]
    assert _close(naive, expected.naive)
    assert expected.naive > 1.4 * expected.ate


def test_group_gaps_and_category_shares_are_as_the_truth_says(many: list[pd.DataFrame]) -> None:
    expected = truth(Shop())
    rates = [rows.groupby("gender")[["purchased", "promoted"]].mean() for rows in many]
    assert _close([r.purchased["women"] - r.purchased["men"] for r in rates], expected.outcome_gap)
    assert _close([r.promoted["women"] - r.promoted["men"] for r in rates], expected.exposure_gap)
    shares = [float((rows.category[rows.gender == "women"] == "yoga").mean()) for rows in many]
    assert _close(shares, expected.category["women"]["yoga"])
    assert sum(expected.category["men"].values()) == pytest.approx(1)


def test_every_stratum_is_promoted_at_its_true_propensity() -> None:
    rows = _wide(Shop(users=4000, randomised=0.2)).dropna(subset=["gender"])
    seen = rows.groupby(list(STRATA)).promoted.agg(["mean", "size"])
    for stratum, chance in truth(Shop(randomised=0.2)).propensity.items():
        share, n = seen.loc[stratum]
        assert abs(share - chance) < 4.5 * np.sqrt(chance * (1 - chance) / n)


def test_the_truth_is_by_hand_where_it_can_be_worked_out() -> None:
    expected = truth(Shop())
    slot = 0.34 * 0.03 + 0.26 * 0.02 + 0.18 * 0.01 + 0.12 * 0.005
    slot -= 0.14 * 0.03 + 0.17 * 0.02 + 0.21 * 0.01 + 0.23 * 0.005
    women = {"low": 0.0, "medium": 0.0, "high": 0.0}
    for share, (low, medium, high) in zip(
        (0.2, 0.3, 0.3, 0.2),
        ((0.42, 0.38, 0.2), (0.42, 0.38, 0.2), (0.48, 0.36, 0.16), (0.55, 0.33, 0.12)),
        strict=True,
    ):
        women["low"] += share * low * 18
        women["medium"] += share * medium * 30
        women["high"] += share * high * 48
    seek = (women["low"] * 0.25 + women["medium"] * 0.35 + women["high"] * 0.5) / sum(women.values())
    assert expected.effect["gender"]["women"] == pytest.approx(0.045 - 0.015 * seek + slot)


def test_rows_of_one_user_are_alike_beyond_what_is_observed() -> None:
    rows = _wide(Shop(users=3000))
    cell = rows.groupby(["gender", "activity", "intent", "tier", "category", "promoted", "slot"]).purchased
    residual = rows.purchased - cell.transform("mean")
    by_user = residual.groupby(rows.user_id).agg(["sum", "size", lambda r: (r**2).sum()]).to_numpy()
    pairs = (by_user[:, 0] ** 2 - by_user[:, 2]).sum() / (by_user[:, 1] * (by_user[:, 1] - 1)).sum()
    assert pairs > 0.0005


def test_the_same_settings_give_the_same_frames_and_another_seed_others() -> None:
    first, again, other = simulate(Shop()), simulate(Shop()), simulate(Shop(seed=2))
    for name in ("log", "users", "items"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(again, name))
    assert not first.log.equals(other.log)


def test_the_frames_are_those_of_an_upload() -> None:
    shopped = simulate(Shop())
    assert isinstance(shopped.roles, Roles)
    assert set(shopped.users.user_id) == set(shopped.log.user_id)
    assert set(shopped.log.item_id) <= set(shopped.items.item_id)
    assert shopped.items.description.is_unique and shopped.items.title.is_unique
    assert 0.01 < shopped.users.gender.isna().mean() < 0.06
    assert 0.15 < shopped.log.purchased.mean() < 0.25 and 30_000 < len(shopped.log) < 42_000
    assert shopped.log.groupby("user_id").time.is_monotonic_increasing.all()
    columns = {*shopped.log, *shopped.users, *shopped.items}
    assert {node for edge in EDGES for node in edge} - columns == {"taste"}


def test_a_share_of_coin_flips_is_marked_and_logged() -> None:
    shopped = simulate(Shop(randomised=0.1))
    coin = shopped.log.randomised
    assert shopped.roles.randomised == "randomised"
    assert abs(coin.mean() - 0.1) < 0.01 and (shopped.log.propensity[coin] == 0.5).all()
