"""Penalties between groups: by hand, their gradients by numeric differences, and what they do to a fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.config import Penalty
from models.fair import RATES, fair_term
from models.train import fit
from tests.models.blocks import FAST, USERS, checkerboard
from words import Refusal

MF = FAST["mf"].model_copy(update={"loss": "logistic", "epochs": 5})
EVERY = RATES | {"parity", "worst_group", "twins"}
COLOUR = np.where(np.arange(USERS) % 2 == 0, "women", "men")
DATA = checkerboard(profile={"gender": COLOUR})


def term(figure, strength=1.0, data=DATA):
    penalty = Penalty(figure=figure, attribute="gender", strength=strength)
    return fair_term(data, MF.model_copy(update={"penalty": penalty}), EVERY)


# Users 0, 2 are women and 1, 3 men; item 5 is rated by both sides, 6 and 7 by one each.
WHO, WHAT = torch.tensor([0, 2, 1, 3, 0, 1]), torch.tensor([5, 5, 5, 5, 6, 7])
TOLD = torch.tensor([0.9, 0.5, 0.2, 0.4, 1.0, 0.0], dtype=torch.float64)
TRUE = torch.tensor([1.0, 1.0, 0.0, 0.0, 0.0, 1.0], dtype=torch.float64)


@pytest.mark.parametrize(
    ("figure", "by_hand"),
    [("value", 0.6), ("absolute", 0.0), ("under", 0.3), ("over", 0.3)],  # errors of item 5: -0.3 and 0.3
)
def test_errors_by_item_are_compared_where_both_sides_have_it(figure, by_hand):
    assert term(figure, 2.0).rates(TOLD, TRUE, WHO, WHAT).item() == pytest.approx(2 * by_hand)


def test_parity_is_the_difference_of_the_mean_predictions():
    assert term("parity", 3.0).parity(TOLD, WHO).item() == pytest.approx(3 * abs(0.8 - 0.2))


def test_three_groups_are_each_set_against_the_rest():
    data = checkerboard(profile={"gender": np.array(["a", "b", "c"] * (USERS // 3))})
    told = torch.tensor([0.0, 0.3, 0.9])
    assert term("parity", data=data).parity(told, torch.arange(3)).item() == pytest.approx((0.6 + 0.15 + 0.75) / 3)


def test_people_of_unknown_group_count_nowhere():
    data = checkerboard(profile={"gender": np.where(np.arange(USERS) == 3, "unknown", COLOUR)})
    assert term("parity", data=data).parity(TOLD, WHO).item() == pytest.approx(0.8 - 0.1)


@pytest.mark.parametrize("figure", ["parity", *sorted(RATES), "twins", "worst_group"])
def test_the_gradient_is_that_of_numeric_differences(figure):
    asked = term(figure)
    asked.eval()

    def loss(x):
        if figure == "twins":
            return asked.twins(x[:3, None], x[3:, None])
        if figure == "worst_group":
            return asked.worst(x.square(), WHO)
        return asked.parity(x, WHO) + asked.rates(x, TRUE, WHO, WHAT)

    tilted = TOLD + torch.tensor([0.05, 0.0, 0.02, 0.03, 0.0, 0.0])  # away from the kinks
    assert torch.autograd.gradcheck(loss, (tilted.requires_grad_(),))


def test_the_groups_weights_start_at_their_shares_and_follow_sagawa():
    asked = term("worst_group", 0.5)
    each = torch.tensor([1.0, 3.0, 0.5, 0.5])  # women 2, men 0.5
    start = asked.weight.clone()
    assert start.tolist() == pytest.approx([0.0, 0.5, 0.5])
    moved = np.array([0.5 * np.exp(0.5 * 0.5), 0.5 * np.exp(0.5 * 2.0)])  # men come first
    moved = moved / moved.sum()
    asked.train()
    assert asked.worst(each, WHO[:4]).item() == pytest.approx(moved @ [0.5, 2.0], rel=1e-5)
    assert asked.weight[1:].tolist() == pytest.approx(moved.tolist(), rel=1e-5)


def test_a_group_that_is_not_in_the_batch_keeps_its_weight():
    asked = term("worst_group", 0.5)
    asked.train()
    asked.worst(torch.tensor([2.0, 2.0]), WHO[:2])  # women alone
    assert asked.weight[1:].tolist() == [0.5, 0.5]


def test_a_small_group_that_is_served_worst_gains_weight_though_few_batches_hold_it():
    group = np.array(["a", "b"] * (USERS // 2))
    group[:2] = "few"
    asked = term("worst_group", 0.1, checkerboard(profile={"gender": group}))
    start, loss = asked.weight.clone(), torch.tensor([0.7, 0.7, 0.9])  # a, b, few
    asked.train()
    rng = np.random.default_rng(0)
    for _ in range(200):
        who = torch.from_numpy(rng.choice(USERS, 10, replace=False))
        asked.worst(loss[asked.codes[who]], who)
    assert asked.weight[3] > 1.5 * start[3] and asked.weight.sum().item() == pytest.approx(1)


def test_groups_are_compared_in_full_numbers_where_training_has_short_ones():
    asked, each = term("worst_group", 0.5), torch.tensor([7.000, 7.002, 7.010, 7.012])
    asked.eval()
    exact = asked.worst(each, WHO[:4])
    with torch.autocast("cpu", torch.bfloat16):
        assert asked.worst(each, WHO[:4]).item() == exact.item()


READER = FAST["sequence"].model_copy(update={"profile": ("gender",)})
KINDS = [("mf", "parity"), ("mf", "worst_group"), ("vae", "value"), ("vae", "worst_group"), ("sequence", "twins")]


@pytest.mark.parametrize(("kind", "figure"), KINDS)
def test_no_strength_is_the_plain_model_bit_for_bit_and_some_is_not(kind, figure):
    plain = (READER if figure == "twins" else FAST[kind]).model_copy(update={"epochs": 2})
    users = np.arange(USERS, dtype=np.int32)

    def scores(strength):
        penalty = Penalty(figure=figure, attribute="gender", strength=strength)
        return fit(DATA, plain.model_copy(update={"penalty": penalty}), 1).score(users)

    without = fit(DATA, plain, 1).score(users)
    assert np.array_equal(scores(0.0), without)
    assert not np.array_equal(scores(5.0), without)


def skewed():
    """Women's rows are rarely wanted, men's often: predictions differ between groups unless they may not."""
    rng = np.random.default_rng(0)
    label = (rng.random(len(DATA.user)) < np.where(COLOUR[DATA.user] == "women", 0.2, 0.8)).astype(np.float32)
    return replace(DATA, label=label)


@pytest.mark.parametrize("kind", ["mf", "vae", "sequence"])
def test_the_worst_group_starts_from_the_plain_loss_of_a_kind_that_learns_from_what_was_wanted(kind):
    """One pass over all rows at once: where the groups' weights hardly move, the loss is the plain one."""
    every = {"epochs": 1, "batch": 10**6} | ({} if kind == "mf" else {"dropout": 0.0})
    plain = FAST[kind].model_copy(update=every)
    leaning = plain.model_copy(update={"penalty": Penalty(figure="worst_group", attribute="gender", strength=1e-9)})
    one, other = (fit(skewed(), settings, 1).curves["loss"] for settings in (plain, leaning))
    assert one == pytest.approx(other, rel=1e-5)


