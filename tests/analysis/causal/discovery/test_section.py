"""The step on the demo shop and on data that allow no search."""

import numpy as np
import pandas as pd
import pytest

from analysis.causal.discovery.discover import Link
from analysis.causal.discovery.section import discovery_section
from analysis.causal.discovery.settings import DiscoverySettings
from analysis.document import canonical
from analysis.simulate import EDGES, Shop, simulate
from tests.analysis.causal.discovery.made import mixed
from tests.analysis.causal.logs import dataset
from tests.analysis.causal.shops import dataset_of
from words import LANGUAGES, Refusal, say


def run(data, **settings):
    told = []

    def tell(fraction, note, **figures):
        told.append((fraction, note))

    section = discovery_section(data, DiscoverySettings(resamples=20, **settings), 1, tell)
    return section, told


def pairs(section, share=0.0):
    links = [Link.model_validate(link) for link in section.facts["links"]]
    return {frozenset((link.cause, link.consequence)) for link in links if link.found and link.share >= share}


@pytest.fixture(scope="module")
def demo():
    return dataset_of(simulate(Shop()))


def test_pc_lands_near_the_shop_s_own_graph(demo):
    section, told = run(demo)
    roles = {"promoted": "treatment", "purchased": "outcome", "slot": "position"}
    true = {frozenset(roles.get(name, name) for name in edge) for edge in EDGES if "taste" not in edge}
    true |= {frozenset(("gender", "category")), frozenset(("category", "outcome"))}  # through taste, that nobody logs
    found = pairs(section, 0.8)
    assert len(found & true) >= 10 and not found - true
    assert frozenset(("treatment", "outcome")) in found
    directed = {
        (link["cause"], link["consequence"]) for link in section.facts["links"] if link["reading"] == "directed"
    }
    assert {("treatment", "outcome"), ("gender", "treatment"), ("activity", "intent")} <= directed
    assert told[0][0] == 0.0 and told == sorted(told)


def test_same_input_same_bytes_and_every_sentence_is_said_in_both_languages():
    data = dataset(mixed(300, 1))
    (once, _), (again, _) = (run(data, method="fci", tiers=(), significance=0.05) for _ in range(2))
    assert canonical(once) == canonical(again)
    for language in LANGUAGES:
        for sentence in (*once.summary, *once.notes, *(finding.label for finding in once.findings)):
            assert say(sentence, language)


@pytest.mark.parametrize("method", ["pc", "fci", "ges", "lingam"])
def test_each_method_finds_the_strong_link_of_mixed_columns(method):
    section, _ = run(dataset(mixed(900, 3)), method=method)
    strong = {"kind": "size", "size": "bought"}
    wanted = frozenset(("size", "bought")) if method == "lingam" else frozenset(("kind", strong["kind"]))
    assert wanted in pairs(section, 0.9)
    assert frozenset(("shop", "size")) not in pairs(section, 0.5)


def test_required_and_forbidden_links_are_held_and_said():
    section, _ = run(dataset(mixed(300, 1)), required=(("shop", "size"),), forbidden=(("kind", "size"),), tiers=())
    links = {(link["cause"], link["consequence"]): link for link in section.facts["links"]}
    assert links["shop", "size"]["given"] and links["shop", "size"]["reading"] == "directed"
    assert ("kind", "size") not in links
    assert all("shop" not in finding.key for finding in section.findings if "size" in finding.key)


def test_one_row_a_user_takes_means_and_the_most_frequent():
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"user": np.repeat([f"u{one:03d}" for one in range(200)], 5), "x": rng.normal(size=1000)})
    section, _ = run(dataset(table.assign(y=table["x"] + rng.normal(size=1000))), level="users", columns=("x", "y"))
    assert (section.facts["rows"], section.facts["users"]) == (200, 200)
    assert pairs(section) == {frozenset(("x", "y"))}


GOOD = mixed(200, 1)
TITLES = [f"title {row}" for row in range(len(GOOD))]


@pytest.mark.parametrize(
    ("table", "settings", "key"),
    [
        (GOOD.assign(size=1.0), {"columns": ("size", "kind")}, "discover.constant"),
        (GOOD.assign(size=np.nan), {"columns": ("size", "kind")}, "discover.empty"),
        (GOOD.assign(twice=3 - 2 * GOOD["size"]), {}, "discover.same"),
        (GOOD.assign(other=GOOD["kind"].str.upper()), {}, "discover.same"),
        (GOOD.head(1), {"columns": ("size", "kind")}, "discover.few_rows"),
        (GOOD.head(20), {}, "discover.few_rows"),
        (GOOD.assign(user="one"), {}, "discover.few_rows"),
        (GOOD, {"columns": ("kind",)}, "discover.how_many"),
        (GOOD, {"columns": ("kind", "nobody")}, "discover.no_column"),
        (GOOD.assign(title=TITLES), {"columns": ("kind", "title")}, "discover.too_many_levels"),
        (GOOD, {"columns": ("kind", "shop"), "method": "lingam"}, "discover.lingam_few"),
        (GOOD, {"columns": ("kind", "shop"), "method": "ges"}, "discover.ges_few"),
        (
            GOOD.assign(size=GOOD["size"].where(GOOD.index < 30)),
            {"columns": ("kind", "size", "bought"), "method": "ges"},
            "discover.few_whole",
        ),
    ],
)  # fmt: skip
def test_data_that_allow_no_search_are_refused_with_one_sentence(table, settings, key):
    with pytest.raises(Refusal) as refused:
        run(dataset(table), **settings)
    assert refused.value.phrase.key == key
