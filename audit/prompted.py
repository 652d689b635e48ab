"""Step `prompted`: a language model is asked the same as different people, or the lists of its replies are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.charts.labels import exact
from analysis.document import Section
from audit.asking import NEUTRAL, PromptedAudit, Question, Shelf, question, shelf
from words import Phrase, phrase

if TYPE_CHECKING:
    from analysis.fairness.prompted import Replies
    from audit.run import Run
    from models.prompted.replies import Named
    from models.prompted.reply import Reply

ASKING = 0.95
"""Share of the step's time that goes into asking."""


def prompted_section_of(run: Run) -> Section:
    """The section of the replies, asked for or read from a file."""
    from analysis.fairness.prompted import prompted_section

    settings, seed = run.settings.prompted, run.settings.seed
    replies, notes, facts = _from_file(run) if settings.lists is not None else _asked(run)
    return prompted_section(replies, settings, run.settings.k, seed, notes, facts, run.tell)


def _from_file(run: Run) -> tuple[Replies, tuple[Phrase, ...], dict[str, Any]]:
    from analysis.fairness.reply_lists import read_replies
    from audit.intake import read_listed

    settings = run.settings.prompted
    frame = read_listed(run.folder, "replies", Path(str(settings.lists)), run.settings.data)
    replies = read_replies(frame, settings.top, settings.meaningless)
    return replies, (phrase("prompted.note.file", prompts=len(replies.neutral)),), {"source": "file"}


def _asked(run: Run) -> tuple[Replies, tuple[Phrase, ...], dict[str, Any]]:
    from models.base import part
    from models.prompted.ask import ask
    from models.prompted.replies import named

    settings, seed = run.settings.prompted, run.settings.seed
    run.tell(0.0, "prompted.preparing")
    stocked = shelf(run.dataset, settings.title)
    asked = question(run.dataset, settings, stocked, seed)
    said = ask(asked.flat, settings.model, seed, replies_folder(run), part(run.tell, 0.0, ASKING))
    read = [named(reply.text, stocked.lookup) for reply in said]
    return _compared(asked, settings, read), _notes(settings, asked, stocked), _facts(settings, said, read)


def replies_folder(run: Run) -> Path:
    """Where replies are kept, for every question of the audit."""
    return run.folder.path / "work" / "replies"


def _compared(asked: Question, settings: PromptedAudit, read: list[Named]) -> Replies:
    """Replies as lists of K codes by attribute and value."""
    from analysis.fairness.prompted import Replies

    codes = np.full((len(read), settings.top), -1, np.int32)
    for row, one in enumerate(read):
        codes[row, : len(one.codes)] = one.codes[: settings.top]
    whos = list(asked.texts[0])
    by_who = codes.reshape(len(asked.texts), len(whos), settings.top)  # [prompts, values, K]
    at = {who: place for place, who in enumerate(whos)}
    return Replies(
        by_who[:, at[NEUTRAL, NEUTRAL]],
        {name: {value: by_who[:, at[name, value]] for value in values} for name, values in asked.attributes.items()},
        settings.meaningless,
    )


def _notes(settings: PromptedAudit, asked: Question, stocked: Shelf) -> tuple[Phrase, ...]:
    model = settings.model
    who = model.name or "?" if model.where == "server" else Path(str(model.folder)).name
    about = "subjects" if settings.subjects else "histories"
    facts = {"prompts": len(asked.texts), "history": settings.history, "items": len(stocked.titles)}
    return (
        phrase(f"prompted.note.asked_{about}", name=who, temperature=exact(model.temperature), **facts),
        phrase("prompted.note.named" if settings.candidates else "prompted.note.unnamed", count=settings.candidates),
        phrase("prompted.note.again"),
    )


def _facts(settings: PromptedAudit, said: list[Reply], read: list[Named]) -> dict[str, Any]:
    """Counts of the replies, for other programs."""
    return {
        "source": settings.model.where,
        "replies": len(said),
        "tokens": sum(reply.tokens for reply in said),
        "cut": sum(reply.cut for reply in said),
        "empty": sum(not reply.text.strip() for reply in said),
        "entries": sum(one.entries for one in read),
        "strange": sum(one.strange for one in read),
        "twice": sum(one.twice for one in read),
        "short": sum(len(one.codes) < settings.top for one in read),
    }
