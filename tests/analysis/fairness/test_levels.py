"""An analyst's own level of confidence reaches every interval, every verdict and every column head."""

import numpy as np
import pytest
import scipy.stats

from analysis.fairness.concentration import concentration
from analysis.fairness.infer import InferenceSettings
from analysis.fairness.partition import partition
from analysis.fairness.prompted import PromptedSettings, prompted_section
from analysis.finding import Verdict
from analysis.mitigation.before_after import Terms
from analysis.mitigation.leak import leak_level
from tests.analysis.fairness.lists import ranking
from tests.analysis.fairness.test_prompted import K, replies
from words import LANGUAGES, say

HEADS = ("fairness.column.interval", "board.interval", "chosen.column.interval", "purpose.column.interval",
         "shrink.column.use_change", "shrink.column.gap_change")  # fmt: skip


def lists(users=200):
    rng = np.random.default_rng(0)
    made = np.argsort(rng.random((users, 12)) - 0.5 * (np.arange(12) < 3), axis=1)[:, :3]
    wanted = np.eye(12)[rng.integers(0, 12, users)]
    return ranking(made, wanted, item_groups={"provider": list("aaabbbcccddd"), "tail": ["head"] * 6 + ["tail"] * 6})


def test_concentration_is_as_wide_as_the_level_asks():
    def found(level):
        made = concentration(lists(), 3, InferenceSettings(replicates=200, level=level), 1, ("entropy", "providers"))
        return {one.key: one for one in made}

    for key in ("items.gini", "providers.effective"):
        width = {level: found(level)[key].high - found(level)[key].low for level in (0.8, 0.95)}
        assert width[0.8] / width[0.95] == pytest.approx(scipy.stats.norm.ppf(0.9) / scipy.stats.norm.ppf(0.975))
        assert found(0.8)[key].level == 0.8


def test_concentration_of_few_lists_among_many_users_has_limits():
    """Resamples in which nobody has a list say nothing about how even the lists are."""
    made = np.full((60, 3), -1)
    made[0] = [0, 1, 2]
    found = concentration(ranking(made, np.zeros((60, 12))), 3, InferenceSettings(replicates=100), 1, ("entropy",))
    gini, entropy = (one for one in found if one.key in ("items.gini", "items.entropy"))
    assert gini.value == pytest.approx(0.75) and gini.low == pytest.approx(0.75)
    assert entropy.value == pytest.approx(np.log(3)) and entropy.low == pytest.approx(np.log(3))


def test_prompted_figures_carry_their_level_and_are_judged_by_it():
    section = prompted_section(replies(0.05), PromptedSettings(top=K, level=0.6), 10, 1)
    with_values = [finding for finding in section.findings if finding.low is not None or finding.p_value is not None]
    assert {finding.level for finding in with_values} == {0.6}
    ranges = [finding for finding in section.findings if ".snsr[" in finding.key and finding.p_adjusted is not None]
    assert [one.verdict is Verdict.GAP for one in ranges] == [one.p_adjusted <= 0.4 for one in ranges]
    assert any(0.05 < one.p_adjusted <= 0.4 for one in ranges)


def test_what_a_probe_reads_carries_its_level():
    shown, settings = lists(400), InferenceSettings(replicates=200, level=0.8)
    terms = Terms(partition(shown.attributes, ("gender",)), "ndcg", "tail", 3, 10, settings, 1)
    [leak] = leak_level(shown, None, "before", terms)
    assert leak.level == 0.8


def test_no_column_of_intervals_of_any_level_is_headed_95():
    assert not [(key, say(key, language)) for key in HEADS for language in LANGUAGES if "95" in say(key, language)]
