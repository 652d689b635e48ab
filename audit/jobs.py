"""Jobs are processes: `python -m audit step ...`, recorded in SQLite, so that a page may come and go.

The server (or a test) holds each worker's standard input as a lifeline: when the server dies, the worker sees the
end of its input and stops. State, progress and figures live in the workspace, never in the server's memory.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir
from types import TracebackType
from typing import Literal, TextIO
from uuid import uuid4

import psutil

from analysis.charts.labels import exact
from audit.settings import Step
from audit.workspace import AuditFolder
from storage import clear
from words import Phrase, Refusal, phrase

Rows = list[sqlite3.Row]
Curves = dict[str, list[float]]
State = Literal["queued", "running", "done", "failed", "cancelled", "stopped"]
ACTIVE: tuple[State, ...] = ("queued", "running")
RUNNING_AT_ONCE = 2
GRACE_SECONDS = 3.0
"""Between asking a worker to stop (SIGTERM) and ending it (SIGKILL)."""
MEMORY_BYTES = 24 * 2**30
"""Address space a worker may take; raised by EVENHAND_JOB_BYTES."""
HOURS_VARIABLE = "EVENHAND_JOB_HOURS"
MOST_HOURS = 24.0
"""For which a worker may run, unless HOURS_VARIABLE says otherwise."""
RETRY_SECONDS = 1.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS job(
    id TEXT PRIMARY KEY, audit TEXT NOT NULL, folder TEXT NOT NULL, steps TEXT NOT NULL, state TEXT NOT NULL,
    fraction REAL NOT NULL DEFAULT 0, step TEXT NOT NULL DEFAULT '', note TEXT, error TEXT,
    pid INTEGER, pid_started REAL, created REAL NOT NULL, started REAL, updated REAL NOT NULL,
    cancel INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS figure(
    job TEXT NOT NULL, number INTEGER PRIMARY KEY AUTOINCREMENT, fraction REAL NOT NULL, figures TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Job:
    """One job as it stands now.

    fraction: share done, 0..1. eta: seconds left by the pace so far, None before there is a pace.
    curves: name -> values that the newest training has reported, oldest first (loss, validation ...).
    """

    id: str
    audit: str
    steps: tuple[Step, ...]
    state: State
    fraction: float
    step: str
    note: Phrase | None
    error: Phrase | None
    eta: float | None
    seconds: float
    curves: Curves = field(default_factory=dict)

    @property
    def active(self) -> bool:
        return self.state in ACTIVE


def connect(database: Path) -> sqlite3.Connection:
    """A connection in WAL mode: a worker writes while pages read."""
    connection = sqlite3.connect(database, timeout=10, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA busy_timeout=10000")
    return connection


class Jobs:
    """Starts, watches and stops the jobs of one workspace. One instance a server process and workspace."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._root = root
        self._database = root / "jobs.sqlite"
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()
        with closing(connect(self._database)) as connection:
            connection.executescript(_SCHEMA)
        self._recover()

    def start(self, folder: AuditFolder, steps: Iterable[Step]) -> str:
        """Queue the steps of one audit; the job's id. Raises Refusal(audit.busy) where one is running already."""
        with self._lock:
            if any(job.active for job in self.list(folder.id)):
                raise Refusal("audit.busy")
            job_id, now = uuid4().hex[:12], time.time()
            self._write(
                "INSERT INTO job(id, audit, folder, steps, state, created, updated) VALUES (?,?,?,?,?,?,?)",
                (job_id, folder.id, str(folder.path), json.dumps(list(steps)), "queued", now, now),
            )
        self._dispatch()
        return job_id

    def resume(self, job_id: str) -> str:
        """Start the same steps again: finished steps are kept, training goes on from its last checkpoint."""
        row = self._row(job_id)
        return self.start(AuditFolder(Path(row["folder"])), json.loads(row["steps"]))

    def get(self, job_id: str) -> Job:
        """One job with its curves. Raises Refusal(audit.unknown_job)."""
        return self._job(self._row(job_id), curves=True)

    def list(self, audit_id: str, newest: int = 20) -> list[Job]:
        """The newest jobs of an audit, newest first, without their curves."""
        rows = self._read("SELECT * FROM job WHERE audit=? ORDER BY created DESC LIMIT ?", (audit_id, newest))
        return [self._job(row) for row in rows]

    def cancel(self, job_id: str) -> None:
        """Stop a job: a queued one never starts; a running one is asked, then ended after GRACE_SECONDS."""
        self._write("UPDATE job SET cancel=1, updated=? WHERE id=?", (time.time(), job_id))
        self._write("UPDATE job SET state='cancelled' WHERE id=? AND state='queued'", (job_id,))
        self._stop(job_id)

    def _stop(self, job_id: str) -> None:
        threading.Thread(target=_end, args=(dict(self._row(job_id)),), daemon=True).start()

    def _dispatch(self) -> None:
        """Start queued jobs while there is room; called whenever a job is queued or ends."""
        with self._lock:
            running = self._read("SELECT id FROM job WHERE state='running'")
            queued = self._read("SELECT * FROM job WHERE state='queued' AND cancel=0 ORDER BY created")
            for row in queued[: max(0, RUNNING_AT_ONCE - len(running))]:
                self._launch(row)

    def _launch(self, row: sqlite3.Row) -> None:
        """Start a queued job's worker, unless it was cancelled or taken meanwhile."""
        claim = "UPDATE job SET state='running', started=?, updated=? WHERE id=? AND state='queued' AND cancel=0"
        if self._write(claim, (time.time(), time.time(), row["id"])) == 0:
            return
        try:
            worker = self._worker(row)
        except OSError:  # no room for its log, or for one more process: it can be resumed
            self._settle(row["id"])
            raise
        self._workers[row["id"]] = worker
        self._write("UPDATE job SET pid=?, pid_started=? WHERE id=?", (worker.pid, _started(worker.pid), row["id"]))
        source = AuditFolder(Path(row["folder"])).source
        threading.Thread(target=self._reap, args=(row["id"], worker, source), daemon=True).start()
        if self._row(row["id"])["cancel"]:  # asked for while there was no process yet to be told
            self._stop(row["id"])

    def _worker(self, row: sqlite3.Row) -> subprocess.Popen[bytes]:
        """The process of a job; its standard input is its lifeline."""
        log = self._root / "logs" / f"{row['id']}.log"
        log.parent.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "audit", "step", row["folder"], *json.loads(row["steps"])]
        with log.open("wb") as sink:
            return subprocess.Popen(
                [*command, "--job", row["id"], "--database", str(self._database)],
                cwd=Path(__file__).parents[1],
                stdin=subprocess.PIPE,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )

    def _reap(self, job_id: str, worker: subprocess.Popen[bytes], source: Path) -> None:
        """Wait for a worker's end; one that said nothing more was cancelled or killed.

        A full disk must not leave the job running for ever: what became of it is written once there is room.
        """
        self._wait(job_id, worker)
        if worker.stdin:
            worker.stdin.close()
        for parent in (source, Path(gettempdir())):
            clear(parent)  # a worker that was ended has left the tables that it was reading
        with self._lock:
            self._workers.pop(job_id, None)
        while True:
            try:
                if worker.returncode > 0:  # it ended by itself, before it could say why
                    self._fail(job_id, phrase("audit.fault", run=job_id))
                self._settle(job_id)
                self._dispatch()
                return
            except sqlite3.OperationalError:
                time.sleep(RETRY_SECONDS)

    def _wait(self, job_id: str, worker: subprocess.Popen[bytes]) -> None:
        """Until the worker ends; one that takes longer than the operator allows is ended, and says so."""
        hours = float(os.environ.get(HOURS_VARIABLE, MOST_HOURS))
        try:
            worker.wait(hours * 3600)
        except subprocess.TimeoutExpired:
            self._fail(job_id, phrase("audit.too_long", hours=exact(hours)))
            _end(dict(self._row(job_id)))
            worker.wait()

    def _fail(self, job_id: str, error: Phrase) -> None:
        self._write(
            "UPDATE job SET state='failed', error=?, updated=? WHERE id=? AND state='running' AND NOT cancel",
            (error.model_dump_json(), time.time(), job_id),
        )

    def _settle(self, job_id: str) -> None:
        self._write(
            "UPDATE job SET state = CASE WHEN cancel THEN 'cancelled' ELSE 'stopped' END, updated=?"
            " WHERE id=? AND state IN ('queued','running')",
            (time.time(), job_id),
        )

    def _recover(self) -> None:
        """After a restart: jobs whose worker is gone are `stopped` and can be resumed."""
        for row in self._read("SELECT * FROM job WHERE state IN ('queued','running')"):
            if row["pid"] is None or _started(row["pid"]) != row["pid_started"]:
                self._settle(row["id"])

    def _job(self, row: sqlite3.Row, curves: bool = False) -> Job:
        end = time.time() if row["state"] == "running" else row["updated"]
        seconds = max(0.0, end - (row["started"] or end))
        paced = row["state"] == "running" and row["fraction"] > 0.02
        return Job(
            id=row["id"],
            audit=row["audit"],
            steps=tuple(json.loads(row["steps"])),
            state=row["state"],
            fraction=row["fraction"],
            step=row["step"],
            note=Phrase.model_validate_json(row["note"]) if row["note"] else None,
            error=self._error(row),
            eta=seconds * (1 - row["fraction"]) / row["fraction"] if paced else None,
            seconds=seconds,
            curves=self._curves(row["id"]) if curves else {},
        )

    def _error(self, row: sqlite3.Row) -> Phrase | None:
        if row["error"]:
            return Phrase.model_validate_json(row["error"])
        if row["state"] != "stopped":
            return None
        told = self._read(
            "SELECT figures FROM figure WHERE job=? AND figures LIKE '%\"epochs\"%' ORDER BY number DESC LIMIT 1",
            (row["id"],),
        )
        if not told:
            return phrase("audit.stopped", run=row["id"][:4], percent=round(100 * row["fraction"]))
        last = json.loads(told[0]["figures"])
        epoch, epochs = int(last["epoch"]), int(last["epochs"])
        return phrase("audit.stopped_at_epoch", run=row["id"][:4], epoch=epoch, epochs=epochs)

    def _curves(self, job_id: str) -> Curves:
        curves: Curves = {}
        for row in self._read("SELECT figures FROM figure WHERE job=? ORDER BY number", (job_id,)):
            figures = json.loads(row["figures"])
            if figures.get("epoch", math.inf) < curves.get("epoch", [0])[-1]:
                curves = {}  # another training has begun
            for name, value in figures.items():
                curves.setdefault(name, []).append(value)
        return curves

    def _row(self, job_id: str) -> sqlite3.Row:
        rows = self._read("SELECT * FROM job WHERE id=?", (job_id,))
        if not rows:
            raise Refusal("audit.unknown_job")
        return rows[0]

    def _read(self, query: str, values: tuple[object, ...] = ()) -> Rows:
        with closing(connect(self._database)) as connection:
            return connection.execute(query, values).fetchall()

    def _write(self, query: str, values: tuple[object, ...]) -> int:
        """How many rows were changed."""
        with closing(connect(self._database)) as connection:
            return connection.execute(query, values).rowcount


