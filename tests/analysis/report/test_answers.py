from analysis.document import Section
from analysis.finding import Verdict
from analysis.report.answers import answers, size
from tests.analysis.report.sample import document, finding, said
from words import phrase


def audit(*sections):
    return document().model_copy(update={"sections": sections})


def test_the_four_questions_are_answered_by_the_sentences_of_their_steps():
    found = answers(
        audit(
            Section(step="data", summary=(said("Shown less."),)),
            Section(step="effects", summary=(said("It is caused."), said("Part is selection."), said("Third."))),
            Section(step="disparity", summary=(said("Women get less."),)),
            Section(step="mitigation", summary=(said("It costs little."),)),
        ),
        "en",
    )
    assert [answer.question[:12] for answer in found] == [
        "Who gets les",
        "Is it caused",
        "What would m",
        "Is it strong",
    ]
    assert found[0].sentences == ("Women get less.", "Shown less.")
    assert found[1].sentences == ("It is caused.", "Part is selection.")
    assert found[2].sentences == ("It costs little.",)


def test_a_question_that_no_step_looked_at_says_so():
    found = answers(audit(), "en")
    assert [answer.sentences for answer in found] == [("This audit did not look at it.",)] * 4


def test_the_strength_counts_every_claim_once_and_names_a_failed_attempt():
    claims = (
        finding("a.gap", Verdict.GAP, 0.1, 0.05, 0.2),
        finding("effect.ate", Verdict.EFFECT, 0.1, 0.05, 0.2),
        finding("c", Verdict.EQUIVALENT, 0.0, -0.01, 0.01, margin=0.02),
        finding("d", Verdict.CANNOT_TELL, 0.0, -0.1, 0.1),
        finding("level", Verdict.MEASURED, 0.5, 0.4, 0.6),
        finding("effect.placebo", Verdict.MEASURED, 0.0, -0.1, 0.1, settings={"stood": True}),
        finding("effect.subset", Verdict.MEASURED, 0.0, -0.1, 0.1, settings={"stood": False}),
    )
    first, attempts, graph = answers(audit(Section(step="effects", summary=(), findings=claims)), "en")[3].sentences
    assert first.startswith("Of 4 differences and effects") and "more than chance: 2; too small to matter: 1" in first
    assert "withstood 1 of 2" in attempts and "no data can prove" in graph


def test_an_estimate_that_no_graph_identifies_is_not_signed_as_an_effect():
    tried = finding("effect.placebo", Verdict.MEASURED, 0.0, -0.1, 0.1, settings={"stood": True})
    rest = finding("effect.remaining", Verdict.GAP, 0.1, 0.05, 0.2)
    found = answers(audit(Section(step="effects", summary=(), findings=(rest, tried))), "en")[3].sentences
    assert "not called an effect" in found[-1]


def test_the_size_is_the_data_steps_own_sentence():
    counts = {"rows": 30, "users": 12, "items": 7}
    section = Section(step="data", summary=(said("First."), phrase("data.summary.size", **counts)))
    assert size(audit(section), "en") == "The log has 30 rows of 12 users and 7 items."
    assert size(audit(), "en") == ""


def test_a_gap_that_the_correction_denies_is_counted_apart():
    claims = (
        finding("a.gap", Verdict.GAP, 0.1, 0.05, 0.2, p_adjusted=0.01),
        finding("b.gap", Verdict.GAP, 0.1, 0.05, 0.2, p_adjusted=0.3),
    )
    first = answers(audit(Section(step="disparity", summary=(), findings=claims)), "en")[3].sentences[0]
    assert "more than chance: 1; standing out alone but not after the correction for many looks: 1;" in first
