"""What an analyst reads on the page when her files are wrong: one sentence, no traceback, a session that goes on.

The command line half of the same cases is tests/audit/test_bad_input.py.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator

import pytest

from analysis.document import Section
from analysis.ingest import Source
from audit.settings import AuditSettings
from audit.workspace import Workspace
from tests.browser.server import Server, serving
from tests.faults.bad_files import GOOD, STATED, TIMELESS, UNREADABLE, Bad, Odd
from tests.faults.odd_logs import THIN, Thin, audited
from tests.faults.sessions import Visitor, guard_cookie, pressed, visitor

READ = "Read the files"
LOG, USERS = "Log: one row an event", "Users: one row a user (optional)"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose demo does not run beside the tests."""
    home = Workspace(tmp_path_factory.mktemp("home"))
    demo = home.demo()
    demo.save_section(Section(step="data", summary=()), demo.stamp(demo.settings(), "data"))
    with serving(home.root) as running:
        yield running


@pytest.mark.parametrize("bad", UNREADABLE, ids=lambda bad: bad.name)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(bad: Bad, server: Server) -> None:
    said, crashed = asyncio.run(_bad(server, bad))
    assert len(said) == 1
    assert all(words in said[0] for words in bad.says), said[0]
    assert "Traceback" not in said[0]
    assert crashed == []


def test_after_a_refusal_the_session_reads_the_next_file(server: Server) -> None:
    told, crashed = asyncio.run(_bad_then_good(server))
    assert any("400 rows of a log" in words for words in told)
    assert not any("ragged" in words or "line 402" in words for words in told)
    assert crashed == []


@pytest.mark.parametrize("odd", STATED, ids=lambda odd: odd.name)
def test_what_was_detected_in_an_odd_file_is_stated_before_anything_is_computed(odd: Odd, server: Server) -> None:
    texts, crashed = asyncio.run(_read_odd(server, odd))
    missing = [words for words in odd.says if words not in texts]
    assert missing == [], texts
    assert crashed == []


def test_times_of_no_known_unit_are_asked_for(server: Server) -> None:
    texts, crashed = asyncio.run(_read_odd(server, Odd("times", TIMELESS, (), "")))
    assert "fit no unit" in texts
    assert "Choose the unit" in texts
    assert crashed == []


@pytest.mark.parametrize("thin", THIN, ids=lambda thin: thin.name)
def test_a_log_that_holds_too_little_shows_its_verdict_on_the_page(
    thin: Thin, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    audit = "thin-" + thin.name.replace(" ", "-")
    shutil.copytree(audited(thin, tmp_path_factory).folder, server.home / "audits" / audit)
    one = asyncio.run(_visited(server, thin.step, audit))
    texts = "\n".join(one.texts) + bytes(one.received).decode(errors="ignore").replace("\\", "")
    assert ("could not run" if thin.key == f"{thin.step}.not_computed" else thin.verdict) in texts
    assert (thin.on_page or thin.says) in texts
    assert one.crashed == []


async def _visited(server: Server, page: str, audit: str) -> Visitor:
    one = await visitor(server.url, page, audit=audit)
    await one.socket.close()
    return one


async def _bad(server: Server, bad: Bad) -> tuple[list[str], list[str]]:
    one = await _newcomer(server)
    await one.upload(LOG, bad.file, bad.content, guard_cookie(server.url))
    await one.run(pressed(one.widgets[READ]))
    await one.socket.close()
    return one.told, one.crashed


async def _bad_then_good(server: Server) -> tuple[list[str], list[str]]:
    one, cookie = await _newcomer(server), guard_cookie(server.url)
    for content in (f"{GOOD}u1,i1\n", GOOD):
        await one.upload(LOG, "log.csv", content.encode(), cookie)
        await one.run(pressed(one.widgets[READ]))
    await one.socket.close()
    return one.told, one.crashed


async def _read_odd(server: Server, odd: Odd) -> tuple[str, list[str]]:
    one, cookie = await _newcomer(server), guard_cookie(server.url)
    await one.upload(LOG, "log.csv", odd.content, cookie)
    if odd.users is not None:
        await one.upload(USERS, "users.csv", odd.users, cookie)
    await one.run(pressed(one.widgets[READ]))
    await one.socket.close()
    return "\n".join(one.texts), one.crashed


async def _newcomer(server: Server) -> Visitor:
    """A session on a new audit whose source is an upload."""
    waiting = Source(kind="files", log=str(server.home / "uploads" / "none.csv"))
    folder = Workspace(server.home).create(AuditSettings(data=waiting))
    return await visitor(server.url, audit=folder.id)
