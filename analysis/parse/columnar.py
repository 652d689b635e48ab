"""Parquet to plain Parquet, batch by batch, stopping at the limit: a small file may hold gigabytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.ingest import Limits
from analysis.parse.typed import EXACT
from words import Phrase, Refusal, phrase

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 8_192


def read(path: Path, out: Path, limits: Limits) -> list[Phrase]:
    """Write the columns of `path` as int64, float64, bool, text or UTC time to `out`.

    Nested and binary columns are left out with a note; NaN and infinities become missing and are counted. Whole
    numbers that would not stay exact (large ones beside missing values, or of a type wider than int64) become text.
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
        if getattr(error, "errno", None) is not None:  # the system's, not the file's
            raise
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
    whole = _whole(file, [column for column, kind in kept.items() if kind == pa.int64()], limits)
    kept |= {column: seen.stored() for column, seen in whole.items()}
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
        *(
            phrase("data.note.large_ids", column=column, rows=seen.large)
            for column, seen in whole.items()
            if kept[column] == pa.string()
        ),
        *(phrase("data.note.left_out", column=column) for column in left_out),
    ]


def plain_type(kind: pa.DataType) -> pa.DataType | None:
    """The plain type that a Parquet column is stored as, or None for what is not a column of values.

    int64 for every kind of whole or decimal number: what these hold decides (`Whole`).
    """
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_boolean(kind):
        return pa.bool_()
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return pa.int64()
    if pa.types.is_floating(kind):
        return pa.float64()
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return pa.timestamp("us", "UTC")
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    return pa.string() if any(is_text(kind) for is_text in texts) else None


@dataclass
class Whole:
    """What is seen of a column of integers or decimals: missing values, large numbers, fractions."""

    wide: bool = False
    """Whether its type holds more than int64."""
    missing: int = 0
    large: int = 0
    fraction: bool = False

    def look(self, array: pa.Array) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        self.missing += array.null_count
        self.large += pc.sum(pc.greater_equal(pc.abs(array.cast(pa.float64(), safe=False)), EXACT)).as_py() or 0
        if pa.types.is_decimal(array.type):
            self.wide = True
            roomy = array.cast(pa.decimal256(76, array.type.scale))  # 0.5 of decimal(5, 5) could not be rounded
            self.fraction |= bool(pc.any(pc.not_equal(pc.trunc(roomy), roomy)).as_py())
        self.wide |= array.type == pa.uint64()

    def stored(self) -> pa.DataType:
        """int64, float64 for fractions, or text: beside a missing value a frame keeps whole numbers as float64, too."""
        import pyarrow as pa

        if self.fraction:
            return pa.float64()
        return pa.string() if self.large and (self.wide or self.missing) else pa.int64()


def _whole(file: pa.parquet.ParquetFile, columns: list[str], limits: Limits) -> dict[str, Whole]:
    """What each of these columns holds, read once before they are copied."""
    seen, rows = {column: Whole() for column in columns}, 0
    for batch in file.iter_batches(BATCH, columns=columns, use_threads=False) if columns else ():
        rows += batch.num_rows
        if rows > limits.rows:
            raise limits.exceeded()
        for column in columns:
            seen[column].look(_decoded(batch.column(column)))
    return seen


def _decoded(array: pa.Array) -> pa.Array:
    import pyarrow as pa

    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _plain(array: pa.Array, kind: pa.DataType, column: str, odd: dict[str, int]) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_decimal(array.type) and pa.types.is_string(kind):
        array = array.cast(pa.decimal256(76, 0))  # without the zeros behind the point
    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("us"))
    if pa.types.is_timestamp(array.type):
        array = _microseconds(array, column, odd)
    plain = array.cast(kind, safe=False)
    if pa.types.is_floating(kind):
        finite = pc.fill_null(pc.is_finite(plain), True)
        odd[column] += len(plain) - (pc.sum(finite).as_py() or 0)
        plain = pc.if_else(finite, plain, pa.scalar(None, kind))
    return plain


def _microseconds(array: pa.Array, column: str, odd: dict[str, int]) -> pa.Array:
    """Times as microseconds in UTC; those that so many cannot say would become other times, and are missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if array.type.unit in ("s", "ms"):
        most = (2**63 - 1) // (10**6 if array.type.unit == "s" else 10**3)
        count = array.cast(pa.int64())
        inside = pc.fill_null(pc.and_(pc.less_equal(count, most), pc.greater_equal(count, -most)), True)
        odd[column] += len(array) - (pc.sum(inside).as_py() or 0)
        array = pc.if_else(inside, array, pa.scalar(None, array.type))
    fine = array.cast(pa.timestamp("us", array.type.tz), safe=False)
    return pc.assume_timezone(fine, "UTC") if array.type.tz is None else fine
