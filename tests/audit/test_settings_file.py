"""Which settings are paths is said in one place, and holds for reading, staleness and the report."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from audit.publish import printed_settings
from audit.settings import AuditSettings
from audit.settings_file import PATHS, files_now, read_settings, settings_toml

HUB = f"intfloat/e5-small@{'a' * 40}"
NO_PATHS = {
    *("address", "adjustment", "attribute", "attributes", "by", "category", "column", "columns", "compare_by"),
    *("confounders", "covariates", "edges", "first", "forbidden", "grouping", "item", "item_group", "latent"),
    *("meaningless", "meaningless_values", "mediators", "name", "negative_exposures", "negative_outcomes"),
    *("nodes", "other_outcomes", "outcome", "person", "population", "position", "profile", "propensity"),
    *("provider", "pseudonyms", "randomised", "reference", "required", "scope", "second", "second_from"),
    *("sensitive", "subjects", "target", "template", "text", "tiers", "time", "time_from", "time_to", "title"),
    *("treatment", "user", "user_text", "values", "variant"),
}
"""Settings of text that are none: names in the data, prompts, moments, addresses."""
SETTINGS: dict[str, Any] = {
    "data": {"kind": "files", "folder": "a/data", "log": "a/log.csv", "users": "a/users.csv", "items": "a/items.csv"},
    "recommender": {
        "saved": "a/saved",
        "lists": "a/lists.csv",
        "model": {"kind": "language", "encoder": "a/encoder"},
        "prompted": {"model": {"where": "folder", "folder": "a/asked"}},
    },
    "prompted": {"lists": "a/replies.csv", "model": {"where": "folder", "folder": "a/chat"}},
}
"""All of them at once."""


def texts(model: type[BaseModel], place: str = "") -> Iterator[str]:
    """Every setting that is a text, or holds some."""
    for name, field in model.model_fields.items():
        for kind in parts(field.annotation):
            if kind is str:
                yield f"{place}{name}"
            else:
                yield from texts(kind, f"{place}{name}.")


def parts(annotation: Any) -> set[type]:
    """`str` and the classes of settings that a type is made of."""
    if annotation is str or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return {annotation}
    return {kind for part in get_args(annotation) for kind in parts(part)}


def test_every_setting_that_is_a_path_is_in_the_table() -> None:
    """A new setting of text must be put into the table or among those that are no path."""
    found = set(texts(AuditSettings))
    assert found >= set(PATHS)
    unknown = {place for place in found if place not in PATHS and place.rpartition(".")[2] not in NO_PATHS}
    assert unknown == set()


@pytest.mark.parametrize("place", PATHS)
def test_a_path_is_read_from_beside_the_settings_watched_and_printed_without_its_folder(
    tmp_path: Path, place: str
) -> None:
    (tmp_path / "audit.toml").write_bytes(settings_toml(AuditSettings.model_validate(SETTINGS)))
    settings = read_settings(tmp_path / "audit.toml")
    path, printed = Path(at(settings.model_dump(), place)), at(printed_settings(settings), place)
    assert path == tmp_path / "a" / path.name
    assert printed == path.name
    before = files_now(settings)
    path.parent.mkdir()
    path.write_text("changed")
    after = files_now(settings)
    assert {step for step in after if after[step] != before[step]} == {PATHS[place]}


def test_a_model_of_the_hub_is_no_path(tmp_path: Path) -> None:
    text = settings_toml(AuditSettings.model_validate({"recommender": {"model": {"kind": "language", "encoder": HUB}}}))
    (tmp_path / "audit.toml").write_bytes(text)
    settings = read_settings(tmp_path / "audit.toml")
    assert at(settings.model_dump(), "recommender.model.encoder") == HUB
    assert at(printed_settings(settings), "recommender.model.encoder") == HUB
    assert files_now(settings) == {}


def at(table: Any, place: str) -> Any:
    for name in place.split("."):
        table = table[name]
    return table
