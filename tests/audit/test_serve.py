"""`python -m audit serve` answers over a real socket with the lists of an audit's model."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from audit.settings import AuditSettings
from audit.workspace import AuditFolder
from models.base import top_k
from models.catalogue import Catalogue
from models.config import EaseSettings
from models.train import fit
from tests.browser.server import PATIENCE
from tests.models.blocks import checkerboard


def answering(url: str, process: subprocess.Popen[bytes]) -> httpx.Response:
    """The first answer of /health."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            return httpx.get(f"{url}/health", timeout=2)
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the service did not answer")


def test_the_command_answers_with_the_models_lists(tmp_path: Path) -> None:
    data, folder = checkerboard(), AuditFolder(tmp_path / "audit")
    model = fit(data, EaseSettings(l2=10), seed=1)
    folder.save_settings(AuditSettings())
    model.save(folder.model)
    Catalogue(data.user_ids, data.item_ids, data.seen).save(folder.catalogue)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "audit", "serve", str(folder.path), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "EVENHAND_SERVE_TOKEN": "s3cret"})
    try:
        url = f"http://127.0.0.1:{port}"
        assert answering(url, process).json() == {"status": "ok", "kind": "ease", "users": 60, "items": 24}
        assert httpx.get(f"{url}/recommend/u07", timeout=PATIENCE).status_code == 401
        known = {"Authorization": "Bearer s3cret"}
        given = httpx.get(f"{url}/recommend/u07", params={"k": 3}, headers=known, timeout=PATIENCE).json()
    finally:
        process.terminate()
        process.wait(PATIENCE)
    assert [one["item"] for one in given["items"]] == [data.item_ids[code] for code in top_k(model, data, 3)[0][7]]


def test_a_port_that_is_taken_is_refused_before_it_is_said_to_answer(tmp_path: Path) -> None:
    data, folder = checkerboard(), AuditFolder(tmp_path / "audit")
    folder.save_settings(AuditSettings())
    fit(data, EaseSettings(l2=10), seed=1).save(folder.model)
    Catalogue(data.user_ids, data.item_ids, data.seen).save(folder.catalogue)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        command = [sys.executable, "-m", "audit", "serve", str(folder.path), "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert "Address already in use" in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_a_folder_without_a_model_is_refused_in_one_sentence(tmp_path: Path) -> None:
    folder = AuditFolder(tmp_path / "audit")
    folder.save_settings(AuditSettings())
    (folder.path / "work").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "audit", "serve", str(folder.path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr and len(done.stderr.strip().splitlines()) == 1
