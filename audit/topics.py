"""Topics of texts joined to the data: the language model reads (`models`), the columns are made (`analysis`)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from analysis.document import canonical, digest
from analysis.interests import INTENT, TOPIC, Read, with_topics
from analysis.log import UNKNOWN, Dataset
from audit.run import Run
from words import Refusal


def dataset_with_topics(run: Run, dataset: Dataset) -> Dataset:
    """`dataset` with topics and intents, under a digest of its own; unchanged where they are not asked for.

    Raises Refusal(audit.topics_no_text | audit.topics_no_column) where there is nothing to read.
    """
    from models.topics import read, topics

    settings = run.settings.topics
    if not settings.enabled:
        return dataset
    if "text" not in dataset.items:
        raise Refusal("audit.topics_no_text")
    found = topics(_texts(dataset.items["text"]), settings, run.settings.seed, run.folder.cache)
    names = (*found.names, "")  # the code of no topic, -1, is the last
    items = Read(tuple(names[code] for code in found.code), found.vectors)
    said = None
    if settings.signs == "text":
        if settings.user_text not in dataset.users:
            raise Refusal("audit.topics_no_column", name=str(settings.user_text or ""))
        code, vectors = read(_texts(dataset.users[settings.user_text]), found, run.folder.cache)
        said = Read(tuple(names[one] for one in code), vectors)
    joined = with_topics(dataset, items, said, settings.signs == "treatment", settings.signs == "rows")
    return replace(joined, digest=digest(dataset.digest, canonical(settings), str(run.settings.seed)))


@dataclass(frozen=True)
class Understood:
    """intent: the topic a user takes most beyond its share, or None; taken: topics of what the user took before the
    test part, with how many items, the most frequent first."""

    intent: str | None
    taken: tuple[tuple[str, int], ...]


def understood(run: Run, user: str, most: int = 3) -> Understood | None:
    """What the item texts tell of one user; None where the data have no topics."""
    dataset = run.dataset
    if TOPIC not in dataset.items or INTENT not in dataset.users:
        return None
    row = run.composed.profile[dataset.users.index.get_loc(user)]
    topics = dataset.items[TOPIC].iloc[row.indices]
    counts = topics[topics != UNKNOWN].value_counts().head(most)
    intent = str(dataset.users[INTENT].loc[user])
    taken = tuple((str(name), int(count)) for name, count in counts.items())
    return Understood(None if intent == UNKNOWN else intent, taken)


def _texts(column: pd.Series) -> list[str]:
    return [str(text) for text in column.fillna("")]
