"""From uploaded tables to the Dataset that every later step reads, and that Dataset on disk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from analysis.columns import ITEM_ROLES, LOG_ROLES, arranged, as_id, as_randomised, as_treatment, constant_of
from analysis.document import canonical, digest
from analysis.groups import band, pool_sparse
from analysis.ingest import Tables
from analysis.lacking import lacking
from analysis.log import UNKNOWN, Dataset, Roles
from analysis.quality import Cleaning, CleaningStep, Quality, cleaned, inspected
from analysis.split import Split, parts
from storage import verify, write_atomic, write_manifest
from words import Phrase, Refusal, phrase

FILE_PREFIX = "file_"
"""Put before a column of the file whose name is that of a role played by another column."""
FEW_UNKNOWN = 5
"""Times k: of so many, k are left even where a figure counts only a fifth of the users."""
FILES = ("log.parquet", "users.parquet", "items.parquet")


@dataclass(frozen=True)
class Prepared:
    """The dataset, the quality of the data as uploaded, what cleaning did, and what reading them noted.

    Where fewer than k people of unknown group were left out, all is as though they had never been in the files: their
    number, or that of their rows, would follow from any count with them and one without.
    lacking: `analysis.lacking.lacking` of the data as uploaded, or None.
    """

    dataset: Dataset
    quality: Quality
    steps: tuple[CleaningStep, ...]
    notes: tuple[Phrase, ...] = ()
    lacking: pd.DataFrame | None = None


def prepare(tables: Tables, roles: Roles, cleaning: Cleaning, split: Split, seed: int, k: int = 0) -> Prepared:
    """Check, clean and split the tables; the same arguments give the same dataset.

    k: disclosure threshold. People of unknown group are left out where they are fewer than FEW_UNKNOWN x k: too few to
    be shown, they would be found by subtraction wherever all and the known groups are, so one of those would have to
    go instead. 0 keeps everybody.
    Raises Refusal(data.*) where a role's column is missing or holds what the role cannot be, or nobody is left.
    """
    return _prepared(arranged(tables, roles), roles, cleaning, split, seed, k)


def _prepared(tables: Tables, roles: Roles, cleaning: Cleaning, split: Split, seed: int, k: int) -> Prepared:
    """`prepare` for arranged tables; those who are left need no record in the users' table."""
    quality = inspected(tables, roles, cleaning.time_unit)
    done = cleaned(tables, roles, cleaning)
    log = _log(done.tables.log, roles)
    log["part"] = parts(log, split, seed)
    users, pooled = _users(log, done.tables.users, roles, cleaning)
    few = _unknown(users, roles, fewer_than=k)
    if few:
        least = FEW_UNKNOWN * k
        others = _without(tables, users, few, roles, least)
        return _untold(_prepared(others, roles, cleaning, split, seed, k), few, least)
    items = _items(log, done.tables.items, roles)
    log, users, left_out = _without_unknown(log, users, roles, FEW_UNKNOWN * k)
    log = log.drop(columns=[name for name in roles.sensitive if name in log.columns])
    name = digest(tables.digest, *(canonical(model) for model in (roles, cleaning, split)), str(seed), str(k))
    dataset = Dataset(log=log, users=users, items=items, roles=roles, digest=name)
    return Prepared(dataset, quality, (*done.steps, *pooled, *left_out), tables.notes, lacking(tables, roles))


