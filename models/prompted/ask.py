"""Every prompt's reply, asked once: kept ones first, the rest within the budget."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from models.base import Tell, silent
from models.prompted.reply import Kept, Reply
from models.prompted.settings import ChatModel
from words import Refusal


class Speaker(Protocol):
    """Somebody who answers prompts."""

    at_once: int

    def answered(self, prompts: Sequence[str]) -> Iterator[tuple[int, Reply]]:
        """(place in `prompts`, reply), in any order."""
        ...

    def close(self) -> None: ...


def ask(prompts: Sequence[str], model: ChatModel, seed: int, folder: Path, tell: Tell = silent) -> list[Reply]:
    """A reply for each prompt, in order; equal prompts have one.

    folder: where replies are kept; a job that was stopped, or a report made again, asks only what is missing, and
    nobody at all where nothing is. Raises Refusal where the question is larger than the budget of requests (before
    anything is sent), where a budget is used up on the way, and for all that the server or the folder refuses.
    """
    kept, who = Kept(folder), identity(model, seed)
    different = list(dict.fromkeys(prompts))
    if len(different) > model.requests:
        raise Refusal("prompted.budget.plan", needed=len(different), most=model.requests)
    names = {prompt: digest(who, prompt) for prompt in different}
    found = {prompt: reply for prompt in different if (reply := kept.get(names[prompt])) is not None}
    missing = [prompt for prompt in different if prompt not in found]
    if missing:
        _ask(missing, names, found, model, seed, kept, tell)
    return [found[prompt] for prompt in prompts]


def _ask(
    missing: list[str],
    names: dict[str, str],
    found: dict[str, Reply],
    model: ChatModel,
    seed: int,
    kept: Kept,
    tell: Tell,
) -> None:
    """Fill `found` with the replies of `missing`, keeping each as it comes."""
    asked = speaker(model, seed, len(found))
    try:
        for start in range(0, len(missing), asked.at_once):
            spent = sum(reply.tokens for reply in found.values())
            if spent >= model.tokens:
                raise Refusal("prompted.budget.tokens", most=model.tokens, done=len(found), all=len(names))
            some = missing[start : start + asked.at_once]
            for place, reply in asked.answered(some):
                found[some[place]] = reply
                kept.put(names[some[place]], reply)
                tell(len(found) / len(names), "prompted.asking", done=len(found), all=len(names))
    finally:
        asked.close()


def speaker(model: ChatModel, seed: int, asked_before: int = 0) -> Speaker:
    """Who answers for `model`; loads what it needs. Raises Refusal."""
    if model.where == "server":
        from models.prompted.endpoint import Endpoint

        return Endpoint(model, asked_before)
    from models.prompted.local import Local

    return Local(model, seed)


def identity(model: ChatModel, seed: int) -> str:
    """All of a model that can change a reply, as one text; budgets and pace do not."""
    if model.where == "server":
        facts: list[object] = ["server", model.address.rstrip("/"), model.name]
    else:
        from models.prompted.local import folder_digest

        facts = ["folder", folder_digest(model), seed if model.temperature > 0 else 0]
    return json.dumps([*facts, model.temperature, model.reply_tokens])


def digest(who: str, prompt: str) -> str:
    """SHA-256 that names a reply."""
    return hashlib.sha256(json.dumps([who, prompt]).encode()).hexdigest()
