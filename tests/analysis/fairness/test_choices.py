"""The curve over choices: each way equals a comparison by hand, the joint test keeps its size, few people stay out."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy import stats

from analysis.fairness.choices.section import choices_section
from analysis.fairness.choices.settings import ChoiceSettings
from analysis.fairness.choices.ways import Variation, answers, counted_by_each, definitions, moved
from analysis.fairness.ranking import Ranking
from analysis.finding import Verdict
from analysis.log import UNKNOWN
from tests.analysis.fairness.lists import ranking
from words import Refusal, say

SETTINGS = ChoiceSettings(metrics=("hit", "ndcg"), tops=(2, 5), permutations=199)


def shop(luck, users=240, seed=0, **attributes) -> Ranking:
    """Each user wants one item, shown first with the luck of the user's gender."""
    rng = np.random.default_rng(seed)
    gender = np.array(["men", "women"])[(rng.random(users) < 0.4).astype(int)]
    lists = np.array([rng.permutation(40)[:5] for _ in range(users)])
    lucky = rng.random(users) < np.array([luck[name] for name in gender])
    place = rng.integers(0, 5, users)
    wanted = np.where(lucky, lists[np.arange(users), place], (lists.max(axis=1) + 1) % 40)
    relevant = np.zeros((users, 40))
    relevant[np.arange(users), wanted] = 1
    return ranking(lists, relevant, {"gender": gender, **{name: make(rng, users) for name, make in attributes.items()}})


def ages(rng, users):
    return np.array(["old", "young"])[rng.integers(0, 2, users)]


def everybody(data):
    return np.ones(len(data.user_ids), bool)


def alone(data):
    return [Variation(data, {"model": "m"})]


def test_each_way_is_the_difference_of_two_means_with_welchs_interval():
    data = shop({"men": 0.8, "women": 0.4}, age=ages)
    found = definitions(data, "gender", "men", "women", 10, everybody(data))
    done = answers(alone(data), found, "gender", SETTINGS, 10, 1)
    assert len(done.ways) == len(found) * 4 and len(found) == 3  # as recorded, among the old, among the young
    gender, age = data.attributes["gender"].to_numpy(), data.attributes["age"].to_numpy()
    hit = (data.relevant.toarray()[np.arange(len(age))[:, None], data.lists] > 0).any(axis=1).astype(float)
    for way in done.ways:
        if str(way.choices["metric"]) != str(done.ways[0].choices["metric"]) or way.choices["K"] != "5":
            continue
        users = np.ones(len(age), bool)
        for value in ("old", "young"):
            users = age == value if say(way.choices["who"]).endswith(value) else users
        women, men = hit[users & (gender == "women")], hit[users & (gender == "men")]
        test = stats.ttest_ind(women, men, equal_var=False)
        both = hit[users].mean()
        assert way.value == pytest.approx((women.mean() - men.mean()) / both)
        assert (way.low, way.high) == pytest.approx([end / both for end in test.confidence_interval()])
        assert way.t == pytest.approx(test.statistic) and way.n == (men.size, women.size)


def test_a_planted_gap_is_less_in_nearly_every_way_and_jointly_certain():
    section = choices_section(alone(shop({"men": 0.95, "women": 0.2}, 900, age=ages)), SETTINGS, 10, 1)
    joint = section.findings[0]
    assert joint.verdict is Verdict.GAP and joint.value < -0.4 and joint.p_value == pytest.approx(1 / 200)
    assert say(section.summary[0]).startswith("Of 12 defensible ways to ask, 12 show that women get less than men")


def test_the_joint_test_is_wrong_as_often_as_it_says_where_nothing_is_to_be_found():
    settings = ChoiceSettings(metrics=("hit",), tops=(5,), permutations=100)
    p = []
    for seed in range(80):
        data = shop({"men": 0.5, "women": 0.5}, 80, seed, age=ages)
        found = definitions(data, "gender", "men", "women", 5, everybody(data))
        p.append(answers(alone(data), found, "gender", settings, 5, seed).p)
    assert stats.binomtest(sum(one <= 0.1 for one in p), 80, 0.1).pvalue > 0.005


def test_turning_the_groups_round_negates_every_answer_and_keeps_the_joint_p():
    data = shop({"men": 0.7, "women": 0.5}, age=ages)
    one = choices_section(alone(data), SETTINGS.model_copy(update={"first": "men", "second": "women"}), 10, 1)
    two = choices_section(alone(data), SETTINGS.model_copy(update={"first": "women", "second": "men"}), 10, 1)
    assert [f.value for f in one.findings[1:]] == pytest.approx([-f.value for f in two.findings[1:]])
    assert one.findings[0].p_value == two.findings[0].p_value


