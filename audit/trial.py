"""One prompt before all: what would be sent, how much of it, and what a single reply gives."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from audit.asking import NEUTRAL, question, shelf
from audit.run import Run
from audit.workspace import AuditFolder
from words import Phrase, Refusal, phrase

if TYPE_CHECKING:
    from audit.asking import Shelf
    from audit.settings import AuditSettings
    from models.prompted.settings import ChatModel

Asker = Literal["prompted", "recommender"]
"""Steps that ask a language model."""
START_SECONDS = 120.0
"""Beyond the wait for the reply: a model in a folder has to be loaded."""


@dataclass(frozen=True)
class Preview:
    """What a step would send.

    first: who asks ("" for nobody in particular) -> the exact text of the first prompt. requests: texts that differ.
    tokens: estimated for all prompts, each with a reply of the longest length.
    """

    first: dict[str, str]
    requests: int
    tokens: int


class Trial(BaseModel):
    """One reply and what was read in it, or why there is none."""

    model_config = ConfigDict(frozen=True)

    reply: str = ""
    items: tuple[str, ...] = ()
    strange: int = 0
    tokens: int = 0
    refused: Phrase | None = None


def preview(folder: AuditFolder, step: Asker) -> Preview:
    """What `step` would send with the settings as they are; nothing is sent. Raises Refusal."""
    first, texts, model, _ = _asked(_run(folder), step)
    from models.prompted.reply import estimated_tokens

    different = set(texts)
    tokens = sum(map(estimated_tokens, different)) + len(different) * model.reply_tokens
    return Preview(first, len(different), tokens)


def try_one(folder: AuditFolder, step: Asker, place: int) -> Trial:
    """Send the first prompt as the `place`-th of those who ask; its reply is kept and not asked for again."""
    run = _run(folder)
    first, _, model, stocked = _asked(run, step)
    from audit.prompted import replies_folder
    from models.prompted.ask import ask
    from models.prompted.replies import named

    text = list(first.values())[place]
    (reply,) = ask([text], model.model_copy(update={"retries": 0}), run.settings.seed, replies_folder(run))
    read = named(reply.text, stocked.lookup)
    return Trial(
        reply=reply.text,
        items=tuple(stocked.titles[code] for code in read.codes),
        strange=read.strange,
        tokens=reply.tokens,
    )


def try_apart(folder: AuditFolder, step: Asker, place: int) -> Trial:
    """`try_one` in a process of its own, so that a page's server loads no model and waits no longer than it says."""
    model = _model(folder.settings(), step)
    command = [sys.executable, "-m", "audit", "ask", str(folder.path), step, "--place", str(place), "--send", "--json"]
    try:
        done = subprocess.run(
            command,
            cwd=Path(__file__).parents[1],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=model.seconds + START_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Trial(refused=phrase("prompted.trial.slow", seconds=round(model.seconds + START_SECONDS)))
    lines = done.stdout.decode(errors="replace").splitlines()
    if done.returncode or not lines:
        return Trial(refused=phrase("prompted.trial.failed"))
    return Trial.model_validate(json.loads(lines[-1]))


def _asked(run: Run, step: Asker) -> tuple[dict[str, str], list[str], ChatModel, Shelf]:
    """The first prompt by who asks, every text, who is asked, and the catalogue."""
    dataset, settings = run.dataset, run.settings
    if step == "prompted":
        stocked = shelf(dataset, settings.prompted.title)
        asked = question(dataset, settings.prompted, stocked, settings.seed)
        first = {_who(*who): text for who, text in asked.texts[0].items()}
        return first, asked.flat, settings.prompted.model, stocked
    from audit.prompted_lists import prompts_of

    chosen = settings.recommender
    if chosen.prompted is None:
        raise Refusal("prompted.trained")
    stocked = shelf(dataset, chosen.prompted.title, chosen)
    texts = list(prompts_of(settings, run.composed, stocked).values())
    return {NEUTRAL: texts[0]}, texts, chosen.prompted.model, stocked


def _who(attribute: str, value: str) -> str:
    return NEUTRAL if not attribute else f"{attribute}: {value}"


def _model(settings: AuditSettings, step: Asker) -> ChatModel:
    """Who is asked by `step`. Raises Refusal where the recommender is not asked."""
    if step == "prompted":
        return settings.prompted.model
    if settings.recommender.prompted is None:
        raise Refusal("prompted.trained")
    return settings.recommender.prompted.model


def _run(folder: AuditFolder) -> Run:
    return Run(folder, folder.settings(), lambda *news: None)


def as_json(trial: Trial) -> str:
    """One line that `try_apart` reads."""
    plain: dict[str, Any] = trial.model_dump(mode="json")
    return json.dumps(plain)
