"""The engines that group a log: DuckDB in this process, or Spark, here or on a cluster.

The questions are Ibis expressions, written once. DuckDB answers them from a frame or from Parquet of any size within
`MEMORY`; Spark answers them where its workers are, and only what was grouped comes back.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from analysis.parse.engine import of_full_disk
from words import Refusal

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

Kind = Literal["duckdb", "spark"]
MASTER_VARIABLE = "EVENHAND_SPARK_MASTER"
"""Environment variable with the address of a Spark master; where it is not set, all cores of this machine."""
MASTER = re.compile(r"local(\[(\d+|\*)\])?|spark://[\w.-]+:\d+(,[\w.-]+:\d+)*|yarn|k8s://\S+")
MEMORY = "800MB"
"""What DuckDB holds in memory; the rest of a larger grouping goes through a temporary folder."""
THREADS = 2
SECONDS = 5.0
"""How long a Spark master may take to answer."""
BATCH = 1_000_000
"""Rows that come at once."""


@dataclass(frozen=True)
class Engine:
    """An open engine. remote: rows are better grouped before they come here."""

    kind: Kind
    connection: Any

    @property
    def remote(self) -> bool:
        return self.kind == "spark"

    def table(self, log: pd.DataFrame | Path) -> ibis.Table:
        """A frame, or a Parquet file or folder of them, as an Ibis table."""
        import ibis

        if isinstance(log, Path):
            return self.connection.read_parquet(str(log / "*.parquet" if log.is_dir() and not self.remote else log))
        if self.remote:
            return ibis.memtable(log)
        import pyarrow as pa

        name = f"frame_{id(log)}"
        self.connection.con.register(name, pa.Table.from_pandas(log, preserve_index=False))
        return self.connection.table(name)

    def frame(self, expression: ibis.Expr) -> pd.DataFrame:
        """The answer, whole."""
        answered: pd.DataFrame = self.connection.execute(expression)
        return answered

    def batches(self, expression: ibis.Table) -> Iterator[pa.RecordBatch]:
        """The answer in pieces, in no particular order, so that it need not fit into memory."""
        if self.remote:
            yield from self.connection.to_pyarrow_batches(expression, chunk_size=BATCH)
        else:
            yield from self.connection.con.sql(self.connection.compile(expression)).to_arrow_reader(BATCH)


@contextmanager
def opened(kind: Kind = "duckdb", master: str | None = None) -> Iterator[Engine]:
    """An engine, closed at the end. master: address of the Spark master; None: that of the environment.

    Raises Refusal(scale.*) where Spark, Java or the address is not there or not right.
    """
    with _spark(master or os.environ.get(MASTER_VARIABLE, "local[*]")) if kind == "spark" else _duckdb() as connection:
        yield Engine(kind, connection)


@contextmanager
def readable(log: Path) -> Iterator[None]:
    """DuckDB's complaint of a file that is damaged inside, as a sentence. Raises Refusal(data.not_parquet)."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        if of_full_disk(error):
            raise Refusal("data.disk_full") from error
        if type(error) not in (duckdb.Error, duckdb.InvalidInputException, duckdb.IOException):
            raise  # a question that is asked wrongly
        name = f"{log.name}/*.parquet" if log.is_dir() else log.name
        raise Refusal("data.not_parquet", name=name) from error


@contextmanager
def _duckdb() -> Iterator[Any]:
    import duckdb
    import ibis

    with TemporaryDirectory(prefix="evenhand-") as scratch:
        try:
            connection = ibis.duckdb.connect(memory_limit=MEMORY, threads=THREADS, temp_directory=scratch)
            try:
                connection.raw_sql("SET preserve_insertion_order = false")
                yield connection
            finally:
                connection.disconnect()
        except duckdb.OutOfMemoryException as error:
            raise MemoryError from error


@contextmanager
def _spark(master: str) -> Iterator[Any]:
    if find_spec("pyspark") is None:
        raise Refusal("scale.no_spark")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        raise Refusal("scale.no_java")
    if MASTER.fullmatch(master) is None:
        raise Refusal("scale.bad_master", variable=MASTER_VARIABLE, master=master)
    if master.startswith("spark://") and not any(_answers(host) for host in master.removeprefix("spark://").split(",")):
        raise Refusal("scale.no_cluster", master=master)
    import ibis
    from py4j.protocol import Py4JError, Py4JJavaError
    from pyspark.errors import PySparkException

    try:
        session = _session(master)
    except (Py4JError, PySparkException, OSError) as error:
        raise Refusal("scale.no_cluster", master=master) from error
    try:
        yield ibis.pyspark.connect(session)
    except (Py4JError, PySparkException) as error:  # a damaged file, a lost worker: Java tells in hundreds of lines
        cause = error.java_exception.getCause() if isinstance(error, Py4JJavaError) else None
        raise Refusal("scale.spark_stopped", why=str(cause or error).partition("\n")[0]) from error
    finally:
        session.stop()


def _answers(host: str) -> bool:
    """Whether something listens at `name:port`; Spark itself would try for a minute."""
    name, _, port = host.rpartition(":")
    try:
        with socket.create_connection((name, int(port)), timeout=SECONDS):
            return True
    except OSError:
        return False


def _session(master: str) -> Any:
    """A Spark session; one on this machine speaks over loopback alone."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.ansi.enabled": "true",
        "spark.log.level": "ERROR",
    }
    if master.startswith("local") or "127.0.0.1" in master:
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        settings |= {"spark.sql.shuffle.partitions": "2", "spark.ui.showConsoleProgress": "false"}
    builder = SparkSession.builder.master(master).appName("Evenhand")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def cells(
    log: pd.DataFrame | Path,
    by: Sequence[str],
    outcome: str | None = None,
    unit: str | None = None,
    buckets: int | None = None,
    kind: Kind = "duckdb",
) -> pd.DataFrame:
    """n, total and square (sum and sum of squares of `outcome`) of every combination of `by`, sorted by it.

    unit: a column (the user) that is a further key, so that cells can be resampled by unit; with `buckets` its
    hash modulo `buckets` stands in for it, as column ``bucket`` (int64), which bounds the number of cells.
    Missing values of `by` are a group of their own. Rows whose outcome is missing count in n and add 0 to the sums.
    Returns columns [*by, unit | "bucket", n int64, total float64, square float64]; the sums only with an outcome.
    """
    if isinstance(log, pd.DataFrame):
        used = dict.fromkeys([*by, *(name for name in (outcome, unit) if name is not None)])
        log = log[list(used) or list(log.columns[:1])]
    with opened(kind) as engine:
        table = engine.table(log)
        keys = list(by)
        if unit is not None and buckets is not None:
            table = table.mutate(bucket=(table[unit].hash() % buckets + buckets) % buckets)
            keys.append("bucket")
        elif unit is not None:
            keys.append(unit)
        sums = {"n": table.count()}
        if outcome is not None:
            value = table[outcome].cast("float64")
            sums |= {"total": value.sum().fill_null(0.0), "square": (value * value).sum().fill_null(0.0)}
        grouped = table.group_by(keys).aggregate(**sums) if keys else table.aggregate(**sums)
        return engine.frame(grouped.order_by(keys) if keys else grouped)
