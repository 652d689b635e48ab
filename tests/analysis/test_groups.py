"""Bands, look-alikes and intersections."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from analysis.groups import band, is_age, look_alikes, parse_band, pool_sparse


def test_ages_are_cut_where_people_expect_it() -> None:
    ages = pd.Series([3, 17, 18, 24, 25, 34, 35, 49, 50, 64, 65, 99, None])
    assert band(ages, "age").tolist()[:-1] == [
        *("0-17", "0-17", "18-24", "18-24", "25-34", "25-34"),
        *("35-49", "35-49", "50-64", "50-64", "65+", "65+"),
    ]
    assert band(ages, "age").isna().tolist()[-1]


def test_a_number_with_few_values_is_a_label_and_another_is_cut_at_its_quartiles() -> None:
    assert band(pd.Series([1.0, 2.0, np.nan]), "district").tolist()[:2] == ["1", "2"]
    income = band(pd.Series(range(100)), "income")
    assert sorted(income.unique()) == ["0-24", "25-49", "50-74", "75+"]
    assert income.value_counts().tolist() == [25, 25, 25, 25]


def test_long_codes_and_fine_fractions_stay_apart() -> None:
    assert band(pd.Series([1_234_567.0, 1_234_568.0]), "district").tolist() == ["1234567", "1234568"]
    assert band(pd.Series([1.5, 1e-9, 2e-9]), "dose").tolist() == ["1.5", "0.000000001", "0.000000002"]
    assert set(band(pd.Series(range(1_234_560, 1_234_568)), "income")) == {
        *("1234560-1234561", "1234562-1234563", "1234564-1234565", "1234566+"),
    }
    pooled, _ = pool_sparse(pd.Series(["1234560-1234561"] * 3 + ["1234562-1234563"] * 3 + ["1234564+"] * 30), 4)
    assert set(pooled) == {"1234560-1234563", "1234564+"}


def test_age_is_a_word_of_the_name_not_a_part_of_one() -> None:
    assert is_age("age") and is_age("user_age") and is_age("年龄段")
    assert not is_age("page") and not is_age("language")


def test_sparse_bands_join_the_smaller_neighbour() -> None:
    values = pd.Series(["under 20"] * 2 + ["20-30"] * 30 + ["30-40"] * 25 + ["50-60"] * 12 + ["over 60"] * 7)
    pooled, renamed = pool_sparse(values, 10)
    assert pooled.value_counts().to_dict() == {"under 30": 32, "30-40": 25, "over 50": 19}
    assert renamed == {"under 20": "under 30", "20-30": "under 30", "50-60": "over 50", "over 60": "over 50"}


def test_groups_that_are_no_bands_are_never_pooled() -> None:
    values = pd.Series(["doctor"] * 2 + ["writer"] * 30)
    assert pool_sparse(values, 10)[1] == {} and parse_band("doctor") is None


@given(st.lists(st.sampled_from(["0-17", "18-24", "25-34", "35-49", "50-64", "65+"]), min_size=1, max_size=80))
def test_pooling_keeps_everybody_and_leaves_no_small_band_beside_another(values: list[str]) -> None:
    pooled, _ = pool_sparse(pd.Series(values), 10)
    assert len(pooled) == len(values)
    assert pooled.nunique() == 1 or pooled.value_counts().min() >= 10


def test_values_that_look_the_same_become_the_most_frequent_of_them() -> None:
    values = ["F"] * 5 + ["f", " F", "Ｆ", "M", "m ", None, "女", "女 "]
    merged = look_alikes(values)
    assert {merged[value] for value in ("f", " F", "Ｆ")} == {"F"}
    assert merged["m "] == "M" and merged["女 "] == "女" and "F" not in merged
