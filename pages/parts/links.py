"""A link to another step's page."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from audit.settings import Step
from pages.parts.state import state
from pages.parts.text import raw, t


def link(step: Step, label: Literal["open", "next"] = "open") -> None:
    """A link to another step's page; nothing where the page runs outside the navigation (a test)."""
    route = state().routes.get(step)
    if route is not None:
        st.page_link(route, label=t(f"frame.{label}", step=raw(f"{step}.title")))
