"""The language-model recommender: texts read once by MiniLM, users read by a small transformer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.base import Tell, part, silent
from models.config import LanguageSettings
from models.data import UNKNOWN, Floats, Interactions, Ints
from models.debias import row_weights
from models.evaluate import validation_ndcg
from models.fair import Critic
from models.fitted import Fitted, expect, ids_digest
from models.loop import learn, seeded
from models.sequence import PAD, Reader, scores
from models.stamp import stamp
from models.store import Arrays
from models.texts import WIDTH, encode
from words import Refusal

MOST_SOFTMAX = 20_000
"""Catalogues up to this size are compared whole in each step; of larger ones DRAWN items and the targets."""
DRAWN = 4096
READ_AT_ONCE = 512


READING = 0.2
"""Usual share of a fit that goes into reading the items' texts, once."""


@dataclass(frozen=True)
class Histories:
    """What each user took, the latest `t` positives, oldest first; PAD at the end.

    items: int32 [users, t]; weight: float32 [users, t], of the rows, 0 at PAD.
    """

    items: Ints
    weight: Floats


@dataclass(frozen=True)
class Profiles:
    """Sensitive attributes as codes: int64 [users, a]; 0 unknown, then the values in order."""

    codes: npt.NDArray[np.int64]
    values: dict[str, tuple[str, ...]]


class LanguageLearner:
    """Rows and loss of the language model for the loop: the next item, at every place of the history."""

    def __init__(
        self, data: Interactions, texts: Floats, profiles: Profiles, settings: LanguageSettings, seed: int
    ) -> None:
        self.data, self.profiles = data, profiles
        self.ordered = data.time is not None
        self.histories = histories(data, row_weights(data, settings.ips), settings.history)
        self.readers = np.nonzero(self.histories.items[:, 0] != PAD)[0].astype(np.int32)
        popularity = np.log((data.popularity + 1) / (data.popularity + 1).sum())
        with seeded(seed):
            self.reader = make_reader(texts, profiles.values, popularity, self.ordered, settings)
            critic = Critic(data, settings.adversary) if settings.adversary else None
        self.critic = critic
        self.module: nn.Module = nn.ModuleList([part for part in (self.reader, critic) if part is not None])

    def rows(self, rng: np.random.Generator) -> tuple[npt.NDArray[Any], ...]:
        """Users who took something: codes, profile, history, weights. Without times, in a new order each epoch."""
        users = self.readers
        items, weight = self.histories.items[users], self.histories.weight[users]
        if not self.ordered:
            order = np.argsort(rng.random(items.shape) + (items == PAD), axis=1)  # PAD stays at the end
            items, weight = np.take_along_axis(items, order, 1), np.take_along_axis(weight, order, 1)
        return users, self.profiles.codes[users], items, weight

    def loss(self, batch: tuple[Tensor, ...]) -> Tensor:
        users, profile, history, weight = batch
        longest = int((history != PAD).sum(1).max())
        history, weight = history[:, :longest].long(), weight[:, :longest]
        items = self.reader.items()  # [items, d]
        read = self.reader(items, profile, history)  # [b, 1 + t, d]
        there = history != PAD  # [b, t]
        before, target = read[:, :-1][there], history[there]  # [n, d], [n]
        level: Tensor = self.reader.level
        if len(items) > MOST_SOFTMAX:
            drawn = torch.randint(len(items), (DRAWN,), device=items.device)
            candidates, target = torch.unique(torch.cat([target, drawn]), return_inverse=True)
            target, items, level = target[: len(before)], items[candidates], level[candidates]
        each = F.cross_entropy(scores(before, items, level).float(), target, reduction="none")
        loss = (weight[there] * each).sum() / weight[there].sum()
        if self.critic is not None:
            ends = read[torch.arange(len(read), device=read.device), there.sum(1)]  # [b, d]
            loss = loss + self.critic.loss(ends, users)
        return loss

    def validate(self) -> float | None:
        if len(self.data.valid_user) == 0:
            return None
        items, level = item_arrays(self.reader)

        def score(users: Ints) -> Floats:
            vectors = user_arrays(self.reader, self.profiles.codes[users], self.histories.items[users])
            return _scored(vectors, items, level)

        return validation_ndcg(score, self.data)


