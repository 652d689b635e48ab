"""The Data page: what the form names is read before it is run, and what was corrected outlasts a reading."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from audit.intake import ROOTS_VARIABLE
from audit.workspace import Workspace
from tests.pages.conftest import Open
from words import say

READ_FIRST = say("pages.data.read_first")


def runs(page: AppTest) -> list[str]:
    """The run buttons on the page, without those of its parts."""
    return [button.label for button in page.button if str(button.key).startswith("other:data:run:")]


def captions(page: AppTest) -> list[str]:
    return [caption.value for caption in page.caption]


def log(path: Path, **more: object) -> Path:
    columns = {"who": range(60), "what": list(range(6)) * 10, "bought": [0, 1] * 30, "seen_at": range(60)}
    pd.DataFrame(columns | more).to_csv(path, index=False)
    return path


def by_path(page: AppTest, path: Path) -> AppTest:
    """The form names a log by its path; nothing is read yet."""
    page.radio(key="other:data:way").set_value("path").run()
    return page.text_input(key="other:data:path:log").set_value(str(path)).run()


def test_nothing_runs_before_the_files_that_the_form_names_are_read(
    empty_home: Path, tmp_path: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ROOTS_VARIABLE, str(tmp_path))
    page = open_page("data", empty_home, audit="other")
    assert len(runs(page)) == 2 and READ_FIRST not in captions(page)  # the simulated shop needs no reading
    page.radio(key="other:data:way").set_value("upload").run()
    assert runs(page) == [] and READ_FIRST in captions(page)
    by_path(page, log(tmp_path / "log.csv"))
    assert runs(page) == [] and READ_FIRST in captions(page)
    page.button(key="other:data:read").click().run()
    assert not page.exception and READ_FIRST not in captions(page)


def test_another_size_of_the_shop_is_read_before_it_is_run(empty_home: Path, open_page: Open) -> None:
    page = open_page("data", empty_home, audit="other")
    page.number_input(key="other:data:shop.users").set_value(120).run()
    assert runs(page) == [] and READ_FIRST in captions(page)
    page.button(key="other:data:read").click().run()
    assert len(runs(page)) == 2 and not page.exception
    assert Workspace(empty_home).open("other").settings().data.shop.users == 120
