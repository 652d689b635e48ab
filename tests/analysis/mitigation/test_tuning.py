"""A suggestion follows its stated rule on the validation part, and nothing in the test part can change it."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.mitigation.compare import MitigationSettings, Variant, mitigation_section
from analysis.mitigation.tuning import Trial, suggested
from tests.analysis.fairness.test_disparity import findings, planted
from tests.analysis.mitigation.test_compare import helped
from words import LANGUAGES, say

SETTINGS = MitigationSettings(replicates=100, permutations=100, figure="hit")
PEOPLE = {"M": 300, "F": 200}


def world(tuned_share, tested_share):
    """Before and one variant; on the validation part it helps one share of the women, on the test part another."""
    valid, test = planted(PEOPLE, {"M": 0.7, "F": 0.4}, 1), planted(PEOPLE, {"M": 0.7, "F": 0.4}, 2)
    before = Variant("before", None, test, rehearsed=valid)
    variants = []
    for strength, share in ((0.5, tuned_share), (1.0, tuned_share / 4)):
        after = helped(test, tested_share * strength, 3)[0]
        variants.append(Variant("adversary", strength, after, rehearsed=helped(valid, share, 4)[0]))
    return before, variants


def test_the_rule_takes_the_smallest_gap_among_those_that_lose_little():
    trials = [
        Trial("before", 0.40, 0.10),
        Trial("a", 0.399, 0.06),
        Trial("b", 0.397, 0.05),
        Trial("c", 0.390, 0.01),
        Trial("d", 0.41, 0.06),
    ]
    assert suggested(trials, 0.01).name == "b"
    assert suggested(trials, 0.03).name == "c"
    assert suggested(trials, 0.0).name == "d"
    assert suggested(trials[:2], 0.0) is None
    assert suggested(trials[1:], 0.01) is None, "without the recommender as it is there is nothing to compare with"


def test_the_suggestion_is_that_of_the_validation_part_whatever_the_test_part_says():
    picked = set()
    for tested in (0.0, 0.9):
        before, variants = world(0.5, tested)
        section = mitigation_section(before, variants, SETTINGS, 10, 1)
        picked.add(section.facts["suggested"])
        assert any(table.key == "mitigation.tuning" for table in section.tables)
    assert picked == {"adversary@0.5"}


def test_a_variant_that_helps_on_the_test_part_alone_is_not_suggested():
    before, variants = world(0.0, 0.9)
    section = mitigation_section(before, variants, SETTINGS, 10, 1)
    assert section.facts["suggested"] is None
    assert "No mitigation is suggested" in say(section.summary[1])


def test_tuned_figures_are_those_of_the_validation_lists():
    before, variants = world(0.5, 0.0)
    found = findings(mitigation_section(before, variants, SETTINGS, 10, 1))
    lists = variants[0].rehearsed
    wanted = np.asarray(lists.relevant.argmax(axis=1)).ravel()
    hit = (lists.lists == wanted[:, None]).any(axis=1)
    women = (lists.attributes["gender"] == "F").to_numpy()
    assert found["mitigation.adversary@0.5.tuning.use"].value == pytest.approx(hit.mean())
    assert found["mitigation.adversary@0.5.tuning.gap"].value == pytest.approx(
        abs(hit[~women].mean() - hit[women].mean())
    )


@pytest.mark.parametrize("goal", ["gap", "hide", "exposure", "selection"])
def test_every_goal_is_answered_in_both_languages_and_draws_its_front_first(goal):
    before, variants = world(0.5, 0.5)
    rng = np.random.default_rng(0)
    women = (before.ranking.attributes["gender"] == "F").to_numpy()
    telling = (women[:, None] + rng.normal(0, 0.5, (500, 3))).astype(np.float32)
    before = replace(before, vectors=telling)
    variants = [replace(one, vectors=rng.normal(0, 1, (500, 3)).astype(np.float32)) for one in variants]
    section = mitigation_section(before, variants, SETTINGS.model_copy(update={"goal": goal}), 10, 1)
    assert all(say(p, language) for language in LANGUAGES for p in (*section.summary, *section.notes))
    first = {"gap": "gender.hit@5.gap", "hide": "gender.leak", "exposure": "distance[tail]", "selection": "gender.hit"}
    assert section.charts[0].key.startswith(f"mitigation.pareto.{first[goal]}")
    assert all(series.left and series.right for series in section.charts[0].series), "both axes have intervals"
    if goal == "hide":
        found = findings(section)
        assert found["mitigation.before.gender.leak"].low > 0.8
        assert found["mitigation.adversary@1.gender.leak"].low < 0.5 < found["mitigation.adversary@1.gender.leak"].high
        assert section.facts["suggested"] is not None
