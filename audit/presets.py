"""Settings to start from: the demo, the two folder layouts, and a log with guessed roles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from analysis.columns import arranged
from analysis.ingest import Limits, Source, Tables, spool
from analysis.log import Roles
from analysis.roles import guess
from analysis.split import Split
from audit.recommending import Recommending
from audit.settings import AuditSettings
from models.config import AdditiveSettings, EaseSettings, FactorSettings
from storage import scratch
from words import Language, say

MOVIELENS_FILES = ("u.data", "u.user", "u.item")
COAT_FILES = ("train.ascii", "test.ascii")


def demo_settings(language: Language = "en") -> AuditSettings:
    """The simulated shop: its truth is known, so everything the demo shows can be checked."""
    return AuditSettings(
        title=say("audit.demo_title", language),
        language=language,
        data=Source(kind="demo"),
        recommender=Recommending(model=FactorSettings(l2=0.05)),  # the best of .003 to .1 on its validation rows
    )


def layout_of(folder: Path) -> str:
    """``movielens`` or ``coat`` by the files in a folder. Raises Refusal(audit.unknown_layout)."""
    from words import Refusal

    for kind, names in (("movielens", MOVIELENS_FILES), ("coat", COAT_FILES)):
        if all((folder / name).is_file() for name in names):
            return kind
    raise Refusal("audit.unknown_layout", folder=folder.name)


def settings_for(source: Source, tables: Tables, given: Mapping[str, object], title: str) -> AuditSettings:
    """Settings for spooled files: roles as given, the rest guessed; split and recommender by what the data are."""
    roles = Roles.model_validate(guess(tables).roles.model_dump() | dict(given))
    if source.kind == "demo":
        return demo_settings().model_copy(update={"title": title, "data": source, "roles": roles})
    if source.kind == "movielens":
        # The published protocol: 75/25 at random by user, every rating an interaction.
        split, choice = Split(kind="rows", test=0.25), Recommending(model=EaseSettings(), positive_from=0.0)
    elif roles.randomised is not None:
        split = Split(kind="randomised")
        choice = Recommending(model=AdditiveSettings(), positive_from=3.0 if source.kind == "coat" else None, top=5)
    else:
        split = Split(kind="time" if roles.time else "rows")
        choice = Recommending(model=EaseSettings())
    return AuditSettings(title=title, data=source, roles=roles, split=split, recommender=choice)


def guessed_settings(source: Source, given: Mapping[str, object], title: str) -> AuditSettings:
    """`settings_for` a source that is read here once, into a folder that is thrown away.

    Raises Refusal(data.*) where a role's column is not there, naming the nearest.
    """
    with scratch() as folder:
        tables = spool(source, folder, Limits())
        settings = settings_for(source, tables, given, title)
        assert settings.roles is not None
        arranged(tables, settings.roles)
        return settings
