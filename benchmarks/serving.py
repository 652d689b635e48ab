"""The web service under load, over the loopback: a real server process, many requests at once, every list compared.

    python -m benchmarks.serving [--data FOLDER] [--requests 4000] [--clients 8]

EASE of MovieLens-100K (or of the simulated shop, where the folder is not there). Each user is asked for the first
time once (scored) and then again (kept in memory). At most `--requests` requests; the server ends with the benchmark.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path

import httpx

from analysis.ingest import Source
from audit.presets import guessed_settings
from audit.run import Run
from audit.steps import run_steps
from audit.workspace import AuditFolder
from benchmarks.machine import machine
from models.base import top_k
from models.store import load

K = 10


def main(arguments: list[str]) -> int:
    """Serve, ask, compare, print."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.serving")
    asked.add_argument("--data", type=Path, default=Path("../shared/data/ml-100k"))
    asked.add_argument("--requests", type=int, default=4000)
    asked.add_argument("--clients", type=int, default=8)
    given = asked.parse_args(arguments)
    with tempfile.TemporaryDirectory() as place:
        folder, wanted = _audited(Path(place) / "audit", given.data)
        print(f"serving: {machine()}; {len(wanted):,} users, lists of {K}, {given.clients} clients at once\n")
        print("| requests | n | per second | median ms | 95% ms | 99% ms | wrong |\n|---|---|---|---|---|---|---|")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = subprocess.Popen(
            [sys.executable, "-m", "audit", "serve", str(folder), "--port", str(port)], stdout=subprocess.DEVNULL
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _healthy(url, server)
            users = list(wanted)
            _row("first time", _load(url, users, given.clients, wanted))
            again = list(islice(cycle(users), max(0, given.requests - len(users))))
            _row("again", _load(url, again, given.clients, wanted))
        finally:
            server.terminate()
            server.wait(20)
    return 0


def _audited(folder: Path, data: Path) -> tuple[Path, dict[str, list[str]]]:
    """An audit with a trained model, and the list of every user as the model itself ranks."""
    kind = "movielens" if data.is_dir() else "demo"
    source = Source(kind="demo") if kind == "demo" else Source(kind="movielens", folder=str(data.resolve()))
    audit = AuditFolder(folder)
    audit.save_settings(guessed_settings(source, {}, "served"))
    run = run_steps(audit, ("data", "recommender"), lambda fraction, step, note, figures: None)
    known = Run(audit, run.settings, run.watch).composed.final
    codes, _ = top_k(load(audit.model), known, K)
    lists = {
        user: [known.item_ids[code] for code in row if code >= 0]
        for user, row in zip(known.user_ids, codes, strict=True)
    }
    return folder, lists


def _healthy(url: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        try:
            httpx.get(f"{url}/health", timeout=2)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the service did not answer")


def _load(url: str, users: list[str], clients: int, wanted: dict[str, list[str]]) -> tuple[float, list[float], int]:
    """Wall seconds, seconds of each request, and how many answers were not the model's own list."""

    def ask(mine: list[str]) -> tuple[list[float], int]:
        took, wrong = [], 0
        with httpx.Client(base_url=url, timeout=30) as client:
            for user in mine:
                started = time.perf_counter()
                answer = client.get(f"/recommend/{user}", params={"k": K})
                took.append(time.perf_counter() - started)
                items = [one["item"] for one in answer.json()["items"]] if answer.status_code == 200 else None
                wrong += items != wanted[user]
        return took, wrong

    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        parts = list(pool.map(ask, [users[at::clients] for at in range(clients)]))
    wall = time.perf_counter() - started
    return wall, sorted(one for took, _ in parts for one in took), sum(wrong for _, wrong in parts)


def _row(name: str, found: tuple[float, list[float], int]) -> None:
    wall, took, wrong = found
    at = [took[int(share * (len(took) - 1))] * 1000 for share in (0.95, 0.99)]
    middle = statistics.median(took) * 1000
    print(f"| {name} | {len(took):,} | {len(took) / wall:,.0f} | {middle:.1f} | {at[0]:.1f} | {at[1]:.1f} | {wrong} |")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
