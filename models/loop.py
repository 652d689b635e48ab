"""The one training loop: epochs, batches, early stopping, checkpoints, and what can go wrong.

The same code runs on the CPU, on one GPU and, under torchrun, on several: every process draws the same rows and
takes its part of each batch, gradients are averaged, and the first process alone writes.

Everything random in epoch e is drawn from generators seeded with (seed, e). So a run that was killed and
resumes from the checkpoint of epoch e goes on exactly as the unbroken one; no generator state is stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from models import private, store, tracking
from models.attack import attacked
from models.base import Tell
from models.batches import batches
from models.config import Embedded, FactorSettings, Gradient, SequentialSettings
from models.devices import accelerator, agreed, reseed
from models.fair import Critic
from models.optimiser import AdamW
from models.schedule import rate, risen
from models.store import Arrays
from words import Refusal

if TYPE_CHECKING:
    from accelerate import Accelerator

MOST_HALVINGS = 3
"""Times that the batch is halved when the GPU's memory is full, before training stops."""
NEWS_S = 0.5
"""Seconds between two reports from within an epoch."""


class Learner(Protocol):
    """What a kind gives to the loop."""

    module: nn.Module

    def rows(self, rng: np.random.Generator) -> tuple[npt.NDArray[Any], ...]:
        """The rows of one epoch, arrays of equal length; drawn afresh each epoch. The loop shuffles them."""
        ...

    def loss(self, batch: tuple[Tensor, ...]) -> Tensor:
        """The mean loss of a batch of these rows."""
        ...

    def validate(self) -> float | None:
        """The validation figure, higher is better, or None where there are no validation rows."""
        ...


@runtime_checkable
class Counted(Protocol):
    """A learner whose loss is no mean over rows: parts of a batch then weigh by what it is a mean over."""

    def counted(self, batch: tuple[Tensor, ...]) -> float:
        """What the loss of the batch is a mean over: items that are told, or the weights of rows; above 0."""
        ...


@runtime_checkable
class Sized(Protocol):
    """A learner whose rows differ in length: those of like length may share a batch (`buckets`)."""

    def lengths(self, rows: tuple[npt.NDArray[Any], ...]) -> npt.NDArray[np.int64]:
        """int64 [rows]: what each row costs, in any unit."""
        ...


@runtime_checkable
class Annealed(Protocol):
    """A learner whose loss changes in the course of training."""

    def anneal(self, epochs: float) -> None:
        """The next step, in however many parts, is taken after so many epochs (2.5: halfway through the third)."""
        ...


@runtime_checkable
class Embeds(Protocol):
    """A learner with vectors that an attack may push."""

    def embeddings(self) -> tuple[Tensor, ...]:
        """Parameters [things, d] of `module`, a vector a row."""
        ...


@dataclass
class Course:
    """Where training stands."""

    batch: int
    epoch: int = 0
    """Epochs done."""
    best: float | None = None
    best_epoch: int = 0
    loss: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)

    def over(self, settings: Gradient) -> bool:
        if keeps_last(settings):
            return self.epoch >= settings.epochs
        stale = self.best is not None and self.epoch - self.best_epoch >= settings.patience
        return stale or self.epoch >= settings.epochs


def learn(learner: Learner, settings: Gradient, seed: int, stamp: str, folder: Path | None, tell: Tell) -> Course:
    """Train `learner.module` in place and leave it with the weights of the best validation epoch (or the last).

    stamp: digest of settings and data; a checkpoint in `folder` with another stamp is not resumed.
    Raises Refusal where the loss stops being a number, the GPU has no room at an eighth of the batch, or a loss that
    compares the rows of a batch is to be computed in parts.
    """
    _refuse_parts(settings)
    loop = _Loop(learner, settings, seed, stamp, folder, tell)
    with _deterministic(), _threads(settings):
        loop.resume()
        while not loop.course.over(settings):
            loop.epoch()
    loop.finish()
    return loop.course


def keeps_last(settings: Gradient) -> bool:
    """Whether all epochs are run and the last one is kept.

    With an adversary, the epoch of the best validation figure would be the one in which the attribute was hidden
    least; with privacy, the choice of an epoch by the validation rows would tell of those who made them.
    """
    hides = settings.adversary is not None and settings.adversary.strength > 0
    return hides or private.wanted(settings)


