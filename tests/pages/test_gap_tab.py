"""Why is there a gap? Shown on its tab of the Disparity page, asked anew there, kept for the report."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analysis.causal.gap.settings import GapSettings, MediationSettings
from analysis.report import write
from audit.publish import composed_document
from audit.steps import run_steps
from audit.workspace import Workspace
from tests.pages.conftest import Open, further, small_audit, unfold, unwatched
from words import say


@pytest.fixture(scope="module")
def gap_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose demo has run both analyses and what they build on."""
    return further(
        tmp_path_factory,
        ["mediation", "gap"],
        gap=GapSettings(attribute="gender", replicates=100),
        mediation=MediationSettings(replicates=100),
        further=("gap", "mediation"),
    )


def on_tab(page: AppTest, step: str) -> AppTest:
    tab = say(f"pages.{step}.title")
    chooser = next(one for one in page.button_group if tab in one.options)
    return chooser.set_value(step).run()


@pytest.mark.parametrize(("where", "step"), [("disparity", "gap"), ("effects", "mediation")])
def test_the_answer_stands_on_its_tab(where: str, step: str, gap_home: Path, open_page: Open) -> None:
    page = on_tab(open_page(where, gap_home), step)
    assert not page.exception and not page.error
    section = Workspace(gap_home).demo().section(step)  # type: ignore[arg-type]
    assert section is not None
    first = " ".join(say(section.summary[0]).split()[:3])
    assert any(first in one.value for one in page.markdown)


def test_what_is_asked_is_chosen_there_and_kept(gap_home: Path, open_page: Open) -> None:
    page = unfold(on_tab(open_page("disparity", gap_home), "gap"), "demo:gap:settings")
    chosen = next(one for one in page.selectbox if one.label == say("pages.field.gap_in"))
    chosen.set_value("outcome").run()
    folder = Workspace(gap_home).demo()
    assert folder.settings().gap.gap_in == "outcome" and folder.stale("gap")
    folder.save_settings(small_audit().model_copy(update={"gap": GapSettings(attribute="gender", replicates=100)}))


def test_both_stand_in_the_report(gap_home: Path, tmp_path: Path) -> None:
    folder = Workspace(gap_home).demo()
    folder.save_settings(folder.settings().including(["gap", "mediation"]))
    run_steps(folder, ("mediation", "gap"), unwatched)
    document = composed_document(folder)
    assert {"gap", "mediation"} <= {one.step for one in document.sections}
    write(document, tmp_path, ("html",), "en")
    text = next(tmp_path.glob("*.html")).read_text(encoding="utf-8")
    assert say("report.step.gap") in text and "as good as the graph" in text
