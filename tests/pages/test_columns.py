"""Data of people without items: the form offers what stands in for a column that is not there."""

from pathlib import Path

import pandas as pd
import pytest

from analysis.log import EACH_ROW, NO_ITEMS
from audit.intake import ROOTS_VARIABLE
from audit.workspace import Workspace
from tests.pages.conftest import Open
from words import say


def test_a_table_of_people_is_read_with_no_user_and_no_item_column(
    empty_home: Path, tmp_path: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "people.csv"
    table = pd.DataFrame({"treat": [0, 1] * 30, "earned": range(60), "married": [1, 0, 0] * 20})
    table.to_csv(path, index=False)
    monkeypatch.setenv(ROOTS_VARIABLE, str(tmp_path))
    page = open_page("data", empty_home, audit="other")
    page.radio(key="other:data:way").set_value("path").run()
    page.text_input(key="other:data:path:log").set_value(str(path)).run()
    page.button(key="other:data:read").click().run()
    assert not page.exception
    assert say("pages.data.need_ids") in [one.value for one in page.info]
    for role, kind in (("user", EACH_ROW), ("item", NO_ITEMS)):
        (box,) = [one for one in page.selectbox if f":role:{role}:" in str(one.key)]
        box.set_value(kind).run()
    assert not page.exception
    roles = Workspace(empty_home).open("other").settings().roles
    assert roles is not None and (roles.user, roles.item) == (EACH_ROW, NO_ITEMS)
