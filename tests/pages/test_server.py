"""What is changed of Streamlit's server: what one browser may leave there, and how soon it answers."""

from __future__ import annotations

import socket
import threading

import pytest
from starlette.exceptions import HTTPException
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.web.server.starlette import starlette_server

from pages.parts import server


def test_a_session_uploads_so_much_and_no_more_and_others_are_not_kept_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_UPLOADED", 10)
    monkeypatch.setattr(server, "_signed_in", lambda session: True)
    kept, add = MemoryUploadedFileManager("/"), server._guarded(MemoryUploadedFileManager.add_file)

    def upload(session: str, file: str, size: int) -> None:
        add(kept, session, UploadedFileRec(file_id=file, name="log.csv", type="text/csv", data=b"x" * size))

    upload("one", "a", 6)
    with pytest.raises(HTTPException) as refused:
        upload("one", "b", 5)
    assert refused.value.status_code == 413
    upload("one", "a", 9)  # the same file again takes the place of the first
    upload("two", "c", 10)
    assert {session: sorted(files) for session, files in kept.file_storage.items()} == {"one": ["a"], "two": ["c"]}


def test_answers_leave_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to the server's own socket: Streamlit alone leaves Nagle's delay on, 40 ms for every file."""
    monkeypatch.setattr(starlette_server, "_bind_socket", starlette_server._bind_socket)
    server.hasten()
    server.hasten()
    with (
        starlette_server._bind_socket("127.0.0.1", 0, 1) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as answering,
    ):
        assert answering.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_the_first_visitor_and_no_other_has_a_library_loaded_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """However early the server asks: Streamlit's runtime exists before it can be asked anything."""
    loaded: list[str] = []
    monkeypatch.setattr(server, "READING", 0.0)
    monkeypatch.setattr(server.importlib, "import_module", loaded.append)
    connect = server._at_the_first(lambda runtime, visitor: visitor)
    before = threading.active_count()
    assert [connect("the runtime", visitor) for visitor in ("one", "two", "three")] == ["one", "two", "three"]
    for thread in threading.enumerate()[before:]:
        thread.join(10)
    assert loaded == ["dowhy.graph"]
