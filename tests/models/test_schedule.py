"""The step size and the rise of an adversary, worked out by hand."""

from __future__ import annotations

import pytest

from models.config import Gradient
from models.schedule import rate, risen


def at(schedule, warmup, *shares):
    settings = Gradient(learning_rate=0.8, schedule=schedule, warmup=warmup)
    return [rate(settings, share) for share in shares]


def test_without_a_schedule_the_step_size_stays():
    assert at("constant", 0.0, 0, 0.4, 1) == [0.8, 0.8, 0.8]


def test_it_warms_up_straight_from_nothing():
    for schedule in ("constant", "linear", "cosine"):
        assert at(schedule, 0.2, 0, 0.05, 0.1, 0.2) == pytest.approx([0, 0.2, 0.4, 0.8])


def test_linear_falls_straight_to_nothing_after_the_warm_up():
    assert at("linear", 0.2, 0.2, 0.4, 0.6, 1) == pytest.approx([0.8, 0.6, 0.4, 0])


def test_cosine_falls_as_half_a_wave():
    # (1 + cos(pi / 3)) / 2 = .75, (1 + cos(pi / 2)) / 2 = .5, (1 + cos(2 pi / 3)) / 2 = .25
    assert at("cosine", 0.4, 0.4, 0.6, 0.7, 0.8, 1) == pytest.approx([0.8, 0.6, 0.4, 0.2, 0])


def test_an_adversary_rises_over_its_ramp_and_then_stays():
    # 2 / (1 + exp(-1)) - 1 = .4621 at a tenth of the ramp, 2 / (1 + exp(-5)) - 1 = .9866 at half of it
    assert [risen(share, 0.4) for share in (0, 0.04, 0.2, 0.4, 1)] == pytest.approx([0, 0.4621, 0.9866, 1, 1], abs=1e-4)


def test_without_a_ramp_an_adversary_is_at_full_strength_from_the_start():
    assert risen(0, 0.0) == 1
