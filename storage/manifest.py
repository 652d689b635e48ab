"""A folder's manifest: what belongs to it, how large it is and its SHA-256; written last, checked first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from storage.atomic import write_atomic
from words import Refusal

MANIFEST = "manifest.json"
_BLOCK = 1 << 20


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, read in blocks."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            total.update(block)
    return total.hexdigest()


def write_manifest(folder: Path, names: Iterable[str], **facts: Any) -> None:
    """Record the named files of `folder`, and `facts` (JSON) with them. A folder without it does not count."""
    files = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": sha256_of(folder / name)} for name in sorted(names)
    }
    text = json.dumps({"files": files, **facts}, sort_keys=True, indent=1, ensure_ascii=False)
    write_atomic(folder / MANIFEST, text.encode())


def verify(folder: Path) -> dict[str, Any]:
    """The manifest of `folder` after every file was found unchanged.

    Raises Refusal(storage.no_manifest | storage.changed) naming the file.
    """
    manifest = _read(folder)
    for name, entry in manifest["files"].items():
        if not _is_as_saved(folder, name, entry):
            raise Refusal("storage.changed", name=name)
    return manifest


def unchanged(folder: Path) -> set[str]:
    """The files that the manifest of `folder` names and that are as they were saved; none where it has no manifest."""
    if not (folder / MANIFEST).is_file():
        return set()
    return {name for name, entry in _read(folder)["files"].items() if _is_as_saved(folder, name, entry)}


def _read(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        whole = all({"bytes", "sha256"} <= set(entry) for entry in manifest["files"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refusal("storage.no_manifest", folder=folder.name) from error
    if not whole:
        raise Refusal("storage.no_manifest", folder=folder.name)
    return manifest


def _is_as_saved(folder: Path, name: str, entry: dict[str, Any]) -> bool:
    """Whether the file lies inside the folder, with the size and digest that were recorded."""
    path = folder / name.replace("\0", "/")  # no file's name has a zero byte, which the system would choke on
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        return False
    return bool(path.stat().st_size == entry["bytes"] and sha256_of(path) == entry["sha256"])
