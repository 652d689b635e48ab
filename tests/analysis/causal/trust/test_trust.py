"""The trial of estimators: the raw difference is found out, adjusting ones hold, and a reason where none is made."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal.graph import Graph
from analysis.causal.settings import EffectSettings
from analysis.causal.trust.section import trust_section
from analysis.causal.trust.settings import TrustSettings
from analysis.causal.trust.trial import Record, Trial, advice, ranked, share
from analysis.document import Section, canonical
from analysis.finding import VALUELESS
from tests.analysis.causal.logs import confounded, dataset, triangle
from words import LANGUAGES, Phrase, Refusal, say

QUICK = TrustSettings(logs=40, slow_logs=0, resamples=100)


def tried(table: pd.DataFrame, graph: Graph, k: int = 10, **more: object) -> Section:
    return trust_section(dataset(table), graph, EffectSettings(), QUICK.model_copy(update=more), k, 1)


@pytest.fixture(scope="module")
def section() -> Section:
    return tried(confounded(3000, 1, effect=0.1, users=150), triangle("z"))


def test_the_raw_difference_is_found_out_and_adjusting_estimators_hold(section: Section) -> None:
    found = {one.key: one for one in section.findings}
    raw, strata = found["trust.difference.estimated.coverage"], found["trust.strata.estimated.coverage"]
    assert raw.value == 0.0 and strata.value is not None and strata.value > 0.8
    assert found["trust.difference.none.found"].value == 1.0
    bias = found["trust.linear.estimated.bias"]
    assert bias.low is not None and bias.high is not None and bias.low - 0.01 < 0 < bias.high + 0.01
    said = " ".join(say(one) for one in section.summary)
    assert "Do not trust raw difference here" in said and "not whether the graph is right" in said


def test_it_speaks_both_languages_and_repeats_itself(section: Section) -> None:
    phrases = [*section.summary, *section.notes, *(one.label for one in section.findings)]
    phrases += [part for one in section.charts for part in (one.title, one.x_title, one.y_title, one.alt)]
    phrases += [cell for table in section.tables for row in table.rows for cell in row if isinstance(cell, Phrase)]
    assert all(say(one, language) for one in phrases for language in LANGUAGES)
    assert canonical(tried(confounded(3000, 1, effect=0.1, users=150), triangle("z"))) == canonical(section)


def test_every_figure_rests_on_logs_and_none_is_hidden_as_people(section: Section) -> None:
    from analysis.fairness.disclose import disclose

    assert {one.n_unit for one in section.findings} == {"logs"}
    assert disclose(section, 50).findings == section.findings


def test_a_size_of_ones_own_is_tried_and_a_cancel_stops_the_trial() -> None:
    table = confounded(1500, 1, users=80)
    found = tried(table, triangle("z"), logs=20, size=0.25)
    assert found.facts["effects"][-1] == pytest.approx(0.25)  # type: ignore[index, call-overload]

    class Cancelled(BaseException):
        pass

    def tell(fraction: float, *_: object, **__: float) -> None:
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        trust_section(dataset(table), triangle("z"), EffectSettings(), QUICK, 10, 1, tell)


@pytest.mark.parametrize(
    ("table", "graph", "reason"),
    [
        (confounded(600, 1).assign(x=1), triangle("z"), "effects.treatment_constant"),
        (confounded(600, 1).assign(y=1.0), triangle("z"), "effects.outcome_constant"),
        (confounded(600, 1).assign(y="text"), triangle("z"), "effects.outcome_text"),
        (confounded(600, 1, users=5), triangle("z"), "trust.few_users"),
        (confounded(600, 1).assign(x=lambda t: (t["z"] == "1") * 1), triangle("z"), "effects.no_overlap"),
        (
            confounded(600, 1),
            triangle("z").add_node("u", True).add_edge("u", "x").add_edge("u", "y"),
            "trust.not_identified",
        ),
        (confounded(600, 1).drop(columns="x"), triangle("z"), "effects.not_recorded"),
    ],
)
def test_data_that_allow_no_trial_give_a_reason(table: pd.DataFrame, graph: Graph, reason: str) -> None:
    found = tried(table, graph)
    assert found.findings[0].verdict in VALUELESS
    assert found.findings[0].reason is not None and found.findings[0].reason.key == reason
    assert all(say(said, "zh") for said in found.summary)


def test_no_treatment_is_refused() -> None:
    with pytest.raises(Refusal):
        tried(confounded(100, 1), Graph(nodes=("x", "y"), edges=(("x", "y"),)))


def test_numbers_as_confounders_and_outcome_are_tried() -> None:
    rng = np.random.default_rng(1)
    z = rng.normal(size=1200)
    x = (rng.random(1200) < 1 / (1 + np.exp(-z))).astype(int)
    table = pd.DataFrame(
        {"user": rng.integers(0, 120, 1200).astype(str), "z": z, "x": x, "y": z + 0.5 * x + rng.normal(size=1200)}
    )
    table.loc[:20, "z"] = np.nan
    found = {one.key: one for one in tried(table, triangle("z"), logs=20).findings}
    bias = found["trust.linear.estimated.bias"]
    assert bias.value is not None and abs(bias.value) < 0.1


def test_advice_needs_enough_logs() -> None:
    def trial(hits: int, n: int) -> Trial:
        one = Record("strata", 0.0, n, n, (0.0, 0.0, 0.0), 0.1, 0.1, share(hits, n), share(0, n))
        return Trial((0.0,), (one,))

    assert advice(trial(380, 400), "strata") == "yes"
    assert advice(trial(38, 40), "strata") == "open"
    assert advice(trial(340, 400), "strata") == "no"
    assert advice(trial(400, 400), "strata") == "yes"
    assert ranked(trial(38, 40)) == ("strata",)
