"""The registry: every estimator against peers, known truth, and what is undefined."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal.cells import Estimand, compress, standardised
from analysis.causal.estimators import ESTIMATORS
from analysis.causal.matching import by_matching, nearest
from analysis.causal.study import Study
from analysis.causal.weighting import by_weighting, fitted_propensity, hajek
from benchmarks.worlds import chosen
from tests.analysis.causal.logs import confounded, cut
from words import LANGUAGES, say


@pytest.fixture(scope="module")
def study() -> Study:
    return cut(chosen(1), ("w", "g"))


def test_every_estimator_has_its_name_in_both_languages() -> None:
    assert all(say(f"effects.name_{name}", language) for name in ESTIMATORS for language in LANGUAGES)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("estimand", ["ATE", "ATT"])
def test_every_estimator_but_the_raw_difference_comes_near_the_truth(name: str, estimand: Estimand) -> None:
    entry = ESTIMATORS[name]
    found = entry.run(cut(chosen(2, 800, 0.0), ("w", "g")), estimand, 200, 1)
    assert found is not None and found.low < found.value < found.high
    assert (abs(found.value - 1) < 4 * found.error + (0 if entry.numbers else 0.2)) == entry.adjusts


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_same_seed_gives_the_same_estimate(name: str, study: Study) -> None:
    assert ESTIMATORS[name].run(study, "ATE", 100, 3) == ESTIMATORS[name].run(study, "ATE", 100, 3)


@pytest.mark.parametrize("name", [name for name, entry in ESTIMATORS.items() if entry.adjusts])
def test_one_user_perfect_separation_and_no_overlap_give_nothing(name: str) -> None:
    run = ESTIMATORS[name].run
    apart = chosen(3).assign(x=lambda t: (t["w"] > 0).astype(int))
    assert name in ("strata", "linear", "aipw") or run(cut(apart, ("w",)), "ATE", 100, 1) is None
    one = cut(chosen(4).assign(user="u"), ("g",))
    assert run(one, "ATE", 100, 1) is None


def test_the_fitted_propensity_equals_statsmodels() -> None:
    from statsmodels.api import Logit

    table = chosen(5)
    study = cut(table, ("w", "g"))
    ours = fitted_propensity(study)
    assert ours is not None
    theirs = Logit(table["x"].to_numpy(), ours.design[ours.unit]).fit(disp=0, tol=1e-14)
    assert np.allclose(ours.probability, theirs.predict(), atol=1e-8)
    cells = cut(table, ("g",))
    compact = fitted_propensity(cells)
    assert compact is not None and np.allclose(
        compact.probability, table.groupby("g")["x"].transform("mean"), atol=1e-9
    )


def test_weighting_equals_dowhys_on_the_same_propensities(study: Study) -> None:
    from dowhy import CausalModel

    fitted = fitted_propensity(study)
    assert fitted is not None
    e = np.clip(fitted.probability, 0.05, 0.95)  # DoWhy clips there
    table = pd.DataFrame({"x": study.treated.astype(int), "y": study.outcome, "w": study.table["w"], "e": e})
    model = CausalModel(table, treatment="x", outcome="y", common_causes=["w"])
    value, _, _ = hajek(study, e, np.ones(study.rows, bool), "ATE")
    for scheme in ("ips_normalized_weight", "ips_stabilized_weight"):
        theirs = model.estimate_effect(
            model.identify_effect(),
            method_name="backdoor.propensity_score_weighting",
            method_params={"init_params": {"propensity_score_column": "e", "weighting_scheme": scheme}},
        )
        assert value == pytest.approx(float(theirs.value), abs=1e-8)


def test_matching_on_one_neighbour_equals_dowhys_before_the_bias_correction(study: Study) -> None:
    from sklearn.neighbors import NearestNeighbors

    fitted = fitted_propensity(study)
    assert fitted is not None
    e = fitted.probability
    pool, asking = e[study.treated == 0], e[study.treated == 1]
    theirs = NearestNeighbors(n_neighbors=4).fit(pool[:, None]).kneighbors(asking[:, None])[0]
    ours = np.abs(pool[nearest(asking, pool, 4)] - asking[:, None])
    assert np.allclose(np.sort(ours, axis=1), theirs, atol=1e-12)


def test_exact_matching_is_standardisation() -> None:
    study = cut(confounded(3000, 6, users=200), ("z",))
    n, y = (total[0] for total in compress(study).totals())
    estimands: tuple[Estimand, ...] = ("ATE", "ATT")
    for estimand in estimands:
        found = by_matching(study, None, estimand, 1)
        assert found is not None and found.value == pytest.approx(float(standardised(n, y, estimand)), abs=1e-12)


@pytest.mark.parametrize("name", ["ipw", "matching"])
def test_intervals_of_weighting_and_matching_hold_the_truth_at_the_nominal_rate(name: str) -> None:
    hits = []
    for seed in range(300):
        found = ESTIMATORS[name].run(cut(chosen(seed), ("w", "g")), "ATE", 100, seed)
        assert found is not None
        hits.append(found.low <= 1 <= found.high)
    assert 0.912 < np.mean(hits) < 0.988  # 0.95 within three standard errors


def test_ignoring_the_fit_of_the_propensity_would_widen_the_interval(study: Study) -> None:
    from analysis.causal.doubly_robust import clustered_error

    fitted = fitted_propensity(study)
    found = by_weighting(study, fitted, "ATE")
    assert fitted is not None and found is not None
    _, score, _ = hajek(study, fitted.probability, np.ones(study.rows, bool), "ATE")
    assert found.error < 0.95 * clustered_error(score, study.user, study.users)
