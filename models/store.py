"""Models and checkpoints on disk: safetensors and JSON, nothing that can run.

A folder holds ``manifest.json`` (what it is, settings, versions, size and SHA-256 of the tensors and of
itself) and ``tensors-<digest>.safetensors``. The manifest is replaced last and in one step, so that after a
crash the folder is the old one or the new one. Reading checks everything before anything is used.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from storage import MANIFEST as MANIFEST
from storage import write_atomic
from storage.atomic import TEMPORARY
from words import Refusal

if TYPE_CHECKING:
    from models.base import Recommender
    from models.fitted import Fitted

Arrays = dict[str, npt.NDArray[Any]]
Facts = dict[str, Any]

FORMAT = "evenhand-tensors-1"
TENSORS = re.compile(r"tensors-[0-9a-f]{16}\.safetensors")
MOST_MANIFEST = 16 * 2**20
"""Largest manifest that is read, bytes."""
MOST_TENSORS = 16 * 2**30
"""Largest tensor file that is read, bytes."""


def save(model: Recommender, folder: Path) -> None:
    """Keep a fitted model in `folder`; an earlier one there stays until the new one is whole."""
    model.save(folder)


def load(folder: Path) -> Fitted[Any]:
    """The model that `save` kept; raises Refusal for anything else, in one sentence."""
    from models.config import SETTINGS
    from models.train import class_of

    arrays, facts = read(folder, "model")
    try:
        settings = SETTINGS.validate_python(facts["settings"])
        model: Fitted[Any] = class_of(settings.kind).restored(settings, arrays, facts)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:  # a ValidationError is a ValueError
        raise Refusal("models.not_a_model", folder=folder.name) from error
    return model


def write(folder: Path, arrays: Arrays, facts: Facts, purpose: str) -> None:
    """Put arrays and facts into `folder`; atomic: a crash at any point leaves the earlier content."""
    from safetensors.numpy import save as to_bytes

    tensors = to_bytes({name: np.ascontiguousarray(array) for name, array in sorted(arrays.items())})
    digest = hashlib.sha256(tensors).hexdigest()
    name = f"tensors-{digest[:16]}.safetensors"
    body = {
        "format": FORMAT,
        "purpose": purpose,
        "facts": facts,
        "files": {name: {"bytes": len(tensors), "sha256": digest}},
        "versions": _versions(),
    }
    write_atomic(folder / name, tensors)
    write_atomic(folder / MANIFEST, _sealed(body))
    for path in folder.iterdir():
        if path.name != name and (TENSORS.fullmatch(path.name) or path.name.startswith(TEMPORARY)):
            path.unlink(missing_ok=True)


def read(folder: Path, purpose: str) -> tuple[Arrays, Facts]:
    """Arrays and facts of a folder that `write` made; every array is finite. Raises Refusal otherwise."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    body = _manifest(folder)
    if body["format"] != FORMAT or body["purpose"] != purpose:
        raise Refusal("models.not_a_model", folder=folder.name)
    (name, entry), *others = body["files"].items()
    if not isinstance(entry, dict) or not isinstance(body["facts"], dict):
        raise Refusal("models.not_a_model", folder=folder.name)
    if others or not TENSORS.fullmatch(name):
        raise Refusal("models.escape", name=name[:80])
    _refuse_strangers(folder, name)
    content = _checked(folder / name, entry)
    try:
        arrays: Arrays = from_bytes(content)
    except (SafetensorError, KeyError) as error:  # KeyError: a dtype that numpy does not have
        raise Refusal("models.unreadable", name=name) from error
    for array in arrays.values():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise Refusal("models.not_finite", name=name)
    return arrays, body["facts"]


def _manifest(folder: Path) -> dict[str, Any]:
    """The manifest's body, after its seal is checked."""
    path = folder / MANIFEST
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_MANIFEST:
        raise Refusal("models.no_manifest", folder=folder.name)
    content = path.read_bytes()
    try:
        body = json.loads(content)["body"]
        whole = content == _sealed(body)
        shape = set(body) == {"format", "purpose", "facts", "files", "versions"}
        shape = shape and isinstance(body["files"], dict) and len(body["files"]) > 0
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refusal("models.no_manifest", folder=folder.name) from error
    if not (whole and shape):
        raise Refusal("models.changed", name=MANIFEST)
    return dict(body)


def _sealed(body: Facts) -> bytes:
    """The manifest's bytes: the body and the SHA-256 of the body, written in one canonical way."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)
    seal = hashlib.sha256(canonical.encode()).hexdigest()
    return f'{{"body":{canonical},"sha256":"{seal}"}}\n'.encode()


def _refuse_strangers(folder: Path, name: str) -> None:
    for path in sorted(folder.iterdir()):
        ours = path.name in (name, MANIFEST) or TENSORS.fullmatch(path.name) or path.name.startswith(TEMPORARY)
        if path.is_symlink() or not ours:
            raise Refusal("models.stranger", name=path.name[:80])


def _checked(path: Path, entry: Facts) -> bytes:
    """The file's bytes, after its size and digest are compared with the manifest's entry."""
    if not path.is_file():
        raise Refusal("models.missing", name=path.name)
    size = path.stat().st_size
    if size != entry.get("bytes") or size > MOST_TENSORS:
        raise Refusal("models.wrong_size", name=path.name)
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != entry.get("sha256"):
        raise Refusal("models.changed", name=path.name)
    return content


def _versions() -> dict[str, str]:
    named = {name: version(name) for name in ("numpy", "safetensors", "scipy", "torch")}
    return {"python": platform.python_version(), **named}
