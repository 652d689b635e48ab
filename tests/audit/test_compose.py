from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.log import Dataset, Roles
from audit.compose import HEAD_SHARE, compose, positive_from
from audit.recommend import trained
from audit.recommending import Recommending
from models.config import EaseSettings, PopularitySettings
from words import Refusal

ROLES = Roles(user="u", item="i", outcome="y", sensitive=("gender",))


def dataset(rows, outcome=True, randomised=None):
    log = pd.DataFrame(rows, columns=["user", "item", "outcome", "part"])
    if not outcome:
        log = log.drop(columns="outcome")
    if randomised is not None:
        log["randomised"] = randomised
    users = pd.DataFrame({"gender": "women"}, index=pd.Index(sorted(log["user"].unique()), name="user"))
    items = pd.DataFrame({"category": "c"}, index=pd.Index(sorted(log["item"].unique()), name="item"))
    return Dataset(log, users, items, ROLES, "digest")


RATINGS = [
    ("a", "x", 5.0, "train"),
    ("a", "y", 2.0, "train"),
    ("a", "z", 4.0, "validation"),
    ("a", "w", 5.0, "test"),
    ("a", "x", 5.0, "test"),  # seen in training: not counted again
    ("b", "x", 1.0, "train"),
    ("b", "y", 5.0, "train"),
    ("b", "w", 1.0, "test"),
]


def test_held_out_pairs_that_training_saw_are_left_out_and_counted():
    made = compose(dataset(RATINGS), Recommending())
    assert made.excluded == 1
    assert made.test[["user", "item", "label"]].to_numpy().tolist() == [[0, 0, 1], [1, 0, 0]]
    assert made.relevant.toarray().tolist() == [[1, 0, 0, 0], [0, 0, 0, 0]]


def test_what_was_rated_before_the_test_part_is_never_ranked():
    made = compose(dataset(RATINGS), Recommending())
    blocked = made.blocked(np.array([0, 1])).toarray()
    assert blocked.tolist() == [[False, True, True, True], [False, True, True, False]]


def test_an_item_that_was_only_shown_may_be_recommended():
    clicks = [("a", "x", 1.0, "train"), ("a", "y", 0.0, "train"), ("a", "y", 1.0, "test")]
    made = compose(dataset(clicks), Recommending())
    assert made.relevant.toarray().tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("outcomes", "bound"), [([0.0, 1.0], 1.0), ([1.0, 5.0], 3.0), ([2.0, 8.0], 5.0), ([1.0, 1.0], 1.0)]
)
def test_what_counts_as_positive_is_one_for_clicks_and_mid_scale_for_ratings(outcomes, bound):
    data = dataset([("a", "x", outcomes[0], "train"), ("a", "y", outcomes[1], "test")])
    assert positive_from(data, Recommending()) == bound


def test_a_randomised_test_part_ranks_only_what_was_shown():
    made = compose(dataset(RATINGS, randomised=[part == "test" for *_, part in RATINGS]), Recommending())
    blocked = made.blocked(np.array([0, 1])).toarray()
    assert blocked.tolist() == [[False, True, True, True], [False, True, True, True]]
    assert made.protocol.key == "audit.protocol.rated"


def test_without_positives_or_test_rows_nothing_is_composed():
    with pytest.raises(Refusal, match="no positives|No row counts as a positive"):
        compose(dataset([("a", "x", 0.0, "train"), ("a", "y", 1.0, "test")]), Recommending())
    with pytest.raises(Refusal, match="no test rows"):
        compose(dataset([("a", "x", 1.0, "train"), ("a", "y", 1.0, "train")]), Recommending())


def test_the_head_is_the_most_popular_fifth():
    rows = [(f"u{n}", f"i{item}", 1.0, "train") for item in range(10) for n in range(item + 1)]
    made = compose(dataset([*rows, ("u0", "i9", 1.0, "test"), ("u5", "i0", 1.0, "test")]), Recommending())
    assert list(made.item_groups["tail"]) == ["tail"] * 8 + ["head"] * 2
    assert HEAD_SHARE == 0.2


def test_closed_form_kinds_are_scored_on_validation_rows_they_did_not_see():
    made = compose(dataset(RATINGS), Recommending())
    model, kept = trained(made, PopularitySettings(), 1)
    assert kept.valid.tolist() == [0.0]  # z was taken by nobody in training
    assert model.score(np.zeros(1, np.int32))[0, 3] > 0.0  # and by one user before the test part


def test_scores_of_rows_are_the_models_own():
    made = compose(dataset(RATINGS), Recommending())
    model, kept = trained(made, EaseSettings(l2=1.0), 1)
    whole = model.score(np.arange(2, dtype=np.int32))
    assert kept.test.tolist() == [whole[user, item] for user, item in made.test[["user", "item"]].to_numpy()]


def test_a_column_made_of_outcomes_is_given_to_no_model():
    data = dataset(RATINGS)
    data = replace(data, users=data.users.assign(intent=["east", "west"], city=["p", "q"]))
    for made in (compose(data, Recommending(), ("intent",)), compose(data, Recommending(), ("intent", "nowhere"))):
        for part in (made.data, made.final):
            assert part.user_feature_names == ("city=p", "city=q")
