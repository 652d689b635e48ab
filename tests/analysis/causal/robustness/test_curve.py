"""The specification curve: which ways count, that each is the estimator's own answer, and what they say together."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal.adjustment import biasing_paths
from analysis.causal.cells import Estimand
from analysis.causal.dag import Graph
from analysis.causal.effects import EffectSettings
from analysis.causal.estimators import ESTIMATORS
from analysis.causal.identify import identify
from analysis.causal.question import ask
from analysis.causal.regression import linear_adjustment
from analysis.causal.robustness.curve import Asked, Way, ways
from analysis.causal.robustness.scores import SCORES, by_user, linear_scores, strata_scores
from analysis.causal.robustness.settings import RobustnessSettings
from analysis.causal.robustness.specifications import adjustment_choices, cuts, outcome_choices
from analysis.causal.robustness.together import joint_p, told
from analysis.causal.study import contrasts
from analysis.causal.variables import variables
from tests.analysis.causal.logs import confounded, cut, dataset, triangle

QUICK = EffectSettings(replicates=200, simulations=20)
CLOSED = RobustnessSettings(replicates=100, estimators=("strata", "linear"))


def asked(table: pd.DataFrame, graph: Graph, settings: RobustnessSettings = CLOSED, **effects: object) -> Asked:
    data, chosen = dataset(table), QUICK.model_copy(update=effects)
    wide = variables(data)
    question = ask(data, graph, chosen, wide)
    sets, _ = adjustment_choices(question)
    return Asked(
        table=wide,
        treatment="x",
        contrast=contrasts(wide["x"], None, None)[0],
        sets=sets,
        outcomes=outcome_choices(question, wide, chosen, settings.other_outcomes),
        effects=chosen,
        settings=settings,
        k=10,
        seed=1,
    )


def computed(given: Asked) -> tuple[Way, ...]:
    return ways(given, lambda share: None)


def chain() -> Graph:
    """u -> v -> x, u -> w -> y, u -> y's other cause; x -> y: v alone or w with u closes the way."""
    edges = (("u", "v"), ("v", "x"), ("u", "w"), ("w", "y"), ("x", "y"))
    return Graph(nodes=("x", "y", "u", "v", "w"), edges=edges, treatment="x", outcome="y")


