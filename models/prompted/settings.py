"""Who is asked, and how much of it: settings of a prompted language model."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from models.config import Settings
from models.prompted.template import must_be_fillable, must_name_candidates
from words import Unfit


class ChatModel(Settings):
    """A causal language model: behind an OpenAI-compatible address, or in a folder of this machine."""

    where: Literal["server", "folder"] = "server"
    """A server that the operator allows (EVENHAND_MODEL_SERVERS), or a folder in Hugging Face form."""
    address: str = "http://127.0.0.1:8000/v1"
    """What stands before /chat/completions."""
    name: str = Field("", max_length=300)
    """The model's name as the server knows it; of a folder it says nothing."""
    folder: str | None = None
    """Folder with config.json, tokenizer and safetensors."""
    temperature: float = Field(0.0, ge=0, le=2)
    """0: the likeliest words; above, words are drawn (a folder's with the audit's seed)."""
    reply_tokens: int = Field(600, ge=8, le=8192)
    """Longest reply."""
    requests: int = Field(1000, ge=1, le=1_000_000)
    """Most requests, repeats after a failure included; a question that needs more is not begun."""
    tokens: int = Field(2_000_000, ge=100, le=10_000_000_000)
    """Most tokens, prompts and replies together; kept replies count, so a resumed job has no new budget."""
    per_minute: int = Field(120, ge=1, le=100_000)
    """Most requests a minute to a server."""
    at_once: int = Field(4, ge=1, le=64)
    """Requests under way at the same time."""
    retries: int = Field(5, ge=0, le=20)
    """Further tries of a request that the server could not answer (busy, rate limit, no reply in time)."""
    seconds: float = Field(120.0, gt=0, le=3600)
    """Longest wait for a reply."""

    @model_validator(mode="after")
    def _somebody_to_ask(self) -> Self:
        if self.where == "folder" and not self.folder:
            raise Unfit("no_model_folder")
        return self


_OPENING = "A customer liked these, the latest last:\n{history}\n\n"
_ANSWER = "best first. Answer with {k} numbered lines, one title each"
RECOMMENDING = {
    True: _OPENING
    + "From the catalogue below, recommend the {k} that this customer would like most, "
    + _ANSWER
    + ", exactly as written there, and nothing else.\n\nCatalogue:\n{candidates}",
    False: _OPENING + "Recommend the {k} that this customer would like most, " + _ANSWER + ", and nothing else.",
}
"""Prompts to begin with, by whether the catalogue's items are named."""


class Prompted(Settings):
    """A recommender that is a prompt: a sample of users is described to a model, its replies are their lists."""

    model: ChatModel = Field(default_factory=ChatModel)
    """Who is asked."""
    template: str = Field(RECOMMENDING[True], max_length=20_000)
    """The prompt, with {history}, {k}, {candidates} and, where wanted, {profile} (the user's sensitive attributes)."""
    users: int = Field(200, ge=10, le=1_000_000)
    """Users asked about, drawn at random of those with held-out wanted items; figures are of these alone."""
    history: int = Field(20, ge=1, le=1000)
    """How many of a user's latest items a prompt names."""
    candidates: int = Field(50, ge=0, le=5000)
    """The catalogue's items that a prompt names: the most taken that the user has not seen; 0: none."""
    title: str | None = None
    """Column of the items with their titles. None: `title` or `name`, else the text where it is short, else the id."""

    @model_validator(mode="after")
    def _fillable(self) -> Self:
        must_be_fillable(self.template, ("history", "k", "candidates", "profile"), needed=("history", "k"))
        must_name_candidates(self.template, self.candidates)
        return self
