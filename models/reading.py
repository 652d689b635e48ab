"""Kinds that read a user's history in order and tell the next item: their learner, and what is kept of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from models import private
from models.augment import changed, contrast
from models.base import Tell
from models.config import LanguageSettings, SequentialSettings
from models.data import Floats, Interactions, Ints
from models.debias import row_weights
from models.evaluate import validation_ndcg
from models.fair import KEPT, FairTerm, fair_term, without
from models.fitted import Fitted, Product, expect, ids_digest
from models.histories import PAD, Profiles, code, histories, inside, profiles
from models.items import Items
from models.loop import learn, seeded
from models.reader import Reader, scores
from models.robustly import weighted
from models.stamp import stamp
from models.store import Arrays
from models.surprise import surprise
from words import Phrase, Refusal

READ_AT_ONCE = 512

Own = TypeVar("Own", bound=SequentialSettings)


class NextItemLearner:
    """Rows and loss for the loop: the next item, at every place of the history."""

    def __init__(
        self, data: Interactions, texts: Floats | None, known: Profiles, settings: SequentialSettings, seed: int
    ) -> None:
        self.data, self.profiles, self.settings = data, known, settings
        self.ordered = data.time is not None
        alone = private.wanted(settings)  # then nothing may be read from all users but by noisy steps
        weight = np.ones(len(data.user), np.float32) if alone else row_weights(data, settings.debias, seed)
        self.histories = histories(data, weight, settings.history)
        self.readers = np.nonzero(self.histories.items[:, 0] != PAD)[0].astype(np.int32)
        with seeded(seed):
            self.reader = make_reader(items_of(data, texts, settings), known.values, self.ordered, settings)
        told = np.nonzero(self.histories.items != PAD)[0]
        self.fair = fair_term(data, settings, frozenset({"parity", "worst_group", "twins", KEPT}), told)
        self.module: nn.Module = nn.ModuleList([part for part in (self.reader, self.fair) if part is not None])

    def rows(self, rng: np.random.Generator) -> tuple[npt.NDArray[Any], ...]:
        """Users who took something: codes, profile, history, weights. Without times, in a new order each epoch."""
        users = self.readers
        items, weight = self.histories.items[users], self.histories.weight[users]
        if not self.ordered:
            order = np.argsort(rng.random(items.shape) + (items == PAD), axis=1)  # PAD stays at the end
            items, weight = np.take_along_axis(items, order, 1), np.take_along_axis(weight, order, 1)
        return users, self.profiles.codes[users], items, weight

    def lengths(self, rows: tuple[npt.NDArray[Any], ...]) -> npt.NDArray[np.int64]:
        """int64 [rows]: items of each history."""
        return (rows[2] != PAD).sum(1)

    def counted(self, batch: tuple[Tensor, ...]) -> float:
        """The items that are told."""
        return float((batch[2] != PAD).sum())

    def embeddings(self) -> tuple[Tensor, ...]:
        """The items' own vectors."""
        return self.reader.items.tables()

    def items(self) -> tuple[Tensor, Tensor]:
        """Vectors [items, d] and levels [items] of all items, for one step."""
        return self.reader.items()

    def loss(self, batch: tuple[Tensor, ...]) -> Tensor:
        """The surprise at each next item, weighted; what nobody took is no candidate where a text can speak for it."""
        users, profile, history, weight = batch
        longest = int((history != PAD).sum(1).max())
        history, weight = history[:, :longest].long(), weight[:, :longest]
        items, level = self.items()
        level = level.masked_fill(~self.reader.items.met, -torch.inf)
        read = self.reader(items, profile, history)  # [b, 1 + t, d]
        there = history != PAD  # [b, t]
        before, target = read[:, :-1][there], history[there]  # [n, d], [n]
        each = surprise(before, items, level, target)
        who = users[:, None].expand_as(history)[there]  # [n]
        if self.fair is not None and self.fair.leans:
            loss = self.fair.worst(each, who, weight[there])
        else:
            loss = weighted(each, weight[there], self.settings.debias.correction)
        if self.settings.augment and self.module.training:
            loss = loss + self.settings.contrast * self._contrast(items, profile, history)
        if self.fair is not None:
            ends = read[torch.arange(len(read), device=read.device), there.sum(1)]  # [b, d]
            loss = loss + self.fair.hides(ends, users) + self.fair.parity((-each).exp(), who)
            if self.fair.figure == "twins":
                loss = loss + self._twins(self.fair, items, profile, history)
        return loss

    def _twins(self, fair: FairTerm, items: Tensor, profile: Tensor, history: Tensor) -> Tensor:
        """How differently users of known group and their twins of the next group are scored; nothing silenced."""
        assert self.settings.penalty is not None, "twins are a penalty"
        attribute = self.settings.penalty.attribute
        if attribute not in self.profiles.values:
            raise Refusal("models.flip.blind", attribute=attribute)
        at, groups = list(self.profiles.values).index(attribute), len(self.profiles.values[attribute])
        known = profile[:, at] > 0
        own, twin = profile[known], profile[known].clone()
        twin[:, at] = own[:, at] % groups + 1
        self.reader.eval()
        one, other = (self.reader.users(items, who, history[known]) for who in (own, twin))  # [k, d]
        self.reader.train()
        return fair.twins(scores(one, items, items[:, 0] * 0), scores(other, items, items[:, 0] * 0))

    def _contrast(self, items: Tensor, profile: Tensor, history: Tensor) -> Tensor:
        """How badly two changes of one history are told from those of others, 0-d."""
        views = (changed(history, self.settings.augment) for _ in range(2))
        first, second = (self.reader.users(items, profile, view) for view in views)
        return contrast(first, second)

    def validate(self) -> float | None:
        if len(self.data.valid_user) == 0:
            return None
        items, level = item_arrays(self.reader)

        def score(users: Ints) -> Floats:
            vectors = user_arrays(self.reader, self.profiles.codes[users], self.histories.items[users])
            return _scored(vectors, items, level)

        return validation_ndcg(score, self.data)


