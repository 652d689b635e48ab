"""Templates frame the same findings along a law: ratios as by hand, no verdict, nothing that was not found."""

import numpy as np
import pytest

from analysis.document import Document, Section
from analysis.fairness.decisions import selected
from analysis.fairness.disparity import DisparitySettings, disparity_section
from analysis.fairness.ranking import Decisions
from analysis.report.html import html
from analysis.report.pdf import pdf
from analysis.report.purpose import ARTICLES, purpose
from tests.analysis.fairness.test_disparity import planted
from words import phrase, say

SETTINGS = DisparitySettings(
    replicates=100, permutations=100, figures=("hit", "selection"), intersection_figures=("selection",)
)


@pytest.fixture(scope="module")
def held():
    """Lists and decisions of 400 men, 200 women, 60 nonbinary people and 4 others."""
    sizes = {"men": 400, "women": 200, "nonbinary": 60, "else": 4}
    data = planted(sizes, {"men": 0.6, "women": 0.4, "nonbinary": 0.5, "else": 0.5})
    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(664), 3).astype(np.int32)
    score = rng.random(user.size) + 0.3 * (data.attributes["gender"].to_numpy()[user] == "men")
    return data, Decisions(user, (rng.random(user.size) < 0.4).astype(np.int8), score)


def document(held, template, *more):
    section = disparity_section(*held, None, SETTINGS, 10, 1)
    return Document(
        title="t", template=template, evenhand="0", versions={}, seed=1, digest="0" * 64, settings={},
        sections=(section, *more),
    )  # fmt: skip


def test_a_general_audit_has_no_frame(held):
    assert purpose(document(held, "general"), "en") is None


def test_impact_ratios_are_rates_over_the_highest_rate_and_small_groups_show_no_number(held):
    data, decisions = held
    made = purpose(document(held, "ll144"), "en")
    picked = selected(decisions) > 0
    gender = data.attributes["gender"].to_numpy()[decisions.user]
    rate = {name: picked[gender == name].mean() for name in ("men", "women")}
    rows = {row[0]: row for row in made.tables[0].rows}
    assert rows["men"][3] == "1.000" and rows["men"][2] == f"{100 * rate['men']:.1f}%"
    assert float(rows["women"][3]) == pytest.approx(rate["women"] / rate["men"], abs=5e-4)
    for hidden in ("nonbinary", "else"):  # the four others would follow from the 60 by subtraction
        assert all(cell in ("suppressed", "") for cell in rows[hidden][1:])


def test_intersections_are_in_the_form_where_their_rates_were_asked_for(held):
    titles = [table.title for table in purpose(document(held, "ll144"), "en").tables]
    assert any("gender \u00d7 age" in title for title in titles)


@pytest.mark.parametrize("template", ["ll144", "dsa"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_law_is_said_to_be_kept_or_broken(held, template, language):
    text = html(document(held, template), language).decode()
    start = text.index('<section id="purpose"')
    part = text[start : text.index("</section>", start)].lower()
    for word in ("compliant", "complies", "violat", "lawful", "passed", "failed", "合规", "违法"):
        assert word not in part
    assert ("passes or fails" in part) == (template == "ll144" and language == "en")


def test_each_article_quotes_sentences_of_the_audit_or_says_that_it_was_not_looked_at(held):
    mitigation = Section(step="mitigation", summary=(phrase("report.verbatim", text="Re-ranking halves the gap."),))
    found = document(held, "dsa", mitigation)
    made = purpose(found, "en")
    spoken = {say(words) for section in found.sections for words in section.summary}
    assert [article.title.split(":")[0] for article in made.articles] == [f"Article {number}" for number in ARTICLES]
    by_title = dict(zip(ARTICLES, made.articles, strict=True))
    assert by_title["35"].said == ("Re-ranking halves the gap.",)
    assert set(by_title["34"].said) <= spoken and len(by_title["34"].said) >= 1
    assert by_title["38"].said == (say("purpose.dsa.silent"),)


def test_the_rule_of_thumb_flags_by_the_ratio_alone(held):
    made = purpose(document(held, "four_fifths"), "en")
    for table in made.tables:
        for row in table.rows:
            if row[3] not in ("suppressed", ""):
                assert (row[5] == say("purpose.four_fifths.below")) == (float(row[3]) < 0.8)


def test_a_frame_is_set_in_the_pdf_in_both_languages(held):
    assert pdf(document(held, "dsa"), "zh").startswith(b"%PDF")
    assert pdf(document(held, "four_fifths"), "en").startswith(b"%PDF")