def save(dataset: Dataset, folder: Path) -> None:
    """Write the dataset to `folder` as Parquet, its manifest (digests, roles) last."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in zip(FILES, (dataset.log, dataset.users, dataset.items), strict=True):
        buffer = BytesIO()
        frame.to_parquet(buffer)
        write_atomic(folder / name, buffer.getvalue())
    write_manifest(folder, FILES, roles=dataset.roles.model_dump(mode="json"), digest=dataset.digest)


def load(folder: Path) -> Dataset:
    """The dataset that `save` wrote. Raises Refusal(storage.*) where a file is missing or changed."""
    manifest = verify(folder)
    try:
        roles, named = Roles.model_validate(manifest["roles"]), {*FILES} == {*manifest["files"]}
    except (KeyError, ValidationError) as error:
        raise Refusal("storage.no_manifest", folder=folder.name) from error
    if not named:
        raise Refusal("storage.no_manifest", folder=folder.name)
    log, users, items = (pd.read_parquet(folder / name) for name in FILES)
    return Dataset(log, users, items, roles, str(manifest.get("digest")))


def _log(log: pd.DataFrame, roles: Roles) -> pd.DataFrame:
    """Role columns under the names of the roles, in their types; others whose name that is are called file_..."""
    given = {column: role for role in LOG_ROLES if (column := getattr(roles, role)) is not None}
    taken = {*LOG_ROLES, "part"}
    others = {name: f"{FILE_PREFIX}{name}" for name in log.columns if name in taken and name not in given}
    named = log.rename(columns=others | given)
    if roles.treatment is not None:
        named["treatment"] = as_treatment(named["treatment"])
    if roles.randomised is not None:
        named["randomised"] = as_randomised(named["randomised"], roles.randomised)
    first = [role for role in LOG_ROLES if role in named.columns]
    return named[[*first, *(name for name in named.columns if name not in first)]]


def _users(
    log: pd.DataFrame, users: pd.DataFrame | None, roles: Roles, cleaning: Cleaning
) -> tuple[pd.DataFrame, list[CleaningStep]]:
    """One row for every user of the log, sensitive attributes as groups."""
    index = pd.Index(sorted(log["user"].unique()), name="user", dtype="str")
    frame = users.set_index(roles.user).reindex(index) if users is not None else pd.DataFrame(index=index)
    frame.index.name = "user"
    steps: list[CleaningStep] = []
    for name in roles.sensitive:
        own = frame[name] if name in frame.columns else constant_of(log, "user", name).reindex(index)
        groups, renamed = pool_sparse(_grouped(own, name), cleaning.pool_under)
        frame[name] = groups.astype("object").where(groups.notna(), UNKNOWN).astype("str")
        if renamed:
            shown = ", ".join(f"{old} = {new}" for old, new in sorted(renamed.items()))
            step = phrase("data.clean.pooled", column=name, pooled=shown, least=cleaning.pool_under)
            steps.append(CleaningStep("pooled", step, len(log), len(log)))
    return frame, steps


def _unknown(users: pd.DataFrame, roles: Roles, fewer_than: int) -> dict[str, pd.Index]:
    """Sensitive attribute -> the people whose group is unknown, where there are any and so few."""
    found = {name: users.index[users[name] == UNKNOWN] for name in roles.sensitive}
    return {name: people for name, people in found.items() if 0 < len(people) < fewer_than}


def _without(tables: Tables, users: pd.DataFrame, few: dict[str, pd.Index], roles: Roles, least: int) -> Tables:
    """The arranged tables without these people. Raises Refusal(data.nothing_left) where there are no others."""
    gone = {person for people in few.values() for person in people}
    if len(gone) == len(users):
        raise Refusal("data.nothing_left", rule=_few_unknown(next(iter(few)), least))
    log, known = (
        None if table is None else table[~table[roles.user].isin(gone)].reset_index(drop=True)
        for table in (tables.log, tables.users)
    )
    assert log is not None
    return replace(tables, log=log, users=known)


def _untold(prepared: Prepared, few: Iterable[str], least: int) -> Prepared:
    """What was prepared without a few people, saying that they were left out and no count of what the files held."""
    rows = len(prepared.dataset.log)
    left_out = [CleaningStep("few_unknown", _few_unknown(name, least), rows, rows) for name in few]
    silent = phrase("data.note.few_not_told")
    notes = [note for note in prepared.notes if "rows" not in note.facts and note != silent]
    return replace(prepared, steps=(*prepared.steps, *left_out), notes=(*notes, silent))


def _without_unknown(
    log: pd.DataFrame, users: pd.DataFrame, roles: Roles, least: int
) -> tuple[pd.DataFrame, pd.DataFrame, list[CleaningStep]]:
    """The log and its users without unknown groups of fewer than `least` people, and what was done.

    Raises Refusal(data.nothing_left) where nobody is left.
    """
    steps: list[CleaningStep] = []
    for name in roles.sensitive:
        unknown = _unknown(users, roles, least).get(name)
        if unknown is not None:
            kept = log[~log["user"].isin(unknown)].reset_index(drop=True)
            steps.append(CleaningStep("few_unknown", _few_unknown(name, least), len(log), len(kept)))
            log, users = kept, users.drop(index=unknown)
    if log.empty:
        raise Refusal("data.nothing_left", rule=steps[-1].phrase)
    return log, users, steps


def _few_unknown(name: str, least: int) -> Phrase:
    return phrase("data.clean.few_unknown", column=name, least=least)


def _grouped(column: pd.Series, name: str) -> pd.Series:
    """Groups as text: numbers banded, blanks missing."""
    if column.dtype.kind in "iuf" and column.notna().any():
        return band(column, name)
    return as_id(column)


def _items(log: pd.DataFrame, items: pd.DataFrame | None, roles: Roles) -> pd.DataFrame:
    """One row for every item of the log and of the catalogue, roles under their names, "" where missing."""
    known = set(log["item"].unique()) | (set(items[roles.item]) if items is not None else set())
    index = pd.Index(sorted(known), name="item", dtype="str")
    frame = items.set_index(roles.item).reindex(index) if items is not None else pd.DataFrame(index=index)
    frame.index.name = "item"
    given = {column: role for role in ITEM_ROLES if (column := getattr(roles, role)) is not None}
    for column in given:
        if column not in frame.columns:
            frame[column] = constant_of(log, "item", column).reindex(index)
    clash = {name: f"{FILE_PREFIX}{name}" for name in frame.columns if name in ITEM_ROLES and name not in given}
    frame = frame.rename(columns=clash | given)
    for role in given.values():
        text = as_id(frame[role])
        frame[role] = text.where(text.notna(), "").astype("str")
    return frame
