"""Propensities and weights: by hand, against the law that made the log, and against sklearn."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from models.config import Debias, FactorSettings, Weighting
from models.data import Interactions
from models.debias import correction, own_weights, row_weights
from models.exposure import exposure
from models.position import examination
from tests.models.blocks import checkerboard
from words import Refusal

USERS, ITEMS = 300, 60


def shown(chance: np.ndarray, seed: int, wanted: float = 0.5, **other: object) -> Interactions:
    """A log in which each cell [users, items] is seen with its chance."""
    rng = np.random.default_rng(seed)
    user, item = (codes.astype(np.int32) for codes in np.nonzero(rng.random(chance.shape) < chance))
    none = user[:0]
    return Interactions(
        user=user,
        item=item,
        label=(rng.random(len(user)) < wanted).astype(np.float32),
        user_ids=tuple(f"u{code:03}" for code in range(chance.shape[0])),
        item_ids=tuple(f"i{code:03}" for code in range(chance.shape[1])),
        seen=sp.csr_matrix(chance > 2),
        valid_user=none,
        valid_item=none,
        valid_label=none.astype(np.float32),
        **other,  # type: ignore[arg-type]
    )


def additive_chance(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 1 / (1 + np.exp(2.0 - rng.normal(0, 0.8, (USERS, 1)) - rng.normal(0, 0.8, (1, ITEMS))))


def test_popularity_propensities_are_a_power_of_the_rows_and_sum_to_the_cells_seen():
    data = checkerboard()
    found = exposure(data, Weighting(propensity="popularity", power=0.5), 0)
    rows = np.bincount(data.item, minlength=data.n_items)
    expected = np.sqrt(rows) * len(data.user) / (data.n_users * np.sqrt(rows).sum())
    np.testing.assert_allclose(found.chance, expected[data.item])
    np.testing.assert_allclose(found.inverse, len(data.user) / (data.n_users * data.n_items) / found.chance)


def test_additive_propensities_come_near_the_chances_that_made_the_log():
    truth = additive_chance()
    data = shown(truth, 1)
    found = exposure(data, Weighting(), 0)
    assert np.corrcoef(np.log(found.chance), np.log(truth[data.user, data.item]))[0, 1] > 0.85
    assert found.inverse.mean() == pytest.approx(1, abs=0.05)
    judged = found.cells
    assert judged is not None and judged.count.sum() == pytest.approx(USERS * ITEMS)
    assert np.average(judged.chance, weights=judged.count) == pytest.approx(
        judged.seen.sum() / (USERS * ITEMS), rel=0.03
    )


def test_a_cell_is_judged_by_a_model_that_did_not_see_it():
    """Exposure that is pure chance: a model that saw its own cells would look better than a coin."""
    from sklearn.metrics import roc_auc_score

    judged = exposure(shown(np.full((USERS, ITEMS), 0.1), 2), Weighting(), 0).cells
    assert judged is not None
    assert roc_auc_score(judged.seen, judged.chance, sample_weight=judged.count) < 0.53


def test_features_tell_a_filter_that_levels_cannot():
    side = np.arange(USERS) % 2
    shelf = np.arange(ITEMS) % 2
    truth = np.where(side[:, None] == shelf, 0.3, 0.03)
    known = {"user_features": np.eye(2)[side], "item_features": np.eye(2)[shelf]}
    data = shown(truth, 3, **{name: sp.csr_matrix(values, dtype=np.float32) for name, values in known.items()})
    own, other = exposure(data, Weighting(propensity="features"), 0), exposure(data, Weighting(), 0)
    right = truth[data.user, data.item]
    assert np.abs(np.log(own.chance / right)).mean() < 0.25
    assert np.abs(np.log(other.chance / right)).mean() > 0.4


def test_logged_propensities_are_taken_as_they_are():
    data = checkerboard()
    logged = np.linspace(0.1, 1, len(data.user)).astype(np.float32)
    found = exposure(checkerboard(propensity=logged), Weighting(propensity="given"), 0)
    np.testing.assert_allclose(found.inverse, (1 / logged) / (1 / logged).mean(), rtol=1e-6)
    assert found.cells is None


@pytest.mark.parametrize(
    ("asked", "other", "said"),
    [
        ("given", {}, "none of an item being shown"),
        ("given", {"propensity": np.zeros(360, np.float32)}, "not above 0"),
        ("position", {}, "the log has none"),
        ("position", {"position": np.ones(360, np.float32)}, "same place"),
        ("features", {"user_features": None, "item_features": None}, "nothing is known"),
    ],
)
def test_what_the_data_lack_is_refused(asked, other, said):
    with pytest.raises(Refusal, match=said):
        exposure(checkerboard(**other), Weighting(propensity=asked), 0)


def test_a_weight_is_cut_at_its_limit_and_the_cut_ones_are_known():
    data = checkerboard()
    logged = np.full(len(data.user), 0.5, np.float32)
    logged[:2] = 0.001
    data = checkerboard(propensity=logged)
    found = correction(data, Weighting(correction="ips", propensity="given", most_weight=10), 0)
    assert found.clipped.sum() == 2 and found.weight[0] == pytest.approx(10)
    again = row_weights(data, Weighting(correction="snips", propensity="given", most_weight=10), 0)
    assert again.mean() == pytest.approx(1) and again[0] == again.max()


@pytest.mark.parametrize("source", ["popularity", "additive"])
def test_validation_rows_weigh_by_the_same_propensities(source):
    """Of the same cells, the models that did not see them and all of them together nearly agree."""
    data = shown(additive_chance(), 4)
    some = slice(0, 300)
    held = {"valid_user": data.user[some], "valid_item": data.item[some], "valid_label": data.label[some]}
    found = exposure(Interactions(**{**vars(data), **held}), Weighting(propensity=source), 0)
    assert np.abs(np.log(found.valid) - np.log(found.inverse[some])).mean() < 0.25
    assert np.corrcoef(np.log(found.valid), np.log(found.inverse[some]))[0, 1] > 0.8


def test_weights_of_the_data_stand_beside_those_of_the_log():
    data = checkerboard()
    own = np.where(data.user % 2 == 0, 1.5, 0.5).astype(np.float32)
    both = row_weights(checkerboard(weight=own), Weighting(correction="ips", propensity="popularity"), 0)
    alone = row_weights(data, Weighting(correction="ips", propensity="popularity"), 0)
    np.testing.assert_allclose(both, alone * own, rtol=1e-5)
    with pytest.raises(Refusal, match="weights of the training rows"):
        own_weights(checkerboard(weight=np.full(len(data.user), -1, np.float32)))


def test_a_loss_on_pairs_or_places_takes_no_imputation():
    for refused in (
        {"loss": "bpr", "debias": Debias(correction="dr")},
        {"loss": "bpr", "debias": Debias(confounder=True)},
        {"loss": "logistic", "debias": Debias(correction="joint", propensity="position")},
    ):
        with pytest.raises(ValueError, match="bpr compares pairs|positions tell what was examined"):
            FactorSettings(**refused)  # type: ignore[arg-type]


class TestPositions:
    THETA = np.array([1.0, 0.7, 0.5, 0.3, 0.2])

    def log(self, seed: int, by_worth: bool, drawn: bool) -> tuple[Interactions, np.ndarray]:
        """Each user sees every item once, at places that a ranker chose by worth (with noise) or a lot."""
        rng = np.random.default_rng(seed)
        worth = rng.uniform(0.05, 0.6, ITEMS)
        noise = rng.normal(0, 0.25 if by_worth else 100, (USERS, ITEMS))
        rank = np.argsort(np.argsort(-(worth + noise), axis=1), axis=1)
        place = rank * len(self.THETA) // ITEMS
        taken = rng.random((USERS, ITEMS)) < self.THETA[place] * worth
        data = shown(np.ones((USERS, ITEMS)), 0)
        flags = np.full(place.size, drawn)
        other = {"label": taken.ravel().astype(np.float32), "position": place.ravel() + 1.0, "randomised": flags}
        return Interactions(**{**vars(data), **other}), np.tile(worth, USERS)

    def test_a_lot_gives_the_shares_of_each_place(self):
        data, _ = self.log(0, by_worth=False, drawn=True)
        found = examination(data)
        share = [data.label[data.position == place].mean() for place in range(1, 6)]
        np.testing.assert_allclose(found.places, np.array(share) / max(share))
        np.testing.assert_allclose(found.places, self.THETA, atol=0.05)
        assert found.randomised

    def test_a_ranker_that_puts_the_best_first_does_not_mislead(self):
        data, worth = self.log(1, by_worth=True, drawn=False)
        naive = np.array([data.label[data.position == place].mean() for place in range(1, 6)])
        found = examination(data)
        assert np.abs(found.places - self.THETA).max() < 0.06 < np.abs(naive / naive[0] - self.THETA).max()
        of_items = np.bincount(data.item, found.wanted) / USERS
        assert np.corrcoef(of_items, worth[:ITEMS])[0, 1] > 0.95 and not found.randomised

    def test_weighted_shares_are_the_worth_of_the_items(self):
        data, worth = self.log(2, by_worth=True, drawn=False)
        weight = exposure(data, Weighting(propensity="position"), 0).inverse
        item = data.item
        wanted = np.bincount(item, weight * data.label) / np.bincount(item, weight)
        plain = np.bincount(item, data.label) / np.bincount(item)
        right = worth[:ITEMS]
        assert np.abs(wanted - right).mean() < 0.045 < np.abs(plain - right).mean()
