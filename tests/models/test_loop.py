"""What can go wrong while training, and that it ends as the unbroken run does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import warnings
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from models import store
from models.base import silent
from models.config import Adversary, FactorSettings, Gradient, LanguageSettings, Penalty, Weighting
from models.devices import accelerator
from models.loop import learn, seeded
from models.optimiser import AdamW
from models.rows import taking
from models.train import fit
from tests.models.blocks import FAST, USERS, checkerboard
from words import Refusal

ALL = np.arange(USERS, dtype=np.int32)


class Killed(Exception):
    pass


def kill_after(epoch):
    def tell(fraction, note, **figures):
        if note == "models.training" and "loss" in figures and figures["epoch"] == epoch:
            raise Killed

    return tell


@pytest.mark.parametrize("kind", ["mf", "vae", "sequence", "language"])
def test_a_stopped_run_resumes_to_the_same_bits(kind, tmp_path):
    data, settings = checkerboard(), FAST[kind].model_copy(update={"epochs": 8})
    whole = fit(data, settings, 5, tmp_path / "whole", cache=tmp_path / "texts")
    with pytest.raises(Killed):
        fit(data, settings, 5, tmp_path / "broken", kill_after(3), cache=tmp_path / "texts")
    notes = []

    def tell(fraction, note, **figures):
        if note != "models.training" or "loss" in figures:  # news from within an epoch depend on the clock
            notes.append((note, figures.get("epoch")))

    again = fit(data, settings, 5, tmp_path / "broken", tell, cache=tmp_path / "texts")
    assert ("models.resumed", 3.0) in notes
    assert [epoch for note, epoch in notes if note == "models.training"] == [4.0, 5.0, 6.0, 7.0, 8.0]
    assert again.score(ALL).tobytes() == whole.score(ALL).tobytes()
    assert again.curves == whole.curves and len(whole.curves["loss"]) == 8


def test_a_run_killed_by_the_system_resumes_to_the_same_bits(tmp_path):
    data, settings = checkerboard(), FAST["mf"].model_copy(update={"epochs": 60, "patience": 400})
    program = (
        "import sys; from pathlib import Path; from models.train import fit; from models.config import FactorSettings;"
        "from tests.models.blocks import checkerboard;"
        "s = FactorSettings.model_validate_json(sys.argv[2]);"
        "t = lambda f, n, **g: print(int(g.get('epoch', 0)), flush=True);"
        "fit(checkerboard(), s, 5, Path(sys.argv[1]), t)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "run"), settings.model_dump_json()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as child:
        for line in child.stdout:
            if int(line) >= 5:
                break
        os.kill(child.pid, signal.SIGKILL)
    again = fit(data, settings, 5, tmp_path / "run")
    assert again.score(ALL).tobytes() == fit(data, settings, 5).score(ALL).tobytes()


def test_a_checkpoint_of_other_settings_is_not_resumed(tmp_path):
    data = checkerboard()
    fit(data, FAST["mf"], 5, tmp_path)
    other = FAST["mf"].model_copy(update={"l2": 0.5})
    assert fit(data, other, 5, tmp_path).score(ALL).tobytes() == fit(data, other, 5).score(ALL).tobytes()


def test_a_loss_that_is_no_number_stops_at_the_last_good_epoch(tmp_path):
    settings = FactorSettings(loss="squared", learning_rate=1e8, dimensions=4, batch=64, biases=False)
    data = checkerboard(rating=np.full(len(checkerboard().user), 1e30, np.float32))
    with pytest.raises(Refusal, match=r"epoch \d+.*learning rate of 1e\+08"):
        fit(data, settings, 0, tmp_path)


def test_divergence_in_a_later_epoch_keeps_the_checkpoint(tmp_path):
    learner = Toy(nan_from=4)
    with pytest.raises(Refusal, match="epoch 4.*after epoch 3 is kept"):
        learn(learner, Gradient(epochs=9), 0, "stamp", tmp_path, silent)
    assert store.read(tmp_path / "checkpoint", "checkpoint")[1]["course"]["epoch"] == 3


class Toy:
    """One number to learn; can run out of memory or diverge on demand."""

    def __init__(self, full_above=10**9, nan_from=10**9):
        self.module = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(self.module.weight)
        self.full_above, self.nan_from, self.epoch = full_above, nan_from, 0
        self.sizes = []

    def rows(self, rng):
        self.epoch += 1
        return (np.ones((64, 1), np.float32),)

    def loss(self, batch):
        if len(batch[0]) > self.full_above:
            raise torch.OutOfMemoryError("no room")
        self.sizes.append(len(batch[0]))
        loss = (self.module(batch[0]) - 1).square().mean()
        return loss * float("nan") if self.epoch >= self.nan_from else loss

    def validate(self):
        return None


def test_a_full_gpu_halves_the_batch_at_most_three_times():
    notes = []
    toy = Toy(full_above=8)
    course = learn(toy, Gradient(epochs=2, batch=64), 0, "", None, lambda f, note, **g: notes.append(note))
    assert course.batch == 8 and set(toy.sizes) == {8} and notes.count("models.halved") == 3
    notes, full = [], Toy(full_above=7)
    with pytest.raises(Refusal, match=r"no room even for a batch of 8 \(epoch 1\)"):
        learn(full, Gradient(epochs=2, batch=64), 0, "", None, lambda f, note, **g: notes.append(g.get("batch")))
    assert notes == [32, 16, 8], "what was never tried is not told"


def test_what_fills_a_gpu_is_let_go_before_the_batch_is_halved(monkeypatch):
    """An error keeps the frames it came through, and these the rows and the graph: only then can they be freed."""
    held, freed = [], []

    class Full(Toy):
        def loss(self, batch):
            graph = batch[0] * 1.0
            held.append(weakref.ref(graph))
            if len(batch[0]) > 32:
                raise torch.OutOfMemoryError("no room")
            return super().loss(batch)

    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: freed.append(held[-1]() is None))
    learn(Full(), Gradient(epochs=1, batch=64), 0, "", None, silent)
    assert freed == [True]


def test_private_training_keeps_the_batch_that_its_noise_was_made_for():
    learner, asked = Toy(full_above=0), FAST["vae"].model_copy(update={"epsilon": 5.0, "epochs": 1})
    with pytest.raises(Refusal, match="no room even for a batch of 20"):
        learn(learner, asked, 0, "", None, silent)


def test_memory_that_gives_out_elsewhere_is_told_in_a_sentence_too(monkeypatch):
    for raised, told in ((torch.OutOfMemoryError("CUDA"), Refusal), (_no_room_here(), MemoryError)):

        def full(*_, error=raised, **__):
            raise error

        monkeypatch.setattr("models.factorization.validation_ndcg", full)
        with pytest.raises(told):
            fit(checkerboard(), FAST["mf"].model_copy(update={"epochs": 1}), 0)
    monkeypatch.setattr("models.factorization.validation_ndcg", lambda *_: [][0])
    with pytest.raises(IndexError):
        fit(checkerboard(), FAST["mf"].model_copy(update={"epochs": 1}), 0)


def _no_room_here():
    """What torch raises where the machine's memory is full."""
    with pytest.raises(RuntimeError) as found:
        torch.empty(10**15)
    return found.value


