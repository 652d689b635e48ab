"""The costly reference: a BERT-style classifier reads each user and item together, one pass of the encoder a pair.

Where the other kinds read an item once, this one reads it anew for every user. So it ranks only the most popular
items that a user has not seen; below them stand the others, by popularity.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.base import Tell, part, silent
from models.config import PairwiseSettings, Tuning
from models.data import Floats, Interactions, Ints
from models.debias import row_weights
from models.encoders import find
from models.fair import fair_term
from models.fitted import Fitted, expect, ids_digest
from models.histories import PAD, Profiles, code, histories, inside, profiles
from models.loop import learn, seeded
from models.negatives import Negatives
from models.pairs import Codes, FinishedReader, Judge, PairReader, Reader, Wording, as_codes, as_texts, log_share
from models.ranking import best_unseen
from models.stamp import stamp
from models.store import Arrays
from models.texts import encode
from models.tuning import TunedEncoder, tuned
from words import Phrase, Refusal, phrase

MOST_TAKEN = 200
"""Latest items of a user that training draws from."""
MOST_VALIDATION = 500
"""Validation pairs that are read after each epoch; of more, every n-th."""
TRAINED = 0.5
"""Usual share of a fit that goes into training; the rest into reading every pair."""
BLOCK = 512


class PairLearner:
    """Rows and loss for the loop: pairs that were taken, and as many that were not."""

    def __init__(self, data: Interactions, known: Profiles, settings: PairwiseSettings, seed: int) -> None:
        self.data, self.settings, self.profiles = data, settings, known
        self.ordered = data.time is not None
        self.taken = histories(data, row_weights(data, settings.debias, seed), MOST_TAKEN)
        self.counts = (self.taken.items != PAD).sum(1)
        self.negatives = Negatives(data)
        with seeded(seed) as rng:
            self.reader = make_reader(data.item_texts or (), known, data.popularity, settings)
            self.held_out = self._held_out(rng)
        self.fair = fair_term(
            data, settings, frozenset({"parity", "worst_group"}), np.nonzero(self.taken.items != PAD)[0]
        )
        parts = (self.reader.judge, self.reader.encoder.moved, self.fair)
        self.module: nn.Module = nn.ModuleList([one for one in parts if one is not None])

    def rows(self, rng: np.random.Generator) -> tuple[npt.NDArray[Any], ...]:
        """User, place in the user's history, item, whether it stood there, weight: `pairs` rows, half of each sort."""
        rows, places = np.nonzero(self.taken.items != PAD)
        chosen = rng.permutation(len(rows))[: max(1, self.settings.pairs // 2)]
        users: Ints = rows[chosen].astype(np.int32)
        places = places[chosen]
        items = np.concatenate([self.taken.items[users, places], self.negatives.draw(users, rng)])
        weight = np.tile(self.taken.weight[users, places], 2)
        return np.tile(users, 2), np.tile(places, 2), items, _half(len(users)), weight

    def counted(self, batch: tuple[Tensor, ...]) -> float:
        """The weights of the pairs."""
        return float(batch[4].sum())

    def loss(self, batch: tuple[Tensor, ...]) -> Tensor:
        users, places, items, target, weight = batch
        codes = users.cpu().numpy()
        history = self.before(codes, places.cpu().numpy())
        user, score = self.reader.read(self.profiles.codes[codes], history, items.cpu().numpy())
        each = F.binary_cross_entropy_with_logits(score, target, reduction="none")
        if self.fair is not None and self.fair.leans:
            return self.fair.worst(each, users, weight) + self.fair.hides(user, users)
        loss = (weight * each).sum() / weight.sum()
        if self.fair is None:
            return loss
        return loss + self.fair.hides(user, users) + self.fair.parity(score.sigmoid(), users)

    def validate(self) -> float | None:
        """Minus the log loss of the held-out pairs."""
        users, history, items, target = self.held_out
        if len(users) == 0:
            return None
        scores = self.reader.scores(self.profiles.codes[users], history, items)
        return -float(F.binary_cross_entropy_with_logits(torch.from_numpy(scores), torch.from_numpy(target)))

    def before(self, users: Ints, places: npt.NDArray[np.int64]) -> Ints:
        """int32 [n, history]: what was taken before the place; without times, what stands next to it, round about."""
        back = np.arange(self.settings.history, 0, -1)
        at, count = places[:, None] - back, np.maximum(self.counts[users], 1)[:, None]
        if not self.ordered:  # the place itself is left out: `back` goes less than once round
            at = np.where(back < count + (places[:, None] == count), at % count, -1)
        found = np.where(at >= 0, self.taken.items[users[:, None], np.maximum(at, 0)], PAD)
        return np.take_along_axis(found, np.argsort(found == PAD, axis=1, kind="stable"), 1)

    def _held_out(self, rng: np.random.Generator) -> tuple[Ints, Ints, Ints, Floats]:
        """Held-out pairs beside as many that were not taken: users, histories, items, whether held out."""
        wanted = np.nonzero(self.data.valid_label > 0)[0]
        wanted = wanted[:: max(1, len(wanted) // MOST_VALIDATION)]
        users = self.data.valid_user[wanted]
        history = self.before(users, self.counts[users])
        items = np.concatenate([self.data.valid_item[wanted], self.negatives.draw(users, rng)])
        return np.tile(users, 2), np.tile(history, (2, 1)), items, _half(len(users))


class Pairwise(Fitted[PairwiseSettings]):
    """score(u, i): the log odds of a pair that was read; below all of these, the other items by popularity.

    candidates: int32 [users, n], the pairs that were read, -1 where a user has fewer; values: float32, their log odds.
    """

    kind = "pairwise"
    best_epoch: int = 0
    tuned_share: float = 0.0

    def __init__(self, settings: PairwiseSettings, seed: int = 0) -> None:
        super().__init__(settings, seed)
        self.adapters: Arrays = {}
        self.head: Arrays = {}

    def fit(self, data: Interactions, tell: Tell = silent, folder: Path | None = None) -> Self:
        if data.item_texts is None or not any(text.strip() for text in data.item_texts):
            raise Refusal("models.no_texts")
        cache = self.cache or (None if folder is None else folder / "texts")
        self.texts = encode(data.item_texts, cache, silent, self.settings.encoder)
        self.item_texts, self.profiles = data.item_texts, profiles(data, self.settings)
        self.ids, self.popularity = ids_digest(data), data.popularity
        self.encoder_digest = find(self.settings.encoder).digest
        self.history = histories(data, np.ones(len(data.user), np.float32), self.settings.history).items
        self.candidates = _candidates(data, self.settings.candidates)
        trained = 0.0 if self.settings.finished else TRAINED
        reader = self._reader() if self.settings.finished else self._trained(data, folder, part(tell, 0.0, trained))
        everyone = np.arange(data.n_users, dtype=np.int32)
        self.values = self._values(reader, everyone, self.profiles.codes, part(tell, trained, 1.0))
        return self

    def _trained(self, data: Interactions, folder: Path | None, tell: Tell) -> PairReader:
        learner = PairLearner(data, self.profiles, self.settings, self.seed)
        course = learn(learner, self.settings, self.seed, stamp(data, self.settings, self.seed), folder, tell)
        self.curves, self.best_epoch = {"loss": course.loss, "validation": course.validation}, course.best_epoch
        reader = learner.reader
        self.adapters, self.tuned_share = reader.encoder.arrays(), reader.encoder.share
        self.head = {name: weight.cpu().numpy().copy() for name, weight in reader.judge.state_dict().items()}
        return reader

    def score(self, users: Ints) -> Floats:
        return self._whole(users, self.values[users])

    def score_as(self, users: Ints, attribute: str, value: str) -> Floats:
        """float32 [len(users), items]: the scores of these users were their `attribute` `value`; every pair anew."""
        if not self.reads(attribute):
            return super().score_as(users, attribute, value)
        codes = self.profiles.codes[users].copy()
        codes[:, list(self.profiles.values).index(attribute)] = code(value, self.profiles.values[attribute])
        return self._whole(users, self._values(self._reader(), users, codes, silent))

    def reads(self, attribute: str) -> bool:
        return attribute in self.profiles.values

    def remarks(self) -> tuple[Phrase, ...]:
        pairs = int((self.candidates >= 0).sum())
        read = phrase("encoders.pairs_read", pairs=pairs, candidates=self.settings.candidates)
        return (
            read,
            phrase("encoders.finished") if self.settings.finished else tuned("lora", self.adapters, self.tuned_share),
        )

    def _values(self, reader: Reader, users: Ints, codes: Codes, tell: Tell) -> Floats:
        """float32 [len(users), n]: the log odds of the users' candidates, 0 where there is none."""
        candidates = self.candidates[users]
        row, at = np.nonzero(candidates >= 0)
        values = np.zeros(candidates.shape, np.float32)
        values[row, at] = reader.scores(codes[row], self.history[users][row], candidates[row, at], tell)
        return values

    def _whole(self, users: Ints, values: Floats) -> Floats:
        """Candidates by their log odds, the others more than 1 below the user's least, by popularity."""
        candidates, last = self.candidates[users], len(self.popularity)
        place = np.empty(last, np.float32)
        place[np.argsort(-self.popularity, kind="stable")] = np.arange(last, dtype=np.float32) / last  # [0, 1)
        least = np.where(candidates >= 0, values, np.inf).min(axis=1, initial=0.0)
        scores = least[:, None].astype(np.float32) - 1 - place
        row, at = np.nonzero(candidates >= 0)
        scores[row, candidates[row, at]] = values[row, at]
        return np.asarray(scores, np.float32)

    def _reader(self) -> Reader:
        """The reader as it was trained. Raises Refusal where the encoder is no longer the one of the fit."""
        encoder = find(self.settings.encoder)
        if encoder.digest != self.encoder_digest:
            raise Refusal("encoders.changed")
        if self.settings.finished:
            return FinishedReader(encoder, self.settings.tokens, Wording(self.item_texts, self.profiles))
        with seeded(self.seed):
            reader = make_reader(self.item_texts, self.profiles, self.popularity, self.settings)
        reader.encoder.take(self.adapters)
        reader.judge.load_state_dict({name: torch.from_numpy(weight.copy()) for name, weight in self.head.items()})
        return reader

    def state(self) -> Arrays:
        letters, ends = as_codes(self.item_texts)
        own: Arrays = {"letters": letters, "ends": ends, "texts": self.texts, "popularity": self.popularity}
        pairs = {"history": self.history, "candidates": self.candidates, "values": self.values}
        adapters = {f"adapter.{name}": array for name, array in self.adapters.items()}
        head = {f"head.{name}": array for name, array in self.head.items()}
        return own | pairs | adapters | head | {"profile": self.profiles.codes}

    def _restore(self, arrays: Arrays) -> None:
        n_users, most = arrays["candidates"].shape
        n_items, width = arrays["texts"].shape
        self.item_texts = as_texts(expect(arrays["letters"], arrays["letters"].shape, np.int32), arrays["ends"])
        expect(arrays["ends"], (n_items,), np.int32)
        self.texts = expect(arrays["texts"], (n_items, width))
        self.popularity = expect(arrays["popularity"], (n_items,), np.int64)
        self.history = inside(expect(arrays["history"], (n_users, self.settings.history), np.int32), PAD, n_items)
        self.candidates = inside(expect(arrays["candidates"], (n_users, most), np.int32), PAD, n_items)
        self.values = expect(arrays["values"], (n_users, most))
        codes = expect(arrays["profile"], (n_users, len(self.known)), np.int64)
        for at, values in enumerate(self.known.values()):
            inside(codes[:, at], 0, len(values) + 1)
        self.profiles = Profiles(codes, self.known)
        self.adapters = {name[8:]: array for name, array in arrays.items() if name.startswith("adapter.")}
        self.head = {name[5:]: array for name, array in arrays.items() if name.startswith("head.")}
        if {name: list(array.shape) for name, array in {**self.adapters, **self.head}.items()} != self.shapes:
            raise ValueError("weights do not fit the settings")

    def facts(self) -> dict[str, Any]:
        return {
            "best_epoch": self.best_epoch,
            "encoder": self.encoder_digest,
            "tuned_share": self.tuned_share,
            "values": [[name, list(values)] for name, values in self.profiles.values.items()],
            "shapes": {name: list(array.shape) for name, array in {**self.adapters, **self.head}.items()},
        }

    def _recall(self, facts: dict[str, Any]) -> None:
        self.best_epoch = int(facts["best_epoch"])
        self.encoder_digest, self.tuned_share = str(facts["encoder"]), float(facts["tuned_share"])
        self.known = {str(name): tuple(str(v) for v in values) for name, values in facts["values"]}
        self.shapes = {str(name): [int(side) for side in shape] for name, shape in facts["shapes"].items()}


def make_reader(
    texts: tuple[str, ...], known: Profiles, popularity: npt.NDArray[np.int64], settings: PairwiseSettings
) -> PairReader:
    """A reader before training, its random weights as torch's generator gives them."""
    tuning = Tuning(layers=settings.layers, rank=settings.rank, tokens=settings.tokens)
    encoder = TunedEncoder(find(settings.encoder), tuning)
    judge = Judge(int(encoder.model.config.hidden_size), torch.from_numpy(log_share(popularity)))
    return PairReader(encoder, judge, Wording(texts, known))


def _candidates(data: Interactions, most: int) -> Ints:
    """int32 [users, most]: the most popular items that each user has not seen, -1 where there are fewer."""
    popular = np.broadcast_to(data.popularity.astype(np.float32), (BLOCK, data.n_items))
    parts = [
        best_unseen(popular[: min(BLOCK, data.n_users - start)], data.seen[start : start + BLOCK], most)[0]
        for start in range(0, data.n_users, BLOCK)
    ]
    return np.concatenate(parts)


def _half(pairs: int) -> Floats:
    """1 for `pairs` rows, then 0 for as many."""
    return np.repeat(np.array([1, 0], np.float32), pairs)
