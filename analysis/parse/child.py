"""`python -m analysis.parse.child`: a Job as JSON on stdin, an Answer as JSON on stdout, limits on itself first."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.ingest import FORMAT, TABLES, Answer, Job, Limits
from analysis.pseudonyms import Ids, check_of, pseudonyms
from storage import of_memory
from words import Phrase, Refusal, phrase

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def main() -> None:
    job = Job.model_validate_json(sys.stdin.buffer.read())
    restrain(job.limits)
    try:
        said = answer(job)
    except (MemoryError, ImportError, RuntimeError) as error:  # there was no room for the libraries themselves
        if not of_memory(error):
            raise
        said = Answer(refusal=phrase("data.no_memory"))
    sys.stdout.write(said.model_dump_json())


def restrain(limits: Limits) -> None:
    """No more address space, processor time or file size than allowed, and no core dump."""
    for what, most in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, 2 * limits.seconds),
        (resource.RLIMIT_FSIZE, 2 * limits.bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (bound, bound))


def answer(job: Job) -> Answer:
    """What came of the job; memory and disk that ran out are refusals too."""
    import duckdb
    import pyarrow

    from analysis.parse.engine import of_full_disk

    try:
        read = READERS[job.source.kind](job)
        return read if job.ids is None else _pseudonymised(job.out, job.ids, read)
    except Refusal as refusal:
        return Answer(refusal=refusal.phrase)
    except (MemoryError, duckdb.OutOfMemoryException, pyarrow.ArrowMemoryError):
        return Answer(refusal=job.limits.exceeded().phrase)
    except (OSError, duckdb.IOException) as error:
        if of_full_disk(error):
            return Answer(refusal=phrase("data.disk_full"))
        if isinstance(error, duckdb.IOException):
            raise
        return Answer(refusal=phrase("data.no_file", name=Path(error.filename or "").name, why=error.strerror or ""))


def _files(job: Job) -> Answer:
    """The log and, where given, users and items, each by its content."""
    from analysis.document import digest
    from analysis.parse.table import read_table
    from storage import sha256_of

    notes: list[Phrase] = []
    parts: list[bytes | str] = []
    for name in TABLES:
        given = getattr(job.source, name)
        if given is None:
            continue
        path = _checked(Path(given))
        notes += read_table(path, job.out / f"{name}.parquet", job.source, job.limits)
        parts += [name, sha256_of(path)]
    if job.source.log is None:
        raise Refusal("data.no_log")
    said = job.source.model_dump(include=set(FORMAT), exclude_none=True)  # the same bytes read otherwise are other data
    return Answer(digest=digest(*parts, *(f"{name}={given}" for name, given in said.items())), notes=tuple(notes))


def _layout(job: Job) -> Answer:
    """A folder in a published layout."""
    from analysis.document import digest
    from analysis.parse.layouts import LAYOUTS, write
    from storage import sha256_of

    if job.source.folder is None:
        raise Refusal("data.no_folder", kind=job.source.kind)
    folder = Path(job.source.folder)
    layout = LAYOUTS[job.source.kind]
    paths = [_checked(folder / name) for name in layout.files]
    tables = layout.read(folder, job.limits)
    for name, columns in tables.items():
        write(columns, job.out / f"{name}.parquet")
    note = phrase("data.note.layout", kind=layout.title, rows=len(next(iter(tables["log"].values()))))
    parts = [part for path in paths for part in (path.name, sha256_of(path))]
    return Answer(digest=digest(job.source.kind, *parts), notes=(note,))


def _pseudonymised(out: Path, ids: Ids, read: Answer) -> Answer:
    """The tables that were read with other ids of people: the only place where these are replaced."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from analysis.document import digest

    tables = {
        name: pq.read_table(path, use_threads=False) for name in TABLES if (path := out / f"{name}.parquet").exists()
    }
    columns = [(name, own) for name, table in tables.items() for own in _columns_of_ids(name, table.column_names, ids)]
    coded = {place: _coded(tables[place[0]].column(place[1]).to_pandas(), ids.listed) for place in columns}
    given = pseudonyms(ids.key, [one for _, known in coded.values() for one in known.dropna()])
    for (name, own), (codes, known) in coded.items():
        renamed = pa.array(known.map(given), pa.string(), from_pandas=True)
        replaced = renamed.take(pa.array(codes, mask=codes < 0))  # a missing id stays missing
        tables[name] = tables[name].set_column(tables[name].column_names.index(own), own, replaced)
        pq.write_table(tables[name], out / f"{name}.parquet")
    return read.model_copy(update={"digest": digest(read.digest, "pseudonyms", ids.column, check_of(ids.key))})


def _coded(column: pd.Series, trimmed: bool) -> tuple[np.ndarray, pd.Series]:
    """The place of every row's id (-1: missing) among those that there are, and these as text."""
    import pandas as pd

    from analysis.columns import as_id

    codes, known = pd.factorize(column)
    text = as_id(pd.Series(known))
    return codes, text.str.strip() if trimmed else text


def _columns_of_ids(table: str, found: list[str], ids: Ids) -> list[str]:
    """Columns of a table that hold ids of people. Raises Refusal where there has to be one."""
    from analysis.columns import column_named, find, key_column
    from analysis.roles import plain

    own = None
    if table == "users":
        own = key_column(found, ids.column, "user")
    elif table == "log" and ids.named != ():
        own = column_named(found, ids.named) if ids.named else ids.column
        find("user", own or (ids.named or ("",))[0], found)
    alike = {plain(name) for name in ids.named or ()} if ids.listed else set()
    return [column for column in found if column in (own, ids.column) or plain(column) in alike]


def _checked(path: Path) -> Path:
    if not path.is_file():
        raise Refusal("data.no_file", name=path.name, why="")
    return path


READERS: dict[str, Callable[[Job], Answer]] = {"files": _files, "movielens": _layout, "coat": _layout}

if __name__ == "__main__":
    main()
