"""The disparity section: planted gaps are found, undefined figures are not computed, small cells are hidden."""

import dataclasses
import json

import numpy as np
import pytest
import scipy.sparse as sp

from analysis.document import canonical
from analysis.fairness.disparity import DisparitySettings, disparity_section
from analysis.fairness.partition import group_label, held_label
from analysis.fairness.ranking import Decisions, Flip
from analysis.fairness.utility import recommender_section
from analysis.finding import Verdict, sentence
from tests.analysis.fairness.lists import ranking
from tests.analysis.fairness.movielens import movielens, needs_movielens
from words import LANGUAGES, Refusal, listed, say

SETTINGS = DisparitySettings(replicates=200, permutations=200)


def planted(sizes, luck, seed=0, K=5, items=40):
    """Users of groups of the given sizes, each with one wanted item that is shown first with the group's luck."""
    rng = np.random.default_rng(seed)
    group = np.repeat(list(sizes), list(sizes.values()))
    users = len(group)
    lists = np.array([rng.permutation(items)[:K] for _ in range(users)], np.int32)
    wanted = np.where(rng.random(users) < np.array([luck[g] for g in group]), lists[:, 0], (lists.max(1) + 1) % items)
    relevant = np.zeros((users, items))
    relevant[np.arange(users), wanted] = 1
    return ranking(lists, relevant, {"gender": group, "age": np.array(["old", "young"])[rng.integers(0, 2, users)]})


def findings(section):
    return {finding.key: finding for finding in section.findings}


def test_a_planted_gap_is_found_with_its_size():
    section = disparity_section(planted({"M": 600, "F": 400}, {"M": 0.7, "F": 0.4}), None, None, SETTINGS, 10, 1)
    gap = findings(section)["gender.hit@5.gap"]
    assert gap.verdict is Verdict.GAP and gap.low <= 0.3 <= gap.high
    assert list(gap.groups.items()) == [("M", 600), ("F", 400)]
    said = say(section.summary[1])
    assert "lower for F than for M" in said and said.endswith(": a gap.")


def test_without_a_difference_most_gaps_cannot_be_told():
    verdicts = []
    for seed in range(20):
        data = planted({"M": 150, "F": 100}, {"M": 0.5, "F": 0.5}, seed)
        settings = SETTINGS.model_copy(update={"intersections": False, "figures": ("hit",)})
        verdicts.append(findings(disparity_section(data, None, None, settings, 10, seed))["gender.hit@5.gap"].verdict)
    assert verdicts.count(Verdict.GAP) <= 4


def test_a_large_sample_without_a_difference_is_equivalent():
    settings = SETTINGS.model_copy(update={"margin": 0.1})
    data = planted({"M": 3000, "F": 3000}, {"M": 0.5, "F": 0.5}, 3)
    assert (
        findings(disparity_section(data, None, None, settings, 10, 1))["gender.hit@5.gap"].verdict is Verdict.EQUIVALENT
    )


def test_three_groups_have_a_permutation_p_and_no_interval_and_signed_pairs_do():
    luck = {"a": 0.7, "b": 0.4, "c": 0.4}
    found = findings(disparity_section(planted({"a": 200, "b": 150, "c": 100}, luck), None, None, SETTINGS, 10, 1))
    widest, pair = found["gender.hit@5.gap"], found["gender.hit@5.gap.a-b"]
    assert widest.low is None and widest.p_value is not None and widest.verdict is Verdict.GAP
    assert pair.low <= 0.3 <= pair.high
    assert widest.p_adjusted >= widest.p_value


def test_one_group_a_tiny_group_and_no_positives_give_no_number():
    one = findings(disparity_section(planted({"F": 60}, {"F": 0.5}), None, None, SETTINGS, 10, 1))
    assert one["gender.hit@5.gap"].verdict is Verdict.NOT_COMPUTED
    tiny = findings(disparity_section(planted({"F": 60, "M": 1}, {"F": 0.5, "M": 1}), None, None, SETTINGS, 10, 1))
    assert tiny["gender.hit@5.M"].verdict is Verdict.SUPPRESSED and tiny["gender.hit@5.gap"].value is None
    data = planted({"F": 60, "M": 60}, {"F": 0.5, "M": 0.5})
    data.relevant.data[:60] = 0
    none = findings(disparity_section(data, None, None, SETTINGS, 10, 1))["gender.hit@5.F"]
    assert none.verdict is Verdict.NOT_COMPUTED and "held-out" in say(none.reason)