class HistoryReader(Fitted[Own]):
    """score(u, i) = user vector . item vector / sqrt(d) + item level: log odds up to a constant of the user."""

    best_epoch: int = 0
    texts: Floats | None = None
    """float32 [items, width]: what a text encoder says of each item; None where ids are all that is read."""

    def _learn(self, data: Interactions, texts: Floats | None, folder: Path | None, tell: Tell) -> Self:
        """Train on the histories of `data`, and keep the vectors."""
        known = profiles(data, self.settings)
        learner = self._learner(data, texts, known)
        course = learn(learner, self.settings, self.seed, stamp(data, self.settings, self.seed), folder, tell)
        self._keep(learner)
        self.profiles, self.history, self.ordered = known, learner.histories.items, learner.ordered
        self.reader = learner.reader.cpu()
        self.texts = None if self.reader.items.texts is None else self.reader.items.texts.numpy()
        self.items, self.level = item_arrays(self.reader)
        self.users = without(user_arrays(self.reader, known.codes, self.history), data, self.settings)
        self.curves = {"loss": course.loss, "validation": course.validation}
        self.best_epoch = course.best_epoch
        self.private = private.spent_by(self.settings, len(learner.readers))
        self.ids = ids_digest(data)
        return self

    def _learner(self, data: Interactions, texts: Floats | None, known: Profiles) -> NextItemLearner:
        return NextItemLearner(data, texts, known, self.settings, self.seed)

    def _keep(self, learner: NextItemLearner) -> None:
        """Take from a learner that is done what is more than its reader."""

    def remarks(self) -> tuple[Phrase, ...]:
        return private.remarks(self.private)

    def score(self, users: Ints) -> Floats:
        return _scored(self.users[users], self.items, self.level)

    def score_as(self, users: Ints, attribute: str, value: str) -> Floats:
        """float32 [len(users), items]: the scores of these users were their `attribute` `value`."""
        if not self.reads(attribute):
            return super().score_as(users, attribute, value)
        at = list(self.profiles.values).index(attribute)
        codes = self.profiles.codes[users].copy()
        codes[:, at] = code(value, self.profiles.values[attribute])
        return _scored(user_arrays(self.reader, codes, self.history[users]), self.items, self.level)

    def reads(self, attribute: str) -> bool:
        return attribute in self.profiles.values

    def product(self) -> Product:
        return Product(self.users / np.float32(self.items.shape[1] ** 0.5), self.items, self.level)

    def user_vectors(self) -> Floats:
        return self.users

    def item_vectors(self) -> Floats:
        return self.items

    def state(self) -> Arrays:
        weights = {f"reader.{name}": value.numpy() for name, value in self.reader.state_dict().items()}
        own: Arrays = {"history": self.history, "profile": self.profiles.codes}
        if self.texts is not None:
            own["texts"] = self.texts
        return weights | own | {"users": self.users, "items": self.items, "level": self.level}

    def _restore(self, arrays: Arrays) -> None:
        d, a = self.settings.dimensions, len(self.values)
        n_users, n_items = len(arrays["users"]), len(arrays["items"])
        self.users, self.items = expect(arrays["users"], (n_users, d)), expect(arrays["items"], (n_items, d))
        self.level = expect(arrays["level"], (n_items,))
        self.history = inside(expect(arrays["history"], (n_users, self.settings.history), np.int32), PAD, n_items)
        codes = expect(arrays["profile"], (n_users, a), np.int64)
        for at, values in enumerate(self.values.values()):
            inside(codes[:, at], 0, len(values) + 1)
        self.profiles = Profiles(codes, self.values)
        with torch.device("meta"):  # allocates nothing: the sizes in a strange folder's settings are not trusted
            items = make_items(self.texts, np.ones(n_items, bool), self.level, self.settings)
            self.reader = make_reader(items, self.values, self.ordered, self.settings)
        _take(self.reader, arrays)
        self.reader.eval()

    def facts(self) -> dict[str, Any]:
        values = [[name, list(values)] for name, values in self.profiles.values.items()]
        return {
            "best_epoch": self.best_epoch,
            **private.facts_of(self.private),
            "ordered": self.ordered,
            "values": values,
        }

    def _recall(self, facts: dict[str, Any]) -> None:
        self.best_epoch = int(facts["best_epoch"])
        self.private = private.told(facts, self.settings)
        self.ordered = bool(facts["ordered"])
        self.values = {str(name): tuple(str(v) for v in values) for name, values in facts["values"]}


