"""To whom a server and its jobs speak: as the operating system has it, and as each of their Python processes says."""

from __future__ import annotations

import threading
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

import psutil

from tests.browser.server import Server

LOOK_EVERY = 0.25
"""Seconds; a question that another machine answers takes longer. One that is refused at once is in `asked`."""
HOOK = Path(__file__).parent / "hook"


def told(home: Path) -> dict[str, str]:
    """The environment in which all Python processes of a server write down whom they ask for."""
    return {"PYTHONPATH": str(HOOK), "EVENHAND_ASKED": str(home / "asked")}


def asked(home: Path) -> tuple[set[str], int]:
    """Hosts outside this machine that were asked for by name or address; how many processes wrote down theirs."""
    lines = (home / "asked").read_text().splitlines()
    hosts = {line.removeprefix("asked ") for line in lines if line != "process"}
    return {host for host in hosts if not _here(host)}, lines.count("process")


def _here(host: str) -> bool:
    """Whether it is this machine: its name, a loopback address, every address of it, or a file for a socket."""
    if host == "localhost" or host.startswith("/"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


class Watch:
    """Looks again and again at the connections of a server and of all processes that it starts.

    foreign: addresses outside this machine, with port. local: connections seen inside it. processes: most at once.
    """

    def __init__(self, server: Server) -> None:
        self._server = psutil.Process(server.process.pid)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.foreign: set[str] = set()
        self.local, self.processes = 0, 0

    def __enter__(self) -> Watch:
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
