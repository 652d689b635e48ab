"""A recommender that is a prompt: a sample is asked, figures are of the sample, and unusable replies are counted."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.ingest import Source
from analysis.simulate import Shop
from audit.kept import kept_lists, trained_model
from audit.recommending import Recommending
from audit.run import Run
from audit.settings import AuditSettings
from audit.steps import run_steps
from audit.trial import preview
from audit.workspace import Workspace
from models.prompted.servers import SERVERS_VARIABLE
from models.prompted.settings import ChatModel, Prompted
from tests.audit.test_prompted import offered
from tests.models.prompted.stand_in import stand_in
from words import Refusal, say

USERS, ASKED, TOP = 150, 40, 5


def answer(number, body):
    """The catalogue's items in their order; every tenth reply is of no use, and one item is made up."""
    if number % 10 == 9:
        return "I would rather not."
    items = offered(body["messages"][0]["content"])
    return "\n".join(f"{place}. {title}" for place, title in enumerate(["Flying carpet", *items[:TOP]], start=1))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with stand_in(answer) as here, pytest.MonkeyPatch.context() as patch:
        patch.setenv(SERVERS_VARIABLE, here.origin)
        model = ChatModel(address=here.address, name="stand-in", per_minute=100_000, at_once=1)
        recommending = Recommending(top=TOP, prompted=Prompted(model=model, users=ASKED, candidates=20))
        settings = AuditSettings(
            data=Source(kind="demo", shop=Shop(users=USERS, items=48)),
            recommender=recommending,
            disparity={"replicates": 100, "permutations": 100, "intersections": False},
        )
        folder = Workspace(tmp_path_factory.mktemp("asked")).create(settings)
        run_steps(folder, ("data", "recommender", "disparity", "leakage"), lambda *news: None)
        yield Run(folder, settings, lambda *news: None), here.requests


def test_figures_are_of_the_users_asked_alone_and_say_so(run):
    run, requests = run
    section = run.folder.section("recommender")
    found = {finding.key: finding for finding in section.findings}
    assert len(requests) == ASKED == preview(run.folder, "recommender").requests
    figures = [found[f"recommender.ndcg@{TOP}.{name}"] for name in ("prompted", "popularity")]
    assert [figure.n for figure in figures] == [ASKED, ASKED]
    assert f"Asked about {ASKED} of {run.composed.data.n_users} users" in say(figures[0].method)
    everyone = [f for f in run.folder.section("disparity").findings if f.key.startswith("all.")]
    assert everyone
    assert max(f.n for f in everyone if f.n_unit == "users") == ASKED


def test_a_score_is_the_place_in_the_reply_and_seen_items_are_never_listed(run):
    run, _ = run
    kept, asked = kept_lists(run), run.composed.asked
    assert asked.sum() == ASKED
    assert (kept.codes[~asked] == -1).all()
    full = kept.codes[asked][(kept.codes[asked] >= 0).all(axis=1)]
    assert len(full) == ASKED - ASKED // 10
    assert np.array_equal(kept.scores[asked][0], -np.arange(1, TOP + 1))
    rows, places = np.nonzero(kept.codes >= 0)
    assert not run.composed.final.seen[rows, kept.codes[rows, places]].any()


def test_replies_of_no_use_are_counted(run):
    run, _ = run
    note = say(run.folder.section("recommender").notes[-1])
    assert f"{ASKED - 4} of {ASKED} replies filled the list and 4 gave nothing" in note
    assert "40 of" in note  # the carpet in every list, and the four sentences


def test_what_needs_a_model_says_that_there_is_none(run):
    run, _ = run
    with pytest.raises(Refusal):
        trained_model(run)
    leak = {finding.key: finding for finding in run.folder.section("leakage").findings}
    assert leak["gender.leakage.list"].value is None  # too few were asked for a probe
    assert "gender.leakage.vectors" not in leak
