"""The step size, worked out by hand."""

from __future__ import annotations

import pytest

from models.config import Gradient
from models.schedule import rate


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
