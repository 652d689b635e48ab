"""Cells straight from Parquet are those of the rows, and so is every estimate on them."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.causal.cells import Cells, compress
from analysis.causal.compressed import WholeLog, compress_log
from analysis.causal.estimate import by_strata
from analysis.causal.gather import Tally
from analysis.causal.log_rows import LogQuestion
from analysis.causal.study import Study, contrasts, study
from analysis.engine import opened
from words import Refusal

ASKED = LogQuestion(treatment="shown", outcome="bought", adjustment=("gender", "age", "price"))


def shop(rows: int = 6000, seed: int = 1, text_users: bool = True) -> pd.DataFrame:
    """A log with gaps everywhere: text, bool, few and many numbers, missing and infinite values."""
    rng = np.random.default_rng(seed)
    user = rng.integers(0, 200, rows)
    frame = pd.DataFrame(
        {
            "user": [f"u{one}" for one in user] if text_users else user * 3 - 50,
            "gender": rng.choice(["women", "men", None], rows),
            "age": rng.integers(0, 5, rows).astype(float),
            "price": rng.exponential(10.0, rows),
            "member": rng.random(rows) < 0.5,
            "shown": rng.integers(0, 2, rows).astype(float),
        }
    )
    frame.loc[::11, "age"] = np.nan
    frame.loc[::13, "price"] = np.inf
    frame.loc[::17, "price"] = np.nan
    frame.loc[::97, "shown"] = np.nan
    frame["bought"] = (rng.random(rows) < 0.2 + 0.1 * frame["shown"].fillna(0) + 0.05 * (frame["age"] > 2)).astype(
        float
    )
    frame.loc[::89, "bought"] = np.nan
    return frame


def by_rows(log: pd.DataFrame, asked: LogQuestion = ASKED) -> Study:
    """The same question over the frame, row by row."""
    contrast = contrasts(log[asked.treatment], asked.reference, None)[0]
    return study(log, asked.treatment, asked.outcome, contrast, asked.adjustment, asked.bins)


def whole(log: pd.DataFrame | Path, asked: LogQuestion = ASKED) -> WholeLog:
    with opened() as engine:
        return compress_log(log, asked, engine)


@pytest.mark.parametrize("text_users", [True, False])
def test_cells_from_parquet_are_those_of_the_rows(tmp_path: Path, text_users: bool) -> None:
    log = shop(text_users=text_users)
    log.to_parquet(tmp_path / "log.parquet")
    rows = by_rows(log)
    expected = compress(rows)
    for source in (log, tmp_path / "log.parquet"):
        found = whole(source)
        assert found.strata == rows.strata and found.cells.shape == expected.shape
        assert [one.labels for one in found.levels[:2]] == [one.labels for one in rows.confounders[:2]]
        np.testing.assert_array_equal(found.cells.n.toarray(), expected.n.toarray())
        np.testing.assert_allclose(found.cells.y.toarray(), expected.y.toarray(), rtol=1e-12)
        assert (found.rows, found.dropped) == (rows.rows, rows.dropped)
        assert (found.reference, found.level, found.binary) == ("0", "1", True)
        assert found.spread == pytest.approx(rows.outcome.std(), rel=1e-9)


def test_the_effect_and_its_interval_equal_those_of_the_rows(tmp_path: Path) -> None:
    log = shop()
    log.to_parquet(tmp_path / "log.parquet")
    expected, found = (
        by_strata(compress(by_rows(log)), "ATE", 300, 7),
        whole(tmp_path / "log.parquet").effect("ATE", 300, 7),
    )
    assert expected is not None and found is not None
    for one, other in (
        (expected.effect, found.effect),
        (expected.naive, found.naive),
        (expected.selection, found.selection),
    ):
        np.testing.assert_allclose((one.value, one.low, one.high), (other.value, other.low, other.high), atol=1e-9)


def test_a_folder_of_files_is_one_log(tmp_path: Path) -> None:
    log = shop()
    for part in range(3):
        log[part::3].to_parquet(tmp_path / f"part-{part}.parquet")
    np.testing.assert_array_equal(whole(tmp_path).cells.n.toarray(), whole(log).cells.n.toarray())


def test_ratings_booleans_and_kinds_of_treatment_are_taken_as_the_study_takes_them() -> None:
    log = shop().assign(
        shown=np.random.default_rng(3).choice(["banner", "mail", "none"], 6000), bought=lambda f: f.price
    )
    asked = LogQuestion(treatment="shown", outcome="bought", adjustment=("member",), reference="none", level="mail")
    found = whole(log, asked)
    mail = next(one for one in contrasts(log["shown"], "none", None) if one.level == "mail")
    expected = compress(study(log, "shown", "bought", mail, ("member",), 5))
    assert found.strata == (("0",), ("1",)) and not found.binary
    np.testing.assert_allclose(found.cells.y.toarray(), expected.y.toarray(), rtol=1e-12)


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("bought", "bool"),
        ("bought", "boolean"),
        ("gender", "-0.0"),
        ("shown", "-0.0"),
        ("gender", "beyond 2^53"),
        ("gender", "beyond int64"),
        ("bought", "neighbours beyond 2^53"),
    ],
)
def test_odd_values_are_taken_as_the_study_takes_them(tmp_path: Path, column: str, kind: str) -> None:
    rng, rows = np.random.default_rng(2), 600
    odd = {
        "bool": rng.random(rows) < 0.5,
        "boolean": pd.array(rng.choice(np.array([True, False, None], dtype=object), rows), dtype="boolean"),
        "-0.0": np.append(-0.0, rng.choice([-0.0, 0.0, 1.0], rows - 1, p=[0.1, 0.1, 0.8])),
        "beyond 2^53": rng.choice([2**53, 2**53 + 1], rows),
        "beyond int64": rng.choice(np.array([3, 2**63 + 5, 2**64 - 1], dtype=np.uint64), rows),
        "neighbours beyond 2^53": rng.choice([-(2**60), 0, 2**60, 2**60 + 1], rows),
    }[kind]
    log = shop(rows).dropna(subset=["shown", "bought"]).reset_index(drop=True)
    log = log.assign(**{column: odd[: len(log)]})
    asked = LogQuestion(treatment="shown", outcome="bought", adjustment=("gender",))
    log.to_parquet(tmp_path / "log.parquet")
    found, rows_of = whole(tmp_path / "log.parquet", asked), by_rows(log, asked)
    expected = compress(rows_of)
    assert found.strata == rows_of.strata and (found.reference, found.level) == ("0", "1")
    np.testing.assert_array_equal(found.cells.n.toarray(), expected.n.toarray())
    np.testing.assert_allclose(found.cells.y.toarray(), expected.y.toarray(), rtol=1e-12)
    if kind == "beyond 2^53":
        assert len(found.strata) == 2


def test_decimals_are_numbers_and_the_spread_of_moments_is_not_rounding(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    log = shop(600).dropna(subset=["shown"])
    log = log.assign(bought=1.7e12 + rng.integers(0, 90_000, len(log)))
    log["gender"] = [Decimal(f"{one:.2f}") for one in rng.normal(size=len(log))]
    log["shown"] = [Decimal(f"{one:.1f}") for one in log["shown"]]
    log.to_parquet(tmp_path / "log.parquet")
    found = whole(tmp_path / "log.parquet", LogQuestion(treatment="shown", outcome="bought", adjustment=("gender",)))
    assert (found.reference, found.level, len(found.strata)) == ("0", "1", 5)
    assert found.spread == pytest.approx(log["bought"].std(ddof=0), rel=1e-6)


@pytest.mark.parametrize("limit", [1000, 1 << 40])
def test_keys_arriving_in_any_order_and_in_parts_are_counted(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr("analysis.causal.gather.WAITING", 64)
    keys = np.random.default_rng(5).integers(0, 90, 1000) * (limit // 100)
    tally, grouped = Tally(limit, len(keys)), Tally(limit, len(keys))
    for part in np.array_split(keys, 37):
        tally.add(part)
        grouped.add_counted(*np.unique(part, return_counts=True))
    expected = np.unique(keys, return_counts=True)
    for found in (tally.done(), grouped.done()):
        np.testing.assert_array_equal(found, expected)


def test_strata_without_both_arms_withhold_the_answer() -> None:
    log = shop()
    log["shown"] = np.where(log["gender"] == "women", 1.0, log["shown"])
    found = whole(log)
    assert found.lacking("ATE") > 0.1 and found.effect("ATE", 100, 1) is None


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"treatment": "price"}, "effects.treatment_continuous"),
        ({"treatment": "nothing"}, "data.missing_column"),
        ({"adjustment": ("gendr",)}, "data.missing_column"),
        ({"outcome": "gender"}, "effects.outcome_text"),
        ({"adjustment": ("user",)}, "effects.too_many_levels"),
        ({"reference": "2"}, "effects.no_reference"),
        ({"treatment": "gender"}, "scale.which_level"),
    ],
)
def test_questions_that_a_log_cannot_answer_are_refused(changed: dict[str, object], key: str) -> None:
    log = shop().assign(user=[f"v{one}" for one in range(6000)], gender=lambda f: f["gender"].fillna("else"))
    log.loc[0, "gender"] = "a fourth"
    with pytest.raises(Refusal) as refused:
        whole(log, ASKED.model_copy(update=changed))
    assert refused.value.phrase.key == key


def test_constant_treatments_and_outcomes_are_refused() -> None:
    for column, key in (("shown", "effects.treatment_constant"), ("bought", "effects.outcome_constant")):
        with pytest.raises(Refusal) as refused:
            whole(shop().assign(**{column: 1.0}))
        assert refused.value.phrase.key == key


def test_cells_keep_their_type() -> None:
    assert isinstance(whole(shop()).cells, Cells)
