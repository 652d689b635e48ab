"""What is asked: prompts made of people's histories, or of subjects the analyst names, and of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from analysis.fairness.prompted import PromptedSettings
from audit.recommending import Recommending
from models.prompted.settings import ChatModel
from models.prompted.template import enumerated, fill, must_be_fillable, must_name_candidates
from words import Refusal

if TYPE_CHECKING:
    from analysis.log import Dataset
    from models.prompted.titles import Titles

TITLE_COLUMNS = ("title", "name", "标题", "名称")
LONGEST_TITLE = 120
NEUTRAL = ""
"""The value as which nobody in particular asks."""

_FROM_CATALOGUE = (
    "Recommend {k} more from the catalogue below, the best first. "
    "Answer with {k} numbered lines, one title each, exactly as written there, and nothing else.\n\n"
    "Catalogue:\n{candidates}"
)
_FROM_MEMORY = "Recommend {k} more, the best first. Answer with {k} numbered lines, one title each, and nothing else."
TEMPLATES = {
    (about, listed): "{person}" + opening + (_FROM_CATALOGUE if listed else _FROM_MEMORY)
    for about, opening in (
        ("history", "I liked these, the latest last:\n{history}\n\n"),
        ("subject", "I am a fan of {subject}. "),
    )
    for listed in (True, False)
}
"""Prompts to begin with: about a history or a subject, with the catalogue's items named or not."""


class PromptedAudit(PromptedSettings):
    """The same question asked as different people: of whom, how, how often, and how the replies are compared."""

    lists: str | None = None
    """File of the lists that replies gave (prompt, attribute, value, rank, item) to audit instead of asking."""
    model: ChatModel = Field(default_factory=ChatModel)
    """Who is asked."""
    attributes: dict[str, tuple[str, ...]] = {}
    """Attribute -> values as which the question is asked. Empty: the data's sensitive attributes with their values."""
    meaningless: str = "pen colour"
    """An attribute that cannot matter: how uneven its values come out is the floor."""
    meaningless_values: tuple[str, ...] = ("blue", "black", "green", "grey", "brown", "white", "orange", "violet")
    """Its values; as many as the attribute beside it has are asked."""
    person: str = Field("My {attribute} is {value}. ", max_length=2000)
    """How an attribute is said, in the place of {person} in the template; the neutral question has nothing there."""
    template: str = Field(TEMPLATES["history", True], max_length=20_000)
    """The question: {person}, {k}, and {history} or {subject}; {candidates} where items are named."""
    prompts: int = Field(40, ge=10, le=100_000)
    """Users whose histories are asked about, drawn at random with the audit's seed (not with subjects)."""
    subjects: tuple[str, ...] = ()
    """Subjects to ask about in place of histories: directors, singers, ... one prompt each."""
    history: int = Field(10, ge=1, le=1000)
    """How many of a user's latest items a prompt names."""
    candidates: int = Field(50, ge=0, le=5000)
    """The catalogue's items that a prompt names: the most taken that the user has not seen; 0: none."""
    title: str | None = None
    """Column of the items with their titles. None: `title` or `name`, else the text where it is short, else the id."""

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        about = "subject" if self.subjects else "history"
        must_be_fillable(self.template, ("person", about, "k", "candidates"), needed=("person", about, "k"))
        must_be_fillable(self.person, ("attribute", "value"), needed=("value",))
        must_name_candidates(self.template, self.candidates)
        return self


@dataclass(frozen=True)
class Shelf:
    """The catalogue and the histories, as prompts name them.

    titles: one an item, by code. taken: int64 [items]. liked: user -> item codes of the training and validation part
    that counted as wanted, oldest first. seen: user -> codes of all that the user met before the test part.
    """

    titles: tuple[str, ...]
    ids: tuple[str, ...]
    taken: np.ndarray
    liked: Mapping[str, np.ndarray]
    seen: Mapping[str, np.ndarray]

    @cached_property
    def lookup(self) -> Titles:
        """Which item a written title means."""
        from models.prompted.titles import Titles

        return Titles(self.titles, self.ids)

    @cached_property
    def by_taken(self) -> np.ndarray:
        """Item codes, the most taken first; ties by code."""
        return np.argsort(-self.taken, kind="stable")

    def named(self, codes: np.ndarray) -> str:
        """Items as lines of a prompt."""
        return enumerated([self.titles[code] for code in codes])

    def offered(self, user: str, count: int, rng: np.random.Generator) -> np.ndarray:
        """Codes of the `count` most taken items that the user has not seen, in a random order."""
        fresh = self.by_taken[~np.isin(self.by_taken, self.seen.get(user, np.array([], np.intp)))][:count]
        return rng.permutation(fresh)


def shelf(dataset: Dataset, title: str | None = None, recommending: Recommending | None = None) -> Shelf:
    """The shelf of a dataset; wanted is what counts so for `recommending`, or by default (audit.compose)."""
    from audit.compose import positive_from

    counting = recommending or Recommending()
    rows = dataset.log[dataset.log["part"].astype(str) != "test"]
    if "time" in rows:
        rows = rows.sort_values("time", kind="stable")
    code = dataset.items.index.get_indexer(pd.Index(rows["item"]))
    rows = pd.DataFrame({"user": rows["user"].to_numpy(str), "code": code, "outcome": rows.get("outcome", 1.0)})
    wanted = rows[rows["outcome"] >= positive_from(dataset, counting)] if "outcome" in dataset.log else rows
    return Shelf(
        titles=titles(dataset, title),
        ids=tuple(map(str, dataset.items.index)),
        taken=np.bincount(wanted["code"], minlength=len(dataset.items)),
        liked=_by_user(wanted.drop_duplicates(["user", "code"], keep="last")),
        seen=_by_user(rows),
    )


