"""What holds for every kind of recommender, on a checkerboard whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models import store
from models.base import top_k
from models.config import SETTINGS, FactorSettings
from models.fitted import must_know
from models.train import fit
from tests.models.blocks import FAST, ITEMS, USERS, checkerboard, fitted
from words import Refusal


@pytest.fixture(scope="module", params=list(FAST))
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def data():
    return checkerboard()


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return tmp_path_factory.mktemp("texts")


@pytest.fixture(scope="module")
def model(kind):
    return fitted(kind)


class TestEveryKind:
    def test_recommends_what_is_known_to_be_right(self, kind, data, model):
        codes, scores = top_k(model, data, 5)
        assert (np.diff(scores, axis=1) <= 0).all()
        if kind == "popularity":
            by_count = np.argsort(-data.popularity, kind="stable")
            right = [[i for i in by_count if not data.seen[user, i]][:5] for user in range(USERS)]
            assert (codes == np.array(right)).all()
        else:
            own_colour = codes % 2 == np.arange(USERS)[:, None] % 2
            assert own_colour.mean() >= 0.99

    def test_recommends_nothing_seen_and_nothing_twice(self, data, model):
        codes, _ = top_k(model, data, ITEMS)
        for user, row in enumerate(codes):
            there = row[row >= 0]
            assert len(set(there)) == len(there) == ITEMS - data.seen[user].nnz
            assert not data.seen[user].toarray()[0, there].any()

    def test_scores_are_float32_and_finite_for_any_users(self, data, model):
        scores = model.score(np.array([7, 3, 7], np.int32))
        assert scores.shape == (3, ITEMS) and scores.dtype == np.float32
        assert np.isfinite(scores).all()
        np.testing.assert_array_equal(scores[0], scores[2])

    def test_save_and_load_give_the_same_bits(self, kind, data, model, tmp_path):
        model.save(tmp_path)
        again = store.load(tmp_path)
        users = np.arange(USERS, dtype=np.int32)
        assert again.score(users).tobytes() == model.score(users).tobytes()
        assert again.settings == model.settings and again.curves == model.curves
        must_know(again, data)
        for one, other in ((again.user_vectors(), model.user_vectors()), (again.item_vectors(), model.item_vectors())):
            assert (one is None) == (other is None)
            assert one is None or one.tobytes() == other.tobytes()
        again.save(tmp_path / "second")
        assert (tmp_path / "second" / store.MANIFEST).read_bytes() == (tmp_path / store.MANIFEST).read_bytes()

    def test_same_seed_same_model(self, kind, data, model, texts):
        users = np.arange(USERS, dtype=np.int32)
        again = fit(data, FAST[kind], seed=1, cache=texts)
        assert again.score(users).tobytes() == model.score(users).tobytes()

    def test_refuses_data_of_other_people(self, data, model):
        with pytest.raises(Refusal, match="other users"):
            must_know(model, checkerboard(user_ids=tuple(f"x{code}" for code in range(USERS))))

    def test_row_weights_matter(self, kind, data, model, texts):
        weight = np.where(data.item % 4 < 2, 5.0, 0.2).astype(np.float32)
        if kind == "ease":
            weight = np.where(data.user % 2, 5.0, 0.2).astype(np.float32)  # counts by user
        heavy = fit(checkerboard(weight=weight), FAST[kind], seed=1, cache=texts)
        assert not np.array_equal(heavy.score(np.arange(4, dtype=np.int32)), model.score(np.arange(4, dtype=np.int32)))

    def test_vectors_have_one_row_each(self, kind, model):
        users, items = model.user_vectors(), model.item_vectors()
        assert (users is None) == (items is None) == (kind in ("popularity", "ease", "pairwise"))
        if users is not None:
            assert len(users) == USERS and len(items) == ITEMS and users.shape[1] == items.shape[1]

    def test_settings_survive_json(self, kind):
        assert SETTINGS.validate_json(SETTINGS.dump_json(FAST[kind])) == FAST[kind]

    def test_refuses_a_log_with_nothing_wanted(self, kind, data):
        with pytest.raises(Refusal, match="counts as wanted"):
            fit(checkerboard(label=np.zeros_like(data.label)), FAST[kind], seed=1)


def test_pairs_cannot_stop_on_a_row_loss():
    with pytest.raises(ValueError, match="stop on ndcg"):
        FactorSettings(loss="bpr", stop_on="loss")


def test_the_settings_of_an_unknown_kind_are_refused():
    with pytest.raises(ValueError, match="kind"):
        SETTINGS.validate_python({"kind": "magic"})


def test_nothing_of_torch_is_imported_for_the_light_kinds():
    import subprocess
    import sys

    program = (
        "import sys; from models.train import fit; from models import config, store;"
        "from tests.models.blocks import checkerboard; fit(checkerboard(), config.EaseSettings(), 0);"
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
