"""Folders for what must not stay, such as raw tables while they are read: gone at the end, however the process ends.

Each is locked by the process that uses it. The system gives a lock back with its process, so a folder that nobody holds
was left by one that was killed, and whoever comes next removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from storage.atomic import TEMPORARY

MARK = f"{TEMPORARY}evenhand-"
STALE_SECONDS = 3600.0


@contextmanager
def scratch(parent: Path | None = None) -> Iterator[Path]:
    """An empty folder under `parent` (None: the system's for temporary files) for its owner alone, removed at the end;
    those that killed processes left beside it are removed first."""
    parent = Path(gettempdir()) if parent is None else parent
    clear(parent)
    begun = Path(mkdtemp(dir=parent, prefix="evenhand-"))
    place, held = parent / f"{MARK}{begun.name}", os.open(begun, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        begun.rename(place)  # only now can others take it for one that was left
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.close(held)


def clear(parent: Path) -> int:
    """Remove the scratch folders in `parent` whose process is gone; how many there were."""
    left = [place for place in parent.glob(f"{MARK}*") if is_left(place)]
    for place in left:
        shutil.rmtree(place, ignore_errors=True)  # another user's stays
    return len(left)


def is_left(place: Path) -> bool:
    """Whether this is a scratch folder that nobody holds."""
    if not place.name.startswith(MARK):
        return False
    try:
        folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # gone meanwhile, or another user's
        return False
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(folder)
    return True


def sweep(folder: Path) -> int:
    """Remove what a crash left half written under `folder` (files: over an hour ago); how many there were. What killed
    processes left among the system's temporary files goes as well."""
    stale = [path for path in folder.rglob(f"{TEMPORARY}*") if _age(path) > STALE_SECONDS or is_left(path)]
    for path in stale:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    clear(Path(gettempdir()))
    return len(stale)


def _age(path: Path) -> float:
    """Seconds since it was written; 0 where it is gone meanwhile, since its writer was at work."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
