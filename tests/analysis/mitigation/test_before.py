"""What is learnt from is changed as the papers say, by hand and by property; nothing changes at strength 0."""

import numpy as np
import pytest
import scipy.sparse as sp

from analysis.mitigation.resample import decorrelated, resampled_rows
from analysis.mitigation.reweigh import row_weights
from models.data import Interactions
from models.rows import TWIN, taking, with_twins


def people():
    """Three users of whom two have a known gender, two items, one feature a gender and one an age band."""
    return Interactions(
        user=np.array([0, 0, 1, 2], np.int32),
        item=np.array([0, 1, 1, 0], np.int32),
        label=np.array([1, 0, 1, 1], np.float32),
        user_ids=("a", "b", "c"),
        item_ids=("x", "y"),
        seen=sp.csr_matrix(np.array([[1, 0], [0, 1], [1, 0]], bool)),
        valid_user=np.array([0], np.int32),
        valid_item=np.array([1], np.int32),
        valid_label=np.array([1], np.float32),
        time=np.array([4, 5, 6, 7], np.int64),
        user_features=sp.csr_matrix(np.array([[1, 0, 1], [0, 1, 0], [0, 0, 1]], np.float32)),
        user_feature_names=("gender=men", "gender=women", "age=young"),
        profile={"gender": np.array(["men", "women", "unknown"]), "age": np.array(["young", "old", "young"])},
    )


def test_rows_are_drawn_as_often_as_their_weights_say_and_group_and_label_become_independent():
    rng = np.random.default_rng(0)
    group = rng.choice(["a", "b"], 40_000, p=[0.7, 0.3])
    label = (rng.random(40_000) < np.where(group == "a", 0.6, 0.2)).astype(float)
    weight = row_weights(group, label)
    rows = resampled_rows(weight, 1.0, 1)
    rates = [label[rows][group[rows] == g].mean() for g in ("a", "b")]
    assert rates == pytest.approx([label.mean()] * 2, abs=0.01)
    times = np.bincount(rows, minlength=len(weight))
    for cell in ((group == "a") & (label > 0), (group == "b") & (label > 0)):
        assert times[cell].mean() == pytest.approx(weight[cell].mean(), rel=0.03)
        assert set(np.unique(times[cell])) <= {int(weight[cell][0]), int(weight[cell][0]) + 1}
    assert np.array_equal(resampled_rows(weight, 0.0, 1), np.arange(40_000))


def test_rows_taken_keep_everything_that_belongs_to_a_row():
    found = taking(people(), np.array([3, 3, 1]))
    assert (found.user.tolist(), found.item.tolist(), found.time.tolist()) == ([2, 2, 0], [0, 0, 1], [7, 7, 5])
    assert found.label.tolist() == [1, 1, 0] and found.weight is None and found.n_users == 3


def test_twins_by_hand():
    found = with_twins(people(), "gender", 1.0, 1)
    assert found.user_ids == ("a", "b", "c", "a" + TWIN, "b" + TWIN), "whose gender is unknown has no twin"
    assert found.user.tolist() == [0, 0, 1, 2, 3, 3, 4]
    assert found.item.tolist() == [0, 1, 1, 0, 0, 1, 1] and found.label.tolist() == [1, 0, 1, 1, 1, 0, 1]
    assert found.profile["gender"].tolist() == ["men", "women", "unknown", "women", "men"]
    assert found.profile["age"].tolist() == ["young", "old", "young", "young", "old"]
    assert found.user_features.toarray()[3:].tolist() == [[0, 1, 1], [1, 0, 0]]
    assert found.seen.toarray()[3:].tolist() == [[True, False], [False, True]]
    assert found.valid_user.tolist() == [0], "no twin is validated on"


def test_without_a_share_or_a_second_value_there_are_no_twins():
    data = people()
    assert with_twins(data, "gender", 0.0, 1) is data
    one = taking(data, np.arange(4))
    one.profile["gender"] = np.array(["men", "men", "unknown"])
    assert with_twins(one, "gender", 1.0, 1).n_users == 3


def test_features_lose_their_correlation_with_the_group_and_the_attribute_fades():
    rng = np.random.default_rng(2)
    group = rng.choice(["a", "b", "c"], 500)
    features = rng.normal(size=(500, 4)) + (group == "a")[:, None] * np.array([2.0, 0, 1, 0])
    features[:, 3] = group == "a"
    own = np.array([False, False, False, True])
    found = decorrelated(features, group, own, 1.0)
    for value in "abc":
        for column in range(3):
            assert abs(np.corrcoef(found[:, column], group == value)[0, 1]) < 1e-9
    assert not found[:, 3].any()
    assert np.allclose(decorrelated(features, group, own, 0.0), features)
    half = decorrelated(features, group, own, 0.5)
    assert np.allclose(half, (features + found) / 2)


def test_a_recommender_taught_with_twins_hardly_reads_the_attribute_any_more():
    from audit.methods.before import freed, twinned
    from models.config import AdditiveSettings
    from models.train import fit
    from tests.audit.shop import ground

    model = AdditiveSettings(strengths=(0.1,))
    start = ground(model, attribute="gender")

    def read(data):
        fitted = fit(data, model, 1)
        users = np.arange(start.composed.data.n_users, dtype=np.int32)
        one, two = (fitted.score_as(users, "gender", value) for value in ("men", "women"))
        return float(np.abs(one - two).mean())

    plain = read(start.composed.data)
    twins, faded = (read(change(start, start.composed.data, 1.0)) for change in (twinned, freed))
    assert twins < 0.15 * plain and faded < 0.15 * plain