@contextmanager
def seeded(seed: int, epoch: int = 0) -> Iterator[np.random.Generator]:
    """torch's global generator seeded for the block and put back after it; yields numpy's for the same epoch."""
    gpu = [torch.cuda.current_device()] if torch.cuda.is_available() else []  # of several, the one in use
    with torch.random.fork_rng(gpu):
        rng = np.random.default_rng([seed, epoch])
        reseed(int(rng.integers(2**62)))
        yield rng


def _refuse_parts(settings: Gradient) -> None:
    """Raise Refusal where a batch is to be computed in parts, and its loss is more than a mean over its rows."""
    compares = (
        any(one is not None and one.strength > 0 for one in (settings.adversary, settings.penalty)),
        settings.debias.correction == "snips",
        isinstance(settings, Embedded) and settings.attack != "none",
        isinstance(settings, SequentialSettings) and bool(settings.augment),
    )
    if settings.accumulate > 1 and any(compares):
        raise Refusal("models.parts")


class _Whole(nn.Module):
    """A learner as one module whose forward is the loss of a batch: what several processes share gradients of."""

    def __init__(self, learner: Learner, settings: Gradient) -> None:
        super().__init__()
        self.learner, self.settings = learner, settings
        self.module = learner.module

    def forward(self, *batch: Tensor) -> Tensor:
        loss = self.learner.loss(batch)
        if isinstance(self.settings, Embedded) and self.settings.attack != "none" and isinstance(self.learner, Embeds):
            return attacked(self.learner, loss, batch, self.settings)
        return loss


