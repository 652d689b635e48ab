"""A recommender that is a prompt: lists of a sample of users, asked of a language model; figures are of these alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from audit.asking import Shelf, shelf
from audit.compose import Composed
from audit.kept import Scored
from audit.prompted import replies_folder
from models.prompted.template import fill
from words import Phrase, phrase

if TYPE_CHECKING:
    from audit.run import Run
    from audit.settings import AuditSettings
    from models.prompted.settings import Prompted

ASKING = 0.9
"""Share of the step's time that goes into asking."""


def prompts_of(settings: AuditSettings, composed: Composed, stocked: Shelf) -> dict[int, str]:
    """The prompt about each asked user, by user code."""
    asked = settings.recommender.prompted
    assert asked is not None and composed.asked is not None
    rng = np.random.default_rng([settings.seed, 8])
    return {
        int(user): fill(asked.template, _facts(asked, settings.recommender.top, composed, stocked, int(user), rng))
        for user in np.flatnonzero(composed.asked)
    }


def _facts(
    asked: Prompted, top: int, composed: Composed, stocked: Shelf, user: int, rng: np.random.Generator
) -> dict[str, object]:
    name = composed.final.user_ids[user]
    offered = stocked.offered(name, asked.candidates, rng)
    if composed.candidates is not None and asked.candidates:  # the items that are ranked for this user, and no others
        offered = rng.permutation(composed.candidates[user].indices)[: asked.candidates]
    values = composed.attributes.iloc[user]
    return {
        "history": stocked.named(stocked.liked[name][-asked.history :]),
        "candidates": stocked.named(offered),
        "profile": "; ".join(f"{attribute}: {value}" for attribute, value in values.items()),
        "k": top,
    }


def asked_lists(run: Run) -> tuple[Scored, tuple[Phrase, ...]]:
    """Lists of the asked users, their place in the reply as score; and in words what of the replies was of no use.

    Items that may not be ranked for a user (seen before, or no candidates) are left out of the user's list.
    """
    from models.base import part
    from models.prompted.ask import ask
    from models.prompted.replies import named

    settings, composed = run.settings.recommender, run.composed
    assert settings.prompted is not None
    stocked = shelf(run.dataset, settings.prompted.title, settings)
    prompts = prompts_of(run.settings, composed, stocked)
    tell = part(run.tell, 0.05, ASKING)
    said = ask(list(prompts.values()), settings.prompted.model, run.settings.seed, replies_folder(run), tell)
    read = [named(reply.text, stocked.lookup) for reply in said]
    users = np.array(list(prompts), np.int32)
    blocked = composed.blocked(users)
    codes = np.full((composed.data.n_users, settings.top), -1, np.int32)
    scores = np.full(codes.shape, -np.inf, np.float32)
    for row, (user, one) in enumerate(zip(users, read, strict=True)):
        kept = [code for code in one.codes if not blocked[row, code]][: settings.top]
        codes[user, : len(kept)] = kept
        scores[user, : len(kept)] = -np.arange(1, len(kept) + 1)
    return Scored(codes, scores, None, None), (_note(settings.prompted, codes[users], read),)


def _note(asked: Prompted, codes: np.ndarray, read: list[Any]) -> Phrase:
    """How many replies filled a list, and what they named that could not be used."""
    model = asked.model
    full = int((codes >= 0).all(axis=1).sum())
    return phrase(
        "prompted.note.lists",
        name=model.name or "?" if model.where == "server" else str(model.folder).rstrip("/").rsplit("/", 1)[-1],
        asked=len(read),
        full=full,
        empty=int((codes[:, 0] < 0).sum()),
        strange=sum(one.strange for one in read),
        entries=sum(one.entries for one in read),
    )
