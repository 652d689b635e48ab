"""Where audits live: a folder of audits, each a folder of its own (design: one document)."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from pydantic import ValidationError

from analysis.document import FORMAT, Document, Section, canonical, digest
from audit import __version__
from audit.settings import AuditSettings, Step, before, step_digest, step_digests, with_all_before
from audit.settings_file import files_now, read_settings, settings_toml
from storage import append, sha256_of, sweep, write_atomic
from words import Fact, Refusal, phrase, shape

if TYPE_CHECKING:
    from analysis.log import Dataset

SETTINGS_FILE = "audit.toml"
DOCUMENT_FILE = "audit.json"
RUN_RECORD = "run.json"
"""Times and machine facts, kept out of audit.json so that it can be compared byte for byte."""
TRAIL_FILE = "trail.jsonl"
_BETWEEN = b',\n"section": '
REFUSED = ":refused"
"""After the stamp of a section that only says why there is no result."""
DEMO_ID = "demo"
HOME_VARIABLE = "EVENHAND_HOME"
DEFAULT_HOME = Path(__file__).parents[1] / ".evenhand"
LEAVES: dict[str, tuple[str, ...]] = {
    "data": ("work/data",),
    "recommender": ("work/lists", "work/model", "work/catalogue"),
    "structure": ("work/structure",),
    "mitigation": ("work/mitigation",),
    "report": (DOCUMENT_FILE, "report.html", "report.pdf"),
}
"""What a step leaves beside its section, files and folders of files: kept with the section as digests."""


@dataclass(frozen=True)
class AuditFolder:
    """One audit on disk.

    audit.toml (settings), audit.json, report.*, tables/ for people; work/ for what steps hand to each other
    (source, data, steps, model, lists); trail.jsonl, append-only, who did what when.
    """

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def source(self) -> Path:
        return self.path / "work" / "source"

    @property
    def uploads(self) -> Path:
        return self.path / "work" / "uploads"

    @property
    def data(self) -> Path:
        return self.path / "work" / "data"

    @property
    def model(self) -> Path:
        return self.path / "work" / "model"

    @property
    def catalogue(self) -> Path:
        """Ids that the model's codes stand for, for `audit serve`."""
        return self.path / "work" / "catalogue"

    @property
    def checkpoints(self) -> Path:
        return self.path / "work" / "checkpoints"

    @property
    def variants(self) -> Path:
        """What the mitigations gave, for a choice among them."""
        return self.path / "work" / "mitigation"

    @property
    def cache(self) -> Path:
        """Item-text encodings and the like, keyed by digest."""
        return self.path / "work" / "cache"

    def settings(self) -> AuditSettings:
        """The settings of audit.toml. Raises Refusal(audit.settings_*) naming what is wrong with it."""
        return self._settings_and_digests()[0]

    def _settings_and_digests(self) -> tuple[AuditSettings, Mapping[Step, str]]:
        """The settings, and `step_digests` of them."""
        file = self.path / SETTINGS_FILE
        try:
            now = file.stat()
        except OSError:
            settings = read_settings(file)  # which says what is wrong
            return settings, step_digests(settings)
        return _settings_of(file, (now.st_ino, now.st_mtime_ns, now.st_size))

    def save_settings(self, settings: AuditSettings) -> None:
        """Write audit.toml and note the change in the trail; one that says the same keeps its comments."""
        if self._says(settings):
            return
        write_atomic(self.path / SETTINGS_FILE, settings_toml(settings))
        self.note("settings", digest=step_digest(settings, "report"))

    def would_replace(self, settings: AuditSettings) -> bool:
        """Whether saving these settings would replace an audit.toml of somebody's own: none that was written here."""
        if not (self.path / SETTINGS_FILE).exists() or self._says(settings):
            return False
        trail = self.path / TRAIL_FILE
        return not trail.exists() or b'"event": "settings"' not in trail.read_bytes()

    def _says(self, settings: AuditSettings) -> bool:
        try:
            return self.settings() == settings
        except Refusal:
            return False

    def section(self, step: Step) -> Section | None:
        """What `step` found, or None where it has not run (by this version). Raises Refusal(storage.changed)."""
        head = self._head(step)
        if head is None:
            return None
        text = self._text(step)
        if hashlib.sha256(text).hexdigest() != head.get("sha256"):
            raise Refusal("storage.changed", name=self._step_file(step).name)
        return Section.model_validate_json(text)

    def save_section(self, section: Section, stamp: str) -> None:
        """Keep a step's section under the stamp of the settings that it was made with.

        One that only says why there is no result is marked, so that the step is tried anew at the next run.
        """
        text, stamp = canonical(section), stamp + REFUSED * (section.not_run is not None)
        sha256 = hashlib.sha256(text).hexdigest()
        head = json.dumps({"stamp": stamp, "sha256": sha256, "left": self._left(section.step)}).removesuffix("}")
        write_atomic(self._step_file(section.step), head.encode() + _BETWEEN + text + b"}\n")
        self.note("step", step=section.step, stamp=stamp, sha256=sha256)

    def stamp(self, settings: AuditSettings, step: Step) -> str:
        """What a result of `step` stands for: the settings it depends on, and the files these name as they are now."""
        return _stamp(step_digest(settings, step), _files_of(settings, step, files_now(settings)))

    def stale(self, step: Step) -> bool:
        """Whether the step has not run, or ran with other settings (its own, or of a step that it builds on)."""
        return self._stamped(step) != self.stamp(self.settings(), step)

    def intact(self, step: Step) -> bool:
        """Whether the step's section, and all that the step left beside it, is as it was left.

        It is not where a file was changed or removed, nor where a run under other settings was ended halfway.
        """
        head = self._head(step)
        if head is None or hashlib.sha256(self._text(step)).hexdigest() != head.get("sha256"):
            return False
        return head.get("left") == self._left(step)

    def left_by(self, step: Step, path: Path) -> Path:
        """`path`, which the step left beside its section; for a folder of ours, the manifest that stands for it.

        Raises Refusal(audit.needs_step) where there is none or no section, Refusal(storage.changed) where it is
        another's, or of a run that was ended halfway.
        """
        head = self._head(step)
        if head is None or not path.is_file():
            raise Refusal("audit.needs_step", step=phrase(f"audit.step.{step}"))
        left, name = head.get("left"), str(path.relative_to(self.path))
        if not isinstance(left, dict) or left.get(name) != sha256_of(path):
            raise Refusal("storage.changed", name=name)
        return path

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else runs steps of this audit meanwhile. Raises Refusal(audit.busy) where somebody does."""
        lock = self.path / "work" / "lock"
        append(lock, b"")
        with lock.open("rb") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)  # which ends with the process, however that ends
            except BlockingIOError as error:
                raise Refusal("audit.busy") from error
            yield

    def states(self) -> dict[Step, str]:
        """Each step's state: ``done``, ``stale``, ``missing``, or ``refused``: with these settings it could not run."""
        settings, digests = self._settings_and_digests()
        files = files_now(settings)
        states: dict[Step, str] = {}
        for step, now in digests.items():
            states[step] = _state(self._stamped(step), _stamp(now, _files_of(settings, step, files)))
        return states

    def of_another_version(self, step: Step) -> bool:
        """Whether there is a result of `step` that another version of Evenhand left: kept, but not readable here."""
        return self._step_file(step).exists() and self._stamped(step) is None

    def dataset(self) -> Dataset | None:
        """The cleaned, split data, or None before the data step."""
        from analysis.prepare import load

        return load(self.data) if (self.data / "manifest.json").exists() else None

    def document(self) -> Document:
        """audit.json as it stands. Raises Refusal(audit.no_document) before the first report."""
        return read_document(self.path)

    def note(self, event: str, **facts: Fact) -> None:
        """Add one line to the trail: digests and counts, never values of the data."""
        line = json.dumps({"time": _now(), "event": event, **facts}, ensure_ascii=False, sort_keys=True, default=str)
        append(self.path / TRAIL_FILE, f"{line}\n".encode())

    def _step_file(self, step: str) -> Path:
        return self.path / "work" / "steps" / f"{step}.json"

    def _stamped(self, step: str) -> str | None:
        """The stamp of what is kept, or None where nothing is."""
        head = self._head(step)
        return None if head is None else str(head["stamp"])

    def _head(self, step: str) -> dict[str, object] | None:
        """What stands before a kept section: its first line alone, since every page asks for every step at each run.

        None where it cannot be read, and for what another version kept: its phrases may have no text here.
        """
        try:
            with self._step_file(step).open("rb") as file:
                head: dict[str, object] = json.loads(file.readline().rstrip().rstrip(b",") + b"}")
            return head if str(head["stamp"]).startswith(f"{_made_by()}:") else None
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def _text(self, step: str) -> bytes:
        """The section as it is kept, canonical JSON."""
        return self._step_file(step).read_bytes().partition(_BETWEEN)[2].removesuffix(b"}\n")

    def _left(self, step: str) -> dict[str, str]:
        """SHA-256 of every file of LEAVES, by its place in this folder."""
        places = [self.path / name for name in LEAVES.get(step, ())]
        found = [file for place in places for file in (place.rglob("*") if place.is_dir() else [place])]
        return {str(file.relative_to(self.path)): sha256_of(file) for file in sorted(found) if file.is_file()}


