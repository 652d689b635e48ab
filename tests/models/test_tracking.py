"""Training curves as TensorBoard's files: only where the operator asks for them."""

from __future__ import annotations

import pytest

from models.config import FactorSettings
from models.train import fit
from tests.models.blocks import FAST, checkerboard
from words import Refusal

SHORT: FactorSettings = FAST["mf"].model_copy(update={"epochs": 3})


def test_tensorboard_holds_the_curves_and_the_model_is_the_same(tmp_path, monkeypatch):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    plain = fit(checkerboard(), SHORT, 1, tmp_path / "plain")
    monkeypatch.setenv("EVENHAND_TRACK", "tensorboard")
    tracked = fit(checkerboard(), SHORT, 1, tmp_path / "tracked")
    assert tracked.item_vectors().tobytes() == plain.item_vectors().tobytes()
    assert not (tmp_path / "plain" / "curves").exists()
    events = EventAccumulator(str(tmp_path / "tracked" / "curves" / "evenhand"))
    events.Reload()
    for name in ("loss", "validation"):
        assert [point.value for point in events.Scalars(name)] == pytest.approx(plain.curves[name], rel=1e-6)
        assert [point.step for point in events.Scalars(name)] == [1, 2, 3]


def test_a_tracker_that_is_not_there_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENHAND_TRACK", "carrier pigeon")
    with pytest.raises(Refusal, match="not installed. There are: tensorboard"):
        fit(checkerboard(), SHORT, 1, tmp_path)
