"""Starts Streamlit with what it leaves open beside the script closed: it asks nobody, and nobody passes the login.

    python -m pages.parts.server SCRIPT [STREAMLIT'S OPTIONS]

What is replaced here is not Streamlit's public interface; tests/faults/ hold each over a live server.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from starlette.exceptions import HTTPException
from streamlit import net_util
from streamlit.runtime import get_instance
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager as Uploads
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from pages.parts import gate

MOST_UPLOADED = 5 * 200 * 2**20
"""Bytes that one session may have in the server's memory: a file of the largest size for every uploader there is."""


def main(arguments: list[str]) -> None:
    """Serve the script until the process is told to stop."""
    from streamlit.web import cli

    close()
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
