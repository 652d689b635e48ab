"""Rules that keep the pages safe and quick, held over the source itself."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from analysis.causal.settings import EffectSettings
from analysis.fairness.disparity import DisparitySettings
from analysis.feedback.settings import FeedbackSettings
from analysis.ingest import Source
from analysis.mitigation.compare import MitigationSettings
from analysis.quality import Cleaning
from analysis.simulate import Shop
from analysis.split import Split
from audit.settings import DEPENDS, STEPS
from models.config import (
    AdditiveSettings,
    Debias,
    EaseSettings,
    FactorSettings,
    LanguageSettings,
    PairwiseSettings,
    SequenceSettings,
    Tuning,
    VaeSettings,
)
from pages.parts import editor, form, source
from words import LANGUAGES, Language
from words.phrase import catalogue

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "pages").rglob("*.py"))
HEAVY = ("torch", "dowhy", "transformers", "sklearn", "statsmodels", "matplotlib", "fairlearn", "typst")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_page_module_draws_nothing_when_imported(path: Path) -> None:
    """Streamlit runs a page's file itself when a fresh server is asked for it by name: nothing may stand there."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Expr):
            assert isinstance(node.value, ast.Constant), f"{path.name}:{node.lineno} acts when imported"
        elif isinstance(node, ast.If):
            assert ast.unparse(node.test) in ("TYPE_CHECKING", "__name__ == '__main__'"), f"{path.name}:{node.lineno}"
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            called = [ast.unparse(call.func) for call in ast.walk(node.value) if isinstance(call, ast.Call)]
            assert not any(name.startswith("st.") for name in called), f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("path", [*MODULES, ROOT / "app.py"], ids=lambda path: path.name)
def test_no_page_loosens_what_streamlit_guards(path: Path) -> None:
    code = path.read_text(encoding="utf-8")
    for forbidden in (
        "unsafe_allow",
        ":material/",
        "use_container_width",
        "components.v1",
        "st.map",
        "http://",
        "https://",
    ):
        assert forbidden not in code
    assert not re.search(r"def \w+\((?:[^)]*, )?_\w+[:,=]", code), "an underscore argument is left out of a cache's key"


def test_opening_the_door_imports_nothing_heavy() -> None:
    code = f"import sys, app_imports; print([m for m in {HEAVY!r} if m in sys.modules])"
    names = ", ".join(f"pages.{step}" for step in STEPS)
    code = code.replace("app_imports", f"{names}, pages.parts.sidebar")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_server_guards_what_it_serves() -> None:
    config = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))
    assert config["server"]["enableXsrfProtection"] is True
    assert config["server"]["enableCORS"] is True
    assert config["server"]["maxUploadSize"] == 200
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["showErrorDetails"] == "none"


SHOWN: dict[type[BaseModel], str] = {
    EffectSettings: "effects",
    DisparitySettings: "disparity",
    MitigationSettings: "mitigation",
    FeedbackSettings: "feedback",
    Cleaning: "cleaning",
    Split: "split",
    Shop: "shop",
    EaseSettings: "ease",
    AdditiveSettings: "additive",
    FactorSettings: "mf",
    VaeSettings: "vae",
    SequenceSettings: "sequence",
    LanguageSettings: "language",
    PairwiseSettings: "pairwise",
    Tuning: "tuning",
    Debias: "debias",
}


@pytest.mark.parametrize("settings", SHOWN, ids=lambda settings: settings.__name__)
def test_every_setting_and_every_choice_has_its_name(settings: type[BaseModel]) -> None:
    texts = catalogue("en")
    for name, field in settings.model_fields.items():
        own_place = ("adversary", "erasure", "penalty", "tuning", "debias")
        if name in (*own_place, *(("kind",) if settings is not Split else ())):
            continue
        own = form.OWN_NAMES.get((SHOWN[settings], name), name)
        assert f"pages.field.{own}" in texts
        for option in _options(field.annotation):
            assert f"pages.choice.{form.SHARED.get(name, name)}.{option}" in texts


def _options(annotation: Any) -> list[str]:
    if str(annotation).startswith("typing.Literal"):
        return [str(option) for option in get_args(annotation)]
    return [option for inner in get_args(annotation) for option in _options(inner)]


def test_the_form_of_text_files_names_every_choice() -> None:
    for name in source.FORMAT:
        for option in _options(Source.model_fields[name].annotation):
            assert f"pages.choice.{name}.{option}" in catalogue("en")


def test_both_languages_say_the_same_things() -> None:
    english, chinese = catalogue("en"), catalogue("zh")
    mine = {key for key in english if key.startswith("pages.")}
    assert mine == {key for key in chinese if key.startswith("pages.")}
    for key in mine:
        assert set(re.findall(r"{(\w+)", english[key])) == set(re.findall(r"{(\w+)", chinese[key])), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_has_one_name(language: Language) -> None:
    """A step is called as its page or switch is, where a page sends people to it and where the report tells of it."""
    texts = catalogue(language)
    for step in DEPENDS:
        assert texts[f"audit.step.{step}"] == texts[f"report.step.{step}"] == texts[f"pages.{step}.title"]


def test_the_editor_knows_every_text_that_its_script_says() -> None:
    script = (ROOT / "pages/parts/editor.js").read_text(encoding="utf-8")
    said = set(re.findall(r"this\.words\.(\w+)", script)) - {"roles", "parts", "marks"}
    assert said == set(editor.MESSAGES)
    assert "innerHTML" not in script
