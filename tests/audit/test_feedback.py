"""The loop on worlds whose answer is known, and the further step `feedback` on the demo shop."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from analysis.fairness.concentration import gini
from analysis.feedback.settings import FeedbackSettings
from analysis.feedback.worlds import World
from analysis.ingest import Source
from analysis.simulate import Shop
from audit.feedback import clicked, loop
from audit.recommending import Recommending
from audit.settings import AuditSettings, with_all_before
from audit.steps import run_steps
from audit.workspace import Workspace
from models.config import EaseSettings, LanguageSettings
from tests.audit.shop import shop
from words import Refusal, say

ROUNDS = 4


def even():
    """A world in which everybody clicks everything alike."""
    start = shop()
    users, items = len(start.attributes), len(start.item_groups)
    group = np.arange(users) % 2
    tail = start.item_groups["tail"].to_numpy(str) == "tail"
    return start, World(np.full((users, items), 0.5), group, tail)


def popular(known, seed):
    """Everybody's list: the ten items that were taken most by now, whether seen or not."""
    best = np.argsort(-known.final.popularity, kind="stable")[:10].astype(np.int32)
    return np.tile(best, (known.final.n_users, 1))


def at_random(known, seed):
    rng = np.random.default_rng([seed, len(known.final.user)])
    order = rng.random((known.final.n_users, known.final.n_items)).argsort(axis=1)
    return order[:, :10].astype(np.int32)


def concentrations(teach):
    """Gini of what is known to be taken, before each round of teaching."""
    start, world = even()
    seen = []

    def watched(known, seed):
        seen.append(float(gini(known.final.popularity.astype(float)[None])[0]))
        return teach(known, seed)

    figures = np.array(list(loop(start, watched, world, ROUNDS, 1)))
    return np.array(seen), figures


def test_a_loop_of_popularity_narrows_what_is_taken():
    taken, figures = concentrations(popular)
    assert (np.diff(taken) > 0.02).all()
    assert figures[:, 2].max() == 0  # the long tail is never listed
    assert np.allclose(figures[:, 3], 10 / 60)


def test_a_random_recommender_keeps_exposure_as_it_is():
    taken, figures = concentrations(at_random)
    assert (np.diff(taken) < 0).all()  # chance is evened out by more of it
    assert np.allclose(figures[:, 2], 0.8, atol=0.03)  # four fifths of the catalogue are the tail
    assert np.allclose(figures[:, 1], 0)


def test_a_loop_that_runs_out_of_items_is_refused_with_the_round():
    """Everybody clicks all: the gap between groups without any list was NaN, at which the step broke off."""

    def unseen(known, seed):
        left = ~known.final.seen.toarray().astype(bool)
        order = np.argsort(~left, axis=1, kind="stable")[:, :10]
        return np.where(np.take_along_axis(left, order, 1), order, -1).astype(np.int32)

    start, world = even()
    world = replace(world, chance=np.ones_like(world.chance))
    with pytest.raises(Refusal, match="round 7"):
        list(loop(start, unseen, world, 12, 1))


def test_clicks_become_rows_and_are_not_listed_again():
    start = shop()
    user, item = np.array([0, 3], np.int32), np.array([5, 7], np.int32)
    after = clicked(start, user, item)
    for before, rows in ((start.data, after.data), (start.final, after.final)):
        assert len(rows.user) == len(before.user) + 2 and rows.label[-2:].tolist() == [1, 1]
        assert rows.seen[0, 5] and rows.seen[3, 7] and rows.time[-1] > before.time.max()
        assert Counter(zip(rows.user[:-2], rows.item[:-2], strict=True)) == Counter(
            zip(before.user, before.item, strict=True)
        )
        assert before.position is not None and len(rows.position) == len(rows.user)
        assert rows.position[-1] == np.median(before.position)


def folder(tmp_path, **other):
    settings = AuditSettings(
        data=Source(kind="demo", shop=Shop(users=300, items=96)),
        recommender=Recommending(model=EaseSettings(l2=50.0)),
        **other,
    )
    return Workspace(tmp_path).create(settings)


def test_the_step_follows_a_mitigation_of_exposure_through_the_rounds(tmp_path):
    where = folder(tmp_path, feedback=FeedbackSettings(rounds=2, repetitions=3))
    run_steps(where, with_all_before("feedback"), lambda *news: None)
    section = where.section("feedback")
    found = {finding.key: finding for finding in section.findings}
    assert found["feedback.change.tail.first"].low > 0.05
    assert found["feedback.after.tail.2"].value > found["feedback.before.tail.2"].value
    assert "long tail" in say(section.summary[0])
    assert [chart.key for chart in section.charts][0] == "feedback.tail"
    assert "feedback" not in AuditSettings().steps


def test_a_mend_that_draws_rows_is_followed_where_positions_are_logged(tmp_path):
    where = folder(tmp_path, feedback=FeedbackSettings(rounds=2, repetitions=3, mend="resample"))
    run_steps(where, with_all_before("feedback"), lambda *news: None)
    assert any(finding.key == "feedback.change.tail.first" for finding in where.section("feedback").findings)


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ({"recommender": Recommending(model=LanguageSettings())}, "too long"),
        ({"feedback": FeedbackSettings(mend="threshold")}, "changes decisions"),
    ],
)
def test_what_cannot_be_followed_is_refused(chosen, reason):
    from audit.feedback import _mended, _refuse_slow
    from tests.audit.shop import ground

    start = ground(EaseSettings(l2=50.0))
    with pytest.raises(Refusal, match=reason):
        if "recommender" in chosen:
            _refuse_slow(replace(start, model=LanguageSettings()))
        else:
            _mended(start, type("Asked", (), {"settings": AuditSettings(**chosen)}))
