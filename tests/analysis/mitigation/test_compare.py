"""Before and after on the same users: known changes come back, fronts equal a search, small groups stay hidden."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.document import canonical
from analysis.fairness.ranking import Decisions
from analysis.finding import Verdict
from analysis.mitigation.compare import MitigationSettings, Variant, mitigation_section
from analysis.mitigation.picture import on_front
from analysis.mitigation.summary import Told, mitigation_summary
from analysis.mitigation.tuning import Suggestion
from tests.analysis.fairness.test_disparity import findings, planted
from words import LANGUAGES, Refusal, say

SETTINGS = MitigationSettings(replicates=200, permutations=200, figure="hit")


def helped(before, share, seed=1):
    """The same recommender, but this share of the women gets their wanted item first."""
    rng = np.random.default_rng(seed)
    women = (before.attributes["gender"] == "F").to_numpy() & (rng.random(len(before.user_ids)) < share)
    lists = before.lists.copy()
    wanted = np.asarray(before.relevant.argmax(axis=1)).ravel()
    fresh = women & ~(lists == wanted[:, None]).any(axis=1)
    lists[fresh, 0] = wanted[fresh]
    return replace(before, lists=lists), fresh


def as_is(ranking, decisions=None):
    """The recommender before any mitigation."""
    return Variant("before", None, ranking, decisions)


def test_a_known_change_comes_back_with_who_gained():
    before = planted({"M": 300, "F": 200}, {"M": 0.7, "F": 0.4})
    after, moved = helped(before, 0.5)
    found = findings(mitigation_section(as_is(before), [Variant("adversary", 1.0, after)], SETTINGS, 10, 1))
    gained = moved.sum() / 200
    assert found["mitigation.adversary@1.gender.F.hit@5.change"].value == pytest.approx(gained)
    assert found["mitigation.adversary@1.gender.hit@5.gap.change"].value == pytest.approx(-gained)
    assert found["mitigation.adversary@1.gender.hit@5.gap.change"].verdict is Verdict.GAP
    assert found["mitigation.gender.adversary@1.better.F"].value == pytest.approx(gained)
    assert found["mitigation.gender.adversary@1.worse.F"].value == 0
    assert found["mitigation.adversary@1.all.hit@5.change"].value == pytest.approx(moved.sum() / 500)


def test_the_summary_says_who_narrowed_the_gap_and_what_did_nothing():
    before = planted({"M": 300, "F": 200}, {"M": 0.7, "F": 0.4})
    variants = [Variant("adversary", 1.0, helped(before, 0.5)[0]), Variant("rerank", 0.5, before)]
    section = mitigation_section(as_is(before), variants, SETTINGS, 10, 1)
    said = [say(p) for p in section.summary]
    assert said[0].startswith("1 of 2 ways to change the lists narrowed the gap by gender")
    assert said[2].startswith("Adversarial removal, strength 1: the gap by gender") and "(narrower)" in said[2]
    assert said[3].startswith("Exposure-constrained re-ranking, strength 0.5") and said[3].endswith("does not change.")
    assert all(say(p, language) for language in LANGUAGES for p in (*section.summary, *section.notes))


def test_pareto_charts_join_the_front_and_name_both_intervals():
    before = planted({"M": 300, "F": 200}, {"M": 0.7, "F": 0.4})
    section = mitigation_section(as_is(before), [Variant("adversary", 1.0, helped(before, 0.5)[0])], SETTINGS, 10, 1)
    keys = [chart.key for chart in section.charts]
    assert keys == ["mitigation.pareto.gender.hit@5.gap", "mitigation.pareto.distance[tail]"]
    assert [len(series.x) for series in section.charts[0].series] == [1, 1]
    assert "accuracy" in say(section.charts[0].series[0].text[0])
    assert "0 = before; 1 = Adversarial removal, strength 1. On the front: 1" in say(section.charts[0].alt)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
def test_the_front_holds_every_point_that_is_best_for_some_floor_of_accuracy(points):
    front = on_front(points)
    for floor in range(6):
        able = [p for p in points if p[0] >= floor]
        if able:
            best = min(able, key=lambda p: (p[1], -p[0]))
            assert front[points.index(best)]
    assert all(not on or not any(a > x and d < y for a, d in points) for on, (x, y) in zip(front, points, strict=True))


def test_thresholds_are_compared_by_selection_opportunity_and_accuracy():
    before = planted({"M": 200, "F": 200}, {"M": 0.5, "F": 0.5})
    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(400, dtype=np.int32), 5)
    label = (rng.random(2000) < 0.4).astype(np.int8)
    scored = Decisions(user, label, label + rng.normal(size=2000) + (user < 200))
    even = replace(scored, selected=(rng.random(2000) < 0.4).astype(np.int8))
    variants = [Variant("threshold", None, None, even)]
    found = findings(mitigation_section(as_is(before, scored), variants, SETTINGS, 10, 1))
    assert found["mitigation.threshold.gender.selection.gap.change"].verdict is Verdict.GAP
    right = np.mean((even.selected > 0) == (label > 0))
    assert found["mitigation.threshold.all.accuracy"].value == pytest.approx(right)


def test_a_small_group_stays_hidden_and_the_others_keep_their_gap():
    before = planted({"M": 300, "F": 200, "X": 40, "Y": 4}, {"M": 0.7, "F": 0.4, "X": 0.5, "Y": 0.5})
    settings = SETTINGS.model_copy(update={"attribute": "gender"})
    section = mitigation_section(as_is(before), [Variant("adversary", 1.0, helped(before, 0.5)[0])], settings, 10, 1)
    found = findings(section)
    for name in ("X", "Y"):
        assert found[f"mitigation.adversary@1.gender.hit@5.{name}"].verdict is Verdict.SUPPRESSED
        assert found[f"mitigation.adversary@1.gender.{name}.hit@5.change"].verdict is Verdict.SUPPRESSED
    assert found["mitigation.adversary@1.gender.hit@5.gap.change"].value is not None


def test_the_same_seed_gives_the_same_bytes():
    before = planted({"M": 60, "F": 40}, {"M": 0.7, "F": 0.4})
    variants = [Variant("adversary", 1.0, helped(before, 0.5)[0])]
    one, two = (canonical(mitigation_section(as_is(before), variants, SETTINGS, 10, 3)) for _ in range(2))
    assert one == two and json.loads(one)["step"] == "mitigation"


def test_lists_of_other_users_are_refused():
    before = planted({"M": 60, "F": 40}, {"M": 0.7, "F": 0.4})
    other = planted({"M": 50, "F": 40}, {"M": 0.7, "F": 0.4})
    with pytest.raises(Refusal):
        mitigation_section(as_is(before), [Variant("rerank", 1.0, other)], SETTINGS, 10, 1)


def test_the_summary_names_the_best_of_each_method_once_best_first_and_stays_short():
    before = planted({"M": 300, "F": 200}, {"M": 0.7, "F": 0.4})
    tried = [Variant("reweigh", share, helped(before, share / 10, 2)[0]) for share in (0.25, 0.5, 1.0)]
    tried += [Variant("adversary", share, helped(before, share / 2)[0]) for share in (0.25, 0.5, 1.0)]
    section = mitigation_section(as_is(before), tried, SETTINGS, 10, 1)
    said = [say(p) for p in section.summary]
    assert len(said) <= 7 and said[2].startswith("Adversarial removal, strength 1:")
    assert sum(text.startswith("Reweighing") for text in said) == 1
    assert all("-0.0" not in text and "@0" not in text and "@1" not in text for text in said)
    assert all("reweigh@" not in say(p, language) for language in LANGUAGES for p in section.summary)


def test_of_three_groups_the_widest_gap_before_and_after_is_said_without_a_test():
    before = planted({"M": 300, "F": 200, "X": 100}, {"M": 0.7, "F": 0.4, "X": 0.5})
    settings = SETTINGS.model_copy(update={"attribute": "gender"})
    section = mitigation_section(as_is(before), [Variant("adversary", 1.0, helped(before, 0.5)[0])], settings, 10, 1)
    found, said = findings(section), [say(p) for p in section.summary]
    ends = [100 * found[f"mitigation.{which}.gender.hit@5.gap"].value for which in ("before", "adversary@1")]
    assert said[0].startswith("gender has 3 groups") and "not tested" in said[0]
    assert f"goes from {ends[0]:.1f} to {ends[1]:.1f} percentage points (not tested)" in said[2]
    assert "mitigation.adversary@1.gender.hit@5.gap.change" not in found


def test_where_no_two_groups_can_be_shown_the_summary_says_so():
    before = planted({"M": 60, "F": 4}, {"M": 0.7, "F": 0.4})
    settings = SETTINGS.model_copy(update={"attribute": "gender"})
    section = mitigation_section(as_is(before), [Variant("rerank", 1.0, helped(before, 1)[0])], settings, 10, 1)
    assert "fewer than two groups are large enough" in say(section.summary[0])


def test_lists_shorter_than_asked_are_compared_at_their_own_length_and_a_note_says_so():
    before = planted({"M": 60, "F": 40}, {"M": 0.7, "F": 0.4})
    variants = [Variant("adversary", 1.0, helped(before, 0.5)[0])]
    asked = SETTINGS.model_copy(update={"top": 20})
    section = mitigation_section(as_is(before), variants, asked, 10, 1)
    plain = mitigation_section(as_is(before), variants, SETTINGS, 10, 1)
    assert section.findings == plain.findings and "mitigation.before.all.hit@5" in findings(section)
    notes = [{say(note, language) for note in section.notes} for language in LANGUAGES]
    assert any("the first 5 are judged" in note for note in notes[LANGUAGES.index("en")])


def test_a_narrowing_that_the_correction_denies_is_not_said_to_be_more_than_chance():
    before = planted({"M": 300, "F": 200}, {"M": 0.7, "F": 0.4})
    section = mitigation_section(as_is(before), [Variant("adversary", 1.0, helped(before, 0.5)[0])], SETTINGS, 10, 1)
    key = "mitigation.adversary@1.gender.hit@5.gap.change"
    found = findings(section)
    assert Told(found, "gender").narrowed("adversary@1", "hit@5")
    denied = found | {key: found[key].model_copy(update={"p_adjusted": 0.3})}
    assert not Told(denied, "gender").narrowed("adversary@1", "hit@5")
    alone = [
        one.model_copy(update={"p_adjusted": 0.3}) if one.verdict is Verdict.GAP else one for one in found.values()
    ]
    said = mitigation_summary(
        Told({one.key: one for one in alone}, "gender"), Suggestion("gap", None, False, 0.01),
        ["adversary@1"], ["adversary@1"], "hit@5", "distance[tail]",
    )  # fmt: skip
    assert say(said[0]).count("narrowed by none of the ways") and not any("narrower" in say(one) for one in said)
    assert any("may have changed by chance alone" in say(one) for one in said)
    assert all(say(one, language) for one in said for language in LANGUAGES)