def test_parity_draws_the_groups_predictions_together():
    data = skewed()
    settings = MF.model_copy(update={"epochs": 40, "patience": 40, "l2": 0.0, "learning_rate": 0.1})
    held = settings.model_copy(update={"penalty": Penalty(figure="parity", attribute="gender", strength=20.0)})

    def apart(model):
        told = 1 / (1 + np.exp(-model.score(np.arange(USERS, dtype=np.int32))[data.user, data.item]))
        return abs(told[COLOUR[data.user] == "women"].mean() - told[COLOUR[data.user] == "men"].mean())

    assert apart(fit(data, settings, 0)) > 0.3 > 0.1 > apart(fit(data, held, 0))


def test_twins_come_to_be_scored_alike():
    held = READER.model_copy(update={"penalty": Penalty(figure="twins", attribute="gender", strength=50.0)})

    def apart(model):
        users = np.arange(USERS, dtype=np.int32)
        one, other = (model.score_as(users, "gender", value) for value in ("women", "men"))
        return np.square(one - other).mean()

    assert apart(fit(DATA, held, 0)) < 0.2 * apart(fit(DATA, READER, 0))


@pytest.mark.parametrize(("kind", "figure"), [("mf", "value"), ("mf", "twins"), ("vae", "twins"), ("sequence", "over")])
def test_a_penalty_that_a_kind_cannot_compute_is_refused(kind, figure):
    settings = FAST[kind].model_copy(update={"penalty": Penalty(figure=figure, attribute="gender")})
    with pytest.raises(Refusal, match="is not defined for"):
        fit(DATA, settings, 0)


def test_twins_need_a_recommender_that_reads_the_attribute():
    penalty = Penalty(figure="twins", attribute="gender")
    settings = FAST["sequence"].model_copy(update={"penalty": penalty})
    with pytest.raises(Refusal, match="does not read gender"):
        fit(DATA, settings, 0)