class _Loop:
    place: Accelerator
    plan: private.Plan | None = None
    """Of private training, once it has begun."""

    def __init__(
        self, learner: Learner, settings: Gradient, seed: int, stamp: str, folder: Path | None, tell: Tell
    ) -> None:
        self.learner, self.settings, self.seed, self.stamp = learner, settings, seed, stamp
        self.folder, self.tell = folder, tell
        self.place = accelerator(**tracking.options(folder))
        tracking.begin(self.place, settings)
        self.device = self.place.device
        self.module = learner.module.to(self.device)
        self.critics = [part for part in self.module.modules() if isinstance(part, Critic)]
        self.whole = self.place.prepare(_Whole(learner, settings))
        self.optimiser = AdamW(
            self.module.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
        )
        self.course = Course(settings.batch)
        self.best: Arrays = {}

    def epoch(self) -> None:
        """One epoch, its validation and its checkpoint."""
        course = self.course
        course.loss.append(self._roomy_epoch())
        course.epoch += 1
        self.module.eval()
        with torch.no_grad():
            figure = agreed(self.learner.validate())
        news = {"loss": course.loss[-1]}
        if figure is not None:
            course.validation.append(figure)
            news["validation"] = figure
            if not keeps_last(self.settings) and (course.best is None or figure > course.best):
                course.best, course.best_epoch = figure, course.epoch
                self.best = self._weights()
        self._checkpoint()
        self.place.log(news, step=course.epoch)
        self._report("models.training", course.epoch, **news)

    def _roomy_epoch(self) -> float:
        """The mean loss of one epoch; where the GPU's memory is full, the epoch again with half the batch."""
        before = self._snapshot()
        for halvings in range(MOST_HALVINGS + 1):
            loss = self._pass_if_room()
            if loss is not None:
                self._refuse_divergence(loss)
                return loss
            if halvings == MOST_HALVINGS or self.course.batch == 1 or not self._may_halve():
                break
            self.optimiser.zero_grad(set_to_none=True)
            torch.cuda.empty_cache()
            self._back_to(before)
            self.course.batch //= 2
            self.tell(self._done(), "models.halved", batch=float(self.course.batch))
        raise Refusal("models.no_gpu_memory", batch=self.course.batch, epoch=self.course.epoch + 1)

    def _pass_if_room(self) -> float | None:
        """`_pass`, or None where the GPU's memory is full.

        An error holds what its frames hold, the rows and the graph on the GPU: nothing can be freed before it is gone.
        """
        try:
            return self._pass()
        except torch.OutOfMemoryError:
            return None

    def _may_halve(self) -> bool:
        """Not with other processes, which wait for this one's gradients; and privacy takes users one by one anyway."""
        return self.place.num_processes == 1 and not private.wanted(self.settings)

    def _pass(self) -> float:
        """All rows once, shuffled; returns the mean of the batch losses, weighted by their rows."""
        self.module.train()
        total, done = torch.zeros((), device=self.device), 0
        with seeded(self.seed, self.course.epoch + 1) as rng:
            reseed(torch.initial_seed() + self.place.process_index)  # each process silences other units
            arrays = self.learner.rows(rng)
            lengths = self._lengths(arrays)
            # What is read from a file may be locked, which torch warns of: such arrays alone are copied.
            rows = [torch.from_numpy(np.require(array, requirements="W")).to(self.device) for array in arrays]
            told = monotonic()
            for chosen in self._batches(len(arrays[0]), lengths, rng):
                self._pace(done / len(arrays[0]))
                total += self._step(rows, torch.from_numpy(chosen).to(self.device)) * len(chosen)
                done += len(chosen)
                if monotonic() - told > NEWS_S:
                    told = monotonic()
                    self._report("models.training", self.course.epoch + 1)
        return float(self.place.reduce(total, "mean")) / len(arrays[0])

    def _batches(
        self, rows: int, lengths: npt.NDArray[np.int64] | None, rng: np.random.Generator
    ) -> list[npt.NDArray[np.int64]]:
        if not private.wanted(self.settings):
            return batches(rows, self.course.batch, lengths, rng)
        made = self._private_plan(rows)
        return private.draws(rows, made.share, made.steps // self.settings.epochs, rng)

    def _private_plan(self, rows: int) -> private.Plan:
        """What privacy costs on so many users; made once."""
        if self.place.num_processes > 1:
            raise Refusal("models.private.one_process")
        if self.plan is None:
            assert isinstance(self.settings, private.Private)
            self.plan = private.plan(self.settings, rows, self.course.batch)
        return self.plan

    def _lengths(self, rows: tuple[npt.NDArray[Any], ...]) -> npt.NDArray[np.int64] | None:
        """What batches are sorted by, or None."""
        wanted = isinstance(self.settings, SequentialSettings) and self.settings.buckets
        return self.learner.lengths(rows) if wanted and isinstance(self.learner, Sized) else None

    def _pace(self, share: float) -> None:
        """The step size, how strong an adversary is, and what else anneals, after `share` of this epoch."""
        epochs = self.course.epoch + share
        done = epochs / self.settings.epochs
        for group in self.optimiser.param_groups:
            group["lr"] = rate(self.settings, done)
        for critic in self.critics:
            critic.risen = risen(done, critic.ramp)
        if isinstance(self.learner, Annealed):
            self.learner.anneal(epochs)

    def _step(self, rows: list[Tensor], chosen: Tensor) -> Tensor:
        """One step on the rows `chosen`, by all processes together; this process's share of the mean loss."""
        if self.plan is not None:
            own = [row[chosen] for row in rows]
            return private.private_step(self.learner, self.optimiser, self.plan, self.course.batch, own)
        self.optimiser.zero_grad(set_to_none=True)
        parts = self._own_parts(rows, chosen)
        total = torch.zeros((), device=self.device)
        for at, (part, share) in enumerate(parts):
            with self._gradients(last=at + 1 == len(parts)):
                with torch.autocast(self.device.type, torch.bfloat16, enabled=self._short_numbers()):
                    loss = self.whole(*(row.index_select(0, part) for row in rows)) * share
                loss.backward()  # Accelerate's own looks for packages in every step, and scales what is not scaled here
            total += loss.detach()
        if self.settings.clip > 0:
            self.place.clip_grad_norm_(self.module.parameters(), self.settings.clip)
        self.optimiser.step()
        return total

    def _own_parts(self, rows: list[Tensor], chosen: Tensor) -> list[tuple[Tensor, float]]:
        """This process's rows of a batch, cut into the parts that are computed at once.

        Each part with its share of the batch, times the number of processes: their gradients are averaged.
        """
        processes, first = self.place.num_processes, self.place.process_index
        own = chosen[first::processes]
        if len(own) == 0:  # fewer rows than processes: this one computes along, and it counts nothing
            return [(chosen[:1], 0.0)]
        parts = own.split(-(-len(own) // self.settings.accumulate))
        if len(parts) == processes == 1:
            return [(own, 1.0)]
        whole = self._counted(rows, chosen)
        return [(part, self._counted(rows, part) * processes / whole) for part in parts]

    def _counted(self, rows: list[Tensor], chosen: Tensor) -> float:
        """What the loss of the rows `chosen` is a mean over: rows, unless the learner counts otherwise."""
        if isinstance(self.learner, Counted):
            return self.learner.counted(tuple(row[chosen] for row in rows))
        return float(len(chosen))

    @contextmanager
    def _gradients(self, last: bool) -> Iterator[None]:
        """Gradients travel between processes with the last part of a batch alone."""
        if last:
            yield
        else:
            with self.place.no_sync(self.whole):
                yield

    def _short_numbers(self) -> bool:
        wanted = self.settings.precision
        return wanted == "bfloat16" or (wanted == "auto" and self.device.type == "cuda")

    def _refuse_divergence(self, loss: float) -> None:
        """Stop where the loss or a weight is no longer a number; the checkpoint is of the epoch before."""
        if np.isfinite(loss) and all(bool(torch.isfinite(w).all()) for w in self.module.parameters()):
            return
        done = self.course.epoch
        raise Refusal("models.diverged", epoch=done + 1, rate=self.settings.learning_rate, kept=done)

    def _report(self, note: str, epoch: int, **news: float) -> None:
        """Tell what goes on, in which epoch of how many."""
        self.tell(self._done(), note, epoch=float(epoch), epochs=float(self.settings.epochs), **news)

    def _done(self) -> float:
        return self.course.epoch / self.settings.epochs

    def _weights(self) -> Arrays:
        return {name: value.detach().cpu().numpy().copy() for name, value in self.module.state_dict().items()}

    def _load_weights(self, weights: Arrays) -> None:
        self.module.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in weights.items()})

    def _snapshot(self) -> Arrays:
        """Weights and the optimiser's moments, as plain arrays."""
        state = {f"now.{name}": value for name, value in self._weights().items()}
        for number, moments in self.optimiser.state_dict()["state"].items():
            for name, value in moments.items():
                state[f"adam.{number}.{name}"] = value.detach().cpu().numpy().copy()
        return state

    def _back_to(self, state: Arrays) -> None:
        self._load_weights({name[4:]: value for name, value in state.items() if name.startswith("now.")})
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in state.items():
            if name.startswith("adam."):
                _, number, moment = name.split(".")
                moments.setdefault(int(number), {})[moment] = torch.from_numpy(value.copy())
        self.optimiser.load_state_dict(self.optimiser.state_dict() | {"state": moments})

    def _checkpoint(self) -> None:
        if self.folder is None or not self.place.is_main_process:
            return
        best = {f"best.{name}": value for name, value in self.best.items()}
        facts = {"stamp": self.stamp, "course": vars(self.course)}
        store.write(self.folder / "checkpoint", self._snapshot() | best, facts, "checkpoint")

    def resume(self) -> None:
        """Take up the checkpoint of a stopped run of the same settings and data, where there is one."""
        if self.folder is None or not (self.folder / "checkpoint" / store.MANIFEST).exists():
            return
        arrays, facts = store.read(self.folder / "checkpoint", "checkpoint")
        if facts["stamp"] != self.stamp:
            return
        self._back_to(arrays)
        self.best = {name[5:]: value for name, value in arrays.items() if name.startswith("best.")}
        self.course = Course(**facts["course"])
        self._report("models.resumed", self.course.epoch)

    def finish(self) -> None:
        tracking.end(self.place)
        if self.best:
            self._load_weights(self.best)
        self.module.eval()


@contextmanager
def _deterministic() -> Iterator[None]:
    """The same sums in the same order; an operation for which torch has no such kernel is an error.

    Where torch may only warn, it takes kernels of attention on a GPU whose gradients differ from run to run.
    """
    before = torch.get_deterministic_debug_mode()
    torch.set_deterministic_debug_mode("error")  # use_deterministic_algorithms is the same, and loads torch's compiler
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(before)


@contextmanager
def _threads(settings: Gradient) -> Iterator[None]:
    """One thread for factorisations: they gather rows and multiply little, so several wait for each other.

    On two cores two threads took twice as long as one.
    """
    before = torch.get_num_threads()
    if isinstance(settings, FactorSettings):
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
