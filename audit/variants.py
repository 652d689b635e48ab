"""What a mitigation gave, kept in the audit's folder, so that a choice among them trains nothing anew."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from audit.compose import Composed
from storage import write_atomic

if TYPE_CHECKING:
    from analysis.mitigation.compare import Variant
    from audit.workspace import AuditFolder


def keep(folder: Path, variant: Variant) -> None:
    """Lists, decisions and vectors of a variant as plain arrays in a file of its name."""
    arrays: dict[str, np.ndarray] = {}
    if variant.ranking is not None:
        arrays["lists"] = variant.ranking.lists
    if variant.decisions is not None:
        arrays["score"] = variant.decisions.score
        if variant.decisions.selected is not None:
            arrays["selected"] = variant.decisions.selected
    if variant.vectors is not None:
        arrays["vectors"] = variant.vectors
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # as numpy's own documentation does
    write_atomic(folder / f"{variant.name}.npz", buffer.getvalue())


def kept(folder: AuditFolder, name: str, composed: Composed) -> Variant:
    """The variant of that name. Raises Refusal where it is not there, or not the one that was left."""
    from analysis.mitigation.compare import Variant

    path = folder.left_by("mitigation", folder.variants / f"{name}.npz")
    with np.load(path, allow_pickle=False) as arrays:
        lists, score, selected, vectors = (arrays.get(key) for key in ("lists", "score", "selected", "vectors"))
    decisions = composed.decisions(composed.test, score)
    if decisions is not None and selected is not None:
        decisions = replace(decisions, selected=selected)
    ranking = None if lists is None else composed.ranking(name, lists, None)
    return Variant(name, None, ranking, decisions, vectors=vectors)