class Recorder:
    """The worker's side: writes what a step tells into the job's row."""

    def __init__(self, database: Path, job_id: str) -> None:
        self._connection = connect(database)
        self._job = job_id
        self._step = ""

    def tell(self, fraction: float, step: str, note: Phrase, figures: dict[str, float]) -> None:
        """Progress of the whole job, 0..1, and the figures reported with it; those of the step before are dropped."""
        if step != self._step:
            self._step = step
            self._connection.execute("DELETE FROM figure WHERE job=?", (self._job,))
        self._connection.execute(
            "UPDATE job SET fraction=?, step=?, note=?, updated=? WHERE id=?",
            (fraction, step, note.model_dump_json(), time.time(), self._job),
        )
        if figures:
            self._connection.execute(
                "INSERT INTO figure(job, fraction, figures) VALUES (?,?,?)",
                (self._job, fraction, json.dumps(figures)),
            )

    def done(self) -> None:
        """The job ended well."""
        self._connection.execute(
            "UPDATE job SET state='done', fraction=1, updated=? WHERE id=?", (time.time(), self._job)
        )

    def failed(self, error: Phrase) -> None:
        """The job ended with one sentence for the analyst."""
        self._connection.execute(
            "UPDATE job SET state='failed', error=?, updated=? WHERE id=? AND cancel=0",
            (error.model_dump_json(), time.time(), self._job),
        )


