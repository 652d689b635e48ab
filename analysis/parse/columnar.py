"""Parquet to plain Parquet, batch by batch, stopping at the limit: a small file may hold gigabytes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from analysis.ingest import Limits
from words import Phrase, Refusal, phrase

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 8_192


def read(path: Path, out: Path, limits: Limits) -> list[Phrase]:
    """Write the columns of `path` as int64, float64, bool, text or UTC time to `out`.

    Nested and binary columns are left out with a note; NaN and infinities become missing and are counted.
    Raises Refusal(data.not_parquet | data.too_large | data.no_rows | ...).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, memory_map=False) as file:
            return _copy(path.name, file, out, limits)
    except pa.ArrowMemoryError:
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise Refusal("data.not_parquet", name=path.name) from error


def _copy(name: str, file: pa.parquet.ParquetFile, out: Path, limits: Limits) -> list[Phrase]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if file.metadata.num_rows > limits.rows:
        raise limits.exceeded()
    if file.metadata.num_columns > limits.columns:
        raise Refusal("data.too_many_columns", name=name, found=file.metadata.num_columns, most=limits.columns)
    kept = {field.name: kind for field in file.schema_arrow if (kind := plain_type(field.type)) is not None}
    left_out = [field.name for field in file.schema_arrow if field.name not in kept]
    if len(set(file.schema_arrow.names)) < len(file.schema_arrow.names):
        raise Refusal("data.repeated_column", name=name, columns=", ".join(file.schema_arrow.names))
    schema = pa.schema(list(kept.items()))
    odd = dict.fromkeys(kept, 0)
    rows = expanded = 0
    with pq.ParquetWriter(out, schema) as writer:
        for batch in file.iter_batches(BATCH, columns=list(kept), use_threads=False):
            arrays = [_plain(batch.column(column), kind, column, odd) for column, kind in kept.items()]
            plain = pa.RecordBatch.from_arrays(arrays, schema=schema)  # a dictionary's words count as often as used
            rows, expanded = rows + plain.num_rows, expanded + plain.nbytes
            if rows > limits.rows or expanded > limits.bytes:
                raise limits.exceeded()
            writer.write_batch(plain)
    if rows == 0:
        raise Refusal("data.no_rows", name=name)
    return [
        phrase("data.note.parquet", name=name, rows=rows, columns=len(kept)),
        *(phrase("data.note.not_finite", column=column, rows=count) for column, count in odd.items() if count),
        *(phrase("data.note.left_out", column=column) for column in left_out),
    ]


def plain_type(kind: pa.DataType) -> pa.DataType | None:
    """The plain type that a Parquet column is stored as, or None for what is not a column of values."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_boolean(kind):
        return pa.bool_()
    if pa.types.is_integer(kind):
        return pa.string() if kind == pa.uint64() else pa.int64()
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return pa.float64()
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return pa.timestamp("us", "UTC")
    return pa.string() if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind) else None


def _plain(array: pa.Array, kind: pa.DataType, column: str, odd: dict[str, int]) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("us"))
    if pa.types.is_timestamp(array.type) and array.type.tz is None:
        array = pc.assume_timezone(array.cast(pa.timestamp("us"), safe=False), "UTC")
    plain = array.cast(kind, safe=False)
    if pa.types.is_floating(kind):
        finite = pc.fill_null(pc.is_finite(plain), True)
        odd[column] += len(plain) - (pc.sum(finite).as_py() or 0)
        plain = pc.if_else(finite, plain, pa.scalar(None, kind))
    return plain
