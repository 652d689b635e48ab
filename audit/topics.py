"""Topics of texts joined to the data: the language model reads (`models`), the columns are made (`analysis`)."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from analysis.document import canonical, digest
from analysis.interests import Read, with_topics
from analysis.log import Dataset
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


def _texts(column: pd.Series) -> list[str]:
    return [str(text) for text in column.fillna("")]