@dataclass(frozen=True)
class Workspace:
    """The audits of one owner (one folder an owner, so that nobody lists what is another's)."""

    root: Path

    def audits(self) -> list[AuditFolder]:
        """Every audit, the demo first, then the newest first."""
        folders = [AuditFolder(path.parent) for path in self.root.glob(f"audits/*/{SETTINGS_FILE}")]
        return sorted(folders, key=lambda folder: (folder.id == DEMO_ID, _made(folder)), reverse=True)

    def create(self, settings: AuditSettings, audit_id: str | None = None) -> AuditFolder:
        """A new audit with an id made here, never from the title."""
        folder = AuditFolder(self.root / "audits" / (audit_id or uuid4().hex[:12]))
        folder.path.mkdir(parents=True, exist_ok=True)
        folder.save_settings(settings)
        return folder

    def open(self, audit_id: str) -> AuditFolder:
        """The audit of that id. Raises Refusal(audit.unknown) for any other text, paths included."""
        for folder in self.audits():
            if folder.id == audit_id:
                return folder
        raise Refusal("audit.unknown")

    def demo(self) -> AuditFolder:
        """The bundled demo on the simulated shop, made at the first call."""
        existing = AuditFolder(self.root / "audits" / DEMO_ID)
        if (existing.path / SETTINGS_FILE).exists():
            return existing
        from audit.presets import demo_settings

        return self.create(demo_settings(), DEMO_ID)

    def sweep(self) -> int:
        """Remove what an interrupted write left behind."""
        return sweep(self.root) if self.root.exists() else 0


