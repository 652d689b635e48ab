"""The sidebar: a new audit is made and chosen; a title is one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from audit.workspace import Workspace
from pages.parts.sidebar import plain_title


def test_a_new_audit_is_made_and_chosen(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setitem(os.environ, "EVENHAND_HOME", str(home))
    page = AppTest.from_string("from pages.parts import sidebar\nsidebar.draw()", default_timeout=60).run()
    page.sidebar.text_input[0].set_value("Mine")
    page.sidebar.button[0].click().run()
    assert not page.exception
    made = page.sidebar.selectbox[0].value
    assert made != "demo"
    assert Workspace(home).open(made).settings().title == "Mine"


def test_a_title_is_one_line_of_what_can_be_read() -> None:
    assert plain_title("  Mine\u0000\n own\u202e ") == "Mine own"
    assert len(plain_title("x" * 500)) == 120
