"""Fifty people at once on a live server: nobody is shown a value of another's data."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pandas as pd

from analysis.document import Section
from analysis.ingest import Source, Tables
from analysis.log import Roles
from analysis.prepare import prepare, save
from audit.settings import AuditSettings
from audit.workspace import Workspace
from tests.browser.server import serving
from tests.faults.sessions import Visitor, guard_cookie, pressed, unfolded, uploaded, visitor

SESSIONS = 50
AT_ONCE = 10
UPLOADS_EVERY = 10
"""Every tenth session also uploads a log and reads it (each reading is a process of its own: the slow part)."""
READ, LOG, SETTINGS = "Read the files", "Log: one row an event", "Settings"


def test_of_fifty_sessions_none_is_shown_a_value_of_another(tmp_path: Path) -> None:
    audits = _audits(Workspace(tmp_path), SESSIONS)
    with serving(tmp_path) as server:
        seen = asyncio.run(_all(server.url, audits))
    for number, (prepared, read) in enumerate(seen):
        assert prepared == {f"PREPARED{number:03}"}, f"session {number} was sent {sorted(prepared)}"
        own = {f"UPLOADED{number:03}"} if number % UPLOADS_EVERY == 0 else set()
        assert read == own, f"session {number} was sent {sorted(read)}"


def test_a_session_that_names_anothers_upload_gets_nothing_of_it(tmp_path: Path) -> None:
    audits = _audits(Workspace(tmp_path), 2)
    with serving(tmp_path) as server:
        owner, thief = asyncio.run(_theft(server.url, audits))
    assert b"UPLOADED000" in owner
    assert b"UPLOADED000" not in thief


async def _all(url: str, audits: list[str]) -> list[tuple[set[str], set[str]]]:
    cookie, room = guard_cookie(url), asyncio.Semaphore(AT_ONCE)
    people = await asyncio.gather(*[visitor(url, audit=audit) for audit in audits])
    return await asyncio.gather(*[_session(one, number, cookie, room) for number, one in enumerate(people)])


async def _session(one: Visitor, number: int, cookie: str, room: asyncio.Semaphore) -> tuple[set[str], set[str]]:
    """Perhaps upload and read a log, then look at the columns in the graph; what was seen of either canary."""
    async with room:  # all fifty have looked at their data and stay connected; ten at a time work
        if number % UPLOADS_EVERY == 0:
            await one.run(unfolded(one.widgets[SETTINGS]))
            await one.upload(LOG, "log.csv", _log(f"UPLOADED{number:03}").to_csv(index=False).encode(), cookie)
            await one.run(pressed(one.widgets[READ]))
        await one.open("graph")
    await one.socket.close()
    return _canaries("PREPARED", one.received), _canaries("UPLOADED", one.received)


async def _theft(url: str, audits: list[str]) -> tuple[bytes, bytes]:
    cookie = guard_cookie(url)
    owner, thief = [await visitor(url, "", audit=audit) for audit in audits]
    for one in (owner, thief):
        await one.run(unfolded(one.widgets[SETTINGS]))
    await owner.upload(LOG, "log.csv", _log("UPLOADED000").to_csv(index=False).encode(), cookie)
    await owner.run(pressed(owner.widgets[READ]))
    (kept,) = [state for state in owner.states.values() if state.WhichOneof("value") == "file_uploader_state_value"]
    stolen = kept.file_uploader_state_value.uploaded_file_info[0]
    await thief.run(uploaded(thief.widgets[LOG], stolen.file_urls, stolen.name, stolen.size))
    await thief.run(pressed(thief.widgets[READ]))
    for one in (owner, thief):
        await one.socket.close()
    return bytes(owner.received), bytes(thief.received)


def _audits(home: Workspace, count: int) -> list[str]:
    """Audits with their data; the demo's data step counts as done, so that no job starts beside the test."""
    demo = home.demo()
    demo.save_section(Section(step="data", summary=()), demo.stamp(demo.settings(), "data"))
    return [_audit(home, number) for number in range(count)]


def _audit(home: Workspace, number: int) -> str:
    """An audit whose data step is done, over data that hold its own canary in every text."""
    roles = Roles(user="user", item="item", outcome="outcome")
    waiting = Source(kind="files", log=str(home.root / "uploads" / "none.csv"))
    folder = home.create(AuditSettings(data=waiting, roles=roles))
    tables = Tables(log=_log(f"PREPARED{number:03}"), users=None, items=None, digest=f"{number:064}")
    settings = folder.settings()
    dataset = prepare(tables, roles, settings.cleaning, settings.split, settings.seed).dataset
    save(dataset, folder.data)
    section = Section(step="data", summary=(), facts={"digest": dataset.digest})
    folder.save_section(section, folder.stamp(settings, "data"))
    return folder.id


def _log(canary: str) -> pd.DataFrame:
    rows = range(40)
    return pd.DataFrame(
        {
            "user": [f"{canary}-u{row % 8}" for row in rows],
            "item": [f"{canary}-i{row % 5}" for row in rows],
            "outcome": [row % 2 for row in rows],
            f"{canary}_column": [canary for _ in rows],
        }
    )


def _canaries(kind: str, received: bytearray) -> set[str]:
    return {found.decode() for found in re.findall(rb"%s\d{3}" % kind.encode(), bytes(received))}
