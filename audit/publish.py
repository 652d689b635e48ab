"""audit.json from the sections that the steps left, and the run record beside it."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from analysis.document import Document, Section
from audit import __version__
from audit.cohorts import beyond_scope
from audit.settings import AuditSettings
from audit.settings_file import with_paths
from audit.workspace import RUN_RECORD, AuditFolder
from storage import write_atomic
from words import Refusal, phrase

VERSIONS_OF = ("duckdb", "dowhy", "fairlearn", "numpy", "pandas", "scikit-learn", "scipy", "torch", "transformers")
"""Packages whose version can change a figure; printed in the report."""


def composed_document(folder: AuditFolder) -> Document:
    """The document of all sections that are up to date, those too that say why their step could not run.

    Raises Refusal(audit.needs_step) before the data step.
    """
    settings = folder.settings()
    states = folder.states()
    told = [step for step in settings.steps if step != "report" and states[step] in ("done", "refused")]
    sections = [folder.section(step) for step in told]
    kept = tuple(_told(section, settings) for section in sections if section is not None)
    if not kept or kept[0].step != "data":
        raise Refusal("audit.needs_step", step=phrase("audit.step.data"))
    return Document(
        title=settings.title,
        language=settings.language,
        template=settings.template,
        evenhand=__version__,
        versions={"python": ".".join(map(str, sys.version_info[:3]))} | {name: version(name) for name in VERSIONS_OF},
        seed=settings.seed,
        digest=_data_digest(kept[0]),
        settings=printed_settings(settings),
        sections=kept,
    )


def _told(section: Section, settings: AuditSettings) -> Section:
    """The section; in an audit about some people it says where its figures are about everybody."""
    said = beyond_scope(settings, section.step)
    if said is None or section.not_run is not None:
        return section
    return section.model_copy(update={"summary": (*section.summary, said)})


def printed_settings(settings: AuditSettings) -> dict[str, Any]:
    """Settings without folders: a file is named, where it lies is nobody's business and no figure's cause."""
    return with_paths(settings.model_dump(mode="json"), lambda path: Path(path).name)


def write_run_record(folder: AuditFolder, seconds: dict[str, float], machine: str) -> None:
    """run.json: when, where and how long; everything that may differ between two equal audits."""
    record = {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": seconds,
        "machine": machine,
        "processors": os.cpu_count(),
    }
    write_atomic(folder.path / RUN_RECORD, json.dumps(record, indent=1, sort_keys=True).encode() + b"\n")


def _data_digest(data: Section) -> str:
    return str(data.facts["source_digest"])