def chained(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    u = rng.integers(0, 2, rows)
    v = np.where(rng.random(rows) < 0.8, u, 1 - u)
    w = np.where(rng.random(rows) < 0.8, u, 1 - u)
    x = (rng.random(rows) < 0.3 + 0.4 * v).astype(int)
    y = (rng.random(rows) < 0.2 + 0.3 * w + 0.1 * x).astype(float)
    table = pd.DataFrame({"x": x, "y": y, "u": u.astype(str), "v": v.astype(str), "w": w.astype(str)})
    return table.assign(user=rng.integers(0, rows // 5, rows).astype(str))


def test_the_curve_holds_every_minimal_set_and_all_recorded_causes_each_once() -> None:
    given = asked(chained(3000, 1), chain())
    assert {one.names for one in given.sets} == {("u",), ("v",), ("w",), ("u", "v", "w")}
    assert [one.kind for one in given.sets].count("headline") == 1
    assert len(computed(given)) == 8


def test_all_recorded_causes_close_every_path_wherever_a_set_does() -> None:
    """Random graphs with hidden nodes: the set that the curve adds to the minimal ones is always a valid one."""
    rng = np.random.default_rng(12)
    names = ("a", "b", "x", "c", "d", "y", "e")
    tried = 0
    for _ in range(150):
        pairs = [(one, two) for at, one in enumerate(names) for two in names[at + 1 :] if rng.random() < 0.45]
        latent = tuple(name for name in ("a", "b", "c", "d") if rng.random() < 0.4)
        graph = Graph(nodes=names, edges=tuple(pairs), latent=latent, treatment="x", outcome="y")
        found = identify(graph, names)
        if found.recommended is not None:
            tried += 1
            assert biasing_paths(graph, "x", "y", found.recorded_causes) == ()
    assert tried > 50


def test_each_way_is_the_registered_estimators_own_answer() -> None:
    table = chained(3000, 3)
    settings = RobustnessSettings(replicates=100, estimators=("strata", "linear", "matching"))
    given = asked(table, chain(), settings)
    for way in computed(given):
        names = given.sets[way.specification.adjustment].names
        own = ESTIMATORS[way.specification.estimator].run(cut(table, names), "ATE", 200, 1)
        assert own is not None and way.estimate is not None
        assert way.estimate.value == pytest.approx(own.value, abs=1e-12)
    headline = [way for way in computed(given) if way.specification.headline]
    assert len(headline) == 1 and headline[0].specification.estimator == "strata"


def test_outcomes_are_cut_where_both_sides_are_common() -> None:
    assert cuts(pd.Series([0.0, 1.0, 1.0, 0.0])) == ()
    ratings = pd.Series(np.repeat([1.0, 2, 3, 4, 5], [2, 18, 30, 30, 20]))
    assert cuts(ratings) == (3.0, 4.0, 5.0)  # 2 and more would leave 2% below
    spent = pd.Series(np.concatenate([np.zeros(60), np.linspace(1, 40, 40)]))
    assert cuts(spent)[0] == 1.0 and len(cuts(spent)) == 2  # anything above none; the median is none


def test_different_outcomes_are_told_in_standard_deviations_of_each() -> None:
    rng = np.random.default_rng(4)
    table = confounded(2000, 4).assign(y=lambda t: rng.poisson(1 + t["x"] + t["z"].astype(int)).astype(float))
    given = asked(table, triangle("z"))
    assert len(given.outcomes) == 4 and given.outcomes[0].headline
    spreads = {way.specification.outcome: way.spread for way in computed(given)}
    assert spreads[0] == pytest.approx(float(table["y"].std(ddof=0))) and all(
        0.3 < spreads[at] <= 0.5 for at in (1, 2, 3)
    )


def test_a_headline_that_is_cut_stands_beside_the_uncut_outcome() -> None:
    table = confounded(2000, 5).assign(y=lambda t: t["z"].astype(float) + t["x"] + 1)
    given = asked(table, triangle("z"), positive_from=3.0)
    assert [one.headline for one in given.outcomes].count(True) == 1
    assert given.outcomes[0].headline and given.outcomes[0].values.isin([0.0, 1.0]).all()
    assert len({str(one.words) for one in given.outcomes}) == len(given.outcomes)


def test_sets_without_support_and_rare_outcomes_are_reasons_not_numbers() -> None:
    table = confounded(2000, 6).assign(w=lambda t: np.where(t["x"] == 1, "a", "b"))
    every = computed(asked(table, triangle("z", "w")))
    assert all(way.estimate is None and way.reason is not None for way in every)
    rare = confounded(2000, 6).assign(y=lambda t: (np.arange(len(t)) < 4).astype(float))
    assert {way.reason.key for way in computed(asked(rare, triangle("z"))) if way.reason} == {"finding.suppressed"}


def test_what_the_ways_say_together_is_counted_against_the_answers_sign() -> None:
    every = computed(asked(chained(4000, 7), chain()))
    found = told(every, [1.0] * len(every))
    assert found is not None
    values = [way.estimate.value for way in every if way.estimate]
    assert (found.median, found.low, found.high) == (np.median(values), min(values), max(values))
    assert found.same == 1.0 and found.sure == 1.0 and found.opposite == 0.0
    assert 0 <= found.between["adjustment"] <= 1 and "outcome" not in found.between
    assert told([], []) is None


@pytest.mark.parametrize("estimand", ["ATE", "ATT"])
def test_contributions_of_users_give_the_bootstraps_standard_error(estimand: Estimand) -> None:
    study = cut(confounded(4000, 8, users=300), ("z",))
    people = np.unique(study.table["user"].to_numpy(dtype=str))
    scores = strata_scores(study, estimand)
    assert scores.sum() == pytest.approx(0.0, abs=1e-12)
    own = ESTIMATORS["strata"].run(study, estimand, 2000, 1)
    assert own is not None
    assert np.sqrt((by_user(scores, study, people) ** 2).sum()) == pytest.approx(own.error, rel=0.06)


def test_contributions_to_the_line_give_its_clustered_error() -> None:
    table = confounded(2000, 9, users=150).assign(w=lambda t: np.random.default_rng(1).normal(size=len(t)) + t["x"])
    study = cut(table, ("z", "w"))
    people = np.unique(study.table["user"].to_numpy(dtype=str))
    error = np.sqrt((by_user(linear_scores(study, "ATE"), study, people) ** 2).sum())
    users, rows, columns = 150, 2000, 5
    factor = users / (users - 1) * (rows - 1) / (rows - columns)
    assert error * np.sqrt(factor) == pytest.approx(linear_adjustment(study).error, rel=1e-9)
    assert set(SCORES) <= set(ESTIMATORS)


def test_users_missing_from_one_way_keep_their_place_among_all() -> None:
    study = cut(confounded(400, 10, users=30), ("z",))
    everyone = np.unique(np.append(study.table["user"].to_numpy(dtype=str), ["999", "aaa"]))
    placed = by_user(np.ones(study.rows), study, everyone)
    assert len(placed) == len(everyone) and placed.sum() == study.rows and placed[-1] == 0


def test_the_joint_test_finds_an_effect_and_is_the_same_every_time() -> None:
    every = computed(asked(chained(4000, 11), chain()))
    first, again = (joint_p(every, [1.0] * len(every), 500, 3) for _ in range(2))
    assert first == again and first is not None
    median, p, count = first
    assert p == pytest.approx(1 / 501) and count == 8
    assert median == np.median([way.estimate.value for way in every if way.estimate])
    assert joint_p([], [], 500, 3) is None
