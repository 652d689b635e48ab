import pytest

from analysis.document import Document, Section
from analysis.finding import Finding, Verdict, not_computed
from audit.commands import judged
from audit.rules import parse_rule
from words import Refusal, phrase, say

LABEL = phrase("finding.verdict.gap")


def document():
    gap = Finding(
        key="gender.ndcg@10.gap",
        label=LABEL,
        unit="ndcg",
        verdict=Verdict.GAP,
        value=-0.044,
        low=-0.07,
        high=-0.02,
        n=100,
        method=LABEL,
    )
    empty = not_computed("age.ndcg@10.gap", LABEL, "ndcg", 0, LABEL, LABEL)
    section = Section(step="disparity", summary=(), findings=(gap, empty))
    return Document(title="t", evenhand="0", versions={}, seed=1, digest="d", settings={}, sections=(section,))


def test_a_rule_says_its_numbers_as_people_write_them():
    assert say(parse_rule("gender.ndcg@10.gap < 1234567.5").fires(document())) == (
        "Rule fired: gender.ndcg@10.gap is 0.044, < 1234567.5."
    )


@pytest.mark.parametrize(
    ("text", "fires"),
    [
        ("gender.ndcg@10.gap > 0.02", True),
        ("gender.ndcg@10.gap>0.05", False),
        ("gender.ndcg@10.gap >= 0.044", True),
        ("gender.ndcg@10.gap < 5e-2", True),
        ("gender.ndcg@10.gap <= .01", False),
    ],
)
def test_a_rule_on_a_gap_reads_its_size_whichever_group_comes_first(text, fires):
    assert (parse_rule(text).fires(document()) is not None) is fires


NO_RULES = ["", "gap", "gap >", "> 3", "gap = 3", "gap > three", "gap > 3 4", "gap => 3", "gap >> 3", "gap > 1e999"]


@pytest.mark.parametrize("text", NO_RULES)
def test_a_rule_that_is_not_understood_is_refused(text):
    with pytest.raises(Refusal, match="not understood"):
        parse_rule(text)


def test_a_rule_that_could_never_fire_is_refused():
    with pytest.raises(Refusal, match="never below zero"):
        parse_rule("gender.ndcg@10.gap < -0.02")
    assert parse_rule("effect.ate < -0.02").bound == -0.02


def test_every_rule_is_judged_and_one_that_fires_decides_the_code(capsys):
    fires, holds, unknown = map(parse_rule, ("gender.ndcg@10.gap > 0", "gender.ndcg@10.gap > 1", "nobody.gap > 0"))
    assert judged([unknown, fires, holds], document(), "en") == 3
    told = capsys.readouterr().err
    assert "names nobody.gap" in told and "Rule fired: gender.ndcg@10.gap" in told
    assert judged([unknown, holds], document(), "en") == 2
    assert judged([holds], document(), "en") == 0


def test_a_rule_on_an_unknown_key_names_the_nearest():
    with pytest.raises(Refusal, match=r"gender\.ndcg@10\.gap"):
        parse_rule("gender.ndcg@5.gap > 0").fires(document())


def test_a_rule_on_a_figure_without_value_cannot_pass_silently():
    with pytest.raises(Refusal, match="cannot be judged"):
        parse_rule("age.ndcg@10.gap > 0.02").fires(document())
