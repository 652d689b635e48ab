"""JSON Lines to a Parquet table of text; one object a line, line numbers in every refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from analysis.ingest import Limits
from analysis.parse import sniff
from analysis.parse.engine import quoted
from analysis.parse.typed import Text, identifier
from words import Refusal

BATCH = 50_000


def text_of(name: str, path: Path, out: Path, limits: Limits) -> Text:
    """Write the objects' fields as text to `out`, a table of text; a field that a line lacks is missing there.

    Raises Refusal(data.bad_json | data.not_object | data.too_many_columns | data.no_rows).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, None] = {}
    rows = 0
    for line, entry in _objects(name, path):
        columns |= dict.fromkeys(entry)
        rows += 1
        if rows > limits.rows:
            raise limits.exceeded()
        if len(columns) > limits.columns:
            raise Refusal("data.too_many_columns", name=name, found=len(columns), most=limits.columns)
        if "" in columns:
            raise Refusal("data.bad_json", name=name, line=line)
    if rows == 0:
        raise Refusal("data.no_rows", name=name)
    if repeated := sniff.repeated(list(columns)):
        raise Refusal("data.repeated_column", name=name, columns=", ".join(repeated))
    schema = pa.schema([(column, pa.string()) for column in columns])
    with pq.ParquetWriter(out, schema) as writer:
        batch: list[dict[str, Any]] = []
        for _, entry in _objects(name, path):
            batch.append({key: _text(entry.get(key)) for key in columns})
            if len(batch) == BATCH:
                writer.write_table(pa.Table.from_pylist(batch, schema))
                batch = []
        writer.write_table(pa.Table.from_pylist(batch, schema))
    sources = {column: identifier(column) for column in columns}
    return Text(
        name, f"read_parquet({quoted(str(out))})", sources, out, lambda *_: Refusal("data.not_delimited", name=name)
    )


def _objects(name: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and object; numbers are kept as written, so no digit is lost."""
    with path.open(encoding="utf-8-sig") as file:
        for line, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                entry = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
                json.dumps(entry, ensure_ascii=False).encode()  # half a pair of surrogates is no text
            except (ValueError, RecursionError) as error:
                raise Refusal("data.bad_json", name=name, line=line) from error
            if not isinstance(entry, dict):
                raise Refusal("data.not_object", name=name, line=line)
            yield line, entry


def _text(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return json.dumps(cell, ensure_ascii=False)