def titles(dataset: Dataset, column: str | None) -> tuple[str, ...]:
    """One title an item, never empty. Raises Refusal where there is no such column."""
    items = dataset.items
    if column is not None and column not in items:
        raise Refusal("prompted.no_title", name=column, known=", ".join(items.columns))
    name = column or next((one for one in TITLE_COLUMNS if one in items), None)
    if name is None and "text" in items and items["text"].astype(str).str.len().median() <= LONGEST_TITLE:
        name = "text"
    written = items[name].fillna("").astype(str) if name else pd.Series("", index=items.index)
    return tuple(
        " ".join(text.split())[:LONGEST_TITLE] or str(item) for item, text in zip(items.index, written, strict=True)
    )


@dataclass(frozen=True)
class Question:
    """The prompts of an audit: `texts` [prompt][(attribute, value)]; each is asked neutrally and as each value."""

    texts: tuple[Mapping[tuple[str, str], str], ...]
    attributes: Mapping[str, tuple[str, ...]]

    @property
    def flat(self) -> list[str]:
        """Every text, prompt by prompt, so that a budget that ends early leaves whole prompts."""
        return [text for asked in self.texts for text in asked.values()]


def question(dataset: Dataset, settings: PromptedAudit, stocked: Shelf, seed: int) -> Question:
    """What is asked, in full. Raises Refusal where there are no attributes, or no histories."""
    asked = asked_attributes(dataset, settings)
    abouts = _subjects(settings, stocked, seed) if settings.subjects else _histories(settings, stocked, seed)
    return Question(tuple(_variants(settings, asked, about) for about in abouts), asked)


def asked_attributes(dataset: Dataset, settings: PromptedAudit) -> dict[str, tuple[str, ...]]:
    """The attributes with their values, then the meaningless one with as many as the largest of them.

    Raises Refusal where there is no attribute of two values, or the meaningless one has too few.
    """
    named = settings.attributes or suggested(dataset)
    kept = {name: values for name, values in named.items() if len(values) > 1 and name != settings.meaningless}
    if not kept:
        raise Refusal("prompted.no_attribute")
    most = max(map(len, kept.values()))
    if len(settings.meaningless_values) < most:
        raise Refusal("prompted.few_meaningless", name=settings.meaningless, needed=most)
    return kept | {settings.meaningless: settings.meaningless_values[:most]}


def suggested(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    """The data's sensitive attributes with their known values."""
    from analysis.log import UNKNOWN

    return {name: tuple(sorted(set(dataset.users[name].astype(str)) - {UNKNOWN, ""})) for name in dataset.sensitive}


def _variants(
    settings: PromptedAudit, asked: Mapping[str, tuple[str, ...]], about: Mapping[str, str]
) -> dict[tuple[str, str], str]:
    persons = {(NEUTRAL, NEUTRAL): ""} | {
        (name, value): fill(settings.person, {"attribute": name, "value": value}) + " "
        for name, values in asked.items()
        for value in values
    }
    return {who: fill(settings.template, {**about, "person": said, "k": settings.top}) for who, said in persons.items()}


def _histories(settings: PromptedAudit, stocked: Shelf, seed: int) -> list[dict[str, str]]:
    rng = np.random.default_rng([seed, 6])
    return [
        {
            "history": stocked.named(stocked.liked[user][-settings.history :]),
            "candidates": stocked.named(stocked.offered(user, settings.candidates, rng)),
        }
        for user in drawn_users(stocked, settings.prompts, rng)
    ]


def drawn_users(stocked: Shelf, count: int, rng: np.random.Generator) -> list[str]:
    """A random sample of the users with a history, in the order of their ids. Raises Refusal where there is none."""
    known = sorted(stocked.liked)
    if not known:
        raise Refusal("prompted.no_history")
    return sorted(rng.choice(known, min(count, len(known)), replace=False).tolist())


def _subjects(settings: PromptedAudit, stocked: Shelf, seed: int) -> list[dict[str, str]]:
    rng = np.random.default_rng([seed, 6])
    return [
        {"subject": subject, "candidates": stocked.named(stocked.offered("", settings.candidates, rng))}
        for subject in dict.fromkeys(settings.subjects)
    ]


def _by_user(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    return {str(user): codes.to_numpy(np.intp) for user, codes in rows.groupby("user", sort=True)["code"]}


def attributes_from_text(text: str) -> dict[str, tuple[str, ...]]:
    """Attributes as an analyst writes them: a line each, ``name: value, value``. Lines without a name are left out."""
    found: dict[str, tuple[str, ...]] = {}
    for line in text.replace("：", ":").replace("，", ",").splitlines():
        name, colon, values = line.partition(":")
        if colon and name.strip():
            found[name.strip()] = tuple(dict.fromkeys(value.strip() for value in values.split(",") if value.strip()))
    return found


def attributes_as_text(attributes: Mapping[str, tuple[str, ...]]) -> str:
    """The same as it is written."""
    return "\n".join(f"{name}: {', '.join(values)}" for name, values in attributes.items())
