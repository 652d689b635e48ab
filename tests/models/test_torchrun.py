"""Two processes train one model together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from audit.run import Run
from audit.steps import run_steps
from models.devices import agreed, follows, processes
from models.train import fit
from tests.models.blocks import FAST, checkerboard
from words import Refusal

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json, sys
from pathlib import Path
from models.devices import follows
from models.train import fit
from tests.models.blocks import FAST, checkerboard

for kind in ("mf", "sequence"):
    settings = FAST[kind].model_copy(update={"epochs": 6, "accumulate": 2, "batch": 27})
    model = fit(checkerboard(), settings, 1, Path(sys.argv[1]) / kind)
    if not follows():
        (Path(sys.argv[1]) / f"{kind}.json").write_text(json.dumps(model.curves))
"""


@pytest.mark.slow
def test_two_processes_give_the_figures_of_one(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    subprocess.run([*torchrun, str(program), str(tmp_path)], check=True, cwd=ROOT, env=environment, capture_output=True)
    for kind in ("mf", "sequence"):
        settings = FAST[kind].model_copy(update={"epochs": 6, "accumulate": 2, "batch": 27})
        alone = fit(checkerboard(), settings, 1).curves
        together = json.loads((tmp_path / f"{kind}.json").read_text())
        np.testing.assert_allclose(together["validation"], alone["validation"], atol=1e-3)
        np.testing.assert_allclose(together["loss"], alone["loss"], atol=1e-3)


def test_without_torchrun_there_is_one_process():
    assert (processes(), follows(), agreed(0.3), agreed(None)) == (1, False, 0.3, None)


def test_several_processes_share_the_training_and_no_other_step(monkeypatch):
    class Folder:
        def settings(self):
            return None

    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(Refusal, match="torchrun"):
        run_steps(Folder(), ["data", "recommender"], lambda *news: None)


def test_a_further_process_trains_along_and_writes_nothing(monkeypatch):
    trained = []

    class Folder:
        def settings(self):
            return None

        def stale(self, step):
            return step == "recommender"

    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr("audit.recommend.train_along", trained.append)
    run = run_steps(Folder(), ["recommender"], lambda *news: None)
    assert isinstance(run, Run) and trained == [run] and run.seconds == {}
