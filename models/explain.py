"""Why is this item in this user's list? One sentence an item, from what the model itself uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.additive import Additive
from models.base import Recommender
from models.data import Floats, Interactions
from models.fitted import Fitted
from models.linear import Ease
from models.popularity import Popularity
from words import Phrase, phrase

NAME_LENGTH = 60
"""Letters of an item's text that stand for it in a sentence."""
SPEAKS = 1e-6
"""Contributions below this are no reason."""


def reasons(model: Recommender, data: Interactions, user: int, items: Sequence[int]) -> list[Phrase]:
    """One phrase an item, in the order of `items`; codes as in `data`.

    Popularity: its count and place. EASE: the items of the history with the largest weights. Additive: the
    largest contribution to the log odds above its mean over all items. Language model: the item of the history
    whose text is nearest (cosine of the MiniLM vectors). Others: the nearest item of the history (cosine of the
    model's item vectors).
    """
    return [_reason(model, data, user, int(item)) for item in items]


def _reason(model: Recommender, data: Interactions, user: int, item: int) -> Phrase:
    name = item_name(data, item)
    if isinstance(model, Popularity):
        return _popular(data, item)
    if isinstance(model, Additive):
        return _additive(model, data, user, item)
    history = np.unique(data.item[(data.user == user) & (data.label > 0)])
    if len(history) == 0:
        return phrase("models.reason.no_history", item=name)
    if isinstance(model, Ease):
        return _together(model.weights[history, item], history, data, item)
    texts: Floats | None = getattr(model, "texts", None)
    vectors = _compared(model) if texts is None else texts
    likeness = _cosines(vectors[history], vectors[item])
    nearest = int(np.argmax(likeness))
    key = "models.reason.vectors" if texts is None else "models.reason.texts"
    because = item_name(data, int(history[nearest]))
    return phrase(key, item=name, because=because, likeness=f"{likeness[nearest]:.2f}")


def _compared(model: Recommender) -> Floats:
    """float32 [items, d]: the items' vectors alone, without a column for what is no likeness of items (levels)."""
    product = model.product() if isinstance(model, Fitted) else None
    assert product is not None, "every other kind scores by a product"
    return product.right


def item_name(data: Interactions, item: int) -> str:
    """The beginning of the item's text, or its id where it has none."""
    text = data.item_texts[item].strip() if data.item_texts is not None else ""
    if not text:
        return data.item_ids[item]
    return text if len(text) <= NAME_LENGTH else text[: NAME_LENGTH - 1].rstrip() + "…"


def _popular(data: Interactions, item: int) -> Phrase:
    counts = data.popularity
    facts: dict[str, Any] = {"count": int(counts[item]), "rank": int((counts > counts[item]).sum()) + 1}
    return phrase("models.reason.popular", item=item_name(data, item), items=data.n_items, **facts)


def _together(weights: Floats, history: Any, data: Interactions, item: int) -> Phrase:
    """The one or two items of the history that add most to the score."""
    order = np.argsort(-weights, kind="stable")
    strong = [int(at) for at in order[:2] if weights[at] > SPEAKS]
    name = item_name(data, item)
    if not strong:
        return phrase("models.reason.least_bad", item=name)
    first = item_name(data, int(history[strong[0]]))
    if len(strong) == 1 or weights[strong[1]] < weights[strong[0]] / 2:
        return phrase("models.reason.history", item=name, because=first)
    return phrase("models.reason.history_two", item=name, first=first, second=item_name(data, int(history[strong[1]])))


def _additive(model: Additive, data: Interactions, user: int, item: int) -> Phrase:
    """The term of the log odds that lifts this item most above the same term's mean over all items."""
    z, x = model.z.toarray(), model.x[[user]].toarray()[0]
    found: list[tuple[float, Phrase]] = []

    def consider(terms: Floats, key: str, **facts: str) -> None:
        found.append((float(terms[item] - terms.mean()), phrase(key, item=item_name(data, item), **facts)))

    consider(model.item_level, "models.reason.item_level")
    for b, feature in enumerate(model.z_names):
        consider(model.taste[user, b] * z[:, b], "models.reason.taste", feature=_said(feature))
        for a in np.nonzero(x)[0]:
            names = {"user_feature": _said(model.x_names[a]), "item_feature": _said(feature)}
            consider(x[a] * model.cross[a, b] * z[:, b], "models.reason.pair", **names)
    for a in np.nonzero(x)[0]:
        consider(x[a] * model.appeal[a], "models.reason.appeal", feature=_said(model.x_names[a]))
    lift, reason = max(found, key=lambda pair: pair[0])
    return reason if lift > SPEAKS else phrase("models.reason.least_bad", item=item_name(data, item))


def _said(name: str) -> str:
    """``gender=women`` as a reader likes it."""
    return name.replace("=", " ", 1)


def _cosines(rows: Floats, one: Floats) -> Floats:
    """Cosine of each row with `one`, in [-1, 1]; 0 where either has no length."""
    length = np.linalg.norm(rows, axis=1) * np.linalg.norm(one)
    return np.asarray(rows @ one / np.where(length > 0, length, 1.0), np.float32)
