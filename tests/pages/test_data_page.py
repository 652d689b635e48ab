"""The Data page: what the form names is read before it is run, and what was corrected outlasts a reading."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis.ingest import Source
from analysis.log import Roles
from analysis.quality import Cleaning
from audit.intake import ROOTS_VARIABLE, keep_upload
from audit.presets import demo_settings
from audit.recommending import Recommending
from audit.workspace import AuditFolder, Workspace
from models.config import EaseSettings
from tests.pages.conftest import Open, unfold
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


def test_the_unit_that_times_lack_is_asked_for_and_taken(
    empty_home: Path, tmp_path: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ROOTS_VARIABLE, str(tmp_path))
    page = by_path(open_page("data", empty_home, audit="other"), log(tmp_path / "log.csv", user_id=1, item_id=1))
    page.button(key="other:data:read").click().run()
    time = next(box for box in page.selectbox if "role:time" in str(box.key))
    time.set_value("seen_at").run()
    assert any("fit no unit" in error.value for error in page.error)
    page.selectbox(key="other:data:cleaning.time_unit").set_value("s").run()
    assert not page.exception and not page.error
    assert any("1970" in words for words in captions(page)), captions(page)


def test_the_report_of_an_audit_without_data_starts_nothing(empty_home: Path, open_page: Open) -> None:
    """It would audit the simulated shop under the analyst's title."""
    page = open_page("report", empty_home, audit="other")
    assert say("pages.report.no_data") in captions(page)
    assert not [button for button in page.button if str(button.key).startswith("other:report:run:")]
    demo = open_page("report", empty_home, audit="demo")
    assert [button for button in demo.button if str(button.key).startswith("demo:report:run:")]


def test_another_size_of_the_shop_is_read_before_it_is_run(empty_home: Path, open_page: Open) -> None:
    page = open_page("data", empty_home, audit="other")
    page.number_input(key="other:data:shop.users").set_value(120).run()
    assert runs(page) == [] and READ_FIRST in captions(page)
    page.button(key="other:data:read").click().run()
    assert len(runs(page)) == 2 and not page.exception
    assert Workspace(empty_home).open("other").settings().data.shop.users == 120


def test_the_split_that_stood_for_one_log_is_not_written_over_the_one_that_fits_the_next(
    empty_home: Path, tmp_path: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ROOTS_VARIABLE, str(tmp_path))
    settings = Workspace(empty_home).open("other").settings
    frame = pd.DataFrame({"user_id": range(60), "item_id": list(range(6)) * 10, "timestamp": 1_700_000_000})
    frame["timestamp"] += range(60)
    frame.to_csv(tmp_path / "timed.csv", index=False)
    frame.drop(columns="timestamp").to_csv(tmp_path / "timeless.csv", index=False)
    page = by_path(open_page("data", empty_home, audit="other"), tmp_path / "timed.csv")
    page.button(key="other:data:read").click().run()
    assert settings().split.kind == "time"
    page.text_input(key="other:data:path:log").set_value(str(tmp_path / "timeless.csv"))
    page.button(key="other:data:read").click().run()  # name and button in one go: the split's inputs never went away
    assert not page.exception and settings().split.kind == "rows"


