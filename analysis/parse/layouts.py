"""Folders in the layout of MovieLens-100K and of Coat, as tables like any upload."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from analysis.ingest import Limits
from words import Refusal

Columns = dict[str, Any]
"""Name -> list or array, all of one length."""

GENRES = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
"""The 19 flags at the end of a line of u.item, in order (u.genre)."""
COAT_FEATURES = "user_item_features"
COAT_SHOWN_AT_RANDOM = 16
"""Coats that each participant of Coat was shown uniformly at random."""


class Layout(NamedTuple):
    """The files a folder must have, and how they become tables."""

    title: str
    files: tuple[str, ...]
    read: Callable[[Path, Limits], dict[str, Columns]]


def movielens(folder: Path, limits: Limits) -> dict[str, Columns]:
    """log: user_id, item_id, rating, timestamp (epoch seconds). users: age, gender, occupation, zip.
    items: title, release_date, first_genre (in the file's order), genres, text (title and genres).
    """
    log = list(zip(*_rows(folder / "u.data", "\t", 4, limits), strict=True))
    users = list(zip(*_rows(folder / "u.user", "|", 5, limits), strict=True))
    items = list(_rows(folder / "u.item", "|", 5 + len(GENRES), limits))
    genres = [[genre for genre, flag in zip(GENRES, row[5:], strict=True) if flag == "1"] for row in items]
    ratings = {
        name: _whole(folder / "u.data", column)
        for name, column in zip(("user_id", "item_id", "rating", "timestamp"), log, strict=True)
    }
    return {
        "log": ratings,
        "users": {
            "user_id": _whole(folder / "u.user", users[0]),
            "age": _whole(folder / "u.user", users[1]),
            "gender": list(users[2]),
            "occupation": list(users[3]),
            "zip": list(users[4]),
        },
        "items": {
            "item_id": _whole(folder / "u.item", [row[0] for row in items]),
            "title": [row[1] for row in items],
            "release_date": [row[2] or None for row in items],
            "first_genre": [own[0] if own else None for own in genres],
            "genres": ["|".join(own) for own in genres],
            "text": [f"{row[1]}. {', '.join(own)}" for row, own in zip(items, genres, strict=True)],
        },
    }


def coat(folder: Path, limits: Limits) -> dict[str, Columns]:
    """log: user_id, item_id, rating, logging, randomised, propensity, also_in_other_split; self-selected rows first.

    propensity of a self-selected row is the one that the authors fitted (not logged), of a random row
    16 / items. users and items: the one-hot features as columns; the coats' gender is `coat_gender`.
    """
    chosen, shown = (_matrix(folder / name) for name in ("train.ascii", "test.ascii"))
    fitted = _matrix(folder / "propensities.ascii")
    if not chosen.shape == shown.shape == fitted.shape:
        raise Refusal("data.coat_shapes", folder=folder.name)
    if int((chosen > 0).sum() + (shown > 0).sum()) > limits.rows:
        raise limits.exceeded()
    parts = [np.nonzero(chosen), np.nonzero(shown)]
    user, item = (np.concatenate([part[axis] for part in parts]) for axis in (0, 1))
    randomised = np.repeat([False, True], [len(part[0]) for part in parts])
    both = (chosen > 0) & (shown > 0)
    log = {
        "user_id": user,
        "item_id": item,
        "rating": np.where(randomised, shown[user, item], chosen[user, item]).astype(np.int64),
        "logging": np.where(randomised, "random", "self_selected"),
        "randomised": randomised,
        "propensity": np.where(randomised, COAT_SHOWN_AT_RANDOM / chosen.shape[1], fitted[user, item]),
        "also_in_other_split": both[user, item],
    }
    users: Columns = {"user_id": np.arange(len(chosen))} | _features(folder / COAT_FEATURES, "user", len(chosen))
    items: Columns = {"item_id": np.arange(chosen.shape[1])} | _features(
        folder / COAT_FEATURES, "item", chosen.shape[1]
    )
    items = {"coat_gender" if name == "gender" else name: values for name, values in items.items()}
    items["text"] = _described(items)
    return {"log": log, "users": users, "items": items}


LAYOUTS: dict[str, Layout] = {
    "movielens": Layout("MovieLens-100K", ("u.data", "u.user", "u.item"), movielens),
    "coat": Layout(
        "Coat",
        (
            *("train.ascii", "test.ascii", "propensities.ascii"),
            *(f"{COAT_FEATURES}/{side}_features{end}" for side in ("user", "item") for end in (".ascii", "_map.txt")),
        ),
        coat,
    ),
}


def write(columns: Columns, out: Path) -> None:
    """One table as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({name: pa.array(values) for name, values in columns.items()}), out)


