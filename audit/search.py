"""Settings searched for before the recommender is trained (models.tune), and the table of what was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.charts.labels import exact
from analysis.document import Cell, Column, Section, Table
from models.base import part
from models.config import RecommenderSettings
from words import Fact, Phrase, phrase

if TYPE_CHECKING:
    from audit.run import Run
    from models.tune import Searched, Trial

SEARCHED = 0.8
"""Share of the step that is done once settings have been searched for."""


def chosen_settings(run: Run) -> tuple[RecommenderSettings, Searched | None]:
    """The settings to train: as given, or the best of those tried."""
    from models.tune import search

    settings = run.settings.recommender
    if settings.trials == 0 or settings.lists_alone or settings.saved is not None:
        return settings.model, None
    folder = run.folder.checkpoints / "search"
    tell = part(run.tell, 0.05, SEARCHED)
    found = search(
        run.composed.data, settings.model, settings.trials, run.settings.seed, folder, tell, run.folder.cache
    )
    return found.settings, found


def with_search(section: Section, found: Searched, n: int) -> Section:
    """The section with the settings that were taken and all that were tried; `n`: users with validation rows."""
    best = found.trials[found.best]
    facts: dict[str, Fact] = {"trials": len(found.trials), "best": found.best + 1, "settings": _told(best), "n": n}
    return section.model_copy(
        update={
            "tables": (*section.tables, _table(found, n)),
            "notes": (*section.notes, phrase("training.search.taken", **facts)),
        }
    )


def _table(found: Searched, n: int) -> Table:
    columns = (
        Column(key="trial", title=phrase("training.search.trial"), unit="count"),
        Column(key="settings", title=phrase("training.search.settings")),
        Column(key="ndcg", title=phrase("training.search.ndcg"), unit="ndcg"),
        Column(key="epochs", title=phrase("training.search.epochs"), unit="count"),
        Column(key="end", title=phrase("training.search.end")),
    )
    rows = tuple(_row(at, trial, found.best) for at, trial in enumerate(found.trials))
    return Table(key="recommender.search", title=phrase("training.search.title", n=n), columns=columns, rows=rows)


def _row(at: int, trial: Trial, best: int) -> tuple[Cell, ...]:
    return at + 1, _told(trial), trial.value, max(trial.steps, default=None), _end(at, trial, best)


def _end(at: int, trial: Trial, best: int) -> Phrase:
    if trial.value is None:
        return phrase("training.search.stopped")
    return phrase("training.search.best" if at == best else "training.search.tried")


def _told(trial: Trial) -> str:
    """The settings as audit.toml names them."""
    return ", ".join(
        f"{name} = {exact(value)}" if isinstance(value, float) else f"{name} = {value}"
        for name, value in trial.chosen.items()
    )
