"""Data with a known answer, by the product's own way: files are read, roles given, the effects step asked."""

from pathlib import Path

import pandas as pd
import pytest

from analysis.causal.effects import EffectSettings, effects_section
from analysis.causal.graph import Graph, templates
from analysis.document import Section
from analysis.finding import Finding, Verdict
from analysis.ingest import Source, spool
from analysis.log import EACH_ROW, NO_ITEMS, Roles
from analysis.overview import data_section
from analysis.prepare import Prepared, prepare
from analysis.quality import Cleaning
from analysis.roles import guess
from analysis.split import Split
from audit.settings import AuditSettings, GraphChoice
from audit.steps import run_steps
from audit.workspace import Workspace
from tests.analysis.causal.logs import real
from words import Refusal, say

QUICK = EffectSettings(replicates=300, simulations=20)
PEOPLE = Roles(user=EACH_ROW, item=NO_ITEMS, treatment="treat", outcome="re78")
CAUSES = ("age", "education", "black", "hispanic", "married", "nodegree", "re74", "re75")
OBD = Roles(user=EACH_ROW, item="item_id", time="timestamp", outcome="click", position="position")


def read(folder: Path, table: pd.DataFrame, roles: Roles) -> Prepared:
    table.to_csv(folder / "log.csv", index=False)
    tables = spool(Source(kind="files", log=str(folder / "log.csv")), folder / "source")
    return prepare(tables, roles, Cleaning(), Split(), 1, 10)


def drawn(treatment: str, *causes: str, outcome: str = "outcome") -> Graph:
    edges = tuple((name, end) for name in causes for end in (treatment, outcome))
    return Graph(
        nodes=(treatment, outcome, *causes),
        edges=(*edges, (treatment, outcome)),
        treatment=treatment,
        outcome=outcome,
    )


def asked(ready: Prepared, graph: Graph, **settings: object) -> tuple[Section, dict[str, Finding]]:
    section = effects_section(ready.dataset, graph, QUICK.model_copy(update=settings), 10, 1)
    return section, {one.key: one for one in section.findings}


def lalonde() -> pd.DataFrame:
    return pd.read_csv(real("lalonde/lalonde_exp.csv"))


def test_lalondes_experiment_gives_the_published_effect(tmp_path: Path) -> None:
    ready = read(tmp_path, lalonde(), PEOPLE)
    assert len(ready.dataset.users) == 445 and len(ready.dataset.items) == 1
    told = " ".join(say(one) for one in data_section(ready, 10).summary)
    assert "445 people" in told and "a person of its own" in told and "about no items" in told
    _, found = asked(ready, drawn("treatment"))
    for key in ("effect.naive", "effect.ate"):
        assert found[key].value == pytest.approx(1794.34, abs=0.005) and found[key].low > 0  # type: ignore[operator]


def test_lalondes_adjusted_effect_is_the_published_one_and_the_others_lie_near(tmp_path: Path) -> None:
    _, found = asked(read(tmp_path, lalonde(), PEOPLE), drawn("treatment", *CAUSES))
    assert found["effect.ate[linear]"].value == pytest.approx(1676.34, abs=0.01)
    for name in ("effect.ate", "effect.ate[weighting]", "effect.ate[matching]"):
        one = found[name]
        assert one.low < 1676.34 < one.high and one.verdict is Verdict.EFFECT  # type: ignore[operator]


def comparison(name: str) -> pd.DataFrame:
    if name == "psid":
        return pd.read_csv(real("lalonde/lalonde_psid.csv"))
    trained = pd.read_stata(real("nsw/nsw_mixtape.dta")).query("treat == 1")
    names = {"educ": "education", "hisp": "hispanic", "marr": "married"}
    return pd.concat([trained, pd.read_stata(real("nsw/cps_mixtape.dta"))]).rename(columns=names)


@pytest.mark.parametrize(("name", "naive"), [("psid", -15204.8), ("cps", -8497.5)])
def test_a_comparison_group_unlike_the_trained_is_warned_of_and_no_effect_is_given(
    name: str, naive: float, tmp_path: Path
) -> None:
    ready = read(tmp_path, comparison(name), PEOPLE)
    section, found = asked(ready, drawn("treatment", *CAUSES))
    assert found["effect.naive"].value == pytest.approx(naive, abs=0.05)
    for key in ("effect.ate", "effect.att"):
        assert found[key].verdict is Verdict.NOT_COMPUTED
    assert found["effect.lacking"].value > 0.1  # type: ignore[operator]
    assert "have no counterpart" in say(section.summary[0]) and not any("[" in key for key in found)


