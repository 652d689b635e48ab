"""The cohort builder: what is chosen is counted, saved by name, used, deleted and had back."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from analysis.cohorts import Cohort, Condition, words_of
from audit.workspace import Workspace
from tests.pages.conftest import Open, unfold
from words import phrase, say


def with_values(page: AppTest, *values: str) -> AppTest:
    """The builder open, its one condition: gender is one of `values`."""
    page = unfold(page, "demo:disparity:cohorts")
    page.text_input(key="demo:disparity:cohort:name").set_value("Women")
    page.selectbox(key="demo:disparity:cohort:column:0").set_value("gender").run()
    return page.multiselect(key="demo:disparity:cohort:values:0:gender").set_value(list(values)).run()


def test_a_cohort_is_counted_saved_used_deleted_and_had_back(home: Path, open_page: Open) -> None:
    page = with_values(open_page("disparity", home), "women")
    folder = Workspace(home).demo()
    dataset = folder.dataset()
    assert dataset is not None
    women = int((dataset.users["gender"] == "women").sum())
    assert any(str(info.value).startswith(f"{women} people") for info in page.info)
    page.button(key="demo:disparity:cohort:save").click().run()
    assert [cohort.name for cohort in folder.settings().cohorts] == ["Women"]
    next(box for box in page.selectbox if box.label == say("cohort.page.scope")).set_value("Women").run()
    assert folder.settings().scope == "Women"
    page.button(key="demo:disparity:delete:0").click().run()
    assert folder.settings().cohorts == () and folder.settings().scope is None
    page.button(key="demo:disparity:undelete").click().run()
    assert folder.settings().scope == "Women" and not page.exception


def test_columns_have_the_files_own_names_and_unknown_is_a_word_of_the_pages_language(
    home: Path, open_page: Open
) -> None:
    page = unfold(open_page("disparity", home), "demo:disparity:cohorts")
    columns = page.selectbox(key="demo:disparity:cohort:column:0").options
    assert "promoted" in columns and "treatment" not in columns
    cohort = Cohort(name="N", where=(Condition(column="gender", values=("men", "unknown")),))
    assert "men、未知" in say(words_of(cohort), "zh")


def test_few_people_are_not_counted_out_and_a_bad_name_is_not_kept(home: Path, open_page: Open) -> None:
    folder = Workspace(home).demo()
    folder.save_settings(folder.settings().model_copy(update={"k": 1000}))
    page = with_values(open_page("disparity", home), "women")
    assert any(info.value == say("cohort.page.few", k=1000) for info in page.info)
    page.text_input(key="demo:disparity:cohort:name").set_value("a.b").run()
    page.button(key="demo:disparity:cohort:save").click().run()
    assert page.error and folder.settings().cohorts == ()


def test_effects_chooses_its_population_and_a_page_about_everybody_says_so(home: Path, open_page: Open) -> None:
    folder = Workspace(home).demo()
    women = Cohort(name="Women", where=(Condition(column="gender", values=("women",)),), compared=False)
    folder.save_settings(folder.settings().model_copy(update={"cohorts": (women,), "scope": "Women"}))
    page = unfold(open_page("effects", home), "demo:effects:settings")
    box = next(box for box in page.selectbox if box.label == say("cohort.page.population"))
    assert box.options == ["those of Women", "Women"]
    box.set_value("Women").run()
    assert folder.settings().population == "Women" and not page.exception
    told = [caption.value for caption in open_page("recommender", home).caption]
    assert say(phrase("cohort.everybody", name="Women")) in told


def test_undo_brings_the_deleted_cohort_back_beside_what_came_since(home: Path, open_page: Open) -> None:
    folder = Workspace(home).demo()

    def cohort(name: str) -> Cohort:
        return Cohort(name=name, where=(Condition(column="gender", values=("women",)),), compared=False)

    women, men, later = cohort("Women"), cohort("Men"), cohort("Later")
    folder.save_settings(folder.settings().model_copy(update={"cohorts": (women, men), "scope": "Women"}))
    page = unfold(open_page("disparity", home), "demo:disparity:cohorts")
    page.button(key="demo:disparity:delete:0").click().run()
    folder.save_settings(folder.settings().model_copy(update={"cohorts": (men, later), "population": "Later"}))
    page.button(key="demo:disparity:undelete").click().run()
    now = folder.settings()
    assert (now.cohorts, now.scope, now.population) == ((women, men, later), "Women", "Later")


def test_what_was_deleted_is_forgotten_once_a_cohort_is_saved(home: Path, open_page: Open) -> None:
    page = with_values(open_page("disparity", home), "women")
    page.button(key="demo:disparity:cohort:save").click().run()
    page.button(key="demo:disparity:delete:0").click().run()
    page.button(key="demo:disparity:cohort:save").click().run()
    assert [cohort.name for cohort in Workspace(home).demo().settings().cohorts] == ["Women"]
    assert "demo:disparity:undelete" not in [button.key for button in page.button] and not page.exception
