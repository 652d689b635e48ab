"""Topics of texts: clusters that a reader would make, with names that tell them apart."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.catalogue import SHELVES, description, title
from models.topics import NO_TOPIC, TopicSettings, read, topics
from words import Refusal

THREE = [shelf for shelf in SHELVES if shelf.category in ("cycling", "books", "coffee")]
TEXTS = [f"{title(shelf, rank)}. {description(shelf, rank, 'Acme')}" for shelf in THREE for rank in range(8)]
TRUE = np.repeat(np.arange(3), 8)


def same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(((one[:, None] == one) == (other[:, None] == other)).all())


def test_three_shelves_are_three_topics_and_their_names_are_their_own_words() -> None:
    found = topics(TEXTS, TopicSettings(count=3), seed=1)
    assert same_partition(found.code, TRUE)
    assert len(set(found.names)) == 3
    for topic, name in enumerate(found.names):
        own = " ".join(text for text, code in zip(TEXTS, found.code, strict=True) if code == topic).lower()
        assert all(word in own for word in name.split())


def test_an_empty_text_has_no_topic_and_changes_nobody_elses() -> None:
    found = topics([*TEXTS, "", "  "], TopicSettings(count=3), seed=1)
    assert (found.code[-2:] == NO_TOPIC).all()
    assert same_partition(found.code[:-2], TRUE)


def test_a_users_words_are_of_the_topic_they_speak_of() -> None:
    found = topics(TEXTS, TopicSettings(count=3), seed=1)
    code, _ = read([f"I need a {shelf.nouns[0]}" for shelf in THREE] + [""], found)
    assert code[:3].tolist() == found.code[::8].tolist()
    assert code[3] == NO_TOPIC


def test_fewer_texts_than_topics_are_refused() -> None:
    with pytest.raises(Refusal, match="different texts"):
        topics(["one text", "one text"], TopicSettings(count=2), seed=1)


def test_the_same_seed_gives_the_same_topics() -> None:
    one, other = (topics(TEXTS, TopicSettings(), seed=3) for _ in range(2))
    assert one.names == other.names
    assert (one.code == other.code).all()
