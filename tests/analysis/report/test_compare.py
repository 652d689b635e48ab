import pytest

from analysis.finding import Verdict
from analysis.report import compare
from tests.analysis.report.sample import document, finding
from words import Refusal, phrase, say


def changed_document():
    """The sample with one verdict turned, one value moved, one figure gone and one new, and k = 20."""
    base = document()
    disparity = base.section("disparity")
    others = {f.key: f for f in disparity.findings}
    turned = finding("gender.ndcg@10.gap", Verdict.CANNOT_TELL, -0.01, -0.03, 0.01, label="NDCG@10, women minus men")
    moved = others["gender.ndcg@10.women"].model_copy(update={"value": 0.46})
    kept = [f for f in disparity.findings if f.key not in (turned.key, moved.key, "device.ndcg@10.gap")]
    new = finding("age.recall@10.gap", Verdict.GAP, 0.1, 0.05, 0.15)
    sections = tuple(
        section.model_copy(update={"findings": (*kept, moved, turned, new)}) if section is disparity else section
        for section in base.sections
    )
    settings = base.settings | {"data": base.settings["data"] | {"k": 20}}
    return base.model_copy(update={"sections": sections, "settings": settings})


def shown(section):
    return [[say(cell) if hasattr(cell, "key") else cell for cell in row] for row in section.tables[0].rows]


def test_changed_verdicts_come_first_then_moved_then_missing_then_the_same():
    rows = shown(compare(document(), changed_document()))
    assert [row[3] for row in rows] == [
        "verdict: gap → cannot tell",
        "same verdict, other figure",
        "only in the first",
        "only in the second",
        "same verdict",
        "same verdict",
        "same verdict",
        "same verdict",
    ]
    assert rows[0][:3] == [
        "NDCG@10, women minus men",
        "-0.044 NDCG (-0.061 to -0.027)",
        "-0.010 NDCG (-0.030 to +0.010)",
    ]


def test_the_first_sentence_counts_the_changed_verdicts_and_the_next_says_why_they_may_differ():
    said = [say(words) for words in compare(document(), changed_document()).summary]
    assert said[0] == "Of 6 figures that both audits hold, another verdict in the second: 1."
    assert said[1] == "Both rest on the same data; settings that differ: 1."


def test_settings_that_differ_are_named_with_both_values():
    table = compare(document(), changed_document()).tables[1]
    assert table.rows == (("data.k", 10, 20),)


def between(first, second, value, low, high):
    """A document whose only figure is a difference between two groups, the first less the second."""
    base = document()
    facts = {"figure": "NDCG@10", "attribute": "gender", "first": first, "second": second}
    gap = finding("gender.ndcg@10.gap", Verdict.GAP, value, low, high).model_copy(
        update={"label": phrase("fairness.label.gap", **facts), "groups": {first: 60, second: 40}}
    )
    return base.model_copy(update={"sections": (base.section("disparity").model_copy(update={"findings": (gap,)}),)})


def test_a_gap_that_the_second_audit_tells_the_other_way_round_is_turned():
    """In the first more men were asked, in the second more women: the larger group comes first in its audit."""
    one, other = between("men", "women", 0.07, 0.04, 0.1), between("women", "men", -0.06, -0.09, -0.02)
    assert shown(compare(one, other))[0][:3] == [
        "NDCG@10, gender: men minus women",
        "+0.070 NDCG (+0.040 to +0.100)",
        "+0.060 NDCG (+0.020 to +0.090)",
    ]
    turned = between("women", "men", -0.07, -0.1, -0.04)
    assert [row[3] for row in shown(compare(one, turned))] == ["same verdict"]


def test_a_gap_between_groups_of_other_names_is_another_figure():
    one, other = between("men", "women", 0.07, 0.04, 0.1), between("m", "f", 0.06, 0.02, 0.09)
    rows = shown(compare(one, other))
    assert [(row[0], row[3]) for row in rows] == [
        ("NDCG@10, gender: men minus women", "only in the first"),
        ("NDCG@10, gender: m minus f", "only in the second"),
    ]


def test_an_audit_compared_with_itself_has_no_difference():
    section = compare(document(), document())
    assert section.step == "compare"
    assert section.facts == {"changed": [], "unchanged": len(document().findings())}
    assert len(section.tables) == 1
    assert "same verdict" in say(section.summary[0])


def test_other_data_are_said_to_be_other_data():
    said = [say(words, "zh") for words in compare(document(), document().model_copy(update={"digest": "cd"})).summary]
    assert "两者基于不同的数据，因此差异可能仅来自数据。" in said


def test_audits_of_different_formats_are_refused():
    with pytest.raises(Refusal, match="cannot be compared"):
        compare(document(), document().model_copy(update={"format": 2}))