def report_faults(recorder: Recorder, job_id: str) -> None:
    """Let an error that nobody foresaw end the job with a sentence; where it arose goes to the job's log."""

    def told(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _log_fault(error)  # first: whoever reads that it failed finds the log complete
        recorder.failed(phrase("audit.fault", run=job_id))

    def warned(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        print(f"{filename}:{lineno}: {category.__name__}", file=sys.stderr)

    sys.excepthook = told
    warnings.showwarning = warned


def _log_fault(error: BaseException) -> None:
    """The places and kinds of an error and of those that led to it, without their messages: these quote the data."""
    if (cause := error.__cause__ or error.__context__) is not None:
        _log_fault(cause)
    print(*traceback.format_tb(error.__traceback__), type(error).__name__, sep="", file=sys.stderr, flush=True)


def hold_lifeline() -> None:
    """End this process when the server that started it is gone (the end of standard input)."""

    def watch() -> None:
        while os.read(0, 4096):  # not through sys.stdin: its lock, held here, would abort the interpreter's end
            pass
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def limit_memory() -> None:
    """Keep one job from taking the whole machine."""
    import resource

    most = int(os.environ.get("EVENHAND_JOB_BYTES", MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _started(pid: int) -> float | None:
    """When the process of that number started; None where there is none. Tells a reused number apart."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def _end(row: dict[str, object]) -> None:
    pid, started = row["pid"], row["pid_started"]
    if not isinstance(pid, int) or _started(pid) != started:
        return
    process = psutil.Process(pid)
    try:
        os.killpg(pid, signal.SIGTERM)
        process.wait(GRACE_SECONDS)
    except psutil.TimeoutExpired:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, psutil.NoSuchProcess):
        return
