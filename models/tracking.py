"""Training curves for those who watch them elsewhere: TensorBoard, MLflow or Weights & Biases, through Accelerate.

Off unless the operator sets EVENHAND_TRACK. Only local files are written, beside the checkpoints: Weights & Biases is
held offline, and MLflow to a folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.config import Settings
from words import Refusal

if TYPE_CHECKING:
    from accelerate import Accelerator

TRACKERS = ("tensorboard", "mlflow", "wandb")
FOLDER = "curves"
"""Under the folder of checkpoints."""


def options(folder: Path | None) -> dict[str, Any]:
    """What Accelerate is asked for, so that curves go under `folder`; nothing where they are not wanted."""
    from accelerate.tracking import get_available_trackers

    wanted = os.environ.get("EVENHAND_TRACK", "")
    if not wanted or folder is None:
        return {}
    there = [one.value for one in get_available_trackers() if one.value in TRACKERS]
    if wanted not in there:
        raise Refusal("training.no_tracker", name=wanted, names=", ".join(there))
    logs = folder / FOLDER
    logs.mkdir(parents=True, exist_ok=True)
    os.environ |= {"WANDB_MODE": "offline", "WANDB_DIR": str(logs), "MLFLOW_TRACKING_URI": logs.resolve().as_uri()}
    return {"log_with": wanted, "project_dir": str(logs)}


def begin(place: Accelerator, settings: Settings) -> None:
    """Write the settings where curves are wanted."""
    if place.log_with:
        plain = {name: value for name, value in settings.model_dump().items() if isinstance(value, int | float | str)}
        place.init_trackers("evenhand", config=plain)


def end(place: Accelerator) -> None:
    """Close the files (Accelerate's own ending would also part the processes)."""
    for tracker in place.trackers:
        tracker.finish()
