"""Epoch numbers are read by their range, or refused."""

import pandas as pd
import pytest

from analysis.moments import as_utc
from words import Refusal

MOMENT = pd.Timestamp("2026-03-02 10:15:30", tz="UTC")
SECONDS = int(MOMENT.timestamp())


@pytest.mark.parametrize("scale", [1, 10**3, 10**6, 10**9])
@pytest.mark.parametrize("kind", ["int64", "str"])
def test_seconds_to_nanoseconds_are_told_apart(scale: int, kind: str) -> None:
    column = pd.Series([SECONDS * scale, SECONDS * scale]).astype(kind)
    assert as_utc(column, "t").tolist() == [MOMENT, MOMENT]


def test_missing_stays_missing_and_zones_become_utc() -> None:
    assert as_utc(pd.Series([float(SECONDS), None]), "t").isna().tolist() == [False, True]
    local = pd.Series([MOMENT]).dt.tz_convert("Asia/Shanghai")
    assert as_utc(local, "t").tolist() == [MOMENT] and str(as_utc(local, "t").dtype) == "datetime64[us, UTC]"


def test_numbers_of_no_unit_or_of_two_are_refused_unless_the_unit_is_given() -> None:
    for values in ([1, 2, 3], [SECONDS, SECONDS * 1000]):
        with pytest.raises(Refusal, match="fit no unit"):
            as_utc(pd.Series(values), "t")
    assert as_utc(pd.Series([86_400]), "t", "s")[0] == pd.Timestamp("1970-01-02", tz="UTC")


def test_a_unit_that_makes_no_times_of_the_numbers_is_refused() -> None:
    for values, unit in (([SECONDS * 10**3], "s"), ([SECONDS * 10**9], "s"), ([SECONDS * 10**9], "us")):
        with pytest.raises(Refusal, match=f"in the unit {unit} lie outside"):
            as_utc(pd.Series(values), "t", unit)  # type: ignore[arg-type]
    assert as_utc(pd.Series([-86_400_000]), "t", "ms")[0] == pd.Timestamp("1969-12-31", tz="UTC")


def test_times_stay_with_their_rows_after_others_were_left_out() -> None:
    column = pd.Series(["gone", str(SECONDS), None, str(SECONDS + 60)]).drop(index=0)
    assert as_utc(column, "t").dropna().to_dict() == {1: MOMENT, 3: MOMENT + pd.Timedelta("60s")}


def test_other_text_is_refused_with_an_example() -> None:
    with pytest.raises(Refusal, match="03/04/05"):
        as_utc(pd.Series(["03/04/05"]), "t")
    with pytest.raises(Refusal, match="9999999999999999999”, which is not read"):
        as_utc(pd.Series(["9" * 19]), "t")


def test_dates_among_which_a_few_are_none_are_refused_by_one_that_is_none() -> None:
    """The reader takes such a column for text; the first good date was named as what cannot be read."""
    column = pd.Series(["2026-03-02T10:15:00Z", "unknown", None, "2026-13-45"])
    with pytest.raises(Refusal) as refused:
        as_utc(column, "ts")
    assert "holds “unknown”" in str(refused.value) and "(2 such rows)" in str(refused.value)


def test_dates_times_and_epoch_numbers_may_stand_in_one_column_of_text() -> None:
    column = pd.Series(["2026-03-02T11:15:00+01:00", "2026-03-02", None, str(SECONDS)])
    assert as_utc(column, "ts").tolist()[:2] == [
        pd.Timestamp("2026-03-02T10:15Z"),
        pd.Timestamp("2026-03-02", tz="UTC"),
    ]
    assert as_utc(column, "ts")[3] == MOMENT and as_utc(column, "ts").isna().tolist() == [False, False, True, False]
