"""The pairwise classifier: what it reads, what it ranks, and what stands below."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models import store
from models.config import Adversary
from models.histories import PAD, profiles
from models.pairs import Judge, as_codes, as_texts, halves, read_pairs
from models.pairwise import PairLearner
from models.train import fit
from tests.models.blocks import FAST, ITEMS, USERS, checkerboard
from words import Refusal, say

ALL = np.arange(USERS, dtype=np.int32)
SMALL = FAST["pairwise"].model_copy(update={"epochs": 1, "candidates": 4, "pairs": 60})


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return tmp_path_factory.mktemp("texts")


@pytest.fixture(scope="module")
def model(texts):
    return fit(checkerboard(), SMALL, 1, cache=texts)


@pytest.fixture(scope="module")
def learner():
    data = checkerboard()
    return PairLearner(data, profiles(data, SMALL), SMALL, 1)


def test_it_ranks_the_most_popular_unseen_items_and_puts_the_others_below_by_popularity(model):
    data = checkerboard()
    by_count = np.argsort(-data.popularity, kind="stable")
    for user, scores in enumerate(model.score(ALL)):
        unseen = [int(item) for item in by_count if not data.seen[user, item]]
        order = np.argsort(-scores, kind="stable")
        assert set(unseen[:4]) == set(order[:4].tolist()) == set(model.candidates[user].tolist())
        assert order[4:].tolist() == [item for item in by_count if item not in unseen[:4]]


def test_what_it_scored_is_said(model):
    said = model.remarks()[0]
    assert said.facts == {"pairs": USERS * 4, "candidates": 4}
    assert say(said, "en") != say(said, "zh")


def test_a_user_is_worded_by_profile_and_history_the_latest_first(learner):
    data = checkerboard()
    user = 7
    own = data.item[data.user == user]
    history = learner.before(np.array([user], np.int32), learner.counts[[user]])
    assert history[0].tolist() == own[-3:].tolist()
    (text,) = learner.reader.wording.users(learner.profiles.codes[[user]], history)
    taken = [data.item_texts[item] for item in own[::-1][:3]]
    assert text == ". ".join([f"gender {data.profile['gender'][user]}", *taken])


def test_training_pairs_are_told_from_what_was_taken_before_alone(learner):
    users, places, items, target, weight = learner.rows(np.random.default_rng(0))
    history = learner.before(users, places)
    half = len(users) // 2
    assert target.tolist() == [1.0] * half + [0.0] * half and (weight > 0).all()
    for user, place, item, before in zip(users[:half], places[:half], items[:half], history[:half], strict=True):
        own = checkerboard().item[checkerboard().user == user]
        assert own[place] == item
        assert before[before != PAD].tolist() == own[max(0, place - 3) : place].tolist()
    taken = {(int(u), int(i)) for u, i in zip(checkerboard().user, checkerboard().item, strict=True)}
    assert not any((int(u), int(i)) in taken for u, i in zip(users[half:], items[half:], strict=True))


def test_without_times_the_history_is_of_other_items():
    data = checkerboard(time=None)
    untimed = PairLearner(data, profiles(data, SMALL), SMALL, 1)
    users, places, items, _, _ = untimed.rows(np.random.default_rng(0))
    half = len(users) // 2
    for item, before in zip(items[:half], untimed.before(users, places)[:half], strict=True):
        assert len(set(before.tolist())) == 3 and PAD not in before and item not in before


def test_the_two_halves_are_pooled_apart(learner):
    encoder = learner.reader.encoder
    tokens = encoder.tokenizer(["red wool coat"], ["pan"], return_tensors="pt")
    assert halves(tokens)[0].tolist() == [-1, 0, 0, 0, -1, 1, -1]
    user, candidate = read_pairs(encoder, ["red wool coat"], ["pan"])
    mask = tokens["attention_mask"].bool()
    with torch.no_grad():
        states = encoder.states(encoder.entering(tokens), mask)[0]
        torch.testing.assert_close(user[0], torch.nn.functional.normalize(states[1:4].mean(0), dim=0))
        torch.testing.assert_close(candidate[0], torch.nn.functional.normalize(states[5], dim=0))


def test_a_batch_reads_each_pair_as_if_alone(learner):
    words = (["red wool coat", "pan"], ["steel kitchen knife", "coat"])
    with torch.no_grad():
        together = read_pairs(learner.reader.encoder, *words)
        alone = [read_pairs(learner.reader.encoder, [user], [item]) for user, item in zip(*words, strict=True)]
    for half in (0, 1):
        torch.testing.assert_close(together[half], torch.cat([one[half] for one in alone]), atol=1e-5, rtol=1e-5)


def test_before_training_likeness_and_popularity_decide():
    judge = Judge(4, torch.tensor([0.0, 2.0]))
    same = torch.nn.functional.normalize(torch.ones(1, 4), dim=-1)
    assert judge(same, same, torch.tensor([0])).item() == pytest.approx(4.0)
    assert judge(same, -same, torch.tensor([1])).item() == pytest.approx(-4.0 + 2.0)


def test_the_flip_reads_every_pair_anew_and_a_loaded_model_does_too(model, tmp_path):
    model.save(tmp_path)
    again = store.load(tmp_path)
    men = np.nonzero(checkerboard().profile["gender"] == "men")[0].astype(np.int32)[:5]
    np.testing.assert_allclose(again.score_as(men, "gender", "men"), model.score(men), atol=1e-5)
    assert np.abs(again.score_as(men, "gender", "women") - model.score(men)).max() > 1e-4


def test_a_model_whose_encoder_changed_still_ranks_but_reads_nothing_new(model, monkeypatch):
    before = model.score(ALL)
    monkeypatch.setattr(model, "encoder_digest", "0" * 64)
    assert model.score(ALL).tobytes() == before.tobytes()
    with pytest.raises(Refusal, match="no longer the one"):
        model.score_as(ALL, "gender", "men")


def test_the_adversarys_attribute_is_not_in_the_text(texts):
    hidden = SMALL.model_copy(update={"adversary": Adversary(attribute="gender")})
    assert not fit(checkerboard(), hidden, 0, cache=texts).reads("gender")


def test_a_log_without_texts_is_refused():
    with pytest.raises(Refusal, match="needs item texts"):
        fit(checkerboard(item_texts=("",) * ITEMS), SMALL, 0)


@pytest.mark.parametrize("words", [("", "a", "茶"), ("one",), ("", "")])
def test_texts_survive_as_numbers(words):
    assert as_texts(*as_codes(words)) == words


def test_texts_that_end_elsewhere_are_refused():
    points, ends = as_codes(("one", "two"))
    for broken in (ends + 1, ends[:1], np.array([4, 2, 6], np.int32)):
        with pytest.raises(ValueError, match="end where"):
            as_texts(points, broken)