def test_parts_that_leave_few_people_and_unknown_of_few_are_no_ways():
    def rare(rng, users):
        return np.where(np.arange(users) < 12, "rare", "usual")

    data = shop({"men": 0.5, "women": 0.5}, rare=rare)
    names = [say(one.name) for one in definitions(data, "gender", "men", "women", 10, everybody(data))]
    assert names == ["groups as recorded"]
    data = shop({"men": 0.5, "women": 0.5})
    for unknown, ways in ((4, 1), (30, 3)):
        gender = data.attributes["gender"].copy()
        gender.iloc[:unknown] = "unknown"
        marked = ranking(data.lists, data.relevant, pd.DataFrame({"gender": gender}))
        assert len(definitions(marked, "gender", "men", "women", 10, everybody(marked))) == ways


def test_ways_that_differ_by_few_who_count_are_not_taken():
    """Twelve people each of a third group and of unknown gender, but held-out items of three, who would be told."""
    data = shop({"men": 0.5, "women": 0.5})
    gender = data.attributes["gender"].copy()
    gender.iloc[:12], gender.iloc[12:24] = "other", "unknown"
    for few, ways in ((True, 1), (False, 4)):
        relevant = data.relevant.toarray()
        if few:
            relevant[3:12] = relevant[15:24] = 0
        marked = ranking(data.lists, relevant, pd.DataFrame({"gender": gender}))
        [section_counts] = counted_by_each(alone(marked), SETTINGS)
        assert len(definitions(marked, "gender", "men", "women", 10, section_counts)) == ways


def test_the_choice_that_makes_the_difference_is_said_to_move_it():
    data = shop({"men": 0.9, "women": 0.3}, 600)
    same = shop({"men": 0.5, "women": 0.5}, 600)
    ways = answers(
        [
            Variation(data, {"items": "first"}),
            Variation(ranking(same.lists, same.relevant, data.attributes), {"items": "second"}),
        ],
        definitions(data, "gender", "men", "women", 10, everybody(data)), "gender", SETTINGS, 10, 1,
    ).ways  # fmt: skip
    assert next(iter(moved(ways))) == "items" and moved(ways)["items"] > 0.8


def test_one_group_or_an_unknown_name_is_refused():
    data = shop({"men": 0.5, "women": 0.5})
    with pytest.raises(Refusal, match="no group"):
        choices_section(alone(data), SETTINGS.model_copy(update={"first": "robots"}), 10, 1)
    with pytest.raises(Refusal, match="nothing to compare"):
        choices_section(alone(data), SETTINGS, 1000, 1)


def test_a_group_that_is_all_alike_gives_no_answer_instead_of_a_sure_one():
    data = shop({"men": 0.8, "women": 0.9}, users=300)
    women = np.flatnonzero(data.attributes["gender"] == "women")
    few = np.append(np.flatnonzero(data.attributes["gender"] == "men"), women[:12])
    lists = data.lists.copy()
    relevant = data.relevant.toarray()
    relevant[women] = 0
    relevant[women, lists[women, 0]] = 1  # all of them are hit, in the first place
    some = replace(data, relevant=sp.csr_matrix(relevant)).among(np.isin(np.arange(300), few))
    found = definitions(some, "gender", "men", "women", 10, everybody(some))
    assert {way.verdict for way in answers(alone(some), found, "gender", SETTINGS, 10, 1).ways} == {"none"}


def test_no_two_groups_are_compared_whose_counts_give_the_few_of_unknown_value_away():
    """Of 60 people of unknown value 6 have held-out items: their mean followed from this and the board."""
    rng, users = np.random.default_rng(0), 260
    sex = np.repeat(["men", "women", UNKNOWN], [120, 80, 60])
    relevant = (rng.random((users, 40)) < 0.2) * 1.0
    relevant[:206, 0], relevant[206:] = 1.0, 0.0
    data = ranking(np.array([rng.permutation(40)[:5] for _ in range(users)]), relevant, {"sex": sex})
    with pytest.raises(Refusal):
        choices_section(alone(data), SETTINGS, 10, 1)
    assert choices_section(alone(data), SETTINGS, 5, 1).findings[1].groups == {"women": 80, "men": 120}
