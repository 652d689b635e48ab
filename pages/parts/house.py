"""The workspace and its jobs as this server holds them: one of each a server process."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from audit.jobs import Jobs
from audit.settings import STEPS
from audit.workspace import AuditFolder, Workspace
from pages.parts.state import state
from words import Refusal

HOME_VARIABLE = "EVENHAND_HOME"
DEFAULT_HOME = Path(__file__).parents[2] / ".evenhand"


def workspace() -> Workspace:
    """The workspace under EVENHAND_HOME (default: `.evenhand` beside app.py)."""
    return Workspace(Path(os.environ.get(HOME_VARIABLE, DEFAULT_HOME)).resolve())


@st.cache_resource(show_spinner=False)
def _jobs(root: str) -> Jobs:
    """Streamlit locks this, so a burst of first visitors makes one `Jobs` and starts the demo once."""
    home = Workspace(Path(root))
    home.sweep()
    jobs = Jobs(home.root)
    demo = home.demo()
    if demo.section("data") is None and not jobs.list(demo.id, 1):
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
