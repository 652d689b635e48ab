"""What a screen reader is told: the language of the page, which Streamlit itself always calls English."""

from __future__ import annotations

from functools import cache
from typing import Any

import streamlit as st

from pages.parts.state import state

SCRIPT = "export default function ({ data }) { document.documentElement.lang = data.language; }"


def tell_language() -> None:
    """Set the page's language to the one that its words are in."""
    _component()(key="language_of_the_page", data={"language": state().language}, height=1)


@cache
def _component() -> Any:
    return st.components.v2.component("evenhand_language", html="<span></span>", js=SCRIPT)