def test_the_answer_says_by_which_attribute_nobody_could_be_compared_and_why():
    """Two people of a third gender hide those of the second too: without the sentence only age would be spoken of."""
    data = planted({"M": 90, "F": 60, "X": 2}, {"M": 0.5, "F": 0.5, "X": 0.5})
    said = [say(one) for one in disparity_section(data, None, None, SETTINGS, 10, 1).summary]
    assert "By gender, NDCG@5 was not compared. Fewer than two groups are large enough to be shown." in " ".join(said)
    assert not any("By age, NDCG@5 was not compared" in one for one in said)
    nobody = dataclasses.replace(data, attributes=data.attributes.iloc[:, :0])
    assert "no sensitive attribute" in say(disparity_section(nobody, None, None, SETTINGS, 10, 1).summary[0])


def test_a_picture_of_suppressed_cells_alone_is_not_drawn_and_the_table_stays():
    settings = SETTINGS.model_copy(update={"intersections": False})
    pictures, tables = (
        [
            {part.key for part in getattr(disparity_section(planted(sizes, luck), None, None, settings, 200, 1), kind)}
            for sizes, luck in (
                ({"M": 90, "F": 60}, {"M": 0.5, "F": 0.5}),
                ({"M": 900, "F": 600}, {"M": 0.5, "F": 0.5}),
            )
        ]
        for kind in ("charts", "tables")
    )
    assert ["disparity.groups" in keys for keys in pictures] == [False, True]
    assert all("disparity.groups" in keys for keys in tables)


def test_users_of_unknown_value_bound_the_gap():
    luck = {"M": 0.7, "F": 0.4, "unknown": 0.5}
    found = findings(disparity_section(planted({"M": 300, "F": 200, "unknown": 50}, luck), None, None, SETTINGS, 10, 1))
    gap = found["gender.hit@5.gap"]
    assert found["gender.hit@5.unknown"].n == 50
    assert gap.settings["unknown_low"] <= gap.value <= gap.settings["unknown_high"]
    assert "between" in say(gap.reason)


def test_worst_case_bounds_equal_a_search_over_all_placements():
    from analysis.fairness.unknown import widest_split

    rng = np.random.default_rng(0)
    first, second, unknown = rng.random(4), rng.random(3), rng.random(6)
    every = [
        np.concatenate([first, unknown[mask]]).mean() - np.concatenate([second, unknown[~mask]]).mean()
        for mask in ((np.arange(64)[:, None] >> np.arange(6)) & 1).astype(bool)
    ]
    assert widest_split(first, second, unknown) == pytest.approx(max(every))


def test_no_number_of_a_small_group_is_anywhere_in_the_section():
    data = planted({"M": 200, "F": 100, "X": 4}, {"M": 0.5, "F": 0.5, "X": 0.75})
    section = disparity_section(data, None, None, SETTINGS, 10, 1)
    plain = json.loads(canonical(section))
    shown = json.dumps([plain["charts"], plain["tables"], plain["summary"]])
    rows = [row for table in section.tables for row in table.rows if "X" in row or "F" in row]
    assert all(not isinstance(cell, float) for row in rows for cell in row)
    assert '"X": 4' not in json.dumps(plain["findings"]) and shown


