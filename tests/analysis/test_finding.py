"""A figure is whole or it is refused; amounts are written as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from analysis.finding import (
    COUNTED,
    Finding,
    Verdict,
    amount,
    axis_unit,
    interval,
    joined,
    sentence,
    verdict_word,
    warns,
    written,
)
from words import LANGUAGES, phrase, say
from words.phrase import catalogue

LABEL = phrase("fairness.group.all")


def level(verdict=Verdict.MEASURED, **rest):
    return Finding(key="a.b.c", label=LABEL, unit="score", verdict=verdict, n=20, method=LABEL, **rest)


@pytest.mark.parametrize("ends", [(0.2, 0.3), (-0.3, 0.05), (0.3, 0.2), (0.2, None), (None, 0.05)])
def test_a_value_outside_its_interval_is_refused(ends):
    with pytest.raises(ValidationError):
        level(value=0.1, low=ends[0], high=ends[1])


@pytest.mark.parametrize("ends", [(0.1, 0.1), (0.0, 0.2), (None, None)])
def test_a_value_inside_its_interval_or_without_one_stands(ends):
    assert level(value=0.1, low=ends[0], high=ends[1]).value == 0.1


@given(st.floats(-1e6, 1e6), st.sampled_from(["share", "points", "count", "score", "ndcg", "interactions"]))
def test_no_amount_is_written_as_minus_nothing(number, unit):
    text = amount(number, unit)
    assert not text.startswith("-") or any(digit in text for digit in "123456789")


@given(st.floats(-1e6, 1e6), st.sampled_from(["score", "own", *COUNTED]))
def test_no_decimal_point_is_taken_for_that_of_thousands(number, unit):
    whole, _, digits = amount(number, unit).lstrip("-").partition(".")
    assert len(digits) < 3 or (len(whole) == 1 and unit not in COUNTED)


@pytest.mark.parametrize(
    ("number", "unit", "said"),
    [(10.0, "items", "10.0"), (4.251, "rows", "4.25"), (33.986, "ratio", "33.99"), (1234.5, "own", "1,234.5")],
)
def test_means_of_counted_things_and_large_figures_have_few_decimals(number, unit, said):
    assert amount(number, unit) == said


@pytest.mark.parametrize(
    ("key", "unit", "verdict", "said"),
    [
        ("gender.rows.gap", "rows", Verdict.GAP, "+4.25"),
        ("recommender.mrr@10.gap.mf-popularity", "score", Verdict.GAP, "+4.250"),
        ("why.gender.ndcg@10.through[activity]", "ndcg", Verdict.EFFECT, "+4.250"),
        ("effect.ate", "own", Verdict.EFFECT, "+4.250"),
        ("gender.rows.men", "rows", Verdict.MEASURED, "4.25"),
        ("tail.parity.head", "ratio", Verdict.GAP, "4.250"),
        ("effect.evalue", "ratio", Verdict.MEASURED, "4.250"),
        ("gender.leakage.list", "auc", Verdict.GAP, "4.250"),
    ],
)
def test_a_difference_shows_its_sign_in_every_unit_and_a_level_has_none(key, unit, verdict, said):
    found = level(verdict, value=4.25, low=4.25, high=5.0).model_copy(update={"key": key, "unit": unit})
    assert written(found, 4.25) == said
    assert say(interval(found) or "").startswith(f"{said} to ") and f": {said} " in say(sentence(found))


def test_what_could_have_been_shown_and_a_margin_are_sizes_without_a_sign():
    unsure = level(Verdict.CANNOT_TELL, value=0.1, low=-0.1, high=0.2, smallest_detectable=0.2)
    alike = level(Verdict.EQUIVALENT, value=0.1, low=0.0, high=0.2, margin=0.3)
    points = {"key": "gender.hit@10.gap", "unit": "points"}
    assert "could have shown 20.0 or more" in say(sentence(unsure.model_copy(update=points)))
    assert "within the margin of 30.0" in say(sentence(alike.model_copy(update=points)))


@pytest.mark.parametrize(("p", "adjusted", "words"), [(0.0, 0.0, "p < 0.001"), (0.0123, None, "p = 0.012")])
def test_a_p_value_too_small_to_be_written_is_said_so_and_never_taken_for_a_missing_one(p, adjusted, words):
    found = level(Verdict.GAP, value=0.1, p_value=p, p_adjusted=adjusted)
    assert words in say(sentence(found))


CHANGE_KEYS = (
    "mitigation.rerank@1.gender.ndcg@10.gap.change",
    "attacks.noise.ndcg@10.change",
    "feedback.change.gap.last",
)


@pytest.mark.parametrize("key", CHANGE_KEYS)
def test_a_change_is_called_a_change_and_a_gap_a_gap_while_the_verdict_in_the_file_stays(key):
    for verdict, word, told in (
        (Verdict.GAP, "changed", "The change is real"),
        (Verdict.CANNOT_TELL, "no change shown", "show no change"),
        (Verdict.EQUIVALENT, "equivalent", "Equivalent within"),
    ):
        changed = level(verdict, value=0.1, low=0.0, high=0.2, margin=0.3).model_copy(update={"key": key})
        assert say(verdict_word(changed)) == word and told in say(sentence(changed))
        assert say(verdict_word(changed), "zh") and changed.model_dump(mode="json")["verdict"] == verdict.value
    gap = level(Verdict.GAP, value=0.1, low=0.05, high=0.2).model_copy(update={"key": "gender.ndcg@10.gap"})
    pair = gap.model_copy(update={"key": "recommender.ndcg@10.gap.ease-popularity"})
    assert say(verdict_word(pair)) == "differ"
    assert say(verdict_word(gap)) == "gap" and "difference is real" in say(sentence(gap))


@pytest.mark.parametrize("key", ["gender.ndcg@10.gap", CHANGE_KEYS[0]])
def test_a_gap_that_the_correction_denies_is_not_called_real(key):
    gap = level(Verdict.GAP, value=0.1, low=0.05, high=0.2, p_value=0.01, p_adjusted=0.2)
    gap = gap.model_copy(update={"key": key})
    assert "real" not in say(sentence(gap)) and "may be chance (p = 0.200 after correction)" in say(sentence(gap))
    assert "出于偶然" in say(sentence(gap), "zh")
    assert "real" in say(sentence(gap.model_copy(update={"p_adjusted": 0.05})))
    assert "real" in say(sentence(gap.model_copy(update={"level": 0.8})))


def test_reasons_that_are_joined_are_all_said_and_found():
    reasons = [phrase("fairness.reason.small"), phrase("fairness.reason.unchanged"), phrase("fairness.reason.coverage")]
    whole = joined(reasons[0], None, *reasons[1:])
    assert say(whole) == " ".join(map(say, reasons)) and joined(None, None) is None
    found = level(value=0.1, reason=whole)
    assert all(warns(found, reason.key) for reason in reasons) and not warns(found, "fairness.reason.constant")
    assert warns(level(value=0.1, reason=reasons[0]), reasons[0].key) and not warns(level(value=0.1), reasons[0].key)


def test_the_title_of_an_axis_sets_no_brackets_within_brackets():
    for language in LANGUAGES:
        units = [key.split(".")[1] for key in catalogue(language) if key.startswith("units.") and key.count(".") == 1]
        for unit in units:
            title = say(phrase("effects.estimators_x", outcome="y", unit=axis_unit(unit)), language)
            assert sum(title.count(mark) for mark in "(（") == 1, title
