"""Nothing leaves the machine: while the demo is audited and looked at, every connection is a local one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from analysis.ingest import Source
from analysis.simulate import Shop
from audit.asking import PromptedAudit
from audit.recommending import Recommending
from audit.settings import AuditSettings
from audit.workspace import Workspace
from models.prompted.servers import SERVERS_VARIABLE
from models.prompted.settings import ChatModel, Prompted
from tests.browser.first_start import SEEN
from tests.browser.server import PATIENCE, serving
from tests.faults.watch import asked, told

ROOT = Path(__file__).parents[2]
CANARY = "sk-canary-51d0"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
"""What a browser sends to open a web socket."""


@pytest.mark.browser
@pytest.mark.slow
def test_the_server_and_its_jobs_connect_to_nothing_but_this_machine(finished_demo: Path) -> None:
    seen = json.loads((finished_demo / SEEN).read_text())
    assert seen["processes"] > 1, "the job's process was never seen: the test would prove nothing"
    assert seen["local"] > 0, "not even the browser's own connection was seen: the test would prove nothing"
    assert seen["connected"] == []
    assert seen["listened"] > 1, "the server or its job wrote down nothing: the test would prove nothing"
    assert seen["asked"] == []


@pytest.mark.slow
def test_a_connection_from_a_strange_origin_is_refused_and_nobody_is_asked_about_it(tmp_path: Path) -> None:
    """Streamlit would ask a web service for this machine's address on the internet, to compare the origin with it."""
    with serving(tmp_path, **told(tmp_path)) as server:
        address = server.url.removeprefix("http://")
        strange = "elsewhere.example"
        for host, origin, status in (
            (address, server.url, 101),
            (address, f"http://{strange}", 403),
            (strange, f"http://{strange}", 403),  # a page that has named itself this machine in its own name server
        ):
            connection = HTTPConnection(address, timeout=PATIENCE)
            connection.request("GET", "/_stcore/stream", headers=UPGRADE | {"Host": host, "Origin": origin})
            assert connection.getresponse().status == status
            connection.close()
    away, listened = asked(tmp_path)
    assert listened > 0
    assert away == set()


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