class LanguageRecommender(Fitted[LanguageSettings]):
    """score(u, i) = user vector . item vector / sqrt(d) + item level: log odds up to a constant of the user."""

    kind = "language"
    best_epoch: int = 0

    def fit(self, data: Interactions, tell: Tell = silent, folder: Path | None = None) -> Self:
        if data.item_texts is None or not any(text.strip() for text in data.item_texts):
            raise Refusal("models.no_texts")
        cache = self.cache or (None if folder is None else folder / "texts")
        self.texts = encode(data.item_texts, cache, part(tell, 0.0, READING))
        profiles = _profiles(data, self.settings)
        learner = LanguageLearner(data, self.texts, profiles, self.settings, self.seed)
        course = learn(
            learner, self.settings, self.seed, stamp(data, self.settings, self.seed), folder, part(tell, READING, 1.0)
        )
        self.profiles, self.history, self.ordered = profiles, learner.histories.items, learner.ordered
        self.reader = learner.reader.cpu()
        self.items, self.level = item_arrays(self.reader)
        self.users = user_arrays(self.reader, profiles.codes, self.history)
        self.curves = {"loss": course.loss, "validation": course.validation}
        self.best_epoch = course.best_epoch
        self.ids = ids_digest(data)
        return self

    def score(self, users: Ints) -> Floats:
        return _scored(self.users[users], self.items, self.level)

    def score_as(self, users: Ints, attribute: str, value: str) -> Floats:
        """float32 [len(users), items]: the scores of these users were their `attribute` `value`."""
        at = list(self.profiles.values).index(attribute)
        codes = self.profiles.codes[users].copy()
        codes[:, at] = _code(value, self.profiles.values[attribute])
        return _scored(user_arrays(self.reader, codes, self.history[users]), self.items, self.level)

    def reads(self, attribute: str) -> bool:
        return attribute in self.profiles.values

    def user_vectors(self) -> Floats:
        return self.users

    def item_vectors(self) -> Floats:
        return self.items

    def state(self) -> Arrays:
        weights = {f"reader.{name}": value.numpy() for name, value in self.reader.state_dict().items()}
        own = {"texts": self.texts, "history": self.history, "profile": self.profiles.codes}
        return weights | own | {"users": self.users, "items": self.items, "level": self.level}

    def _restore(self, arrays: Arrays) -> None:
        d, a = self.settings.dimensions, len(self.values)
        n_users, n_items = len(arrays["users"]), len(arrays["items"])
        self.users, self.items = expect(arrays["users"], (n_users, d)), expect(arrays["items"], (n_items, d))
        self.level = expect(arrays["level"], (n_items,))
        self.texts = expect(arrays["texts"], (n_items, WIDTH))
        self.history = _inside(expect(arrays["history"], (n_users, self.settings.history), np.int32), PAD, n_items)
        codes = expect(arrays["profile"], (n_users, a), np.int64)
        for at, values in enumerate(self.values.values()):
            _inside(codes[:, at], 0, len(values) + 1)
        self.profiles = Profiles(codes, self.values)
        with torch.device("meta"):  # allocates nothing: the sizes in a strange folder's settings are not trusted
            self.reader = make_reader(self.texts, self.values, self.level, self.ordered, self.settings)
        weights = {name[7:]: torch.from_numpy(v.copy()) for name, v in arrays.items() if name.startswith("reader.")}
        try:
            self.reader.load_state_dict(weights, assign=True)
        except RuntimeError as error:  # torch's word for weights that do not fit
            raise ValueError("weights do not fit the settings") from error
        self.reader.eval()

    def facts(self) -> dict[str, Any]:
        values = [[name, list(values)] for name, values in self.profiles.values.items()]
        return {"best_epoch": self.best_epoch, "ordered": self.ordered, "values": values}

    def _recall(self, facts: dict[str, Any]) -> None:
        self.best_epoch = int(facts["best_epoch"])
        self.ordered = bool(facts["ordered"])
        self.values = {str(name): tuple(str(v) for v in values) for name, values in facts["values"]}


