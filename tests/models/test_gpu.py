"""Training on a GPU: nothing meets that lies in two places, nothing is read before it is fetched, all learns alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.config import Adversary, Debias, Erasure, Penalty, Tuning
from models.train import fit
from tests.models.blocks import EVEN, FAST, ODD, USERS, checkerboard
from tests.models.fake_gpu import GPU, fake_gpu
from tests.models.tiny import tiny_encoder

ALL = np.arange(USERS, dtype=np.int32)
HIDING = Adversary(attribute="gender", strength=0.5)
TINY = {"encoder": tiny_encoder(EVEN, ODD)}


def penalty(figure):
    return Penalty(figure=figure, attribute="gender", strength=1.0)


CASES = {
    "mf, every part": ("mf", {"dropout": 0.2, "attack": "pgd", "adversary": HIDING, "penalty": penalty("parity")}),
    "mf, confounder": ("mf", {"loss": "logistic", "debias": Debias(confounder=True, factors=2)}),
    "mf, erased": ("mf", {"erasure": Erasure(attribute="gender")}),
    "vae, hiding": ("vae", {"adversary": HIDING, "penalty": penalty("value")}),
    "vae, worst group": ("vae", {"penalty": penalty("worst_group")}),
    "sequence": ("sequence", {"attack": "pgd", "augment": ("crop", "mask", "reorder"), "dropout": 0.2, "clip": 0.5}),
    "sequence, twins": ("sequence", {"penalty": penalty("twins"), "profile": None}),
    "sequence, in parts": ("sequence", {"accumulate": 2, "schedule": "cosine", "warmup": 0.2}),
    "language, texts alone": ("language", TINY | {"ids": False, "adversary": HIDING}),
    "language, LoRA": ("language", TINY | {"tuning": Tuning(layers=1, rank=2, tokens=8, texts=4)}),
    "language, full": ("language", TINY | {"tuning": Tuning(how="full", layers=None, tokens=8, texts=4)}),
    "pairwise": ("pairwise", {"pairs": 60, "adversary": HIDING, "penalty": penalty("worst_group")}),
}


@pytest.mark.filterwarnings("ignore:for .* copying from a non-meta parameter")  # it is copied: this `meta` has numbers
@pytest.mark.parametrize("name", list(CASES))
def test_a_gpu_learns_what_the_cpu_learns(name, tmp_path):
    kind, changed = CASES[name]
    settings = FAST[kind].model_copy(update={"epochs": 2, **changed})
    with fake_gpu():
        there = fit(checkerboard(), settings, 3, tmp_path)
    here = fit(checkerboard(), settings, 3)
    np.testing.assert_allclose(there.score(ALL), here.score(ALL), atol=1e-4)
    told = []
    resumed = fit(checkerboard(), settings, 3, tmp_path, lambda fraction, note, **figures: told.append(note))
    assert "models.resumed" in told and "models.training" not in told, "the CPU takes up what the GPU kept"
    np.testing.assert_allclose(there.score(ALL), resumed.score(ALL), atol=1e-4)


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("mf")])
def test_the_short_numbers_of_a_gpu_learn_nearly_the_same(name):
    kind, changed = CASES[name]
    short, exact = (
        fit(checkerboard(), FAST[kind].model_copy(update={"epochs": 1, **changed, "precision": precision}), 3)
        for precision in ("bfloat16", "float32")
    )
    assert short.curves["loss"] == pytest.approx(exact.curves["loss"], rel=0.05)
    assert short.curves["loss"] != exact.curves["loss"]


def test_the_stand_in_refuses_what_a_gpu_refuses():
    with fake_gpu():
        there = torch.ones(3, device=GPU)
        assert (there * 2 + 1).cpu().numpy().tolist() == [3, 3, 3]
        with pytest.raises(RuntimeError, match="same device"):
            there + torch.ones(3)
        with pytest.raises(TypeError, match="numpy"):
            there.numpy()
