"""What a checkpoint belongs to."""

from __future__ import annotations

import numpy as np

from models.stamp import stamp
from tests.models.blocks import FAST, checkerboard


def test_what_the_data_have_worked_out_meanwhile_changes_no_stamp() -> None:
    """Else a training that is killed after a search, which validates, would begin anew."""
    data, settings = checkerboard(), FAST["mf"]
    before = stamp(data, settings, 1)
    assert data.held_out is not None
    assert stamp(data, settings, 1) == before == stamp(checkerboard(), settings, 1)


def test_data_settings_and_seed_change_it() -> None:
    data, settings = checkerboard(), FAST["mf"]
    other = checkerboard(weight=np.full(len(data.user), 2.0, np.float32))
    stamps = {stamp(data, settings, 1), stamp(data, settings, 2), stamp(other, settings, 1)}
    stamps.add(stamp(data, settings.model_copy(update={"epochs": settings.epochs + 1}), 1))
    assert len(stamps) == 4
