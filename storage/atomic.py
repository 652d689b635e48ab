"""Temp file, fsync, rename, fsync of the folder."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from words import Refusal

TEMPORARY = ".partial-"
"""Prefix of files that are being written; `sweep` removes those that a crash left behind."""
BLOCK = 4096
"""Bytes that the smallest file takes; with less room a disk is full."""


def write_atomic(path: Path, content: bytes) -> None:
    """Replace `path` by `content` whole, or leave it as it was.

    Raises Refusal(storage.disk_full, storage.unwritable) where it cannot be written; the earlier version is kept.
    """
    partial = path.parent / f"{TEMPORARY}{uuid.uuid4().hex}"
    with _refused(path, content):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
            _sync_folder(path.parent)
        finally:
            with suppress(OSError):  # its folder may be what is wrong; that is told above
                partial.unlink(missing_ok=True)


def write_once(path: Path, content: bytes) -> None:
    """Write `path` whole, for its owner alone, unless it is there: what the first of several writers wrote stays.

    Raises Refusal(storage.disk_full, storage.unwritable).
    """
    partial = path.parent / f"{TEMPORARY}{uuid.uuid4().hex}"
    with _refused(path, content):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(partial, path)
            _sync_folder(path.parent)
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def append(path: Path, content: bytes) -> None:
    """Add `content` at the end of `path`. Raises Refusal(storage.disk_full, storage.unwritable)."""
    with _refused(path, content):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(content)


@contextmanager
def _refused(path: Path, content: bytes) -> Iterator[None]:
    """A full disk, a folder without permission, a name that is taken: each is refused in one sentence."""
    try:
        yield
    except OSError as error:
        free = shutil.disk_usage(next(folder for folder in path.absolute().parents if folder.exists())).free
        if error.errno == errno.ENOSPC and free < max(len(content), BLOCK):
            raise Refusal("storage.disk_full", needed=_size(len(content), up=True), free=_size(free)) from error
        name = str(Path(*path.parts[-2:]))  # not the whole path: a page's visitor reads it too
        raise Refusal("storage.unwritable", name=name, why=error.strerror or str(error)) from error


def _size(count: int, up: bool = False) -> str:
    """So many bytes as people say it; what is needed is rounded up, so that it is never less than what is free."""
    unit, name = (10**6, "MB") if count >= 10**6 else (10**3, "kB")
    return f"{-(-count // unit) if up else count // unit:,} {name}"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
