"""What a number is told as, where it is used, or names something, as told."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from analysis.causal.doubly_robust import features_of
from analysis.causal.people.rule import _cuts
from analysis.causal.strata import interval_labels, stratified
from analysis.causal.structure.actions import _of
from analysis.charts.labels import apart, exact, numbers
from analysis.fairness.attacks import AttackSettings, Tampered
from analysis.log import UNKNOWN
from analysis.mitigation.compare import MitigationSettings, Variant
from analysis.mitigation.shrinking import ShrinkSettings
from tests.analysis.causal.logs import cut
from words import phrase, say

CLOSE = (0.1234567, 0.1234568)
EPOCHS = 1_700_000_000 + np.arange(100_000) * 4
"""Seconds of four days and a half: to four digits they are one number."""


@pytest.mark.parametrize("value", [0.0, 1.0, -0.5, 0.1, 1 / 3, 1e-7, 1e20, 123456789.125, 1_700_000_000.0])
def test_an_exact_number_reads_back_as_itself(value: float) -> None:
    assert float(exact(value)) == value


def test_numbers_are_short_where_they_can_be_and_different_where_they_are() -> None:
    assert numbers([1.0, 0.33333, 12345.6]) == ["1", "0.3333", "12,346"]
    assert numbers([100000.2, 100000.4]) == ["100,000.2", "100,000.4"]
    assert apart([1.7e9, 1.7e9 + 50_000]) == [1.7e9, 1.70005e9]


def test_no_two_strata_of_a_number_have_one_label() -> None:
    for spread in (1e-3, 1e-9):
        values = pd.Series(1000 + spread * np.random.default_rng(1).random(1000), name="price")
        found = stratified(values, 5)
        assert len(set(found.labels)) == 5
    assert interval_labels([0.0, 100000.2, 100000.4, 1e6]) == ("..100,000.2", "100,000.2..100,000.4", "100,000.4..")


def test_a_rule_is_cut_at_deciles_where_numbers_differ_in_late_digits_only() -> None:
    study = SimpleNamespace(table=pd.DataFrame({"seen": EPOCHS}))
    cuts = _cuts(study, SimpleNamespace(name="seen", dated=False))
    assert [round(answer.mean(), 1) for _, answer in cuts] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    for question, answer in cuts:  # cut where the sentence says
        assert (answer == (float(question.value) >= EPOCHS)).all()
        assert "e+" not in question.value


def test_what_can_be_done_to_a_number_is_done_as_it_is_called() -> None:
    variable = SimpleNamespace(labels=(), discrete=False, amounts=None)
    rows = SimpleNamespace(variables={"seen": variable}, values={"seen": EPOCHS.astype(float)}, user=EPOCHS)
    found = _of(rows, "seen", 5)
    assert [one.kind for one in found] == ["set"] * 9 + ["shift"] * 4
    for one in found:
        assert float(one.label) == one.amount and "e+" not in one.label


def test_strengths_and_shares_that_differ_late_are_two_and_equal_ones_are_one() -> None:
    assert len({Variant("reweigh", strength).name for strength in CLOSE}) == 2
    assert len({Tampered("noise", share, ranking=None).key for share in CLOSE}) == 2
    assert Variant("reweigh", 0.5).name == "reweigh@0.5" and Tampered("noise", 0.05, None).key == "noise[0.05]"
    assert say(Tampered("noise", 0.07, None).title) == say(phrase("attacks.noise", share="7%"))
    assert MitigationSettings(strengths=(0.5, 0.5, 1.0)).strengths == (0.5, 1.0)
    assert AttackSettings(fakes=(0.1, 0.1)).fakes == (0.1,)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (AttackSettings, {"noise": (-0.5,)}),
        (AttackSettings, {"fakes": (1e9,)}),
        (ShrinkSettings, {"pruned": (1.5,)}),
        (ShrinkSettings, {"pruned": (1.0,)}),
    ],
)
def test_shares_that_no_log_or_model_has_are_refused_with_the_settings(kind, wrong) -> None:
    """Before, they ended the step with a ValueError of numpy's, or with no memory left."""
    with pytest.raises(ValidationError):
        kind(**wrong)


def test_a_time_is_adjusted_for_in_strata_with_dates_and_learnt_from_as_a_number() -> None:
    """It ended effects, whom and robustness with a TypeError, and its strata were told in microseconds."""
    rng = np.random.default_rng(1)
    hours = rng.integers(0, 1000, 400)
    since = pd.Series(pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(hours, unit="h"))
    table = pd.DataFrame({"x": rng.integers(0, 2, 400), "y": rng.random(400), "since": since.where(hours > 10)})
    found = cut(table, ("since",))
    assert found.confounders[0].labels[0].startswith("..2024-01-") and UNKNOWN in found.confounders[0].labels
    assert found.table["since"].dtype == "float64" and found.table["since"].isna().sum() == (hours <= 10).sum()
    questions = [question.value for question, _ in _cuts(found, found.confounders[0])]
    assert len(questions) == 10 and questions[0].startswith("2024-01-0") and questions[-1] == UNKNOWN
    whole = cut(table.assign(since=since), ("since",))
    assert whole.continuous and np.isfinite(features_of(whole)).all()
