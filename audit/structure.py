"""The structure step's results on disk: the section as for every step, and beside it what only the page looks up."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd

from analysis.document import Section, canonical
from audit.run import Run
from audit.workspace import AuditFolder
from storage import write_atomic

GRID, PEOPLE = "grid.json", "people.parquet"


def structure_section_of(run: Run) -> Section:
    """Fit the structure and answer; keep every what-if answer and the table of users for the page."""
    from analysis.causal.structure.section import structure_results

    settings = run.settings
    done = structure_results(run.population, run.graph, settings.structure, settings.k, settings.seed, run.tell)
    home = _home(run.folder)
    home.mkdir(parents=True, exist_ok=True)
    nothing = Section(step="structure", summary=())
    write_atomic(home / GRID, canonical(done.grid or nothing))
    people = io.BytesIO()
    (pd.DataFrame() if done.people is None else done.people).to_parquet(people)
    write_atomic(home / PEOPLE, people.getvalue())
    return done.section


def what_if_answers(folder: AuditFolder) -> Section | None:
    """Every what-if answer of the last run, or None where there is none."""
    path = _home(folder) / GRID
    if not path.exists():
        return None
    kept = Section.model_validate(json.loads(folder.left_by("structure", path).read_bytes()))
    return kept if kept.findings else None


def people(folder: AuditFolder) -> pd.DataFrame | None:
    """One row a user of the last run (analysis.causal.structure.personal.COLUMNS), or None where there is none."""
    path = _home(folder) / PEOPLE
    frame = pd.read_parquet(folder.left_by("structure", path)) if path.exists() else pd.DataFrame()
    return None if frame.empty else frame


def _home(folder: AuditFolder) -> Path:
    return folder.path / "work" / "structure"
