"""The gate: no page shows data before the password, whichever way it is reached."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from audit.settings import STEPS
from pages.parts import gate
from tests.pages.conftest import SECONDS

PASSWORD = "even hand, steady eye 等"
STORED = gate.hashed(PASSWORD, salt=b"sixteen bytes...")


@pytest.fixture()
def guarded(monkeypatch: pytest.MonkeyPatch, full_home: Path) -> None:
    monkeypatch.setitem(os.environ, gate.VARIABLE, STORED)
    monkeypatch.setitem(os.environ, "EVENHAND_HOME", str(full_home))


def page(step: str) -> AppTest:
    return AppTest.from_string(f"from pages.{step} import render\nrender()", default_timeout=SECONDS)


@pytest.mark.usefixtures("guarded")
@pytest.mark.parametrize("step", STEPS)
def test_a_page_shows_the_form_and_nothing_else(step: str) -> None:
    shut = page(step).run()
    assert [title.value for title in shut.title] == ["Evenhand"]
    assert len(shut.text_input) == 1
    assert not (shut.markdown or shut.html or shut.dataframe or shut.selectbox or shut.header)


@pytest.mark.usefixtures("guarded")
def test_the_password_opens_and_another_does_not() -> None:
    shut = page("report").run()
    shut.text_input[0].set_value("guess")
    shut.button[0].click().run()
    assert shut.error[0].value.startswith("That is not the password")
    shut.text_input[0].set_value(PASSWORD)
    shut.button[0].click().run()
    assert shut.header


@pytest.mark.parametrize(
    "stored", ["", "plain", "scrypt$1$2", "md5$1$1$1$AAAA$AAAA", "scrypt$16384$8$1$!$!", STORED[:-4]]
)
def test_a_malformed_hash_lets_no_one_in(stored: str) -> None:
    assert not gate.matches(PASSWORD, stored)
    assert not gate.matches("", stored)


def test_hashes_are_salted() -> None:
    assert gate.hashed(PASSWORD) != gate.hashed(PASSWORD)
    assert gate.matches(PASSWORD, gate.hashed(PASSWORD))


@pytest.mark.usefixtures("guarded")
def test_the_front_door_draws_no_audit_before_the_password() -> None:
    shut = AppTest.from_file(str(Path(__file__).parents[2] / "app.py"), default_timeout=SECONDS).run()
    assert not shut.exception
    assert not shut.sidebar.selectbox
    assert len(shut.text_input) == 1
