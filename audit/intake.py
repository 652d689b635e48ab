"""The door: uploads and paths come in here, and nowhere else."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import TypeAdapter, ValidationError

from analysis.ingest import FORMAT, TABLES, Limits, Source, one_table, spool
from analysis.log import Roles
from analysis.pseudonyms import Ids
from audit.pseudonyms import held, key_of
from audit.workspace import AuditFolder
from storage import scratch, write_atomic
from words import Phrase, Refusal, phrase

if TYPE_CHECKING:
    import pandas as pd

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
        tables = _spooled(folder, source)
    except Refusal as refusal:
        raise Refusal(refusal.phrase.key, **_as_uploaded(folder, refusal.phrase).facts) from refusal
    return replace(tables, notes=tuple(_as_uploaded(folder, note) for note in tables.notes))


def _spooled(folder: AuditFolder, source: Source) -> Tables:
    """The tables of a source, with the ids that the audit began with; of pseudonyms it is said that they are."""
    if source.pseudonyms is None:
        if held(folder) == "pseudonyms":
            raise Refusal("pseudonyms.begun_with_pseudonyms")
        return spool(source, folder.source, Limits())
    files = [Path(file) for name in TABLES if (file := getattr(source, name)) is not None]
    if files and all(_is_kept(folder, file) for file in files):
        tables = spool(source, folder.source, Limits())
        notes = tuple(note for file in files for note in _notes_of(file))
    else:
        with scratch() as place:  # not in the audit's folder, where a crash would leave what ids were
            tables = spool(source, place, Limits(), _ids(folder, "log", source.pseudonyms))
        notes = tables.notes
    return replace(tables, notes=(*notes, phrase("data.note.pseudonyms", column=source.pseudonyms)))


def read_listed(folder: AuditFolder, kind: UploadKind, file: Path, source: Source) -> pd.DataFrame:
    """A file of lists or replies about the people of an audit whose log is `source`. Raises Refusal(data.*)."""
    if source.pseudonyms is None or _is_kept(folder, file):
        return one_table(file, folder.source)
    with scratch() as place:
        return one_table(file, place, _ids(folder, kind, source.pseudonyms))


def _ids(folder: AuditFolder, kind: UploadKind, column: str) -> Ids:
    """How the ids of one file are found and replaced; a prompt may be called by the person whom it is about."""
    from analysis.fairness.reply_lists import NAMES as IN_REPLIES
    from analysis.roles import NAMES
    from models.lists import NAMES as IN_LISTS

    named: dict[UploadKind, tuple[str, ...]] = {
        "users": (column, *NAMES["user"], "id"),
        "items": (),
        "lists": IN_LISTS["user"],
        "replies": IN_REPLIES["prompt"],
    }
    return Ids(key=key_of(folder), column=column, named=named.get(kind), listed=kind in ("lists", "replies"))


def arrive(folder: AuditFolder, source: Source) -> Arrival:
    """Read a source for the page and guess its roles. Raises Refusal."""
    tables = read(folder, source)
    folder.note("source", digest=tables.digest)
    return Arrival(tables, guessed(tables, source))


def guessed(tables: Tables, source: Source) -> Guess:
    """Roles by names and values; where ids were replaced, those are the users'."""
    from analysis.roles import guess

    found = guess(tables)
    if source.pseudonyms is None:
        return found
    return replace(found, roles=found.roles.model_copy(update={"user": source.pseudonyms}))


def keep_upload(
    folder: AuditFolder, kind: UploadKind, content: bytes, original: str = "", source: Source | None = None
) -> Path:
    """Store an upload under a name made here (its digest); `original` lends a known ending, and is kept as a text.

    Where `source`, the audit's, says pseudonyms, what is kept is the table with these. Raises Refusal.
    """
    if source is not None and source.pseudonyms is not None:
        return _keep_pseudonymised(folder, kind, content, Path(original).name, source)
    ending = Path(original).suffix.lower() if Path(original).suffix.lower() in _ENDINGS else ""
    path = folder.uploads / f"{kind}-{hashlib.sha256(content).hexdigest()[:24]}{ending}"
    if not path.exists():
        write_atomic(path, content)
        folder.note("upload", kind=kind, bytes=len(content))
    if original:
        write_atomic(_name_of(path), Path(original).name.encode(errors="replace"))
    return path


def _keep_pseudonymised(folder: AuditFolder, kind: UploadKind, content: bytes, original: str, source: Source) -> Path:
    """Read an upload outside the audit's folder and keep its table; what was detected is kept beside it."""
    assert source.pseudonyms is not None
    with scratch() as place:
        raw = place / "upload"
        write_atomic(raw, content)
        given = Source(kind="files", log=str(raw), **source.model_dump(include=set(FORMAT)))
        try:
            tables = spool(given, place, Limits(), _ids(folder, kind, source.pseudonyms))
        except Refusal as refusal:
            raise Refusal(refusal.phrase.key, **_called(refusal.phrase, original).facts) from refusal
    table = io.BytesIO()
    tables.log.to_parquet(table, index=False)
    path = keep_upload(folder, kind, table.getvalue(), f"{kind}.parquet")
    write_atomic(_name_of(path), original.encode(errors="replace"))
    write_atomic(_detected(path), _NOTES.dump_json(tuple(_called(note, original) for note in tables.notes)))
    return path


def _called(words: Phrase, name: str) -> Phrase:
    """The phrase about a file by the file's own name."""
    return Phrase(key=words.key, facts={**words.facts, "name": name}) if "name" in words.facts else words


def uploaded_as(path: Path) -> str:
    """The name that the analyst knows a file by: what an upload was called, else its own."""
    kept = _name_of(path)
    return kept.read_text(encoding="utf-8", errors="replace") if kept.exists() else path.name


def _is_kept(folder: AuditFolder, file: Path) -> bool:
    """Whether this is a table that the audit keeps in place of an upload, with pseudonyms."""
    return file.resolve().parent == folder.uploads.resolve() and _detected(file).exists()


def _notes_of(file: Path) -> tuple[Phrase, ...]:
    """What was detected in an upload of which the table is kept."""
    try:
        return _NOTES.validate_json(_detected(file).read_bytes())
    except ValidationError as error:
        raise Refusal("storage.changed", name=_detected(file).name) from error


def _detected(path: Path) -> Path:
    return path.with_name(f"{path.name}.notes")


def _name_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.name")


def _as_uploaded(folder: AuditFolder, words: Phrase) -> Phrase:
    """The phrase with files called as the analyst calls them."""
    name = words.facts.get("name")
    if not isinstance(name, str) or not name:
        return words
    return Phrase(key=words.key, facts={**words.facts, "name": uploaded_as(folder.uploads / Path(name).name)})


_NOTES = TypeAdapter(tuple[Phrase, ...])
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