def make_reader(
    texts: Floats,
    values: dict[str, tuple[str, ...]],
    start_level: npt.NDArray[Any],
    ordered: bool,
    settings: LanguageSettings,
) -> Reader:
    """A reader for these texts and attributes, with weights as torch's generator gives them."""
    groups = [len(of_attribute) + 1 for of_attribute in values.values()]
    level = torch.from_numpy(np.asarray(start_level, np.float32))
    return Reader(torch.from_numpy(texts), groups, level, ordered, settings)


def histories(data: Interactions, weight: Floats, most: int) -> Histories:
    """The latest `most` positives of each user by time, or by row where there are no times."""
    wanted = np.nonzero(data.label > 0)[0]
    time = wanted if data.time is None else data.time[wanted]
    rows = wanted[np.lexsort((wanted, time, data.user[wanted]))]  # by user, oldest first
    users = data.user[rows]
    counts = np.bincount(users, minlength=data.n_users)
    first = np.cumsum(counts) - counts
    place = np.arange(len(rows)) - first[users] - np.maximum(counts - most, 0)[users]
    kept = place >= 0
    items = np.full((data.n_users, most), PAD, np.int32)
    weights = np.zeros((data.n_users, most), np.float32)
    items[users[kept], place[kept]] = data.item[rows[kept]]
    weights[users[kept], place[kept]] = weight[rows[kept]]
    return Histories(items, weights)


def item_arrays(reader: Reader) -> tuple[Floats, Floats]:
    """Item vectors float32 [items, d] and levels float32 [items], as the reader gives them now."""
    with torch.no_grad():
        return reader.items().float().cpu().numpy(), reader.level.detach().float().cpu().numpy().copy()


def user_arrays(reader: Reader, profile: npt.NDArray[np.int64], history: Ints) -> Floats:
    """float32 [users, d]: the vectors of users with these profiles and histories."""
    place = reader.level.device
    parts = []
    with torch.no_grad():
        items = reader.items()
        for start in range(0, len(history), READ_AT_ONCE):
            block = slice(start, start + READ_AT_ONCE)
            taken = torch.from_numpy(history[block]).to(place).long()
            parts.append(reader.users(items, torch.from_numpy(profile[block]).to(place), taken).float().cpu())
    return torch.cat(parts).numpy() if parts else np.zeros((0, len(reader.start)), np.float32)


def _scored(users: Floats, items: Floats, level: Floats) -> Floats:
    return np.asarray(users @ items.T / np.float32(items.shape[1] ** 0.5) + level, np.float32)


def _profiles(data: Interactions, settings: LanguageSettings) -> Profiles:
    names = settings.profile
    if names is None:
        hidden = settings.adversary.attribute if settings.adversary else None
        names = tuple(name for name in sorted(data.profile) if name != hidden)
    codes = np.zeros((data.n_users, len(names)), np.int64)
    values: dict[str, tuple[str, ...]] = {}
    for at, name in enumerate(names):
        if name not in data.profile:
            raise Refusal("models.no_attribute", attribute=name)
        column = data.profile[name]
        values[name] = tuple(sorted({str(value) for value in column} - {UNKNOWN}))
        codes[:, at] = [_code(str(value), values[name]) for value in column]
    return Profiles(codes, values)


def _code(value: str, values: tuple[str, ...]) -> int:
    return values.index(value) + 1 if value in values else 0


def _inside(codes: npt.NDArray[Any], low: int, end: int) -> npt.NDArray[Any]:
    if codes.dtype.kind != "i" or (codes.size and (codes.min() < low or codes.max() >= end)):
        raise ValueError("codes outside their range")
    return codes


__all__ = ["LanguageRecommender", "encode", "histories"]
