"""Every file of the report, each whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, get_args

from analysis.document import FORMAT, Document, canonical
from analysis.report.drawings import Drawings
from storage import unchanged, write_atomic, write_manifest
from words import Language, Refusal

Format = Literal["html", "pdf", "json", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)


def write(document: Document, folder: Path, formats: Sequence[str], language: Language) -> list[Path]:
    """Write the report in each of `formats` into `folder`; the paths written, in that order.

    json: audit.json, the document itself, free of language. html, pdf, csv: in `language`. The same document gives
    the same bytes. Tables of an earlier report that this one does not have are removed; tables/manifest.json names
    them, with their digests. Raises Refusal
    (report.unknown_format, report.format_newer, storage.disk_full).
    """
    for name in formats:
        if name not in FORMATS:
            raise Refusal("report.unknown_format", name=name)
    if document.format > FORMAT:
        raise Refusal("report.format_newer", found=document.format, known=FORMAT)
    drawings = Drawings(language)
    makers: dict[str, Callable[[Document, Path, Drawings], list[Path]]] = {
        "json": _json,
        "html": _html,
        "pdf": _pdf,
        "csv": _csv,
    }
    return [path for name in formats for path in makers[name](document, folder, drawings)]


def _json(document: Document, folder: Path, drawings: Drawings) -> list[Path]:
    return _kept(folder / "audit.json", canonical(document))


def _html(document: Document, folder: Path, drawings: Drawings) -> list[Path]:
    from analysis.report.html import html

    return _kept(folder / "report.html", html(document, drawings.language, drawings))


def _pdf(document: Document, folder: Path, drawings: Drawings) -> list[Path]:
    from analysis.report.pdf import pdf

    return _kept(folder / "report.pdf", pdf(document, drawings.language, drawings))


def _csv(document: Document, folder: Path, drawings: Drawings) -> list[Path]:
    from analysis.report.tables import csv_files

    files = csv_files(document, drawings.language)
    tables = folder / "tables"
    earlier = unchanged(tables)  # whatever else lies there is not ours to remove
    paths = [path for name, content in files.items() for path in _kept(tables / name, content)]
    for stale in earlier - files.keys():
        (tables / stale).unlink(missing_ok=True)
    write_manifest(tables, files)
    return paths


def _kept(path: Path, content: bytes) -> list[Path]:
    write_atomic(path, content)
    return [path]
