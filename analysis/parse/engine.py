"""A DuckDB connection that can open the named files and nothing else."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

MEMORY = "1GB"
THREADS = 2


def connect(*paths: Path) -> duckdb.DuckDBPyConnection:
    """No network, no extension, no other file; the settings are locked, so no text in a query can widen them."""
    import duckdb

    connection = duckdb.connect()
    allowed = ", ".join(quoted(str(path)) for path in paths)
    for setting in (
        f"memory_limit = '{MEMORY}'",
        f"threads = {THREADS}",
        "TimeZone = 'UTC'",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "disabled_optimizers = 'type_pushdown'",  # DuckDB 2.0: it makes CAST of try_cast in read_csv
        f"allowed_paths = [{allowed}]",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")
    return connection


def of_full_disk(error: Exception) -> bool:
    """Whether the system, or DuckDB in its words, says that nothing more can be written."""
    codes = (errno.ENOSPC, errno.EDQUOT)
    return getattr(error, "errno", None) in codes or any(os.strerror(code) in str(error) for code in codes)


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