def test_the_trained_alone_may_have_counterparts_but_all_together_have_not(tmp_path: Path) -> None:
    _, found = asked(read(tmp_path, comparison("psid"), PEOPLE), drawn("treatment", *CAUSES), estimand="ATT")
    assert found["effect.ate"].verdict is Verdict.NOT_COMPUTED
    assert "have no counterpart" in say(found["effect.ate"].reason)  # type: ignore[arg-type]
    assert found["effect.att"].low < 1794.34 < found["effect.att"].high  # type: ignore[operator]


def test_hillstroms_two_mails_each_raise_visits(tmp_path: Path) -> None:
    table = pd.read_csv(real("hillstrom/hillstrom.csv"))
    roles = Roles(user=EACH_ROW, item=NO_ITEMS, treatment="segment", outcome="visit")
    ready = read(tmp_path, table, roles)
    assert len(ready.dataset.log) == 64_000  # equal rows are different people
    _, found = asked(ready, drawn("treatment"), reference="No E-Mail")
    by_hand = table.groupby("segment")["visit"].mean()
    for mail in ("Mens E-Mail", "Womens E-Mail"):
        one = found[f"effect[segment={mail}].ate"]
        assert one.value == pytest.approx(by_hand[mail] - by_hand["No E-Mail"], abs=1e-12)
        assert 0 < one.low < one.high and one.high - one.low < 0.015  # type: ignore[operator]


@pytest.mark.parametrize("campaign", ["men", "women"])
def test_the_open_bandits_positions_have_honest_wide_intervals(campaign: str, tmp_path: Path) -> None:
    """46 to 69 clicks: nothing may be called equal to none because one point is a wide margin."""
    table = pd.read_csv(real(f"obd-small/random/{campaign}/{campaign}.csv"), index_col=0).iloc[:, :5]
    _, found = asked(read(tmp_path, table, OBD), drawn("position"), reference="1")
    for position in (2, 3):
        one = found[f"effect[position={position}].ate"]
        assert one.verdict is not Verdict.EQUIVALENT and one.high - one.low > 0.004  # type: ignore[operator]
        rates = table.groupby("position")["click"].mean()
        assert one.value == pytest.approx(rates[position] - rates[1], abs=1e-12)


def test_the_open_bandits_logged_propensities_are_used(tmp_path: Path) -> None:
    table = pd.read_csv(real("obd-small/random/men/men.csv"), index_col=0).iloc[:, :5]
    table["shown"] = (table["item_id"] == table["item_id"].mode()[0]).astype(int)
    roles = OBD.model_copy(update={"treatment": "shown", "propensity": "propensity_score"})
    _, found = asked(read(tmp_path, table, roles), drawn("treatment", "position"))
    weighted = found["effect.ate[ipw]"]
    assert weighted.verdict is Verdict.CANNOT_TELL and weighted.low < 0 < weighted.high  # type: ignore[operator]
    assert weighted.smallest_detectable > 0.01  # type: ignore[operator]


def test_coats_self_selection_against_the_randomised_truth(tmp_path: Path) -> None:
    tables = spool(Source(kind="coat", folder=str(real("coat"))), tmp_path)
    ready = prepare(tables, guess(tables).roles, Cleaning(), Split(), 1, 10)
    section, found = asked(ready, templates(ready.dataset)["self_selection"])
    log = ready.dataset.log
    by_hand = log.groupby("randomised")["outcome"].mean()
    naive, remaining = found["effect.naive"], found["effect.remaining"]
    assert naive.value == pytest.approx(by_hand[False] - by_hand[True], abs=1e-12) and naive.low > 0  # type: ignore[operator]
    assert 0 < remaining.value < naive.value  # type: ignore[operator]
    assert found["effect.ate"].verdict is Verdict.NOT_COMPUTED
    assert "drawn at random" in say(section.summary[0])


def test_people_without_items_go_through_a_whole_run(tmp_path: Path) -> None:
    lalonde().to_csv(tmp_path / "people.csv", index=False)
    settings = AuditSettings(
        data=Source(kind="files", log=str(tmp_path / "people.csv")),
        roles=PEOPLE,
        graph=GraphChoice(drawn=drawn("treatment", "married")),
        effects=QUICK,
    )
    folder = Workspace(tmp_path / "home").create(settings)
    run_steps(folder, ("data", "graph", "effects"), lambda *_: None)
    found = {one.key: one for one in folder.section("effects").findings}  # type: ignore[union-attr]
    with pytest.raises(Refusal, match="about no items"):
        run_steps(folder, ("recommender",), lambda *_: None)
    assert found["effect.naive"].value == pytest.approx(1794.34, abs=0.005)
