"""The workspace and its jobs as this server holds them: one of each a server process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

import streamlit as st

from analysis.document import Section, refused
from audit.jobs import Jobs
from audit.settings import STEPS, Step
from audit.workspace import AuditFolder, Workspace
from audit.workspace import workspace as workspace
from pages.parts.state import state
from words import Phrase, Refusal


@st.cache_resource(show_spinner=False)
def _jobs(root: str) -> Jobs:
    """Streamlit locks this, so a burst of first visitors makes one `Jobs` and starts the demo once."""
    home = Workspace(Path(root))
    home.sweep()
    jobs = Jobs(home.root)
    demo = home.demo()
    if demo.section("data") is None and (demo.of_another_version("data") or not jobs.list(demo.id, 1)):
        jobs.start(demo, STEPS)
    return jobs


def jobs() -> Jobs:
    """The jobs of the workspace; at the first call in an empty one the demo's audit starts."""
    return _jobs(str(workspace().root))


def current() -> AuditFolder:
    """The audit this session works on: the one in the address, else the demo."""
    now, home = state(), workspace()
    try:
        folder = home.open(now.audit) if now.audit else home.demo()
    except Refusal:
        folder = home.demo()
    now.audit = folder.id
    return folder


def stamp(folder: AuditFolder, step: Step) -> str:
    """Names one state of one step's result: its file and when that was written. The key of everything cached of it."""
    path = folder.path / "work" / "steps" / f"{step}.json"
    return f"{path}\n{path.stat().st_mtime_ns}" if path.exists() else f"{path}\n"


def section_of(folder: AuditFolder, step: Step) -> Section | None:
    """What `step` found, read once for each state of its file; None where it has not run, or could not."""
    kept = _kept(folder, step)
    return None if kept is None or kept.not_run else kept


def refusals(folder: AuditFolder, states: Mapping[Step, str], steps: Iterable[Step]) -> dict[Phrase, list[str]]:
    """Why those of the steps could not run that were tried: reason -> steps."""
    kept = [_kept(folder, step) for step in steps if states[step] == "refused"]
    return refused(section for section in kept if section is not None)


def _kept(folder: AuditFolder, step: Step) -> Section | None:
    return _section(f"{step}\n{folder.path}\n{stamp(folder, step)}")


@st.cache_resource(scope="session", max_entries=16, show_spinner=False)
def _section(key: str) -> Section | None:
    step, path, *_ = key.split("\n")
    return AuditFolder(Path(path)).section(cast(Step, step))