def test_the_heat_map_shows_less_as_less_where_the_figure_of_all_is_below_nought():
    rng, users, items = np.random.default_rng(0), 100, 40
    sex = np.where(np.arange(users) < 50, "F", "M")
    first = np.where(sex == "F", 30, 20)  # F are shown what is still less popular than what M are
    lists = np.array([start + rng.permutation(10)[:5] for start in first])
    past = sp.csr_matrix((rng.random((users, items)) < np.where(np.arange(items) < 20, 0.5, 0.05)) * 1.0)
    data = ranking(lists, np.zeros((users, items)), {"sex": sex}, profile=past)
    section = disparity_section(data, None, None, SETTINGS.model_copy(update={"figures": ("lift",)}), 5, 1)
    found, [heat] = findings(section), [chart for chart in section.charts if chart.key == "disparity.groups"]
    assert found["sex.lift.F"].value < found["all.lift"].value < 0
    assert [[colour < 0 for colour in row.y] for row in heat.series] == [[True], [False]]


def test_flips_and_decisions_become_findings():
    data = planted({"M": 200, "F": 200}, {"M": 0.5, "F": 0.5})
    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(400, dtype=np.int32), 5)
    label = (rng.random(2000) < 0.4).astype(np.int8)
    decisions = Decisions(user, label, label + rng.normal(size=2000) + (user < 200))
    flip = Flip("gender", np.arange(400, dtype=np.int32), data.lists, np.roll(data.lists, 1, axis=1), rng.random(400))
    section = disparity_section(data, decisions, [flip], SETTINGS, 10, 1)
    found, [heat] = findings(section), [chart for chart in section.charts if chart.key == "disparity.groups"]
    assert heat.series[0].x and not any("flip" in str(figure) for figure in heat.series[0].x), "it is gender's alone"
    assert found["all.flip_jaccard[gender]"].value == 1.0
    assert found["all.flip_displacement[gender]"].value == pytest.approx((1 * 4 + 4) / 5)
    assert found["gender.selection.gap"].verdict is Verdict.GAP
    assert not any(key.startswith("age.flip") for key in found)


def test_an_unknown_attribute_is_refused():
    with pytest.raises(Refusal):
        disparity_section(
            planted({"M": 20, "F": 20}, {"M": 1, "F": 1}), None, None, DisparitySettings(attributes=("race",)), 10, 1
        )


def test_the_same_seed_gives_the_same_bytes_and_every_sentence_is_said_in_both_languages():
    data = planted({"M": 60, "F": 40}, {"M": 0.7, "F": 0.4})
    one, two = (canonical(disparity_section(data, None, None, SETTINGS, 10, 7)) for _ in range(2))
    assert one == two
    section = disparity_section(data, None, None, SETTINGS, 10, 7)
    for language in LANGUAGES:
        assert all(say(p, language) for p in (*section.summary, *section.notes))
        assert all(say(f.label, language) and say(f.method, language) for f in section.findings)


@needs_movielens
def test_movielens_repeats_the_published_accuracy_and_the_gap_between_men_and_women():
    ease, popularity, decisions = movielens()
    recommender = findings(recommender_section([ease, popularity], {}, 10, 10, 1))
    assert 0.478 <= recommender["recommender.ndcg@10.ease"].value <= 0.486
    assert recommender["recommender.ndcg@10.gap.ease-popularity"].verdict is Verdict.GAP
    settings = SETTINGS.model_copy(update={"intersections": False, "attributes": ("gender",)})
    found = findings(disparity_section(ease, decisions, None, settings, 10, 1))
    assert found["gender.ndcg@10.M"].value == pytest.approx(0.495, abs=0.001)
    assert found["gender.ndcg@10.F"].value == pytest.approx(0.451, abs=0.001)
    assert found["gender.ndcg@10.gap"].verdict is Verdict.GAP


def test_training_curves_become_a_line_each():
    data = planted({"M": 60, "F": 40}, {"M": 0.7, "F": 0.4})
    records = [{"epoch": 1, "loss": 0.7, "validation": 0.1}, {"epoch": 2, "loss": 0.5, "validation": 0.2}]
    section = recommender_section([data], {"mf": records}, 10, 5, 1)
    chart = next(chart for chart in section.charts if chart.kind == "line")
    assert (chart.series[0].x, chart.series[0].y) == ((1, 2), (0.7, 0.5))
    assert [say(series.name, "zh") for series in chart.series] == ["训练损失", "验证指标（越高越好）"]
    assert "loss" not in say(chart.alt, "zh")


