"""What a recommendation rests on: the earlier items, the words of its text, the profile tokens.

Shares are integrated gradients (Sundararajan, Taly and Yan 2017, by captum) of the item's score: of each earlier item's
vector, from a vector of nothing; of each word's embedding, from the padding token's. They sum to the score minus the
score of that baseline. For EASE a score is a sum over the history already, and its terms are the shares, exactly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.data import UNKNOWN, Floats, Interactions, Ints
from models.encoders import find, load
from models.fitted import Fitted, must_know
from models.flip import Blocked
from models.histories import PAD
from models.language import LanguageRecommender
from models.linear import Ease
from models.ranking import best_unseen
from models.reading import HistoryReader
from models.texts import MOST_TOKENS, pooled, tokens_of
from words import Refusal, phrase

STEPS = 64
"""Points on the way from the baseline; shares then sum to the difference within about a thousandth of it."""
BLOCK = 512


@dataclass(frozen=True)
class Rests:
    """On what of a user's history one item's place rests.

    history: int32 [t], item codes, oldest first (EASE: in order of codes). share: float32 [t], each one's part of the
    score; below 0 where it speaks against the item. rank: int [t], the item's place among the user's candidates were
    this one not in the history (1 is best); now: its place as it is.
    """

    history: Ints
    share: Floats
    rank: tuple[int, ...]
    now: int


def rests(model: Fitted[Any], data: Interactions, user: int, item: int, blocked: Blocked | None = None) -> Rests:
    """blocked: as for `models.flip.flipped_lists`; places are counted among what may be ranked for the user.

    Raises Refusal for kinds that keep no way from a history to a score, and for users without one."""
    must_know(model, data)
    if isinstance(model, Ease):
        history = model.history[user].indices.astype(np.int32)
        parts = model.weights[history]  # [t, items]
        share = parts[:, item]
        scores = np.vstack([parts.sum(0), parts.sum(0) - parts])
    elif isinstance(model, HistoryReader):
        history = model.history[user][model.history[user] != PAD]
        share, scores = _read(model, user, history, item)
    else:
        raise Refusal("models.attribution.kind", kind=phrase(f"models.name.{model.kind}"))
    if len(history) == 0:
        raise Refusal("models.attribution.no_history")
    seen = (data.seen[[user]] if blocked is None else blocked(np.array([user], np.int32))).indices
    ranks = [_rank(row, seen, item) for row in np.asarray(scores, np.float64)]
    return Rests(history, np.asarray(share, np.float32), tuple(ranks[1:]), ranks[0])


def _rank(scores: Any, seen: Any, item: int) -> int:
    """The item's place among those that are not in `seen`, ties by code; its own score counts even where it is seen."""
    better = scores > scores[item]
    better |= (scores == scores[item]) & (np.arange(len(scores)) < item)
    better[seen] = False
    return int(better.sum()) + 1


def _read(model: HistoryReader[Any], user: int, history: Ints, item: int) -> tuple[Floats, Floats]:
    """Shares [t], and scores [1 + t, items] of the whole history and of it without each item."""
    if len(history) == 0:
        return np.zeros(0, np.float32), np.zeros((1, len(model.items)), np.float32)
    from captum.attr import IntegratedGradients

    items = torch.from_numpy(model.items)  # [i, d]
    profile = torch.from_numpy(model.profiles.codes[[user]])  # [1, a]
    scale = items.shape[1] ** 0.5

    def score(vectors: Tensor) -> Tensor:
        """[n]: the item's score were the history's vectors these, [n, t, d]."""
        n, t, d = vectors.shape
        places = torch.arange(n * t).view(n, t)
        read = model.reader.users(vectors.reshape(n * t, d), profile.expand(n, -1), places)  # [n, d]
        return read @ items[item] / scale

    taken = items[torch.from_numpy(history).long()][None]  # [1, t, d]
    shares = IntegratedGradients(score).attribute(taken, torch.zeros_like(taken), n_steps=STEPS).sum(-1)[0]
    rows = np.full((1 + len(history), len(history)), PAD, np.int32)
    rows[0] = history
    for at in range(len(history)):
        rows[1 + at, : len(history) - 1] = np.delete(history, at)
    with torch.no_grad():
        read = model.reader.users(items, profile.expand(len(rows), -1), torch.from_numpy(rows).long())
        read = read + (torch.from_numpy(model.users[user]) - read[0])  # what was erased from the user stays erased
        scores = read @ items.T / scale + torch.from_numpy(model.level)
    return shares.detach().numpy(), scores.numpy()


