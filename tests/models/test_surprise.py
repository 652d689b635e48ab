"""The surprise by a part of a long catalogue is that by the whole of it, on average, and so are its slopes."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from models import surprise
from models.train import fit
from tests.models.blocks import FAST, checkerboard

ITEMS, PEOPLE, D = 120, 80, 6


@pytest.fixture
def small(monkeypatch):
    """A part of 8 items of high level and 30 of the 112 others."""
    monkeypatch.setattr(surprise, "MOST_WHOLE", 20)
    monkeypatch.setattr(surprise, "HEAD", 8)
    monkeypatch.setattr(surprise, "DRAWN", 30)


def told(by_a_part, rounds):
    """The mean loss and its slopes at the levels, where few items are popular and the model itself drew the targets."""
    torch.manual_seed(0)
    users, items = torch.randn(PEOPLE, D), torch.randn(ITEMS, D)
    level = (-1.2 * torch.log(torch.arange(1.0, ITEMS + 1))).requires_grad_()
    target = torch.multinomial(F.softmax((users @ items.T / D**0.5 + level).detach(), 1), 1).squeeze(1)
    found = surprise.by_a_part if by_a_part else surprise.surprise
    loss = torch.stack([found(users, items, level, target).mean() for _ in range(rounds)]).mean()
    return loss.item(), torch.autograd.grad(loss, level)[0]


def test_a_part_stands_for_the_whole_catalogue(small, monkeypatch):
    part, part_slopes = told(True, 1500)
    monkeypatch.setattr(surprise, "MOST_WHOLE", ITEMS)
    whole, whole_slopes = told(False, 1)
    assert part == pytest.approx(whole, abs=0.03)  # the log of an unbiased sum is a little low
    assert float((part_slopes - whole_slopes).norm() / whole_slopes.norm()) < 0.1
    assert float(part_slopes[:10].sum()) == pytest.approx(float(whole_slopes[:10].sum()), abs=0.01)


def test_a_reader_learns_the_checkerboard_by_parts(small):
    data = checkerboard()
    best = {bounds: max(_curve(data, bounds)) for bounds in (20, 10**6)}
    assert best[20] > best[10**6] - 0.1


def _curve(data, most):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(surprise, "MOST_WHOLE", most)
        patch.setattr(surprise, "HEAD", 4)
        patch.setattr(surprise, "DRAWN", 8)
        return fit(data, FAST["sequence"], 1).curves["validation"]
