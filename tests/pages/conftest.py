"""One small audit of every step, made once; and a way to open a page on it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis.causal.settings import EffectSettings
from analysis.document import Section
from analysis.fairness.disparity import DisparitySettings
from analysis.ingest import Source
from analysis.mitigation.compare import MitigationSettings
from analysis.simulate import Shop
from audit.recommending import Recommending
from audit.settings import STEPS, AuditSettings, Step
from audit.steps import run_steps
from audit.workspace import DEMO_ID, Workspace
from models.config import EaseSettings
from tests.once import once
from words import Language, Phrase

SECONDS = 300
"""A run of a page may take that long while the machine has much else to do."""
Open = Callable[..., AppTest]


def small_audit(language: Language = "en") -> AuditSettings:
    """Every step in seconds: a small shop, few resamples, one mitigation."""
    return AuditSettings(
        title="Small shop",
        language=language,
        data=Source(kind="demo", shop=Shop(users=160, items=48)),
        effects=EffectSettings(replicates=100, simulations=20, doubly_robust=False),
        recommender=Recommending(model=EaseSettings()),
        disparity=DisparitySettings(replicates=100, permutations=100, intersections=False),
        mitigation=MitigationSettings(methods=("rerank",), strengths=(1.0,), replicates=100, permutations=100),
    )


def unwatched(fraction: float, step: str, note: Phrase, figures: dict[str, float]) -> None:
    """A run that nobody follows."""


@pytest.fixture(scope="session")
def full_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose demo has run every step."""
    return copied(tmp_path_factory, "full")


def copied(factory: pytest.TempPathFactory, name: str) -> Path:
    """A copy of the small audit of every step, which one process made for all."""
    made = once(
        factory, "small", lambda home: run_steps(Workspace(home).create(small_audit(), DEMO_ID), STEPS, unwatched)
    )
    return Path(shutil.copytree(made, factory.mktemp(name), dirs_exist_ok=True))


def further(factory: pytest.TempPathFactory, steps: Iterable[Step], **changed: object) -> Path:
    """Such a copy whose settings are changed, in which these further steps have run."""
    home = copied(factory, "further")
    folder = Workspace(home).demo()
    folder.save_settings(folder.settings().model_copy(update=changed))
    run_steps(folder, steps, unwatched)
    return home


@pytest.fixture()
def home(full_home: Path, tmp_path: Path) -> Path:
    """A copy of the full workspace that a test may change."""
    return Path(shutil.copytree(full_home, tmp_path / "copy"))


@pytest.fixture()
def empty_home(tmp_path: Path) -> Path:
    """A workspace with one more audit that has not run (and a demo that has, so that no job starts)."""
    demo = Workspace(tmp_path).create(small_audit(), DEMO_ID)
    demo.save_section(Section(step="data", summary=()), demo.stamp(demo.settings(), "data"))
    Workspace(tmp_path).create(small_audit(), "other")
    return tmp_path


@pytest.fixture()
def open_page(monkeypatch: pytest.MonkeyPatch) -> Open:
    """`open_page(step, home, **query)`: the page as a new session sees it."""
    monkeypatch.delenv("EVENHAND_PASSWORD_HASH", raising=False)

    def opened(step: str, home: Path, **query: str) -> AppTest:
        monkeypatch.setitem(os.environ, "EVENHAND_HOME", str(home))
        page = AppTest.from_string(f"from pages.{step} import render\nrender()", default_timeout=SECONDS)
        for name, value in query.items():
            page.query_params[name] = value
        return page.run()

    return opened


def unfold(page: AppTest, box: str) -> AppTest:
    """Open what is folded away: `box` is the key of an expander; what is in it is drawn only then."""
    page.session_state[box] = True
    return page.run()


def tables(page: AppTest) -> list[pd.DataFrame]:
    """The tables of a page, as a reader reads them."""
    return [table_read(drawn.value) for drawn in page.html if "<table>" in drawn.value]


def table_read(markup: str) -> pd.DataFrame:
    """A table of HTML, headings and cells as text."""
    head, *rows = [["".join(cell.itertext()) for cell in row] for row in ElementTree.fromstring(markup).iter("tr")]
    return pd.DataFrame(rows, columns=head)
