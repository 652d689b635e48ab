"""To whom a server and its jobs speak, as the operating system has it."""

from __future__ import annotations

import threading
from contextlib import suppress
from ipaddress import ip_address

import psutil

from tests.browser.server import Server

LOOK_EVERY = 0.05
"""Seconds; a question put to another machine takes longer."""


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