def test_while_training_no_kernel_is_taken_whose_sums_differ_from_run_to_run():
    """Where torch may only warn, attention on a GPU has such gradients; cuBLAS is told before anything reads."""
    modes = []

    class Noted(Toy):
        def loss(self, batch):
            modes.append(torch.get_deterministic_debug_mode())
            return super().loss(batch)

    learn(Noted(), Gradient(epochs=1, batch=64), 0, "", None, silent)
    assert modes == [2] and torch.get_deterministic_debug_mode() == 0
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


def test_of_several_gpus_only_the_one_in_use_is_seeded_anew(monkeypatch):
    asked = []
    fork = torch.random.fork_rng
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 3)
    monkeypatch.setattr(torch.random, "fork_rng", lambda devices: asked.append(devices) or fork([]))
    with seeded(0):
        pass
    assert asked == [[3]]


def test_training_stops_when_validation_no_longer_improves_and_keeps_the_best():
    class Peaks(Toy):
        figures = iter([0.1, 0.3, 0.2, 0.25, 0.29, 0.5])
        weights: list[float] = []

        def validate(self):
            self.weights.append(float(self.module.weight.detach()))
            return next(self.figures)

    toy = Peaks()
    course = learn(toy, Gradient(epochs=50, patience=3), 0, "", None, silent)
    assert (course.epoch, course.best_epoch, course.best) == (5, 2, 0.3)
    assert float(toy.module.weight.detach()) == toy.weights[1]


def test_the_state_of_torch_is_left_as_it_was():
    torch.manual_seed(11)
    before = torch.random.get_rng_state()
    fit(checkerboard(), FAST["mf"].model_copy(update={"epochs": 2}), 0)
    assert torch.equal(before, torch.random.get_rng_state())
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.skipif(torch.accelerator.is_available(), reason="torch's own way is taken where there is a GPU")
def test_seeds_draw_what_torchs_own_seeds_draw_and_leave_no_note_for_a_gpu():
    noted = len(torch.cuda._queued_calls)
    with seeded(3, 1):
        ours = torch.rand(5)
    assert len(torch.cuda._queued_calls) == noted
    with torch.random.fork_rng():
        torch.manual_seed(int(np.random.default_rng([3, 1]).integers(2**62)))
        assert torch.equal(ours, torch.rand(5))


