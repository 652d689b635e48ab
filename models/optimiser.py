"""torch's AdamW without the compiler that torch loads for it."""

from __future__ import annotations

from typing import Any

import torch


def _undecorated(method: Any) -> Any:
    return method.__wrapped__


class AdamW(torch.optim.AdamW):
    """torch's AdamW, which is never compiled here.

    torch decorates these methods so that their first call loads its compiler: two seconds of every process that trains.
    What is decorated is called as it is.
    """

    add_param_group = _undecorated(torch.optim.AdamW.add_param_group)
    zero_grad = _undecorated(torch.optim.AdamW.zero_grad)
    state_dict = _undecorated(torch.optim.AdamW.state_dict)
    load_state_dict = _undecorated(torch.optim.AdamW.load_state_dict)
    step = torch.no_grad()(_undecorated(torch.optim.AdamW.step))
