"""Our own components in the browser: registered once a process, never drawn in another order than they were sent in."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts.state import state

HERE = Path(__file__).parent


def mount(name: str, key: str, data: Mapping[str, Any], **settings: Any) -> None:
    """Draw the component whose parts are `name`.js and, where they exist, .html and .css.

    `data` is what its script is called with, and ``sent`` beside it: the millisecond in which this session first sent
    these data for `key`. The script passes over what ``overtaken`` (order.js) says is older than what it has drawn.
    """
    now = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
    was, sent = state().sent.get(key, ("", 0))
    if now != was:
        sent = max(sent + 1, time.time_ns() // 1_000_000)  # a clock may be put back
        state().sent[key] = (now, sent)
    _registered(name)(key=key, data={**data, "sent": sent}, **settings)


@cache
def _registered(name: str) -> Any:
    """Once a process: registering again would remount every open one."""
    html, css, js = (_part(f"{name}.{kind}") for kind in ("html", "css", "js"))
    return st.components.v2.component(f"evenhand_{name}", html=html, css=css, js=f"{_part('order.js')}{js}")


def _part(name: str) -> str | None:
    file = HERE / name
    return file.read_text(encoding="utf-8") if file.exists() else None