def test_the_gpu_is_used_where_there_is_one(monkeypatch):
    asked = []
    monkeypatch.setattr("accelerate.Accelerator", lambda **options: asked.append(options["cpu"]))
    for there in (True, False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        accelerator()
    assert asked == [False, True]


def test_language_settings_check_their_heads():
    with pytest.raises(ValueError, match="do not divide"):
        LanguageSettings(dimensions=64, heads=5)


def test_columns_that_may_not_be_written_to_are_learnt_from_without_a_warning():
    data = checkerboard()
    data = replace(data, rating=data.label)
    for column in (data.user, data.item):
        column.setflags(write=False)
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fit(data, FAST["mf"].model_copy(update={"epochs": 1, "loss": "squared"}), 5)
    finally:
        torch.set_warn_always(False)
    assert not data.user.flags.writeable


@pytest.mark.parametrize("kind", ["mf", "sequence"])
def test_a_batch_computed_in_parts_is_the_same_step(kind):
    whole = FAST[kind].model_copy(update={"epochs": 3, "buckets": False} if kind == "sequence" else {"epochs": 3})
    parts = whole.model_copy(update={"accumulate": 4})
    one, other = (fit(checkerboard(), settings, 5).score(ALL) for settings in (whole, parts))
    np.testing.assert_allclose(one, other, atol=2e-3)
    assert not np.array_equal(one, other)


def test_parts_of_a_batch_weigh_by_what_is_told_in_them():
    """Users took 1 to 6 items; the mean is over items, so that a part of four short histories counts less."""
    data = checkerboard()
    kept = np.arange(len(data.user)) % 6 <= data.user % 6
    short = taking(data, np.flatnonzero(kept))
    whole = FAST["sequence"].model_copy(update={"epochs": 3})
    one, other = (fit(short, whole.model_copy(update={"accumulate": parts}), 5).score(ALL) for parts in (1, 4))
    np.testing.assert_allclose(one, other, atol=2e-3)


@pytest.mark.parametrize(
    "compares",
    [
        {"adversary": Adversary(attribute="gender")},
        {"penalty": Penalty(figure="parity", attribute="gender")},
        {"debias": Weighting(correction="snips", propensity="popularity")},
        {"attack": "fgsm"},
        {"augment": ("crop",)},
    ],
)
def test_what_compares_the_rows_of_a_batch_is_not_computed_in_parts(compares):
    settings = FAST["sequence"].model_copy(update={"epochs": 1, **compares})
    fit(checkerboard(), settings, 5)
    with pytest.raises(Refusal, match="set accumulate to 1"):
        fit(checkerboard(), settings.model_copy(update={"accumulate": 2}), 5)


@pytest.mark.parametrize("more", [{"accumulate": 2}, {"attack": "pgd"}])
def test_all_settings_of_a_step_together_resume_to_the_same_bits(more, tmp_path):
    every = {"schedule": "cosine", "warmup": 0.3, "clip": 0.5, "dropout": 0.2, **more}
    data, settings = checkerboard(), FAST["sequence"].model_copy(update={"epochs": 6, "weight_decay": 0.1, **every})
    whole = fit(data, settings, 5)
    with pytest.raises(Killed):
        fit(data, settings, 5, tmp_path, kill_after(3))
    again = fit(data, settings, 5, tmp_path)
    assert again.score(ALL).tobytes() == whole.score(ALL).tobytes() and again.curves == whole.curves


def weight_after(settings):
    toy = Toy()
    learn(toy, settings, 0, "", None, silent)
    return float(toy.module.weight.detach())


def test_the_schedule_is_what_the_optimiser_steps_by():
    """With Adam on one weight and a steady slope each step is about the step size long."""
    assert weight_after(Gradient(epochs=4, batch=64, learning_rate=1e-3)) == pytest.approx(4e-3, rel=0.01)
    falling = Gradient(epochs=4, batch=64, learning_rate=1e-3, schedule="linear")
    assert weight_after(falling) == pytest.approx(1e-3 * (1 + 0.75 + 0.5 + 0.25), rel=0.01)


def test_weight_decay_pulls_every_kind_to_nothing():
    for kind in ("mf", "vae", "sequence"):
        settings = FAST[kind].model_copy(update={"epochs": 4, "weight_decay": 0.0})
        pulled = settings.model_copy(update={"weight_decay": 20.0})
        free, held = (np.abs(fit(checkerboard(), s, 5).item_vectors()).mean() for s in (settings, pulled))
        assert held < 0.7 * free


def test_a_long_gradient_is_shortened():
    lengths = []

    class Steep(Toy):
        def loss(self, batch):
            return 100 * super().loss(batch)

    toy = Steep()
    step = AdamW.step

    def noted(self, closure=None):
        lengths.append(float(toy.module.weight.grad.norm()))
        return step(self, closure)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AdamW, "step", noted)
        learn(toy, Gradient(epochs=1, batch=64), 0, "", None, silent)
        learn(toy, Gradient(epochs=1, batch=64, clip=0.5), 0, "", None, silent)
    assert lengths[0] == pytest.approx(200) and lengths[1] == pytest.approx(0.5, rel=1e-4)


def test_short_numbers_give_nearly_the_same_model():
    settings = FAST["sequence"].model_copy(update={"epochs": 12})
    exact, short = (
        fit(checkerboard(), settings.model_copy(update={"precision": precision}), 5)
        for precision in ("float32", "bfloat16")
    )
    assert short.curves["loss"][-1] == pytest.approx(exact.curves["loss"][-1], rel=0.02)
    assert short.curves["loss"] != exact.curves["loss"]
    assert short.item_vectors().dtype == np.float32