@pytest.fixture()
def corrected(empty_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AuditFolder:
    """An audit of a log whose columns were corrected, one to none, and whose recommender was tuned."""
    monkeypatch.setenv(ROOTS_VARIABLE, str(tmp_path))
    folder = Workspace(empty_home).open("other")
    given = {
        "data": Source(kind="files", log=str(log(tmp_path / "log.csv", rating=1))),
        "roles": Roles(user="who", item="what", time="seen_at", outcome="bought"),
        "recommender": Recommending(model=EaseSettings(l2=77.0)),
    }
    folder.save_settings(folder.settings().model_copy(update=given))
    return folder


def test_reading_the_next_file_keeps_the_columns_and_the_recommender(
    corrected: AuditFolder, tmp_path: Path, empty_home: Path, open_page: Open
) -> None:
    before = corrected.settings()
    page = by_path(open_page("data", empty_home, audit="other"), log(tmp_path / "next.csv", rating=2, gender="women"))
    page.button(key="other:data:read").click().run()
    now = corrected.settings()
    assert not page.exception and now.data != before.data
    assert (now.roles, now.recommender) == (before.roles, before.recommender)


def test_a_column_that_is_gone_is_guessed_anew_and_the_others_are_kept(
    corrected: AuditFolder, tmp_path: Path, empty_home: Path, open_page: Open
) -> None:
    pd.read_csv(log(tmp_path / "next.csv", rating=[1, 5] * 30)).drop(columns="bought").to_csv(
        tmp_path / "next.csv", index=False
    )
    page = by_path(open_page("data", empty_home, audit="other"), tmp_path / "next.csv")
    page.button(key="other:data:read").click().run()
    assert not page.exception
    assert corrected.settings().roles == Roles(user="who", item="what", time="seen_at", outcome="rating")


def test_another_kind_of_data_begins_anew(corrected: AuditFolder, empty_home: Path, open_page: Open) -> None:
    page = open_page("data", empty_home, audit="other")
    page.radio(key="other:data:way").set_value("demo").run()
    page.button(key="other:data:read").click().run()
    now = corrected.settings()
    assert not page.exception and now.roles is not None
    assert (now.roles.user, now.recommender) == ("user_id", demo_settings().recommender)


def test_reading_the_demo_again_keeps_its_tuned_recommender(empty_home: Path, open_page: Open) -> None:
    folder = Workspace(empty_home).demo()
    tuned = Recommending(model=EaseSettings(l2=77.0))
    folder.save_settings(folder.settings().model_copy(update={"recommender": tuned}))
    page = unfold(open_page("data", empty_home), "demo:data:settings")
    page.button(key="demo:data:read").click().run()
    assert not page.exception
    assert folder.settings().roles is not None and folder.settings().recommender == tuned


@pytest.fixture()
def uploaded(empty_home: Path, tmp_path: Path) -> AuditFolder:
    """An audit of an uploaded log and users, whose columns and cleaning were chosen in an earlier session."""
    folder = Workspace(empty_home).open("other")
    content = {"log": log(tmp_path / "x.csv").read_bytes(), "users": b"who,gender\n0,women\n1,men\n"}
    kept = {"log": "purchases.csv", "users": "people.csv"}
    files = {kind: str(keep_upload(folder, kind, content[kind], name)) for kind, name in kept.items()}  # type: ignore[arg-type]
    given = {
        "data": Source.model_validate({"kind": "files", **files}),
        "roles": Roles(user="who", item="what", outcome="bought"),
        "cleaning": Cleaning(repeats="last"),
    }
    folder.save_settings(folder.settings().model_copy(update=given))
    return folder


def test_a_later_session_sees_what_was_uploaded_and_chosen_and_can_change_it(
    uploaded: AuditFolder, empty_home: Path, open_page: Open
) -> None:
    before = uploaded.settings()
    page = open_page("data", empty_home, audit="other")
    assert "purchases.csv" in " ".join(captions(page)) and "people.csv" in page.checkbox[0].label
    shown = " ".join(one.value for one in page.markdown)
    assert "User: who · Item: what · Outcome: bought" in shown and "Repeated user and item: keep the last" in shown
    page.button(key="other:data:read").click().run()
    assert not page.exception and uploaded.settings() == before
    role = next(box for box in page.selectbox if box.label == say("pages.role.outcome"))
    role.set_value("seen_at").run()
    roles = uploaded.settings().roles
    assert roles is not None and roles.outcome == "seen_at"


def test_a_file_uploaded_before_can_be_left_out(uploaded: AuditFolder, empty_home: Path, open_page: Open) -> None:
    page = open_page("data", empty_home, audit="other")
    page.checkbox[0].uncheck().run()
    assert READ_FIRST in captions(page)
    page.button(key="other:data:read").click().run()
    assert not page.exception and uploaded.settings().data.users is None
