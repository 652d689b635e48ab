"""Where torch computes: the CPU, a GPU, or the processes that torchrun started; and what it draws there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from words import Refusal

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator


def accelerator(**more: Any) -> Accelerator:
    """Accelerate on this process's GPU where there is one, else on the CPU; with torchrun's others, as one.

    It is asked for no mixed precision: the loop chooses that a fit at a time, and Accelerate once a process.
    """
    import torch
    from accelerate import Accelerator

    return Accelerator(cpu=not torch.cuda.is_available(), mixed_precision="no", **more)


def device() -> torch.device:
    """Where a model that is only read computes: this process's own GPU where there is one, else the CPU."""
    import torch

    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", torch.cuda.current_device())))


@contextmanager
def memory_told() -> Iterator[None]:
    """Raise Refusal where a GPU has no room, MemoryError where the machine has none; torch calls both RuntimeError."""
    try:
        yield
    except RuntimeError as error:
        import torch

        if isinstance(error, torch.OutOfMemoryError):
            raise Refusal("models.gpu_full") from error
        if "DefaultCPUAllocator" in str(error):
            raise MemoryError from error
        raise


def reseed(seed: int) -> None:
    """Seed torch's generators; where there is no accelerator, without the traceback that torch keeps for its first use
    at every call (0.2 ms, and memory that is never given back)."""
    import torch

    if torch.accelerator.is_available():
        torch.manual_seed(seed)
    else:
        torch.default_generator.manual_seed(seed)


def processes() -> int:
    """How many processes train together; 1 without torchrun."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def follows() -> bool:
    """Whether this process trains along with a first one, which alone writes."""
    return int(os.environ.get("RANK", "0")) > 0


def agreed(figure: float | None) -> float | None:
    """The first process's figure, so that all stop at the same epoch."""
    if processes() == 1:
        return figure
    from accelerate.utils import broadcast_object_list

    told = [figure]
    broadcast_object_list(told)
    return told[0]
