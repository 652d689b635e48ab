"""The prompted audit: who asks is found where it matters, and not where it does not."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from analysis.fairness.prompted import PromptedSettings, Replies, prompted_section
from analysis.fairness.reply_lists import read_replies
from analysis.fairness.sensitivity import excess_limits, permuted_p, resampled, snsr, snsv
from analysis.finding import Verdict
from words import Refusal, say

K, ITEMS = 5, 40


def answers(rng, prompts, changed):
    """A neutral list, and one in which each place is another item with probability `changed`."""
    neutral = np.array([rng.permutation(ITEMS)[:K] for _ in range(prompts)], np.int32)
    return neutral, lambda share=changed: varied(rng, neutral, share)


def varied(rng, neutral, share):
    fresh = np.array([rng.permutation(np.setdiff1d(np.arange(ITEMS), row))[:K] for row in neutral], np.int32)
    return np.where(rng.random(neutral.shape) < share, fresh, neutral)


def replies(effect, prompts=120, seed=3, floor=True):
    rng = np.random.default_rng(seed)
    neutral, asked = answers(rng, prompts, 0.3)
    attributes = {"gender": {"woman": asked(0.3 + effect), "man": asked()}}
    if floor:
        attributes["pen colour"] = {"blue": asked(), "black": asked()}
    return Replies(neutral, attributes, "pen colour" if floor else None)


def found(section):
    return {finding.key: finding for finding in section.findings}


def test_an_attribute_that_matters_exceeds_the_floor():
    section = prompted_section(replies(0.35), PromptedSettings(top=K), 10, 1)
    by_key = found(section)
    for kind in ("jaccard", "serp", "prag"):
        assert by_key[f"gender.prompted.snsr[{kind}]"].verdict is Verdict.GAP
        assert by_key[f"gender.prompted.excess[{kind}]"].low > 0
        assert by_key[f"gender.prompted.{kind}.gap.woman-man"].high < 0
    assert by_key["gender.prompted.serp.woman"].value == pytest.approx(0.35, abs=0.08)  # the share of places kept
    assert say(section.summary[0]).startswith("Who asks matters by gender")
    assert {finding.n_unit for finding in section.findings} == {"prompts"}


def test_one_that_does_not_matter_is_not_found_though_its_range_is_above_0():
    by_key = found(prompted_section(replies(0.0), PromptedSettings(top=K), 10, 1))
    assert by_key["gender.prompted.snsr[jaccard]"].value > 0
    assert by_key["gender.prompted.snsr[jaccard]"].verdict is Verdict.CANNOT_TELL
    excess = by_key["gender.prompted.excess[jaccard]"]
    assert excess.low < 0 < excess.high
    assert excess.value == pytest.approx(
        by_key["gender.prompted.snsr[jaccard]"].value - by_key["gender.prompted.floor[jaccard]"].value
    )


def test_without_a_meaningless_attribute_the_excess_is_not_computed_and_says_why():
    by_key = found(prompted_section(replies(0.35, floor=False), PromptedSettings(top=K), 10, 1))
    assert by_key["gender.prompted.excess[serp]"].verdict is Verdict.NOT_COMPUTED
    assert "meaningless" in say(by_key["gender.prompted.excess[serp]"].reason)
    assert by_key["gender.prompted.snsr[serp]"].verdict is Verdict.GAP


def test_the_published_divisor_stands_beside_ours():
    by_key = found(prompted_section(replies(0.35), PromptedSettings(top=K), 10, 1))
    ours, theirs = (by_key[f"gender.prompted.snsr[{kind}]"].value for kind in ("prag", "prag_paper"))
    assert theirs == pytest.approx(ours * (K - 1) / (2 * (K + 1)))


def test_replies_that_name_too_little_are_counted_and_leave_their_prompt_out():
    asked = replies(0.0)
    asked.attributes["gender"]["woman"][:30, -1] = -1
    section = prompted_section(asked, PromptedSettings(top=K), 10, 1)
    by_key = found(section)
    assert by_key["gender.prompted.parsed.woman"].value == pytest.approx(90 / 120)
    assert by_key["gender.prompted.parsed.man"].value == 1.0
    assert by_key["gender.prompted.parsed.gap"].verdict is Verdict.GAP
    assert by_key["gender.prompted.jaccard.man"].n == 90
    assert "75.0%" in say(section.summary[1])


def test_identical_replies_are_1_everywhere_and_claim_no_interval():
    neutral, asked = answers(np.random.default_rng(1), 30, 0.0)
    same = Replies(neutral, {"gender": {"a": asked(), "b": asked()}, "pen": {"x": asked(), "y": asked()}}, "pen")
    by_key = found(prompted_section(same, PromptedSettings(top=K), 10, 1))
    assert by_key["gender.prompted.prag.a"].value == 1.0
    assert by_key["gender.prompted.prag.a"].low is None
    assert by_key["gender.prompted.snsr[prag]"].value == 0.0
    assert by_key["gender.prompted.snsr[prag]"].p_value == 1.0
    assert by_key["gender.prompted.excess[prag]"].verdict is Verdict.NOT_COMPUTED


def test_too_few_prompts_or_values_are_not_computed():
    few = prompted_section(replies(0.0, prompts=9), PromptedSettings(top=K), 10, 1)
    assert found(few)["gender.prompted"].verdict is Verdict.NOT_COMPUTED
    assert not [finding for finding in few.findings if "snsr" in finding.key]
    asked = replies(0.0)
    with pytest.raises(Refusal):
        prompted_section(Replies(asked.neutral, {}, None), PromptedSettings(top=K), 10, 1)


def test_renaming_values_changes_no_range_and_turns_the_pair():
    asked = replies(0.2)
    gender = asked.attributes["gender"]
    turned = Replies(asked.neutral, asked.attributes | {"gender": dict(reversed(gender.items()))}, asked.meaningless)
    one, two = (found(prompted_section(r, PromptedSettings(top=K), 10, 1)) for r in (asked, turned))
    assert one["gender.prompted.snsr[serp]"].value == two["gender.prompted.snsr[serp]"].value
    assert one["gender.prompted.serp.gap.woman-man"].value == -two["gender.prompted.serp.gap.man-woman"].value


def test_range_and_spread_by_hand():
    similarity = np.array([[0.2, 0.6, 0.4], [0.4, 0.8, 0.2]])  # means .3 .7 .3
    assert snsr(similarity) == pytest.approx(0.4)
    assert snsv(similarity) == pytest.approx(np.std([0.3, 0.7, 0.3]))


def test_the_permutation_test_keeps_its_size_and_the_excess_its_coverage():
    """The full study is benchmarks/prompted.py; here enough to see a test that is broken."""
    rng = np.random.default_rng(7)
    runs, fired, covered = 300, 0, 0
    for _ in range(runs):
        similarity, floor = (rng.beta(4, 3, (40, 1)) + 0.1 * rng.standard_normal((40, 3)) for _ in range(2))
        fired += permuted_p(similarity, 199, rng)[0] <= 0.05
        excess = snsr(similarity) - snsr(floor)
        (low, high), _ = excess_limits(resampled(similarity, floor, 200, rng), excess, 40, 0.95)
        covered += low <= 0 <= high
    assert binom.ppf(0.0005, runs, 0.05) <= fired <= binom.ppf(0.9995, runs, 0.05)
    assert covered >= binom.ppf(0.0005, runs, 0.94)


def test_lists_of_replies_are_read_from_a_file():
    asked, rows = replies(0.35), []
    whos = {("", ""): asked.neutral} | {(a, v): one for a, own in asked.attributes.items() for v, one in own.items()}
    for (attribute, value), lists in whos.items():
        for prompt, codes in enumerate(lists):
            rows += [
                (f"p{prompt:03}", attribute, value, rank + 1, f"film {code:02}") for rank, code in enumerate(codes)
            ]
    frame = pd.DataFrame(rows, columns=["Prompt", "attribute", "value", "rank", "item"]).sample(frac=1, random_state=1)
    read = read_replies(frame, K, "pen colour")
    ours, theirs = (found(prompted_section(r, PromptedSettings(top=K), 10, 1)) for r in (asked, read))
    for key in ("gender.prompted.snsr[prag]", "gender.prompted.floor[serp]", "gender.prompted.jaccard.man"):
        assert theirs[key].value == pytest.approx(ours[key].value)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"rank": ["1", "2.5", "1", "2"]}, "rank"),
        ({"item": ["a", "a", "a", "b"]}, "twice"),
        ({"value": ["x", "x", "y", "y"]}, "no_neutral"),
        ({"rank": None}, "column"),
    ],
)
def test_a_file_that_cannot_be_read_right_is_refused(change, key):
    table = {
        "prompt": ["1"] * 4,
        "value": ["neutral", "", "y", "y"],
        "rank": ["1", "2", "1", "2"],
        "item": list("abab"),
    }
    table = {name: column for name, column in (table | change).items() if column is not None}
    with pytest.raises(Refusal) as refusal:
        read_replies(pd.DataFrame(table), 2, "pen colour")
    assert refusal.value.phrase.key == f"prompted.file.{key}"
