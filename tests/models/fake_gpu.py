"""A GPU that is none: its tensors say `meta`, their numbers lie in the machine's memory.

What a GPU refuses is refused here too: tensors of both places in one operation, numbers read without `.cpu()`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_flatten, tree_map

from models.encoders import load

GPU = torch.device("meta")


class OnGpu(torch.Tensor):
    """A tensor on the GPU; `own` holds its numbers. To torch it lies on `meta`, where nothing can be read."""

    own: torch.Tensor

    @staticmethod
    def __new__(cls, own: torch.Tensor) -> OnGpu:
        made = torch.Tensor._make_wrapper_subclass(
            cls, own.shape, own.stride(), own.storage_offset(), dtype=own.dtype, device="meta"
        )
        made.own = own.detach()
        return made

    def numpy(self, *_: Any, **__: Any) -> Any:
        raise TypeError("can't convert a GPU's tensor to numpy. Use Tensor.cpu() first")

    def cpu(self, *_: Any) -> torch.Tensor:
        return self.to("cpu")

    def __repr__(self, **_: Any) -> str:
        return f"OnGpu({self.own})"

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return computed(func, args, kwargs or {})


def computed(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """`func` of what the tensors hold, on the GPU where they lie there or it is asked for."""
    flat, _ = tree_flatten((args, kwargs))
    tensors = [one for one in flat if isinstance(one, torch.Tensor)]
    there = [isinstance(one, OnGpu) for one in tensors]
    asked = kwargs.get("device")
    moves = func in (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)
    alone = all(one or tensor.ndim == 0 for one, tensor in zip(there, tensors, strict=True))
    if any(there) and not alone and not moves:
        raise RuntimeError(f"{func}: expected all tensors to be on the same device, but found a GPU's and the CPU's")
    gpu = asked.type == "meta" if asked is not None else any(there)
    if func is torch.ops.aten.copy_.default:
        gpu = there[0]
    plain_args, plain_kwargs = tree_map(lambda one: one.own if isinstance(one, OnGpu) else one, (args, kwargs))
    if asked is not None:
        plain_kwargs["device"] = torch.device("cpu")
    found = func(*plain_args, **plain_kwargs)
    known = {id(tensor.own): tensor for tensor in tensors if isinstance(tensor, OnGpu)}

    def put(one: Any) -> Any:
        if not gpu or not isinstance(one, torch.Tensor):
            return one
        return known[id(one)] if id(one) in known else OnGpu(one)

    return tree_map(put, found)


class _Places(TorchDispatchMode):
    """Lets what is made or moved with `device="cuda"` come to lie there."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return computed(func, args, kwargs or {})


def _accelerator(**_: Any) -> Any:
    """What the loop asks of Accelerate, with one process on the GPU."""

    def clip(parameters: Any, most: float) -> Any:
        return torch.nn.utils.clip_grad_norm_(parameters, most)

    return SimpleNamespace(
        device=GPU,
        num_processes=1,
        process_index=0,
        is_main_process=True,
        log_with=[],
        trackers=[],
        prepare=lambda module: module,
        reduce=lambda total, how: total,
        clip_grad_norm_=clip,
        log=lambda *_, **__: None,
        no_sync=lambda module: nullcontext(),
    )


def _outside(function: Any) -> Any:
    """`function` without a GPU."""

    def called(*args: Any) -> Any:
        with _disable_current_modes():
            return function(*args)

    return called


@contextmanager
def fake_gpu() -> Iterator[None]:
    """Training, and what reads texts, on a GPU that is none."""
    swap = torch.__future__.get_swap_module_params_on_conversion()
    torch.__future__.set_swap_module_params_on_conversion(True)
    try:
        with pytest.MonkeyPatch.context() as patch, _Places():
            patch.setattr("models.loop.accelerator", _accelerator)
            patch.setattr("models.texts.device", lambda: GPU)
            steps = sys.modules["torch.optim.optimizer"]  # torch.optim hides it
            patch.setattr(steps, "_get_fused_kernels_supported_devices", lambda: ["cpu", GPU.type])
            patch.setattr(torch, "inference_mode", torch.no_grad)  # whose tensors have no version, as ours need
            for room in ("models.texts", "models.tuning"):  # transformers makes its skeletons on the true `meta`
                patch.setattr(f"{room}.load", _outside(load))
            autocast = torch.autocast
            patch.setattr(torch, "autocast", lambda _, *how, **more: autocast("cpu", *how, **more))
            yield
    finally:
        torch.__future__.set_swap_module_params_on_conversion(swap)
