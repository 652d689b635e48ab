"""Temp file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import errno
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from words import Refusal

TEMPORARY = ".partial-"
"""Prefix of files that are being written; `sweep` removes those that a crash left behind."""
STALE_SECONDS = 3600.0


def write_atomic(path: Path, content: bytes) -> None:
    """Replace `path` by `content` whole, or leave it as it was.

    Raises Refusal(storage.disk_full) where the disk has no room; the earlier version is kept.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.parent / f"{TEMPORARY}{uuid.uuid4().hex}"
    with _room(path, content):
        try:
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
            _sync_folder(path.parent)
        finally:
            partial.unlink(missing_ok=True)


def append(path: Path, content: bytes) -> None:
    """Add `content` at the end of `path`. Raises Refusal(storage.disk_full) where the disk has no room."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _room(path, content), path.open("ab") as file:
        file.write(content)


@contextmanager
def _room(path: Path, content: bytes) -> Iterator[None]:
    """A full disk is refused in one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        free = shutil.disk_usage(path.parent).free
        raise Refusal("storage.disk_full", needed=len(content) / 1e6, free=free / 1e6) from error


def sweep(folder: Path) -> int:
    """Remove partial files that a crash left under `folder` over an hour ago; how many there were."""
    stale = [
        path
        for path in folder.rglob(f"{TEMPORARY}*")
        if path.is_file() and time.time() - path.stat().st_mtime > STALE_SECONDS
    ]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
