"""Shares add up to the score, point at what matters, and agree with leaving things out."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from models.attribution import kept_without, rests, words
from models.config import Erasure
from models.histories import PAD
from models.train import fit
from tests.models.blocks import FAST, USERS, checkerboard, fitted
from words import Refusal

USER = 7


@pytest.fixture(scope="module")
def data():
    return checkerboard()


@pytest.fixture(scope="module")
def models():
    return {kind: fitted(kind) for kind in ("ease", "sequence", "language", "mf")}


def best(model, data):
    scores = model.score(np.array([USER], np.int32))[0].copy()
    scores[data.seen[USER].indices] = -np.inf
    return int(scores.argmax())


def test_eases_shares_are_its_score(models, data) -> None:
    item = best(models["ease"], data)
    found = rests(models["ease"], data, USER, item)
    assert found.share.sum() == pytest.approx(
        float(models["ease"].score(np.array([USER], np.int32))[0, item]), abs=1e-5
    )
    assert found.now == 1


@pytest.mark.parametrize("kind", ["sequence", "language"])
def test_shares_of_the_history_sum_to_the_score_less_that_of_nothing(kind: str, models, data) -> None:
    model = models[kind]
    item = best(model, data)
    found = rests(model, data, USER, item)
    assert found.now == 1 and (found.history != PAD).all()
    vectors = torch.zeros(len(found.history), model.items.shape[1])
    with torch.no_grad():
        read = model.reader.users(
            vectors, torch.from_numpy(model.profiles.codes[[USER]]), torch.arange(len(vectors))[None]
        )
        nothing = float(read[0] @ torch.from_numpy(model.items[item]) / model.items.shape[1] ** 0.5)
    own = float(model.score(np.array([USER], np.int32))[0, item] - model.level[item])
    assert found.share.sum() == pytest.approx(own - nothing, rel=0.02, abs=0.02)


def test_the_place_as_it_is_is_that_of_the_list_where_an_attribute_was_erased() -> None:
    told = checkerboard(profile={"gender": np.where(np.arange(USERS) % 2 == 0, "women", "men")})
    model = fit(told, FAST["sequence"].model_copy(update={"erasure": Erasure(attribute="gender")}), seed=1)
    scores = np.where(told.seen.toarray(), -np.inf, model.score(np.arange(USERS, dtype=np.int32)))
    assert [rests(model, told, user, int(scores[user].argmax())).now for user in range(12)] == [1] * 12


@pytest.mark.parametrize("kind", ["ease", "sequence"])
def test_places_without_an_item_are_those_of_a_history_without_it(kind: str, models, data) -> None:
    model = models[kind]
    item = best(model, data)
    found = rests(model, data, USER, item)
    without = [code for code in found.history if code != found.history[0]]
    if kind == "ease":
        scores = model.weights[without].sum(0)
    else:
        row = np.full((1, len(without)), PAD)
        row[0] = without
        with torch.no_grad():
            profile = torch.from_numpy(model.profiles.codes[[USER]])
            read = model.reader.users(torch.from_numpy(model.items), profile, torch.from_numpy(row).long())
        scores = (read.numpy() @ model.items.T)[0] / model.items.shape[1] ** 0.5 + model.level
    unseen = np.setdiff1d(np.arange(data.n_items), data.seen[USER].indices)
    assert found.rank[0] == 1 + int((scores[unseen] > scores[item]).sum())


def test_the_words_of_the_own_shelf_speak_for_an_item(models, data) -> None:
    model = models["language"]
    item = best(model, data)
    found = words(model, data, USER, item)
    assert "".join(word for word, _ in found) == data.item_texts[item].replace(" ", "").lower()
    assert (
        sum(part for _, part in found) > 0
    )  # kitchenware for who takes kitchenware: the text as a whole speaks for it


def test_hiding_a_token_keeps_a_share_between_none_and_all(models, data) -> None:
    kept = kept_without(models["language"], data, "gender", 5)
    unknown = data.profile["gender"] == "unknown"
    assert np.isnan(kept[unknown]).all()
    assert ((kept[~unknown] >= 0) & (kept[~unknown] <= 1)).all()


def test_what_cannot_be_said_is_refused(models, data) -> None:
    for call in (
        lambda: rests(models["mf"], data, USER, 0),
        lambda: words(models["sequence"], data, USER, 0),
        lambda: kept_without(models["ease"], data, "gender", 5),
    ):
        with pytest.raises(Refusal):
            call()


def test_places_are_counted_among_what_may_be_ranked(models, data) -> None:
    """Of two candidates the better one stands first, though a better item is none."""
    scores = models["ease"].score(np.array([USER], np.int32))[0]
    unseen = np.setdiff1d(np.arange(data.n_items), data.seen[USER].indices)
    _, second, *_, worst = unseen[np.argsort(-scores[unseen], kind="stable")]
    assert rests(models["ease"], data, USER, int(second)).now == 2
    blocked = sp.csr_matrix(~np.isin(np.arange(data.n_items), [worst, second])[None])
    assert rests(models["ease"], data, USER, int(second), lambda users: blocked).now == 1
