"""Each kind against its definition, worked out another way."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from models.config import AdditiveSettings, EaseSettings, FactorSettings
from models.crossing import CROSS, crossed
from models.debias import own_weights
from models.explain import reasons
from models.flip import flipped_lists
from models.histories import histories
from models.linear import positives
from models.negatives import Negatives, with_negatives
from models.texts import encode
from models.train import fit
from tests.models.blocks import FAST, ITEMS, USERS, checkerboard, fitted
from words import Refusal, say

ALL = np.arange(USERS, dtype=np.int32)


def test_ease_is_the_regression_of_each_item_on_the_others():
    data = checkerboard()
    model = fit(data, EaseSettings(l2=7.0), 0)
    X = positives(data).toarray().astype(np.float64)
    for item in (0, 5, 23):
        others = np.arange(ITEMS) != item
        A = X[:, others]
        ridge = np.linalg.solve(A.T @ A + 7.0 * np.eye(ITEMS - 1), A.T @ X[:, item])
        np.testing.assert_allclose(model.weights[others, item], ridge, atol=1e-6)
        assert model.weights[item, item] == 0


def test_ease_refuses_a_catalogue_too_large_for_it(monkeypatch):
    monkeypatch.setattr("models.linear.MOST_ITEMS", 10)
    with pytest.raises(Refusal, match="24 items are too many"):
        fit(checkerboard(), EaseSettings(), 0)


def test_crosses_are_the_products_row_by_row():
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, 3, (7, 4)).astype(float), rng.integers(0, 3, (7, 5)).astype(float)
    whole = CROSS * (left[:, :, None] * right[:, None, :]).reshape(7, -1)
    np.testing.assert_allclose(crossed(sp.csr_matrix(left), sp.csr_matrix(right)).toarray(), whole)


def test_additive_scores_are_sklearns_log_odds_of_each_cell():
    from sklearn.linear_model import LogisticRegression

    label = (np.random.default_rng(1).random(len(checkerboard().user)) < 0.6).astype(np.float32)
    data = checkerboard(label=label)
    model = fit(data, AdditiveSettings(strengths=(0.5,)), 0)
    user, item = (codes.ravel() for codes in np.meshgrid(ALL, np.arange(ITEMS), indexing="ij"))

    def design(u, i):
        x, z = data.user_features.toarray()[u], data.item_features.toarray()[i]
        one_user, one_item = np.eye(USERS)[u], np.eye(ITEMS)[i]
        pairs = ((x, z), (one_user, z), (x, one_item))
        return np.hstack(
            [one_user, one_item] + [0.5 * np.einsum("na,nb->nab", a, b).reshape(len(u), -1) for a, b in pairs]
        )

    peer = LogisticRegression(C=0.5, max_iter=5000, tol=1e-8).fit(design(data.user, data.item), label)
    expected = peer.decision_function(design(user, item)).reshape(USERS, ITEMS)
    np.testing.assert_allclose(model.score(ALL), expected, atol=5e-3)
    product = model.user_vectors() @ model.item_vectors().T + model.level + model.item_level
    np.testing.assert_allclose(product, model.score(ALL), atol=1e-5)


def test_squared_loss_learns_the_rating_itself():
    data = checkerboard()
    rating = np.where(data.user % 2 == 0, 4.0, 2.0).astype(np.float32)
    settings = FactorSettings(loss="squared", dimensions=4, batch=64, epochs=60, learning_rate=0.05, l2=0.0)
    none = {"valid_user": data.user[:0], "valid_item": data.item[:0], "valid_label": data.label[:0]}
    scores = fit(checkerboard(rating=rating, **none), settings, 0).score(ALL)
    np.testing.assert_allclose(scores[data.user, data.item], rating, atol=0.2)


def test_logistic_loss_without_biases_has_no_levels():
    settings = FactorSettings(loss="logistic", biases=False, dimensions=4, epochs=3)
    learned = fit(checkerboard(), settings, 0).learned
    assert not learned.item_level.any() and not learned.user_level.any() and not learned.level.any()


def test_drawn_items_are_never_taken_ones():
    data = checkerboard()
    drawn = Negatives(data).draw(np.repeat(ALL, 50), np.random.default_rng(0))
    assert not positives(data)[np.repeat(ALL, 50), drawn].any()
    assert len(np.unique(drawn)) == ITEMS


def test_drawn_rows_weigh_as_much_as_the_wanted_ones():
    data = checkerboard()
    _, _, label, weight = with_negatives(data, own_weights(data), 4, np.random.default_rng(0))
    assert weight[label > 0].sum() == pytest.approx(weight[label == 0].sum())


def test_histories_are_the_latest_items_oldest_first():
    time = np.arange(len(checkerboard().user), dtype=np.int64)[::-1].copy()
    data = checkerboard(time=time)
    found = histories(data, np.ones(len(data.user), np.float32), 4)
    own = data.item[data.user == 7]  # times fall, so the last row is the oldest
    assert found.items[7].tolist() == own[::-1][-4:].tolist()
    longer = histories(data, np.ones(len(data.user), np.float32), 8)
    assert longer.items[7].tolist() == [*own[::-1].tolist(), -1, -1]
    assert longer.weight[7].tolist() == [1] * 6 + [0] * 2


class TestTexts:
    def test_like_texts_are_nearer_than_unlike_ones_and_empty_ones_are_nothing(self, tmp_path):
        texts = ["a warm winter coat", "thick jacket for cold days", "frying pan", ""]
        vectors = encode(texts, tmp_path)
        assert vectors.shape == (4, 384) and vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 1, 0], atol=1e-5)
        assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2

    def test_the_cache_gives_the_same_bits_without_the_model(self, tmp_path, monkeypatch):
        first = encode(["one", "two"], tmp_path)
        monkeypatch.setattr("models.texts._encoded", None)
        assert encode(["two", "one", "one"], tmp_path).tobytes() == first[[1, 0, 0]].tobytes()

    def test_other_weights_than_the_published_ones_are_refused(self, monkeypatch):
        monkeypatch.setattr("models.encoders.WEIGHTS_SHA256", "0" * 64)
        with pytest.raises(Refusal, match="not the one expected"):
            encode(["one"])

    def test_a_log_without_texts_is_refused(self):
        with pytest.raises(Refusal, match="needs item texts"):
            fit(checkerboard(item_texts=("",) * ITEMS), FAST["language"], 0)


class TestFlip:
    def test_the_language_model_is_moved_by_a_profile_that_matters(self, tmp_path):
        colour = np.where(ALL % 2 == 0, "women", "men").astype(object)
        data = checkerboard(profile={"gender": colour})
        model = fit(data, FAST["language"].model_copy(update={"epochs": 4}), 1, cache=tmp_path)
        flip = flipped_lists(model, data, "gender", 5)
        assert flip.values == ("men", "women") and (flip.divergence > 0).all()
        np.testing.assert_array_equal(flip.lists["women"][::2], flip.own[::2])
        np.testing.assert_array_equal(flip.lists["men"][1::2], flip.own[1::2])
        other = model.score_as(np.array([3], np.int32), "gender", "women") - model.score(np.array([3], np.int32))
        assert flip.divergence[3] == pytest.approx(np.sqrt((other.astype(float) ** 2).sum()), rel=1e-5)

    def test_the_additive_model_moves_by_its_gender_coefficients(self):
        data = checkerboard()
        model = fit(data, FAST["additive"], 0)
        flip = flipped_lists(model, data, "gender", 5)
        to_women = np.array([-1.0, 1.0])  # men off, women on
        change = to_women @ (model.cross @ data.item_features.toarray().T + model.appeal)
        men = data.profile["gender"] == "men"
        np.testing.assert_allclose(flip.divergence[men], np.sqrt((change**2).sum()), rtol=1e-4)

    def test_a_model_that_does_not_read_the_attribute_says_so(self):
        with pytest.raises(Refusal, match="does not read gender"):
            flipped_lists(fit(checkerboard(), FAST["ease"], 0), checkerboard(), "gender")

    def test_the_adversarys_attribute_is_not_a_token(self, tmp_path):
        from models.config import Adversary

        hidden = FAST["language"].model_copy(update={"adversary": Adversary(attribute="gender"), "epochs": 1})
        assert not fit(checkerboard(), hidden, 0, cache=tmp_path).reads("gender")


class TestReasons:
    @pytest.mark.parametrize("kind", list(FAST))
    def test_every_kind_says_why_in_both_languages(self, kind):
        for why in reasons(fitted(kind), checkerboard(), 4, [6, 9]):
            assert why.facts["item"].startswith(("red", "blue", "green", "warm", "steel", "cast", "glass", "wooden"))
            assert say(why, "en") != say(why, "zh")

    def test_ease_names_the_item_that_adds_most(self):
        data = checkerboard()
        model = fit(data, FAST["ease"], 0)
        history = np.unique(data.item[data.user == 4])
        best = history[np.argmax(model.weights[history, 6])]
        why = reasons(model, data, 4, [6])[0]
        assert data.item_texts[best] in (why.facts.get("because"), why.facts.get("first"))

    def test_popularity_names_count_and_place(self):
        data = checkerboard()
        why = reasons(fit(data, FAST["popularity"], 0), data, 4, [1])[0]
        assert why.facts["count"] == USERS / 2 and why.facts["rank"] == 1

    def test_levels_make_no_item_like_another(self):
        data = checkerboard()
        model = fit(data, FAST["mf"].model_copy(update={"loss": "logistic", "epochs": 5}), 0)
        history = np.unique(data.item[(data.user == 4) & (data.label > 0)])
        unit = model.learned.item / np.linalg.norm(model.learned.item, axis=1, keepdims=True)
        likeness = float((unit[history] @ unit[3]).max())
        assert reasons(model, data, 4, [3])[0].facts["likeness"] == f"{likeness:.2f}"

    def test_a_user_without_history_is_told_so(self):
        data = checkerboard()
        label = np.where(data.user == 4, 0, 1).astype(np.float32)
        why = reasons(fit(checkerboard(label=label), FAST["ease"], 0), checkerboard(label=label), 4, [6])[0]
        assert why.key == "models.reason.no_history"