def test_the_unknown_are_called_so_in_the_readers_language_within_an_intersection_too():
    assert say(group_label("unknown & 25-34"), "zh") == "未知 & 25-34"
    assert group_label("women & 25-34") == "women & 25-34"


def test_a_stratum_names_columns_and_values_in_the_readers_language_with_the_analysts_own_as_they_are():
    unknown = listed([held_label("gender", "unknown"), held_label("tier", "head")])
    assert say(unknown, "zh") == "gender: 未知、tier: head"
    assert say(listed([held_label("gender", "women"), held_label("age", "25-34")])) == "gender: women, age: 25-34"


def test_a_recommender_beside_its_twin_has_nothing_to_compare():
    from dataclasses import replace

    data = planted({"M": 60, "F": 40}, {"M": 0.7, "F": 0.4})
    found = findings(recommender_section([data, replace(data, name="twin")], {}, 10, 5, 1))
    assert found["recommender.ndcg@5.gap.tested-twin"].reason.key == "fairness.reason.unchanged"


def test_the_words_of_a_gap_name_the_test_that_its_p_comes_from():
    figures = ("opportunity", "fpr", "odds", "hit", "epsilon")
    asked = SETTINGS.model_copy(update={"figures": figures, "intersections": False})
    for users, test, said in ((1500, "welch", "Welch's t"), (200, "permutation", "permutation")):
        ranked = planted({"M": users, "F": users}, {"M": 0.7, "F": 0.6})
        rng = np.random.default_rng(users)
        user = np.repeat(np.arange(2 * users), 3)
        label = rng.integers(0, 2, len(user)).astype(np.int8)
        chosen = Decisions(user.astype(np.int32), label, label + rng.normal(0, 1, len(user)))
        found = {f.key: f for f in disparity_section(ranked, chosen, None, asked, 10, 1).findings}
        for key in ("gender.hit@5.gap", "gender.odds.gap", "gender.epsilon[hit@5].gap"):
            assert found[key].test == test
            assert ("Welch" in say(found[key].method)) == (test == "welch")
        assert said in say(sentence(found["gender.odds.gap"]))  # no interval, so its p is spoken


def test_lists_shorter_than_asked_are_judged_at_their_own_length_and_a_note_says_so():
    """Ten wanted items and a list of five of them: as good as five places can be, not .61 of an ideal ten."""
    wanted = np.zeros((60, 20))
    wanted[:, :10] = 1
    data = ranking(np.tile(np.arange(5), (60, 1)), wanted)
    settings = SETTINGS.model_copy(update={"top": 20, "figures": ("ndcg", "hit"), "intersections": False})
    section = disparity_section(data, None, None, settings, 10, 1)
    assert findings(section)["all.ndcg@5"].value == pytest.approx(1.0)
    assert not [key for key in findings(section) if "@20" in key]
    said = [say(note) for note in section.notes]
    assert any("the first 5 are judged and not the 20 asked for" in note for note in said)
    whole = disparity_section(data, None, None, settings.model_copy(update={"top": 5}), 10, 1)
    assert not any("asked for" in say(note) for note in whole.notes)


def test_flipped_lists_are_cut_like_the_others():
    users = 60
    lists = np.tile(np.arange(4), (users, 1))
    flip = Flip("gender", np.arange(users, dtype=np.int32), lists, lists[:, [0, 1, 3, 2]], np.ones(users))
    data = ranking(lists, np.ones((users, 20)))
    settings = SETTINGS.model_copy(update={"top": 3, "figures": ("flip",), "intersections": False})
    found = findings(disparity_section(data, None, {"gender": flip}, settings, 10, 1))
    assert found["all.flip_jaccard[gender]"].value == pytest.approx(2 / 4)  # of 0 1 2 and 0 1 3
    assert found["all.flip_divergence[gender]"].value == 1.0