def items_of(data: Interactions, texts: Floats | None, settings: SequentialSettings) -> Items:
    """Items before training: each at the log of its share. Without texts every item counts as met."""
    alone = private.wanted(settings)  # then counts of all users may not be read
    counts = np.ones(data.n_items) if alone else data.popularity + 1.0
    share = counts / counts.sum()
    met = np.ones(data.n_items, bool) if texts is None or alone else data.popularity > 0
    return make_items(texts, met, np.log(share).astype(np.float32), settings)


def make_items(texts: Floats | None, met: npt.NDArray[np.bool_], level: Floats, settings: SequentialSettings) -> Items:
    """The item half of a reader, with weights as torch's generator gives them."""
    known = None if texts is None else torch.from_numpy(texts)
    ids, hidden = (settings.ids, settings.id_dropout) if isinstance(settings, LanguageSettings) else (True, 0.0)
    return Items(known, torch.from_numpy(met), torch.from_numpy(level), settings.dimensions, ids, hidden)


def make_reader(
    items: Items, values: dict[str, tuple[str, ...]], ordered: bool, settings: SequentialSettings
) -> Reader:
    """A reader for these items and attributes, with weights as torch's generator gives them."""
    return Reader(items, [len(of_attribute) + 1 for of_attribute in values.values()], ordered, settings)


def _take(reader: Reader, arrays: Arrays) -> None:
    """Give a reader the weights that were saved; raises ValueError where they do not fit it."""
    own = {name[7:]: torch.from_numpy(v.copy()) for name, v in arrays.items() if name.startswith("reader.")}
    if {name: weight.dtype for name, weight in own.items()} != {
        name: weight.dtype for name, weight in reader.state_dict().items()
    }:
        raise ValueError("weights do not fit the settings")
    try:
        reader.load_state_dict(own, assign=True)
    except RuntimeError as error:  # torch's word for shapes that do not fit
        raise ValueError("weights do not fit the settings") from error


def item_arrays(reader: Reader) -> tuple[Floats, Floats]:
    """Item vectors float32 [items, d] and levels float32 [items], as the reader gives them now."""
    with torch.no_grad():
        vectors, level = reader.items()
    return vectors.detach().float().cpu().numpy().copy(), level.float().cpu().numpy().copy()


def user_arrays(reader: Reader, profile: npt.NDArray[np.int64], history: Ints) -> Floats:
    """float32 [users, d]: the vectors of users with these profiles and histories, those of like length at once."""
    place, lengths = reader.start.device, (history != PAD).sum(1)
    order = np.argsort(lengths, kind="stable")
    vectors = np.zeros((len(history), len(reader.start)), np.float32)
    with torch.no_grad():
        items, _ = reader.items()
        for block in np.split(order, range(READ_AT_ONCE, len(order), READ_AT_ONCE)):
            longest = int(lengths[block].max(initial=1))
            taken = torch.from_numpy(history[block, :longest]).to(place).long()
            read = reader.users(items, torch.from_numpy(profile[block]).to(place), taken)
            vectors[block] = read.float().cpu().numpy()
    return vectors


def _scored(users: Floats, items: Floats, level: Floats) -> Floats:
    return np.asarray(users @ items.T / np.float32(items.shape[1] ** 0.5) + level, np.float32)
