"""The prompted audit on the Disparity page: seen before it is sent, tried alone, and only with the operator's word."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analysis.document import Section
from audit.steps import run_steps
from audit.trial import Trial
from audit.workspace import DEMO_ID, Workspace
from models.prompted.servers import SERVERS_VARIABLE, is_here
from tests.models.prompted.stand_in import stand_in
from tests.pages.conftest import Open, small_audit, unwatched
from words import phrase, say

TRY = say("pages.asking.try")


@pytest.fixture()
def home(tmp_path: Path) -> Path:
    """A workspace whose demo has its data: all that this analysis needs."""
    run_steps(Workspace(tmp_path).create(small_audit(), DEMO_ID), ("data",), unwatched)
    return tmp_path


def opened(open_page: Open, home: Path) -> AppTest:
    page = open_page("disparity", home)
    tab = say("pages.prompted.title")
    return next(one for one in page.button_group if tab in one.options).set_value("prompted").run()


def words(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.warning, page.info, page.error, page.code)
    return "\n".join(str(one.value) for kind in kinds for one in kind)


def test_the_exact_prompt_and_its_cost_are_shown_before_anything_is_sent(
    home: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stand_in() as server:
        monkeypatch.setenv(SERVERS_VARIABLE, f"{server.origin}, http://127.0.0.1:8000")
        page = opened(open_page, home)
        assert not page.exception
        said = words(page)
        assert "I liked these, the latest last:" in said
        assert "a server on this machine" in said and "leaves this machine" not in said
        assert "requests and at most about" in said
        assert server.requests == []


def test_without_the_operators_word_the_page_says_so_and_nothing_can_be_started(
    home: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SERVERS_VARIABLE, raising=False)
    page = opened(open_page, home)
    assert words(page).count("allows no server") == 1
    assert all(button.disabled for button in page.button if button.label in (TRY, say("pages.jobs.run")))
    monkeypatch.setenv(SERVERS_VARIABLE, "http://127.0.0.1:8000")
    assert not any(button.disabled for button in page.run().button if button.label in (TRY, say("pages.jobs.run")))


def test_the_reason_of_a_refused_run_stands_once(home: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SERVERS_VARIABLE, raising=False)
    folder = Workspace(home).demo()
    refused = Section(step="prompted", summary=(), not_run=phrase("prompted.server.none", variable=SERVERS_VARIABLE))
    folder.save_section(refused, folder.stamp(folder.settings(), "prompted"))
    assert words(opened(open_page, home)).count("allows no server") == 1


@pytest.mark.parametrize(
    ("address", "here"),
    [("http://localhost:8000/v1", True), ("http://[::1]:8000/v1", True), ("http://127.0.0.2/v1", True)]
    + [("https://api.example.com/v1", False), ("http://10.0.0.1/v1", False), ("http://localhost.example.com", False)],
)
def test_an_address_of_this_machine_is_told_from_others(address: str, here: bool) -> None:
    assert is_here(address) is here


def test_one_prompt_is_tried_and_its_items_are_shown(
    home: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Trial(reply="1. A *tent*", items=("A *tent*",), strange=2, tokens=40)
    monkeypatch.setattr("pages.parts.asking.try_apart", lambda folder, asker, place: found)
    monkeypatch.setenv(SERVERS_VARIABLE, "http://127.0.0.1:8000")
    page = opened(open_page, home)
    button = next(one for one in page.button if one.label == TRY)
    said = words(button.click().run())
    assert "A \\*tent\\*" in said
    assert "2 entries are not in it" in said


def test_attributes_written_on_the_page_are_kept(home: Path, open_page: Open) -> None:
    page = opened(open_page, home)
    area = next(one for one in page.text_area if one.label.startswith("Asked as"))
    assert area.value.startswith("gender: men, women")
    area.set_value("faith: one, another").run()
    assert Workspace(home).demo().settings().prompted.attributes == {"faith": ("one", "another")}