def workspace() -> Workspace:
    """The workspace under EVENHAND_HOME (default: `.evenhand` beside app.py)."""
    return Workspace(Path(os.environ.get(HOME_VARIABLE, DEFAULT_HOME)).resolve())


@lru_cache(maxsize=512)
def _settings_of(path: Path, _state: tuple[int, int, int]) -> tuple[AuditSettings, Mapping[Step, str]]:
    """Read once for each state of the file: a page asks several times, and for the title of every audit there is."""
    settings = read_settings(path)
    return settings, step_digests(settings)


def read_document(folder: Path) -> Document:
    """The audit.json of a folder. Raises Refusal where there is none, or it is not ours, or a newer version's."""
    try:
        document = Document.model_validate_json((folder / DOCUMENT_FILE).read_bytes())
    except OSError as error:
        raise Refusal("audit.no_document", folder=folder.resolve().name) from error
    except ValidationError as error:
        raise Refusal("audit.not_a_document", folder=folder.resolve().name) from error
    if document.format > FORMAT:
        raise Refusal("report.format_newer", found=document.format, known=FORMAT)
    return document


def _files_of(settings: AuditSettings, step: Step, files: dict[Step, list[str]]) -> list[str]:
    """The files that `step` and all before it read: a changed one makes their results stale, and no others."""
    steps = with_all_before(*before(settings, step), step)
    return [file for one in steps for file in files.get(one, [])]


def _state(stamped: str | None, now: str) -> str:
    """What a stamp says beside the one that a result would have now; a refusal under other settings says nothing."""
    if stamped is None:
        return "missing"
    if stamped.endswith(REFUSED):
        return "refused" if stamped == now + REFUSED else "missing"
    return "done" if stamped == now else "stale"


def _stamp(settings: str, files: list[str]) -> str:
    return f"{_made_by()}:{digest(settings, *files)}"


def _made_by() -> str:
    return f"{__version__}-{shape()}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _made(folder: AuditFolder) -> float:
    """When an audit began; 0 where its trail does not say: a disk was full, or its first line is being written."""
    try:
        with (folder.path / TRAIL_FILE).open(encoding="utf-8") as file:
            first: dict[str, str] = json.loads(file.readline())
        return datetime.fromisoformat(first["time"]).timestamp()
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0
