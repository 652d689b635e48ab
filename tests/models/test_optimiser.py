"""The optimiser is torch's own, without torch's compiler."""

import subprocess
import sys
from pathlib import Path

import torch

from models.optimiser import AdamW

ROOT = Path(__file__).parents[2]


def trained(kind: type[torch.optim.Optimizer]) -> tuple[torch.Tensor, dict[str, object]]:
    weight = torch.nn.Parameter(torch.linspace(-1, 1, 7))
    first = kind([weight], lr=0.1, weight_decay=0.01, fused=True)
    state: dict[str, object] = {}
    for step in range(6):
        if step == 3:  # goes on as another object, as a resumed training does
            state = first.state_dict()
            first = kind([weight], lr=0.1, weight_decay=0.01, fused=True)
            first.load_state_dict(state)
        first.zero_grad(set_to_none=True)
        (weight**2).sum().backward()
        first.step()
    return weight.detach(), first.state_dict()["state"][0]


def test_every_step_and_its_state_are_those_of_torchs_adamw() -> None:
    (ours, state), (theirs, other) = trained(AdamW), trained(torch.optim.AdamW)
    assert torch.equal(ours, theirs)
    assert set(state) == set(other)
    assert all(torch.equal(state[name], other[name]) for name in state)


def test_training_loads_no_compiler() -> None:
    program = (
        "import sys; from models.train import fit; from models import config;"
        "from tests.models.blocks import checkerboard;"
        "fit(checkerboard(), config.FactorSettings(epochs=2), 0);"
        "print(*{'torch', 'torch._dynamo', 'torch._inductor'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["torch"]
