"""What reads the texts and how it is tuned, as the Recommender page asks it."""

from __future__ import annotations

from pathlib import Path

from audit.workspace import Workspace
from models.config import LanguageSettings, PairwiseSettings
from tests.models.test_finished import write_classifier
from tests.models.tiny import write_encoder
from tests.pages.conftest import Open, unfold

KEY = "demo:recommender"


def all_settings(open_page: Open, home: Path, kind: str):
    page = unfold(open_page("recommender", home), f"{KEY}:settings")
    page.selectbox(key=f"{KEY}:kind").set_value(kind).run()
    page.toggle(key=f"{KEY}:advanced").set_value(True).run()
    assert not page.exception
    return page


def model_of(home: Path):
    return Workspace(home).demo().settings().recommender.model


def test_fine_tuning_is_chosen_and_kept(open_page: Open, home: Path) -> None:
    page = all_settings(open_page, home, "language")
    page.selectbox(key=f"{KEY}:language.tuning").set_value("lora").run()
    assert not page.exception
    page.number_input(key=f"{KEY}:tuning.rank").set_value(4).run()
    model = model_of(home)
    assert isinstance(model, LanguageSettings) and model.tuning is not None
    assert (model.tuning.how, model.tuning.rank) == ("lora", 4)
    page.selectbox(key=f"{KEY}:language.tuning").set_value("none").run()
    assert model_of(home).tuning is None


def test_an_encoder_outside_the_allowed_folders_is_refused(open_page: Open, home: Path, monkeypatch) -> None:
    folder = write_encoder(home / "encoder", {"one"})
    page = all_settings(open_page, home, "pairwise")
    page.text_input(key=f"{KEY}:encoder").set_value(str(folder)).run()
    assert page.error and model_of(home).encoder is None
    monkeypatch.setenv("EVENHAND_DATA_ROOTS", str(home))
    page.run()
    model = model_of(home)
    assert isinstance(model, PairwiseSettings) and model.encoder == str(folder)
    assert not page.error


def test_a_finished_classifier_is_loaded_and_asked_only_how_much_it_reads(
    open_page: Open, home: Path, monkeypatch
) -> None:
    folder = write_classifier(home / "classifier")
    monkeypatch.setenv("EVENHAND_DATA_ROOTS", str(home))
    page = unfold(open_page("recommender", home), f"{KEY}:settings")
    page.radio(key=f"{KEY}:way").set_value("saved").run()
    page.text_input(key=f"{KEY}:saved").set_value(str(folder)).run()
    assert not page.exception and not page.error
    page.number_input(key=f"{KEY}:pairwise.candidates").set_value(3).run()
    kept = Workspace(home).demo().settings().recommender
    assert isinstance(kept.model, PairwiseSettings)
    assert (kept.saved, kept.model.candidates, kept.model.finished) == (str(folder), 3, False)
