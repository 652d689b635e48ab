"""Pseudonyms on the pages: the switch where files are chosen, and a person found by the own id."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis.pseudonyms import pseudonym
from audit.intake import ROOTS_VARIABLE
from audit.pseudonyms import KEY_VARIABLE
from audit.steps import run_steps
from audit.workspace import AuditFolder, Workspace
from pages.parts import server
from pages.parts.ids import USUAL
from tests.pages.conftest import Open, tables, unwatched
from words import say

KEY = "k" * 40
SWITCH, COLUMN, READ = "other:data:pseudonyms", "other:data:pseudonyms:column", "other:data:read"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)


def csv() -> bytes:
    rows = [{"who": f"canary-{row % 40}", "item_id": f"i{row * 7 % 11}", "clicked": row % 2} for row in range(400)]
    return pd.DataFrame(rows).to_csv(index=False).encode()


def holds_originals(folder: AuditFolder) -> bool:
    return any(b"canary" in path.read_bytes() for path in folder.path.rglob("*") if path.is_file())


def switched_on(page: AppTest, way: str) -> AppTest:
    page.radio(key="other:data:way").set_value(way).run()
    assert not any(box.key == COLUMN for box in page.text_input)
    return page.toggle(key=SWITCH).set_value(True).run()


def test_an_upload_is_read_with_pseudonyms_and_kept_with_no_others(
    empty_home: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_signed_in", lambda session: True)  # whoever ran app.py before guards uploads
    folder = Workspace(empty_home).open("other")
    page = open_page("data", empty_home, audit="other")
    assert not [box for box in page.toggle if box.key == SWITCH], "the shop has nobody's ids"
    page.radio(key="other:data:way").set_value("upload").run()
    page.file_uploader[0].set_value(("people.csv", csv(), "text/csv")).run()
    assert holds_originals(folder), "not asked for yet"
    page.toggle(key=SWITCH).set_value(True).run()
    assert page.text_input(key=COLUMN).value == USUAL
    assert any("no column user" in error.value for error in page.error)
    assert page.button(key=READ).disabled
    page.text_input(key=COLUMN).set_value("who").run()
    assert not page.error and not page.exception
    page.button(key=READ).click().run()
    assert not page.exception and not holds_originals(folder)
    settings = folder.settings()
    assert settings.data.pseudonyms == "who" and settings.roles is not None and settings.roles.user == "who"
    role = next(box for box in page.selectbox if box.label == say("pages.role.user"))
    assert role.options == ["who"], "no other column is the user's"
    assert page.toggle(key=SWITCH).disabled
    words = " ".join(one.value for one in page.markdown)
    assert "not anonymity" in words


def the_list(page: AppTest) -> pd.DataFrame:
    return next(one for one in tables(page) if say("pages.lists.rank") in one)


def test_a_person_is_found_by_the_original_id(
    empty_home: Path, tmp_path: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "log.csv").write_bytes(csv())
    monkeypatch.setenv(ROOTS_VARIABLE, str(tmp_path))
    folder = Workspace(empty_home).open("other")
    page = switched_on(open_page("data", empty_home, audit="other"), "path")
    page.text_input(key=COLUMN).set_value("who").run()
    page.text_input(key="other:data:path:log").set_value(str(tmp_path / "log.csv")).run()
    page.button(key=READ).click().run()
    assert not page.exception and not page.error
    run_steps(folder, ["data", "recommender"], unwatched)
    page = open_page("recommender", empty_home, audit="other")
    asked = page.text_input(key="other:recommender:user:original").set_value("canary-7").run()
    assert not asked.exception
    listed = the_list(asked)
    pseudonymous = open_page("recommender", empty_home, audit="other")
    pseudonymous.selectbox(key="other:recommender:user").set_value(pseudonym(KEY, "canary-7")).run()
    assert the_list(pseudonymous).equals(listed)
    asked.text_input(key="other:recommender:user:original").set_value("nobody").run()
    assert say("pages.data.original_unknown") in [info.value for info in asked.info]
    monkeypatch.setenv(KEY_VARIABLE, "another key" * 4)
    asked.text_input(key="other:recommender:user:original").set_value("canary-8").run()
    assert any("not the one" in info.value for info in asked.info) and not asked.exception
    assert not holds_originals(folder)