def _rows(path: Path, mark: str, fields: int, limits: Limits) -> Iterator[list[str]]:
    """The lines of a MovieLens file (Latin-1, no header, no quotes). Raises Refusal(data.ragged | data.no_rows)."""
    if path.stat().st_size > limits.bytes:
        raise limits.exceeded()
    found = 0
    with path.open(encoding="latin-1", newline="\n") as file:
        for line, text in enumerate(file, 1):
            row = text.rstrip("\r\n").split(mark)
            if row == [""]:
                continue
            if len(row) != fields:
                raise Refusal("data.ragged", name=path.name, line=line, expected=fields, found=len(row))
            found += 1
            yield row
    if not found:
        raise Refusal("data.no_rows", name=path.name)


def _whole(path: Path, texts: Any) -> np.ndarray:
    """Whole numbers. Raises Refusal(data.not_numbers) with the first that is none."""
    for line, text in enumerate(texts, 1):
        if not text.strip().isascii() or not text.strip().isdigit():
            raise Refusal("data.not_numbers", name=path.name, line=line, found=text[:40])
    return np.array([int(text) for text in texts], dtype=np.int64)


def _matrix(path: Path) -> np.ndarray:
    """Numbers separated by blanks, every line as long as the first."""
    rows: list[np.ndarray] = []
    with path.open(encoding="latin-1") as file:
        for line, text in enumerate(file, 1):
            try:
                row = np.array(text.split(), dtype=np.float64)
            except ValueError as error:
                raise Refusal("data.not_numbers", name=path.name, line=line, found=text.strip()[:40]) from error
            if rows and len(row) != len(rows[0]):
                raise Refusal("data.ragged", name=path.name, line=line, expected=len(rows[0]), found=len(row))
            if len(row):
                rows.append(row)
    if not rows:
        raise Refusal("data.no_rows", name=path.name)
    matrix = np.stack(rows)
    if not np.isfinite(matrix).all():
        raise Refusal("data.not_numbers", name=path.name, line=int(np.argmin(np.isfinite(matrix).all(1))) + 1, found="")
    return matrix


def _features(folder: Path, side: str, expected: int) -> Columns:
    """One-hot features as one column of names each; the map's lines are ``feature:value``."""
    hot = _matrix(folder / f"{side}_features.ascii")
    names = (folder / f"{side}_features_map.txt").read_text(encoding="utf-8").split("\n")
    pairs = [name.split(":", 1) for name in names if ":" in name]
    if hot.shape != (expected, len(pairs)):
        raise Refusal("data.coat_shapes", folder=folder.parent.name)
    columns: Columns = {}
    for feature in dict.fromkeys(feature for feature, _ in pairs):
        own = [at for at, pair in enumerate(pairs) if pair[0] == feature]
        values = [pairs[at][1].strip() for at in own]
        columns[feature] = [values[np.argmax(row)] if row.any() else None for row in hot[:, own]]
    return columns


def _described(items: Columns) -> list[str]:
    """A sentence on each coat, made of its features."""
    front = {"yes": ", on the front page", "no": ""}
    columns = ("coat_gender", "jackettype", "color", "onfrontpage")
    rows = zip(*(items[name] for name in columns), strict=True)
    return [
        f"{gender}'s {jacket} jacket in {color}{front.get(page or 'no', '')}" for gender, jacket, color, page in rows
    ]
