"""Topics of texts: the language model's vectors in clusters, each named by the words that are typical of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from models.base import Tell, silent
from models.data import Floats
from models.texts import encode
from words import Refusal

NO_TOPIC = -1
"""Code of an empty text."""
NAMED_BY = 3
"""Typical words that make a topic's name."""
FEWEST, MOST = 3, 20
"""Numbers of topics that are tried where none is asked for."""
JUDGED_ON = 2000
"""Texts on which the number of topics is judged: the silhouette compares every pair."""
STARTS = 5


class TopicSettings(BaseModel):
    """Whether and how texts are sorted into topics."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = False
    """Whether topics of the item texts, and from them each user's intent, become columns of the data."""
    count: int | None = Field(None, ge=2, le=100)
    """Number of topics; None: between 3 and 20, the one whose topics lie furthest apart (silhouette)."""
    signs: Literal["outcome", "treatment", "rows", "text"] = "outcome"
    """What a user's intent is read from. outcome: the items with a positive outcome (bought, clicked; any rated);
    treatment: those, and the items treated, where the treatment is the user's own act (browsed, searched);
    rows: every item in the user's rows; text: the user's own words."""
    user_text: str | None = None
    """Column of the users' own words (queries, reviews, a profile), for `text`."""


@dataclass(frozen=True)
class Topics:
    """names: one a topic, its three most typical words; code: int64 [texts], NO_TOPIC where the text is empty;
    vectors: float32 [texts, 384], of length 1 or 0; centres: float32 [topics, 384] of length 1."""

    names: tuple[str, ...]
    code: npt.NDArray[np.int64]
    vectors: Floats
    centres: Floats


def topics(
    texts: Sequence[str], settings: TopicSettings, seed: int, cache: Path | None = None, tell: Tell = silent
) -> Topics:
    """k-means on unit vectors (so by cosine), topics in order of size, the largest first.

    Raises Refusal(models.few_texts) with fewer different texts than topics.
    """
    vectors = encode(texts, cache, tell)
    known = np.flatnonzero(np.abs(vectors).sum(axis=1) > 0)
    count = settings.count
    different = len(np.unique(vectors[known], axis=0))
    if different < (count or FEWEST):
        raise Refusal("models.few_texts", n=different, least=count or FEWEST)
    counts = [count] if count is not None else list(range(FEWEST, min(MOST, different - 1) + 1)) or [different]
    code, centres = _best(vectors[known], counts, seed)
    order = np.argsort(-np.bincount(code, minlength=len(centres)), kind="stable")
    codes = np.full(len(texts), NO_TOPIC, np.int64)
    codes[known] = np.argsort(order)[code]
    names = _names([texts[int(at)] for at in known], codes[known], len(centres))
    return Topics(names, codes, vectors, centres[order])


def read(texts: Sequence[str], found: Topics, cache: Path | None = None) -> tuple[npt.NDArray[np.int64], Floats]:
    """Other texts: int64 [texts], the topic whose centre is nearest by cosine (NO_TOPIC where the text is empty), and
    their vectors, float32 [texts, 384]."""
    vectors = encode(texts, cache)
    near = np.argmax(vectors @ found.centres.T, axis=1).astype(np.int64)
    return np.where(np.abs(vectors).sum(axis=1) > 0, near, NO_TOPIC), vectors


def _best(vectors: Floats, counts: Sequence[int], seed: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """The clustering with the highest mean silhouette; the only one where a number was asked for."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    sample = np.random.default_rng(seed).permutation(len(vectors))[:JUDGED_ON]
    found: list[tuple[float, KMeans]] = []
    for count in counts:
        fitted = KMeans(count, n_init=STARTS, random_state=seed).fit(vectors)
        alone = len(counts) == 1
        score = 0.0 if alone else silhouette_score(vectors[sample], fitted.labels_[sample], metric="cosine")
        found.append((float(score), fitted))
    chosen = max(found, key=lambda pair: pair[0])[1]
    centres = chosen.cluster_centers_ / np.linalg.norm(chosen.cluster_centers_, axis=1, keepdims=True)
    return chosen.labels_.astype(np.int64), centres.astype(np.float32)


def _names(texts: Sequence[str], code: npt.NDArray[np.int64], count: int) -> tuple[str, ...]:
    """Words by their share in the topic times the log of how rare they are over topics (class-based tf-idf)."""
    from sklearn.feature_extraction.text import CountVectorizer

    joined = ["\n".join(text for text, own in zip(texts, code, strict=True) if own == topic) for topic in range(count)]
    counted = CountVectorizer(stop_words="english", token_pattern=r"(?u)\b[^\W\d_]{2,}\b")
    try:
        frequency = counted.fit_transform(joined).toarray().astype(float)  # [topics, words]
    except ValueError:  # nothing but stop words and numbers
        return tuple(f"topic {topic + 1}" for topic in range(count))
    share = frequency / np.maximum(frequency.sum(axis=1, keepdims=True), 1)
    typical = share * np.log(1 + frequency.sum(axis=1).mean() / frequency.sum(axis=0))
    words = counted.get_feature_names_out()
    best = np.argsort(-typical, axis=1, kind="stable")[:, :NAMED_BY]
    names = [" ".join(words[word] for word in row if typical[topic, word] > 0) for topic, row in enumerate(best)]
    return tuple(
        f"{name} {place + 1}".strip() if not name or names.index(name) < place else name
        for place, name in enumerate(names)
    )
