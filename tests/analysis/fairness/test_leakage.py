"""The section: what is said where a list gives the group away, where it does not, and where nothing can be said."""

import numpy as np
import pytest
import scipy.sparse as sp

from analysis.fairness.leakage import LeakageSettings, leakage_section
from analysis.finding import Verdict
from tests.analysis.fairness.lists import ranking
from words import Refusal, say

USERS, ITEMS, TOP = 600, 30, 3


def made(swap, groups=2, seed=0, attributes=None):
    """Lists from a group's own items with chance 1 - swap, else from anybody's."""
    rng = np.random.default_rng(seed)
    group = np.arange(USERS) % groups
    width = ITEMS // groups
    own = [rng.permutation(width)[:TOP] + code * width for code in group]
    lists = [rng.permutation(ITEMS)[:TOP] if rng.random() < swap else mine for mine in own]
    names = np.array(["men", "women", "others"])[group]
    profile = sp.csr_matrix(rng.random((USERS, ITEMS)) < 0.2)
    return ranking(lists, np.zeros((USERS, ITEMS)), attributes or {"gender": names}, profile=profile), group


def by_key(section):
    return {finding.key: finding for finding in section.findings}


def test_lists_that_follow_the_group_give_it_away_and_profiles_at_random_do_not():
    lists, _ = made(swap=0.5)
    section = leakage_section(lists, None, LeakageSettings(), 10, 1)
    found = by_key(section)
    told, profile = found["gender.leakage.list"], found["gender.leakage.profile"]
    assert told.verdict is Verdict.GAP and told.low > 0.65
    assert profile.verdict is Verdict.CANNOT_TELL and profile.low < 0.5 < profile.high
    assert say(section.summary[0]).startswith("From the list alone one can tell men from women in ")
    assert any("keeps no vector" in say(note) for note in section.notes)
    assert section.charts[0].zero_line == 0.5


def test_vectors_are_read_by_two_probes_and_random_ones_like_a_coin():
    lists, group = made(swap=1.0)
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(USERS, 8)).astype(np.float32)
    found = by_key(leakage_section(lists, vectors, LeakageSettings(margin=0.15), 10, 1))
    assert found["gender.leakage.vectors"].verdict is Verdict.EQUIVALENT
    assert found["gender.leakage.vectors[network]"].low < 0.5 < found["gender.leakage.vectors[network]"].high
    vectors[:, 0] += group * 2
    found = by_key(leakage_section(lists, vectors, LeakageSettings(), 10, 1))
    assert found["gender.leakage.vectors"].value == pytest.approx(0.921, abs=0.03)  # Phi(2 / sqrt 2)


def test_three_groups_are_told_from_the_others():
    section = leakage_section(made(swap=0.3, groups=3)[0], None, LeakageSettings(), 10, 1)
    assert by_key(section)["gender.leakage.list"].low > 0.8
    assert "one group of gender from the others" in say(section.summary[0])


@pytest.mark.parametrize("small", [0, 7, 29])
def test_one_group_or_a_small_one_is_a_verdict(small):
    names = np.where(np.arange(USERS) < small, "women", "men")
    section = leakage_section(made(0.5, attributes={"gender": names})[0], None, LeakageSettings(), 10, 1)
    assert {finding.verdict for finding in section.findings} <= {Verdict.NOT_COMPUTED, Verdict.SUPPRESSED}
    assert not section.charts and f"{small}" not in " ".join(f"{f.groups}" for f in section.findings)
    assert "not told" in say(section.summary[0])


def test_one_list_for_all_tells_nothing():
    lists = ranking([[0, 1, 2]] * USERS, np.zeros((USERS, ITEMS)))
    finding = leakage_section(lists, None, LeakageSettings(), 10, 1).findings[0]
    assert finding.verdict is Verdict.NOT_COMPUTED and "same list" in say(finding.reason)


def test_unknown_people_are_left_out_and_an_unknown_attribute_is_refused():
    names = np.where(np.arange(USERS) % 3 == 0, "unknown", np.where(np.arange(USERS) % 2 == 0, "men", "women"))
    section = leakage_section(made(0.5, attributes={"gender": names})[0], None, LeakageSettings(), 10, 1)
    assert set(section.findings[0].groups) == {"men", "women"}
    with pytest.raises(Refusal):
        leakage_section(made(0.5)[0], None, LeakageSettings(attributes=("faith",)), 10, 1)


def test_twice_the_same():
    one, two = (leakage_section(made(0.5)[0], None, LeakageSettings(), 10, 1) for _ in range(2))
    assert one == two


def test_a_list_that_says_it_outright_is_told_without_a_doubt_it_does_not_have():
    lists = [[code, 2, 3] for code in np.arange(USERS) % 2]
    names = np.array(["men", "women"])[np.arange(USERS) % 2]
    told = leakage_section(ranking(lists, np.zeros((USERS, ITEMS)), {"gender": names}), None, LeakageSettings(), 10, 1)
    finding = told.findings[0]
    assert finding.verdict is Verdict.GAP and finding.value == finding.high == 1.0 and 0.95 < finding.low < 1.0
