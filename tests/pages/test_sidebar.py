"""The sidebar: a new audit is made and chosen; a title is one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from audit.workspace import Workspace
from pages.parts.sidebar import plain_title
from tests.pages.conftest import Open, small_audit
from words import say


def test_a_new_audit_is_made_and_chosen(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setitem(os.environ, "EVENHAND_HOME", str(home))
    page = AppTest.from_string("from pages.parts import sidebar\nsidebar.draw()", default_timeout=60).run()
    page.sidebar.text_input[0].set_value("Mine")
    page.sidebar.button[0].click().run()
    assert not page.exception
    made = page.sidebar.selectbox[0].value
    assert made != "demo"
    assert Workspace(home).open(made).settings().title == "Mine"


def twins(home: Path) -> list[str]:
    """Two audits more, of one title; their ids as the workspace lists them."""
    for audit in ("aaaa1111", "bbbb2222"):
        Workspace(home).create(small_audit().model_copy(update={"title": "Twin"}), audit)
    return [folder.id for folder in Workspace(home).audits() if folder.settings().title == "Twin"]


def test_of_two_audits_with_one_title_the_one_chosen_is_opened(
    monkeypatch: pytest.MonkeyPatch, empty_home: Path
) -> None:
    monkeypatch.setitem(os.environ, "EVENHAND_HOME", str(empty_home))
    for audit in twins(empty_home):
        page = AppTest.from_string("from pages.parts import sidebar\nsidebar.draw()", default_timeout=60).run()
        page.sidebar.selectbox[0].set_value(audit).run()
        assert not page.exception
        assert page.session_state["evenhand"].audit == audit
        assert page.sidebar.selectbox[0].value == audit


def test_the_report_compares_with_the_chosen_one_of_two_audits_with_one_title(
    empty_home: Path, open_page: Open
) -> None:
    twins(empty_home)
    page = open_page("report", empty_home, audit="other")
    (box,) = [box for box in page.selectbox if box.label == say("pages.report.other")]
    assert len(set(box.options)) == len(box.options) == 3
    assert {"Twin (aaaa)", "Twin (bbbb)"} < set(box.options)


def test_a_title_is_one_line_of_what_can_be_read() -> None:
    assert plain_title("  Mine\u0000\n own\u202e ") == "Mine own"
    assert len(plain_title("x" * 500)) == 120
