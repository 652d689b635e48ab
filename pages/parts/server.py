"""Starts Streamlit with what it leaves open beside the script closed, and without its wait between small answers.

    python -m pages.parts.server SCRIPT [STREAMLIT'S OPTIONS]

What is replaced here is not Streamlit's public interface; tests/faults/ hold each over a live server.
"""

from __future__ import annotations

import importlib
import socket
import sys
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from starlette.exceptions import HTTPException
from streamlit import net_util
from streamlit.runtime import Runtime, get_instance
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager as Uploads
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.web.server.starlette import starlette_server

from pages.parts import gate

MOST_UPLOADED = 5 * 200 * 2**20
"""Bytes that one session may have in the server's memory: a file of the largest size for every uploader there is."""
READING = 5.0
"""Seconds that the first page has for itself: what is loaded in the server's other threads slows it down."""


def main(arguments: list[str]) -> None:
    """Serve the script until the process is told to stop."""
    from streamlit.web import cli

    close()
    hasten()
    load_ahead()
    cli.main(["run", *arguments], prog_name="streamlit")


def close() -> None:
    """Replace what Streamlit does without asking the script; calling it again changes nothing.

    - It asks a web service which address this machine has on the internet, to print it, and for every connection from
      an origin that it does not know. Operators name other origins: `server.corsAllowedOrigins`.
    - It clears the caches of all sessions, and tells the names of changed files, when any connection says so.
    - It takes uploads from any connection, before the login and without end.
    """
    net_util.get_external_ip = _nothing
    AppSession._handle_clear_cache_request = _nothing
    AppSession._handle_git_information_request = _nothing
    if not hasattr(Uploads.add_file, "__wrapped__"):
        Uploads.add_file = _guarded(Uploads.add_file)


def hasten() -> None:
    """Send small answers at once; calling it again changes nothing.

    Streamlit listens on a socket that does not name TCP as its protocol, and asyncio then leaves Nagle's delay on: an
    answer of two parts, as every file is, waits 40 ms for the browser's delayed acknowledgement of the first.
    """
    if not hasattr(starlette_server._bind_socket, "__wrapped__"):
        starlette_server._bind_socket = _without_delay(starlette_server._bind_socket)


def load_ahead() -> None:
    """Once the first visitor has read a while, load DoWhy, which takes seconds and which the Graph page asks."""
    Runtime.connect_session = _at_the_first(Runtime.connect_session)


def _at_the_first(connect: Callable[..., str]) -> Callable[..., str]:
    loading = threading.Timer(READING, importlib.import_module, ["dowhy.graph"])
    loading.daemon = True

    @wraps(connect)
    def connected(*given: Any, **named: Any) -> str:
        if loading.ident is None:  # not started: all connections come by the server's one event loop
            loading.start()
        return connect(*given, **named)

    return connected


def _without_delay(bind: Callable[..., socket.socket]) -> Callable[..., socket.socket]:
    @wraps(bind)
    def bound(*given: Any, **named: Any) -> socket.socket:
        listening = bind(*given, **named)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it
        return listening

    return bound


def _nothing(*given: object) -> None:
    return None


def _guarded(add_file: Callable[..., None]) -> Callable[..., None]:
    @wraps(add_file)
    def add(uploads: Uploads, session_id: str, file: UploadedFileRec) -> None:
        if not _signed_in(session_id):
            raise HTTPException(403, "Sign in first.")
        held = [one.data for name, one in uploads.file_storage[session_id].items() if name != file.file_id]
        if sum(map(len, held)) + len(file.data) > MOST_UPLOADED:
            raise HTTPException(413, "This session has uploaded too much: reload the page.")
        add_file(uploads, session_id, file)

    return add


def _signed_in(session_id: str) -> bool:
    found: Any = get_instance()._session_mgr.get_active_session_info(session_id)
    return found is not None and gate.allows(found.session.session_state.filtered_state)


if __name__ == "__main__":
    main(sys.argv[1:])
