"""With a password configured nobody is sent a byte of data without it, by whichever page they come in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from analysis.document import Section
from audit.settings import STEPS, AuditSettings
from audit.workspace import Workspace
from pages.parts.gate import VARIABLE, hashed
from tests.browser.server import Server, serving
from tests.faults.sessions import Visitor, guard_cookie, pressed, put, typed, visitor
from words import phrase

CANARY = "CANARY-4711"
PASSWORD = "correct horse"
FIRST_PAGES = ("", *STEPS[1:])


@pytest.fixture(params=FIRST_PAGES, ids=lambda page: page or "data")
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Server, str, str]]:
    """A server that nobody has asked yet, the page to ask for first, and an audit full of a canary."""
    audit = _canary_audit(Workspace(tmp_path))
    with serving(tmp_path, **{VARIABLE: hashed(PASSWORD, n=2**4)}) as running:
        yield running, request.param, audit


def test_the_first_visitor_is_shown_the_login_and_nothing_else_on_any_page(fresh: tuple[Server, str, str]) -> None:
    server, page, audit = fresh
    received = asyncio.run(_everything_without_password(server.url, page, audit))
    assert b"Password" in received
    assert CANARY.encode() not in received
    assert audit.encode() not in received.replace(f"audit={audit}".encode(), b"")
    assert b"New audit" not in received


@pytest.mark.parametrize("fresh", [""], indirect=True)
def test_a_wrong_password_is_refused_and_the_right_one_opens(fresh: tuple[Server, str, str]) -> None:
    server, page, audit = fresh
    refused, opened, other = asyncio.run(_sign_in(server.url, page, audit))
    assert b"That is not the password" in refused
    assert CANARY.encode() not in refused
    assert CANARY.encode() in opened
    assert CANARY.encode() not in other, "one session's login opened another's"


@pytest.mark.parametrize("fresh", [""], indirect=True)
def test_a_connection_can_do_nothing_beside_the_script(fresh: tuple[Server, str, str]) -> None:
    """Streamlit would take files before the login, forget every session's caches, and tell what files have changed."""
    server, page, audit = fresh
    before, after, told, later = asyncio.run(_beside_the_script(server.url, page, audit))
    assert (before, after) == (403, 204)
    assert "git_info_changed" not in told
    assert CANARY.encode() in later, "a stranger's message ended this session's login"


async def _beside_the_script(url: str, page: str, audit: str) -> tuple[int, int, set[str], bytes]:
    one, cookie = await visitor(url, page, audit=audit), guard_cookie(url)
    place = f"/_stcore/upload_file/{one.session}/{uuid4()}"
    before = await asyncio.to_thread(put, url, place, "log.csv", b"a,b\n1,2\n", cookie)
    await _enter(one, PASSWORD)
    after = await asyncio.to_thread(put, url, place, "log.csv", b"a,b\n1,2\n", cookie)
    for asked in (BackMsg(load_git_info=True), BackMsg(clear_cache=True)):
        await one.socket.send(asked.SerializeToString())
    start = len(one.kinds)
    later = await one.run()
    await one.socket.close()
    return before, after, set(one.kinds[start:]), later


async def _everything_without_password(url: str, page: str, audit: str) -> bytes:
    one = await visitor(url, page, audit=audit)
    for other in FIRST_PAGES:
        await one.open(other)
    await one.socket.close()
    return bytes(one.received)


async def _sign_in(url: str, page: str, audit: str) -> tuple[bytes, bytes, bytes]:
    one, other = [await visitor(url, page, audit=audit) for _ in range(2)]
    refused = await _enter(one, "wrong horse")
    opened = await _enter(one, PASSWORD)
    await other.run()
    for visit in (one, other):
        await visit.socket.close()
    return refused, opened, bytes(other.received)


async def _enter(one: Visitor, password: str) -> bytes:
    return await one.run(typed(one.widgets["Password"], password), pressed(one.widgets["Enter"]))


def _canary_audit(home: Workspace) -> str:
    """Every step done, every sentence the canary."""
    demo = home.demo()
    demo.save_section(Section(step="data", summary=()), demo.stamp(demo.settings(), "data"))
    folder = home.create(AuditSettings(title=CANARY))
    for step in STEPS:
        said = Section(step=step, summary=(phrase("audit.wrote", path=CANARY),))
        folder.save_section(said, folder.stamp(folder.settings(), step))
    return folder.id
