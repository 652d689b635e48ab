"""The door: uploads and paths come in here, and nowhere else."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from analysis.ingest import Limits, Source, spool
from analysis.log import Roles
from audit.workspace import AuditFolder
from storage import write_atomic
from words import Phrase, Refusal

if TYPE_CHECKING:
    from analysis.ingest import Tables
    from analysis.moments import Unit
    from analysis.quality import Quality
    from analysis.roles import Guess

ROOTS_VARIABLE = "EVENHAND_DATA_ROOTS"
"""Folders that paths may be given under, separated as PATH is; none are allowed where it is not set."""
UploadKind = Literal["log", "users", "items", "lists", "replies"]


@dataclass(frozen=True)
class Arrival:
    """Files as they came: the raw tables, and the roles guessed from them."""

    tables: Tables
    guess: Guess

    def quality(self, roles: Roles, unit: Unit | None) -> Quality:
        """What is odd about the raw tables under these roles; `unit` of times given as numbers, None: told by size."""
        from analysis.quality import inspect

        return inspect(self.tables, roles, unit)


def read(folder: AuditFolder, source: Source) -> Tables:
    """Read a source (in a child process). Raises Refusal. In what is said of them, uploads have their own names."""
    try:
        tables = spool(source, folder.source, Limits())
    except Refusal as refusal:
        raise Refusal(refusal.phrase.key, **_as_uploaded(folder, refusal.phrase).facts) from refusal
    return replace(tables, notes=tuple(_as_uploaded(folder, note) for note in tables.notes))


def arrive(folder: AuditFolder, source: Source) -> Arrival:
    """Read a source for the page and guess its roles. Raises Refusal."""
    from analysis.roles import guess

    tables = read(folder, source)
    folder.note("source", digest=tables.digest)
    return Arrival(tables, guess(tables))


def keep_upload(folder: AuditFolder, kind: UploadKind, content: bytes, original: str = "") -> Path:
    """Store an upload under a name made here (its digest); `original` lends a known ending, and is kept as a text."""
    ending = Path(original).suffix.lower() if Path(original).suffix.lower() in _ENDINGS else ""
    path = folder.uploads / f"{kind}-{hashlib.sha256(content).hexdigest()[:24]}{ending}"
    if not path.exists():
        write_atomic(path, content)
        folder.note("upload", kind=kind, bytes=len(content))
    if original:
        write_atomic(_name_of(path), Path(original).name.encode(errors="replace"))
    return path


def uploaded_as(path: Path) -> str:
    """The name that the analyst knows a file by: what an upload was called, else its own."""
    kept = _name_of(path)
    return kept.read_text(encoding="utf-8") if kept.exists() else path.name


def _name_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.name")


def _as_uploaded(folder: AuditFolder, words: Phrase) -> Phrase:
    """The phrase with files called as the analyst calls them."""
    name = words.facts.get("name")
    if not isinstance(name, str) or not name:
        return words
    return Phrase(key=words.key, facts={**words.facts, "name": uploaded_as(folder.uploads / Path(name).name)})


_ENDINGS = frozenset({".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".gz"})


def allowed_roots() -> tuple[Path, ...]:
    """The folders that the operator allows paths under, resolved."""
    given = os.environ.get(ROOTS_VARIABLE, "")
    return tuple(Path(root).resolve() for root in given.split(os.pathsep) if root)


def allowed_path(text: str) -> Path:
    """A path as typed, resolved. Raises Refusal(audit.outside_roots) where no allowed folder holds it."""
    try:
        path = Path(text).resolve()
        there = path.exists()
    except (OSError, ValueError) as error:  # a name too long, or a zero byte
        raise Refusal("audit.outside_roots") from error
    if not there or not any(path.is_relative_to(root) for root in allowed_roots()):
        raise Refusal("audit.outside_roots")
    return path


def allowed_encoder(text: str) -> str:
    """A text encoder as typed: a pinned model of the hub as it is, a folder resolved. Raises Refusal otherwise."""
    from models.encoders import HUB_NAME

    return text if HUB_NAME.fullmatch(text) else str(allowed_path(text))
