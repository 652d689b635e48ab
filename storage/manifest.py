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
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        files: dict[str, dict[str, Any]] = manifest["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refusal("storage.no_manifest", folder=folder.name) from error
    for name, entry in files.items():
        path = folder / name
        inside = path.resolve().is_relative_to(folder.resolve())
        if not inside or not path.is_file() or path.stat().st_size != entry["bytes"]:
            raise Refusal("storage.changed", name=name)
        if sha256_of(path) != entry["sha256"]:
            raise Refusal("storage.changed", name=name)
    return manifest
