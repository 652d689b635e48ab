"""For whom it works: known gains inside their intervals, EconML's answers, and what stops an answer."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal.doubly_robust import nuisances, user_folds
from analysis.causal.effects import EffectSettings
from analysis.causal.graph import Graph, templates
from analysis.causal.people.covariates import design
from analysis.causal.people.projection import projection
from analysis.causal.people.scores import scores
from analysis.causal.people.section import people_section
from analysis.causal.people.settings import PeopleSettings
from analysis.causal.study import Study, contrasts, study
from analysis.document import Section, canonical
from analysis.finding import Finding, Verdict
from analysis.log import Dataset
from analysis.simulate import Shop, simulate
from benchmarks.coverage import Coverage, covered
from benchmarks.people import CAUSES, FLAT, GAIN, figures, log
from tests.analysis.causal.logs import dataset, real, triangle
from tests.analysis.causal.shops import dataset_of
from words import LANGUAGES, Phrase, Refusal, say

QUICK = PeopleSettings(forest=False, replicates=200)
ASKED = EffectSettings()


def known(section: Section) -> dict[str, Finding]:
    return {one.key: one for one in section.findings}


def people(table: pd.DataFrame, *confounders: str, k: int = 10, settings: PeopleSettings = QUICK) -> Section:
    graph = triangle(*confounders)
    sensitive = tuple(name for name in ("gender", "age") if name in table)
    return people_section(dataset(table, sensitive), graph, ASKED, settings, k, 1)


def gains(users: int = 700, seed: int = 1) -> pd.DataFrame:
    return log(users, seed)


@pytest.fixture(scope="module")
def section() -> Section:
    return people(gains(), *CAUSES, settings=PeopleSettings(blind=False, replicates=200, forest_rows=1500))


def test_group_effects_hold_the_known_gains_and_women_gain_more(section: Section) -> None:
    found = known(section)
    truth = {"women": 0.12 - 0.012 + 0.02, "men": 0.04 - 0.012 + 0.02}
    for group, value in truth.items():
        one = found[f"people.cate.gender.{group}"]
        assert one.low is not None and one.high is not None and one.low < value < one.high
    gap = found["people.cate.gender.gap"]
    assert gap.verdict is Verdict.GAP and gap.p_adjusted is not None and gap.p_value is not None
    assert gap.p_adjusted >= gap.p_value


def test_the_order_finds_who_gains_and_the_rule_treats_groups_differently(section: Section) -> None:
    found = known(section)
    assert found["people.qini"].verdict is Verdict.EFFECT and found["people.qini"].unit == "per_thousand"
    assert found["people.rule.lift"].verdict is Verdict.EFFECT
    share = found["people.rule.share.gender.gap"]
    assert share.verdict is Verdict.GAP and abs(share.value or 0) > 0.3
    treated, left = found["people.rule.treated"].value, found["people.rule.left"].value
    assert treated is not None and left is not None and treated > left


def test_every_sentence_label_table_and_chart_speaks_both_languages(section: Section) -> None:
    phrases = [*section.summary, *section.notes]
    for one in section.findings:
        phrases += [one.label, one.method]
    for chart in section.charts:
        phrases += [chart.title, chart.x_title, chart.y_title, chart.alt]
    for table in section.tables:
        phrases += [
            table.title,
            *(cell for row in table.rows for cell in row if isinstance(cell, Phrase)),
        ]
    spoken = {language: [say(one, language) for one in phrases] for language in LANGUAGES}
    assert all(spoken["en"]) and all(spoken["zh"])
    assert sum(a == b for a, b in zip(spoken["en"], spoken["zh"], strict=True)) == 0


def test_no_two_figures_of_a_section_have_the_same_label(section: Section) -> None:
    labels = [say(one.label) for one in section.findings]
    assert len(set(labels)) == len(labels)


def test_the_same_settings_and_data_give_the_same_bytes() -> None:
    table = gains(150)
    settings = PeopleSettings(replicates=100, forest_rows=1000)
    first, second = (people(table, *CAUSES, settings=settings) for _ in range(2))
    assert canonical(first) == canonical(second)


def test_charts_show_groups_fifths_curve_shares_and_covariates(section: Section) -> None:
    assert [chart.key for chart in section.charts] == [
        "people.cate.gender",
        "people.cate.age",
        "people.fifths",
        "people.curve",
        "people.rule.share.gender",
        "people.rule.share.age",
        "people.varies",
    ]
    curve = next(chart for chart in section.charts if chart.key == "people.curve")
    assert curve.series[0].y[0] == 0 and curve.series[0].y[-1] == pytest.approx(curve.series[1].y[-1])


def test_a_blind_rule_asks_about_no_sensitive_attribute() -> None:
    section = people(gains(), *CAUSES)
    rule = next(table for table in section.tables if table.key == "people.rule")
    said = " ".join(say(row[0]) for row in rule.rows)  # type: ignore[arg-type]
    assert "intent" in said and "gender" not in said and "age" not in said


def test_a_user_with_rows_in_several_groups_counts_once_in_what_compares_them() -> None:
    table = gains()
    table["device"] = np.random.default_rng(1).choice(["phone", "desk", "tv"], len(table))
    settings = QUICK.model_copy(update={"by": ("device",)})
    found = known(people(table, *CAUSES, "device", settings=settings))
    everyone = table["user"].nunique()
    compared = [one for key, one in found.items() if ".device.gap" in key]
    assert len(compared) >= 5  # the widest, two pairs, and two of shares treated
    assert all(everyone >= one.n >= max(one.groups.values()) for one in compared)
    assert found["people.cate.device.gap"].n == everyone < sum(found["people.cate.device.gap"].groups.values())


def test_a_price_decides_whom_the_rule_treats() -> None:
    dear = known(people(gains(), *CAUSES, settings=QUICK.model_copy(update={"worth": 0.9})))
    assert dear["people.rule"].verdict is Verdict.NOT_COMPUTED
    fair = known(people(gains(), *CAUSES, settings=QUICK.model_copy(update={"worth": 0.08, "blind": False})))
    assert fair["people.rule.net"].value is not None and "people.rule.over_all" in fair


def test_group_scores_and_projection_equal_econmls_on_the_same_nuisances() -> None:
    """LinearDRLearner with our nuisance models and folds has our scores, so its coefficients are ours to 1e-8."""
    from econml.dr import LinearDRLearner

    rows = cut_log(gains(300))
    fitted = nuisances(rows, 1)
    mine = scores(rows, fitted, 1)
    columns = design(rows, CAUSES)
    fold = user_folds(rows.user, rows.users, 1)
    splits = [(np.flatnonzero(fold != part), np.flatnonzero(fold == part)) for part in range(5)]
    theirs = LinearDRLearner(
        model_propensity=_KeptPropensity(1 - fitted.clipped, fitted.clipped),
        model_regression=_KeptOutcome(fitted.without, fitted.treated),
        cv=splits,
        min_propensity=1e-6,
        random_state=1,
    )
    at = np.arange(rows.rows, dtype=float)[:, None]
    theirs.fit(rows.outcome, rows.treated, X=columns.columns, W=at, inference=None)
    ours = [slope.estimate.value for slope in projection(mine, columns) if slope.estimate is not None]
    assert np.allclose(ours, theirs.coef_(T=1), atol=1e-8)


class _Kept:
    """Predictions made before, given back by the row number that stands in the controls."""

    def __init__(self, first: np.ndarray, second: np.ndarray) -> None:
        self.first, self.second = first, second

    def get_params(self, deep: bool = True) -> dict[str, object]:
        return {"first": self.first, "second": self.second}

    def fit(self, features: np.ndarray, target: np.ndarray, **_: object) -> "_Kept":
        self.classes_ = np.array([0, 1])
        return self


class _KeptPropensity(_Kept):
    def predict_proba(self, features: np.ndarray) -> np.ndarray:
        row = features[:, -1].astype(int)
        return np.column_stack([self.first[row], self.second[row]])


class _KeptOutcome(_Kept):
    def predict(self, features: np.ndarray) -> np.ndarray:
        """EconML puts the treatment behind the controls."""
        row = features[:, -2].astype(int)
        return np.where(features[:, -1] == 1, self.second[row], self.first[row])


def cut_log(table: pd.DataFrame) -> Study:
    return study(table, "x", "y", contrasts(table["x"], None, None)[0], CAUSES, 5)


def test_econmls_models_see_the_same_groups_gain(section: Section) -> None:
    table = next(one for one in section.tables if one.key == "people.peers.gender")
    for _, value, low, high, linear, forest in table.rows:
        assert isinstance(value, float) and isinstance(low, float) and isinstance(high, float)
        for other in (linear, forest):
            assert isinstance(other, float) and low - 0.04 < other < high + 0.04  # 1,500 of 5,000 rows
    ranking = next(one for one in section.tables if one.key == "people.peers.ranking")
    assert len(ranking.rows) == 3


def test_a_covariate_that_others_determine_is_left_out() -> None:
    table = gains(100).assign(twin=lambda t: t["intent"].map({"seek": "a", "browse": "b"}))
    rows = study(table, "x", "y", contrasts(table["x"], None, None)[0], ("intent", "twin"), 5)
    assert [term.name for term in design(rows, ("intent", "twin")).terms] == ["intent"]


def test_known_gains_are_covered_whether_they_differ_or_not() -> None:
    """A small version of `python -m benchmarks.coverage`; all intervals of a kind together."""
    for gain in (GAIN, FLAT):
        counted = Coverage()
        for seed in range(20):
            counted.add(figures(200, seed, gain))
        held = covered(counted)
        hits, n = (sum(one[place] for one in held.values()) for place in (0, 1))
        assert 0.92 < hits / n < 0.98
        assert held["qini"][0] >= 16


# What stops an answer: a verdict with its reason, never a number.


def refused(section: Section) -> str:
    one = section.findings[0]
    assert one.verdict is Verdict.NOT_COMPUTED and one.reason is not None and len(section.findings) == 1
    return one.reason.key


def test_a_graph_that_identifies_nothing_is_not_asked_for_whom() -> None:
    graph = Graph(
        nodes=("x", "y", "h"), edges=(("h", "x"), ("h", "y"), ("x", "y")), latent=("h",), treatment="x", outcome="y"
    )
    data = dataset(gains(100), ("gender",))
    assert refused(people_section(data, graph, ASKED, QUICK, 10, 1)) == "people.no_effect"


def test_an_effect_that_only_an_instrument_identifies_is_not_asked_for_whom() -> None:
    graph = Graph(
        nodes=("x", "y", "h", "intent"),
        edges=(("h", "x"), ("h", "y"), ("intent", "x"), ("x", "y")),
        latent=("h",),
        treatment="x",
        outcome="y",
    )
    assert refused(people_section(dataset(gains(100)), graph, ASKED, QUICK, 10, 1)) == "people.by_other_way"


def test_too_few_users_no_overlap_and_constants_give_their_reasons() -> None:
    table = gains(60)
    few = people(table.iloc[:40], *CAUSES)
    assert refused(few) == "people.few_users" and "Fewer than 50 users" in say(few.summary[0])
    assert refused(people(table.assign(x=1), *CAUSES)) == "effects.treatment_constant"
    assert refused(people(table.assign(y=1.0), *CAUSES)) == "effects.outcome_constant"
    apart = gains(300)
    apart["x"] = (apart["gender"] == "women").astype(int)
    assert refused(people(apart, *CAUSES)) == "effects.no_overlap"


def test_what_the_treatment_changes_cannot_say_for_whom_it_works() -> None:
    table = gains(200).assign(m=lambda t: t["x"])
    graph = Graph(
        nodes=("x", "y", "m", *CAUSES),
        edges=(*((name, end) for name in CAUSES for end in ("x", "y")), ("x", "m"), ("m", "y")),
        treatment="x",
        outcome="y",
    )
    settings = QUICK.model_copy(update={"covariates": ("m",)})
    data = dataset(table, ("gender",))
    assert refused(people_section(data, graph, ASKED, settings, 10, 1)) == "people.changed"


def test_a_covariate_that_opens_a_path_is_refused() -> None:
    table = gains(200)
    graph = Graph(
        nodes=("x", "y", "u", "v", "intent"),
        edges=(("u", "x"), ("u", "intent"), ("v", "intent"), ("v", "y"), ("x", "y")),
        latent=("u", "v"),
        treatment="x",
        outcome="y",
    )
    settings = QUICK.model_copy(update={"covariates": ("intent",), "by": ("intent",)})
    assert refused(people_section(dataset(table), graph, ASKED, settings, 10, 1)) == "people.opens"


def test_one_group_a_group_without_support_and_a_small_group_each_say_why() -> None:
    table = gains(400)
    found = known(people(table.assign(gender="women"), *CAUSES))
    assert found["people.cate.gender.gap"].reason is not None
    assert found["people.cate.gender.gap"].reason.key == "people.one_group"
    lone = table.copy()
    lone["age"] = np.where(lone["user"].astype(int) < 4, "rare", lone["age"])
    found = known(people(lone, *CAUSES))
    assert found["people.cate.age.rare"].verdict is Verdict.SUPPRESSED
    assert all(one.verdict is Verdict.SUPPRESSED for key, one in found.items() if key.endswith(".rare"))
    never = table.copy()
    never.loc[never["age"] == "old", "x"] = 0
    found = known(people(never, *CAUSES))
    old = found.get("people.cate.age.old", found.get("people.average"))
    assert old is not None and old.verdict is Verdict.NOT_COMPUTED


def test_covariates_that_do_not_vary_leave_nothing_to_rank_and_no_rule() -> None:
    table = gains(200).assign(gender="women", age="old", intent="seek")
    found = known(people(table, *CAUSES))
    assert found["people.qini"].reason is not None and found["people.qini"].reason.key == "people.nothing_to_rank"
    assert found["people.rule"].verdict is Verdict.NOT_COMPUTED
    assert found["people.average"].value is not None


def test_missing_covariates_and_a_covariate_without_any_value_are_no_obstacle() -> None:
    table = gains(300).assign(empty=np.nan, some=lambda t: np.where(t.index % 3 == 0, np.nan, t.index % 17))
    settings = QUICK.model_copy(update={"covariates": ("gender", "empty", "some")})
    assert known(people(table, *CAUSES, settings=settings))["people.qini"].value is not None


def test_a_graph_without_a_question_is_refused() -> None:
    with pytest.raises(Refusal):
        people_section(dataset(gains(60)), Graph(nodes=("x", "y"), edges=(("x", "y"),)), ASKED, QUICK, 10, 1)


def test_the_shop_is_answered_through_its_own_template() -> None:
    data: Dataset = dataset_of(simulate(Shop(users=700, items=120, seed=5)))
    found = known(people_section(data, templates(data)["shop"], ASKED, QUICK, 10, 1))
    for group, value in {"men": 0.0759, "women": 0.0465}.items():
        one = found[f"people.cate.gender.{group}"]
        assert one.low is not None and one.high is not None and one.low < value < one.high


def test_hillstrom_womens_mail_reaches_those_who_bought_womens_wear_and_mens_mail_cannot_be_told() -> None:
    table = pd.read_csv(real("hillstrom") / "hillstrom.csv")
    causes = ("mens", "womens", "newbie", "channel")
    graph = Graph(
        nodes=("segment", "visit", *causes),
        edges=(("segment", "visit"), *((name, "visit") for name in causes)),
        treatment="segment",
        outcome="visit",
    )
    settings = QUICK.model_copy(update={"covariates": causes, "by": ("womens",)})
    asked = EffectSettings(reference="No E-Mail")
    found = known(people_section(dataset(table, ("womens",)), graph, asked, settings, 10, 1))
    mens, womens = (f"people[segment={name} E-Mail]" for name in ("Mens", "Womens"))
    assert len({say(one.label) for one in found.values()}) == len(found)
    # The experiment's plain differences: 18.28% and 15.14% against 10.62% visit.
    assert found[f"{mens}.average"].value == pytest.approx(0.0766, abs=0.001)
    assert found[f"{womens}.average"].value == pytest.approx(0.0452, abs=0.001)
    one = found[f"{womens}.qini"]
    assert one.verdict is Verdict.EFFECT and one.low is not None and one.low > 0.004
    assert found[f"{womens}.cate.womens.gap"].verdict is Verdict.GAP
    plain = table[table["segment"] != "Mens E-Mail"]
    rates = plain.groupby(["womens", "segment"])["visit"].mean().unstack()
    for group in (0, 1):
        raw = rates.loc[group, "Womens E-Mail"] - rates.loc[group, "No E-Mail"]
        assert found[f"{womens}.cate.womens.{group}"].value == pytest.approx(raw, abs=0.002)
