"""audit.toml as a file: read, written, and which other files its settings name."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from audit.settings import AuditSettings, Step
from models.encoders import HUB_NAME
from words import Refusal, unfit

PATHS: dict[str, Step] = {
    "data.folder": "data",
    "data.log": "data",
    "data.users": "data",
    "data.items": "data",
    "recommender.saved": "recommender",
    "recommender.lists": "recommender",
    "recommender.model.encoder": "recommender",
    "recommender.prompted.model.folder": "recommender",
    "prompted.lists": "prompted",
    "prompted.model.folder": "prompted",
}
"""Every setting that is the path of a file or folder, and the step that reads it; an encoder can also be a model of the
hub. Relative ones are read from where audit.toml lies, a changed file makes its step stale, and a report has the last
part of the path alone."""


def read_settings(path: Path) -> AuditSettings:
    """Settings from a TOML file, relative paths read from where the file lies.

    Raises Refusal naming the line or the setting that is wrong.
    """
    try:
        settings = AuditSettings.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
        beside = with_paths(settings.model_dump(), lambda name: str((path.parent / name).resolve()))
        return AuditSettings.model_validate(beside)
    except OSError as error:
        raise Refusal("audit.settings_missing", name=path.name) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refusal("audit.settings_syntax", name=path.name, why=str(error)) from error
    except ValidationError as error:
        where, why = unfit(error)
        if not where:
            raise Refusal("audit.settings_unfit", name=path.name, why=why) from error
        raise Refusal("audit.settings_wrong", name=path.name, where=".".join(where), why=why) from error


def settings_toml(settings: AuditSettings) -> bytes:
    """Settings as TOML, defaults included, so that a file says all that it does; what is None is left out."""
    return tomli_w.dumps(settings.model_dump(mode="json", exclude_none=True)).encode()


def with_paths(plain: dict[str, Any], changed: Callable[[str], str]) -> dict[str, Any]:
    """Dumped settings, in place, with every path that they name as `changed` gives it."""
    for _, table, name in _named(plain):
        table[name] = changed(table[name])
    return plain


def files_now(settings: AuditSettings) -> dict[Step, list[str]]:
    """Name, size and time of change of every file that the settings name, by the step that reads it."""
    found: dict[Step, list[str]] = {}
    for step, table, name in _named(settings.model_dump()):
        found.setdefault(step, []).extend(_as_they_are(Path(table[name])))
    return found


def _named(plain: dict[str, Any]) -> Iterator[tuple[Step, dict[str, Any], str]]:
    """Each path that dumped settings name: the step that reads it, the table that it stands in, and under what name."""
    for place, step in PATHS.items():
        *tables, name = place.split(".")
        table: Any = plain
        for part in tables:
            table = table.get(part) if isinstance(table, dict) else None
        if isinstance(table, dict) and table.get(name) is not None and not HUB_NAME.fullmatch(table[name]):
            yield step, table, name


def _as_they_are(path: Path) -> list[str]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    there = [(file, file.stat()) for file in files if file.is_file()]
    return [f"{file.name} {facts.st_size} {facts.st_mtime_ns}" for file, facts in there]
