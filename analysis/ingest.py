"""Files to tables: the door through which an analyst's data come in.

`spool` hands the files to a child process with limits on memory, time and output, which writes Parquet; only
that Parquet is read here. Nothing is fetched: paths are local files that the caller has checked.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from analysis.document import digest
from analysis.pseudonyms import Ids
from analysis.shop import Shop
from storage import scratch
from words import Phrase, Refusal, Unfit, phrase

if TYPE_CHECKING:  # the child needs no frames, and reads this file too: most of the second in which it starts
    import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
TABLES = ("log", "users", "items")
FORMAT = ("separator", "decimal", "encoding")
"""Fields of a Source that say how its text files are written, where their content does not."""
_INHERITED = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR")
_OUT_OF_TIME = (-signal.SIGXCPU, -signal.SIGKILL)
_READING = threading.BoundedSemaphore(2)
"""Children that one process keeps at a time: each may take Limits.memory."""


class Source(BaseModel):
    """Where the log comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["demo", "movielens", "coat", "files"] = "demo"
    """The simulated shop; a folder laid out like MovieLens-100K or Coat; or single files."""
    folder: str | None = None
    """Folder of the movielens and coat kinds."""
    log: str | None = None
    """File of the kind `files`: CSV, TSV, Parquet or JSON Lines, gzip or not; told by content, not by name."""
    users: str | None = None
    """One row a user: sensitive attributes and whatever else is known."""
    items: str | None = None
    """One row an item: text, category, provider."""
    shop: Shop = Field(default_factory=Shop)
    """The demo's size and seed."""
    separator: Literal[",", ";", "\t", "|"] | None = None
    """Column separator of text files; None: told by content."""
    decimal: Literal[".", ","] | None = None
    """Decimal mark of text files; None: told by content."""
    encoding: Literal["utf-8", "utf-16", "gb18030", "latin-1"] | None = None
    """Encoding of text files; None: told by content."""
    pseudonyms: str | None = Field(None, min_length=1)
    """Column of user ids that are replaced by a keyed hash before anything is kept; None: ids stay as they are."""

    @model_validator(mode="after")
    def _somebodys_ids(self) -> Source:
        if self.kind == "demo" and self.pseudonyms is not None:
            raise Unfit("nobodys_ids")
        return self


class Limits(BaseModel):
    """What reading one source may use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: int = 2_000_000_000
    """Expanded size of one table."""
    rows: int = 20_000_000
    """Rows of one table."""
    columns: int = 1_000
    """Columns of one table."""
    memory: int = 6_000_000_000
    """Address space of the child (RLIMIT_AS)."""
    seconds: int = 300
    """Wall and processor time of the child."""

    def exceeded(self) -> Refusal:
        """The refusal of files that expand past the limits."""
        return Refusal("data.too_large", gigabytes=f"{self.bytes / 1e9:g}", rows=f"{self.rows / 1e6:g}")


class Job(BaseModel):
    """What the child is asked: one source to read into `out` (log.parquet, users.parquet, items.parquet; the last two
    if there are any)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Source
    limits: Limits
    out: Path
    ids: Ids | None = None
    """How ids of people are replaced; None: they stay."""


class Answer(BaseModel):
    """What the child answers: either the digest and notes of what was read, or the refusal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str = ""
    notes: tuple[Phrase, ...] = ()
    refusal: Phrase | None = None


@dataclass(frozen=True)
class Tables:
    """The files as typed frames, otherwise as they were.

    log, users, items: columns under their own names; numbers as int64 or float64, times as datetime64[us, UTC],
    true/false as bool, everything else as text. Numbers with leading zeros or beyond 2^53 stay text. Missing is
    missing; "NA" and "None" in a column of text are values like any other.
    digest: SHA-256 of the files' bytes, of how they were said to be written and of how ids were replaced. notes: what
    was detected and counted.
    """

    log: pd.DataFrame
    users: pd.DataFrame | None
    items: pd.DataFrame | None
    digest: str
    notes: tuple[Phrase, ...] = ()


def spool(source: Source, folder: Path, limits: Limits | None = None, ids: Ids | None = None) -> Tables:
    """Read `source` and give its tables; what the child writes lies under `folder` only for that long.

    ids: how ids of people are replaced, which the child does before it answers.

    Every reading has a place of its own, so that two of one audit never mix. Raises Refusal(data.*) with the file, the
    line or column, and what to do.
    """
    if source.kind == "demo":
        return _demo(source.shop)
    folder.mkdir(parents=True, exist_ok=True)
    with _READING, scratch(folder.resolve()) as place:  # the child stands in it
        answer = _parse(Job(source=source, limits=limits or Limits(), out=place, ids=ids))
        if answer.refusal is not None:
            raise Refusal(answer.refusal.key, **answer.refusal.facts)
        log, users, items = (_read(place / f"{name}.parquet") for name in TABLES)
    assert log is not None
    return Tables(log, users, items, answer.digest, answer.notes)


def one_table(file: Path, folder: Path, ids: Ids | None = None) -> pd.DataFrame:
    """A single file as `spool` reads a log. Raises Refusal(data.*)."""
    return spool(Source(kind="files", log=str(file)), folder, ids=ids).log


def _demo(shop: Shop) -> Tables:
    import pandas as pd

    from analysis.simulate import simulate

    shopped = simulate(shop)
    frames = {"log": shopped.log, "users": shopped.users, "items": shopped.items}
    parts: list[bytes | str] = []
    for name, frame in frames.items():
        parts += [name, ",".join(frame.columns), pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes()]
    facts = {"users": len(shopped.users), "items": len(shopped.items), "seed": shop.seed}
    return Tables(shopped.log, shopped.users, shopped.items, digest(*parts), (phrase("data.note.demo", **facts),))


def _parse(job: Job) -> Answer:
    """Run the child; whatever becomes of it, the answer is a digest or a refusal."""
    limits = job.limits
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "OMP_NUM_THREADS": "2"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "analysis.parse.child"],
            input=job.model_dump_json().encode(),
            capture_output=True,
            cwd=job.out,
            env=environment,
            timeout=limits.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer(refusal=phrase("data.too_slow", seconds=limits.seconds))
    if done.returncode in _OUT_OF_TIME:
        return Answer(refusal=phrase("data.too_slow", seconds=limits.seconds))
    try:
        return Answer.model_validate_json(done.stdout)
    except ValidationError:
        return Answer(refusal=phrase("data.parser_stopped", code=done.returncode))


def _read(path: Path) -> pd.DataFrame | None:
    import pandas as pd

    return pd.read_parquet(path) if path.exists() else None
