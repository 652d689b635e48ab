import pytest

from analysis.document import Document, Section
from analysis.finding import Finding, Verdict, not_computed
from audit.rules import parse_rule
from words import Refusal, phrase

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


@pytest.mark.parametrize("text", ["", "gap", "gap >", "> 3", "gap = 3", "gap > three", "gap > 3 4"])
def test_a_rule_that_is_not_understood_is_refused(text):
    with pytest.raises(Refusal, match="not understood"):
        parse_rule(text)


def test_a_rule_on_an_unknown_key_names_the_nearest():
    with pytest.raises(Refusal, match=r"gender\.ndcg@10\.gap"):
        parse_rule("gender.ndcg@5.gap > 0").fires(document())


def test_a_rule_on_a_figure_without_value_cannot_pass_silently():
    with pytest.raises(Refusal, match="cannot be judged"):
        parse_rule("age.ndcg@10.gap > 0.02").fires(document())
