"""Nothing leaves the machine: while a small demo is audited and looked at, every connection is a local one."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

import psutil
import pytest

from analysis.ingest import Source
from analysis.simulate import Shop
from audit.asking import PromptedAudit
from audit.jobs import Jobs
from audit.settings import STEPS, AuditSettings, Recommending
from audit.workspace import DEMO_ID, Workspace
from models.config import FactorSettings
from models.prompted.servers import SERVERS_VARIABLE
from models.prompted.settings import ChatModel, Prompted
from tests.browser.server import Server, serving
from tests.faults.sessions import visitor
from tests.pages.conftest import small_audit

ROOT = Path(__file__).parents[2]
LONGEST_AUDIT = 300
LOOK_EVERY = 0.02
CANARY = "sk-canary-51d0"


@pytest.mark.slow
def test_the_server_and_its_jobs_connect_to_nothing_but_this_machine(tmp_path: Path) -> None:
    trained = Recommending(model=FactorSettings(dimensions=8, epochs=3))
    Workspace(tmp_path).create(small_audit().model_copy(update={"recommender": trained}), DEMO_ID)
    with serving(tmp_path) as server, _Watch(server) as watch:
        asyncio.run(_look_at_every_page(server.url))
        _wait_for_the_demo(tmp_path)
        asyncio.run(_look_at_every_page(server.url))
    assert watch.processes > 1, "the job's process was never seen: the test would prove nothing"
    assert watch.local > 0, "not even the visitor's own connection was seen: the test would prove nothing"
    assert watch.foreign == set()


@pytest.mark.parametrize("step", ["prompted", "recommender"])
def test_a_server_that_the_operator_does_not_name_hears_nothing(step: str, tmp_path: Path) -> None:
    """An audit.toml may name any address: a job asks none of them without the operator's word, the key stays home."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        port = listener.getsockname()[1]
        model = ChatModel(address=f"http://127.0.0.1:{port}/v1", name="any", retries=0)
        settings = AuditSettings(
            data=Source(kind="demo", shop=Shop(users=120, items=48)),
            prompted=PromptedAudit(model=model),
            recommender=Recommending(prompted=Prompted(model=model, users=20)),
        )
        folder = Workspace(tmp_path).create(settings)
        allowed = {SERVERS_VARIABLE: f"http://127.0.0.1:{port + 1}=KEY, https://127.0.0.1:{port}=KEY", "KEY": CANARY}
        done = subprocess.run(
            [sys.executable, "-m", "audit", "step", str(folder.path), "data", step],
            cwd=ROOT,
            env={**os.environ, **allowed},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert "not among the servers that the operator allows" in done.stderr
        assert CANARY not in done.stdout + done.stderr
        with pytest.raises(TimeoutError):
            listener.accept()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]


class _Watch:
    """Looks every few milliseconds at the connections of a server and of all processes that it starts."""

    def __init__(self, server: Server) -> None:
        self._server = psutil.Process(server.process.pid)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.foreign: set[str] = set()
        self.local, self.processes = 0, 0

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(LOOK_EVERY):
            with suppress(psutil.NoSuchProcess):
                family = [self._server, *self._server.children(recursive=True)]
                self.processes = max(self.processes, len(family))
                for process in family:
                    self._look(process)

    def _look(self, process: psutil.Process) -> None:
        with suppress(psutil.NoSuchProcess):
            for connection in process.net_connections(kind="inet"):
                if not connection.raddr:
                    continue
                if ip_address(connection.raddr.ip).is_loopback:
                    self.local += 1
                else:
                    self.foreign.add(f"{connection.raddr.ip}:{connection.raddr.port}")


async def _look_at_every_page(url: str) -> None:
    one = await visitor(url)
    for step in STEPS[1:]:
        await one.open(step)
    await one.socket.close()


def _wait_for_the_demo(home: Path) -> None:
    jobs, end = Jobs(home), time.monotonic() + LONGEST_AUDIT
    while jobs.list("demo", 1)[0].active:
        assert time.monotonic() < end, "the demo's audit did not end"
        time.sleep(0.2)
