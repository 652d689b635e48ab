"""What one place of one user's list rests on, in a sentence and tables; what profile tokens change, over all users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.document import Cell, Column, Section, Table
from analysis.finding import amount
from words import Fact, Phrase, Refusal, phrase

if TYPE_CHECKING:
    from analysis.fairness.infer import InferenceSettings
    from audit.compose import Composed
    from audit.run import Run
    from models.attribution import Rests
    from models.fitted import Fitted

MOST_ROWS = 15
"""Earlier items shown, those with the largest parts of the score."""


def place_rests_on(run: Run, user: str, item: int) -> Section:
    """The earlier items and words that the place of `item` (a code) rests on. Raises Refusal where neither is told."""
    from audit.kept import trained_model
    from models.attribution import rests, words

    model, data = trained_model(run), run.composed.final
    code = data.user_ids.index(user)
    found = rests(model, data, code, item, run.composed.blocked)
    tables = [_history(run, found)]
    try:
        tables.append(_words(words(model, data, code, item)))
        silent: tuple[Phrase, ...] = ()
    except Refusal as refusal:
        silent = (refusal.phrase,)
    return Section(step="recommender", summary=(_said(run, found),), tables=tuple(tables), notes=silent)


def _order(found: Rests) -> list[int]:
    return np.argsort(-np.abs(found.share), kind="stable")[:MOST_ROWS].tolist()


def _said(run: Run, found: Rests) -> Phrase:
    first = _order(found)[0]
    facts: dict[str, Fact] = {
        "because": _name(run, int(found.history[first])),
        "now": found.now,
        "without": found.rank[first],
    }
    key = "moves" if found.rank[first] > found.now else "stays"
    return phrase(f"why.{key}" if found.share[first] > 0 else "why.against", **facts)


def _history(run: Run, found: Rests) -> Table:
    columns = [("item", "text"), ("share", "score"), ("rank", "count")]
    rows: list[tuple[Cell, ...]] = [
        (_name(run, int(found.history[at])), float(found.share[at]), found.rank[at]) for at in _order(found)
    ]
    rest = len(found.history) - len(rows)
    title = phrase("why.history", shown=len(rows), of=len(found.history), rest=max(rest, 0), now=found.now)
    return Table(key="why.history", title=title, columns=_columns(columns), rows=tuple(rows))


def _words(parts: tuple[tuple[str, float], ...]) -> Table:
    columns = _columns([("word", "text"), ("share", "score")])
    return Table(key="why.words", title=phrase("why.words"), columns=columns, rows=parts)


def _columns(named: list[tuple[str, str]]) -> tuple[Column, ...]:
    return tuple(Column(key=key, title=phrase(f"why.column.{key}"), unit=unit) for key, unit in named)


def _name(run: Run, item: int) -> str:
    from models.explain import item_name

    return item_name(run.composed.final, item)


def with_tokens(
    section: Section, model: Fitted[Any] | None, composed: Composed, top: int, settings: InferenceSettings, seed: int
) -> Section:
    """The section with, for each attribute that the model reads, the share of a list that stays when it is not told."""
    from analysis.fairness.tokens import token_findings
    from models.attribution import kept_without

    if model is None:
        return section
    read = [name for name in composed.final.profile if model.reads(name)]
    if not read:
        return section
    kept = {name: kept_without(model, composed.final, name, top, composed.blocked) for name in read}
    found = token_findings(kept, top, settings, seed)
    said = tuple(
        phrase("why.token", attribute=name, share=amount(one.value, "share"), top=top)
        for name, one in zip(kept, found, strict=True)
        if one.value is not None
    )
    return section.model_copy(update={"findings": (*section.findings, *found), "summary": (*section.summary, *said)})