def words(model: Fitted[Any], data: Interactions, user: int, item: int) -> tuple[tuple[str, float], ...]:
    """The words of the item's text with their parts of the score, in the order of the text.

    Only for the language model with an encoder that was not tuned, and items with a text. Raises Refusal otherwise.
    """
    from captum.attr import IntegratedGradients

    must_know(model, data)
    if not isinstance(model, LanguageRecommender) or model.settings.tuning is not None:
        raise Refusal("models.attribution.words_kind")
    text = data.item_texts[item].strip() if data.item_texts is not None else ""
    if not text:
        raise Refusal("models.attribution.no_text")
    encoder = find(model.settings.encoder)
    tokenizer, read = load(encoder)
    tokens = tokens_of([text], tokenizer, MOST_TOKENS)
    ids, mask = tokens["input_ids"], tokens["attention_mask"]  # [1, s]
    table = read.get_input_embeddings()
    special = torch.tensor(tokenizer.get_special_tokens_mask(ids[0].tolist(), already_has_special_tokens=True)).bool()
    nothing = torch.where(special, ids, torch.full_like(ids, tokenizer.pad_token_id))
    user_vector, project, appeal = (
        torch.from_numpy(model.users[user]),
        model.reader.items.project,
        model.reader.items.appeal,
    )
    assert project is not None and appeal is not None, "the language model reads texts"

    def score(embedded: Tensor) -> Tensor:
        hidden = read(inputs_embeds=embedded, attention_mask=mask.expand(len(embedded), -1)).last_hidden_state
        vector = pooled(hidden, mask.expand(len(embedded), -1), encoder.first_token)
        return project(vector) @ user_vector / len(user_vector) ** 0.5 + appeal(vector).squeeze(-1)

    gradients = IntegratedGradients(score)
    with torch.no_grad():
        start, end = table(nothing), table(ids)
    parts = gradients.attribute(end, start, n_steps=STEPS, internal_batch_size=8).sum(-1)[0].detach().numpy()
    return _whole_words(tokenizer.convert_ids_to_tokens(ids[0].tolist()), parts, special.numpy())


def _whole_words(tokens: list[str], parts: Floats, special: Any) -> tuple[tuple[str, float], ...]:
    """Pieces of a word (WordPiece's ``##``) put together, their parts added."""
    found: list[tuple[str, float]] = []
    for token, part, ours in zip(tokens, parts.tolist(), special, strict=True):
        if ours:
            continue
        piece = re.sub(r"^##", "", token)
        if token.startswith("##") and found:
            found[-1] = (found[-1][0] + piece, found[-1][1] + part)
        else:
            found.append((piece.lstrip("Ġ▁"), part))
    return tuple(found)


def kept_without(
    model: Fitted[Any], data: Interactions, attribute: str, k: int, blocked: Blocked | None = None
) -> Floats:
    """float32 [users]: share of each user's k best items that stay when their `attribute` is not told; 1 changes none.

    NaN for users whose attribute is unknown: there is nothing to hide. blocked: as for `models.flip.flipped_lists`.
    Raises Refusal where the model does not read it.
    """
    must_know(model, data)
    if attribute not in data.profile or not model.reads(attribute):
        raise Refusal("models.flip.blind", attribute=attribute)
    kept = np.full(data.n_users, np.nan, np.float32)
    known = np.flatnonzero(np.asarray(data.profile[attribute]).astype(str) != UNKNOWN).astype(np.int32)
    for start in range(0, len(known), BLOCK):
        users = known[start : start + BLOCK]
        seen = data.seen[users] if blocked is None else blocked(users)
        own = best_unseen(model.score(users), seen, k)[0]
        hidden = best_unseen(model.score_as(users, attribute, UNKNOWN), seen, k)[0]
        same = ((own[:, :, None] == hidden[:, None]) & (own[:, :, None] >= 0)).any(2).sum(1)
        kept[users] = same / np.maximum((own >= 0).sum(1), 1)
    return kept
