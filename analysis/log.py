"""The interaction log, its users and items, and which column plays which role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict

UNKNOWN = "unknown"
"""The group of users whose sensitive value is missing: a group of its own, shown with its n."""

CROSSED = "*"
"""Between the names of attributes that are crossed; no attribute has it in its own."""
COHORT = "cohort "
"""An attribute of this beginning is a cohort (analysis.cohorts); it is crossed with no other attribute."""

EACH_ROW = "(each row)"
"""As the user role: every row is a person of its own."""
NO_ITEMS = "(none)"
"""As the item role: the rows are about nothing that is recommended; all are of one item."""

Part = Literal["train", "validation", "test"]


class Roles(BaseModel):
    """Which column of the analyst's files is what. None: the data have no such column."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user: str
    """Column of the user; `(each row)` where every row is a person of its own."""
    item: str
    """Column of the item; `(none)` where the rows are about no items."""
    time: str | None = None
    outcome: str | None = None
    """Click, purchase (0/1) or rating. Without one, every row is a positive interaction."""
    treatment: str | None = None
    """What the system did to this row: shown, promoted, e-mailed; 0/1 or a category."""
    position: str | None = None
    propensity: str | None = None
    """Logged probability of the treatment or exposure that this row received, in (0, 1]."""
    provider: str | None = None
    category: str | None = None
    text: str | None = None
    randomised: str | None = None
    """A column that marks rows whose exposure was randomised."""
    sensitive: tuple[str, ...] = ()
    """Columns of users (or of the log, constant within a user)."""


@dataclass(frozen=True)
class Dataset:
    """A cleaned log, ready for every later step.

    log: one row an event, columns
        user, item   str, never missing
        time         datetime64[us, UTC], only where the role is given
        outcome      float64, only where the role is given
        treatment    as given (0/1 as int8, else category strings)
        position     float64; propensity float64; each only where the role is given
        randomised   bool, True where exposure was randomised; only where known
        part         "train" | "validation" | "test"
        and every other column of the file under its own name
    users: indexed by user (str, sorted), one row for **every** user of the log; sensitive attributes as
        strings (numeric ones banded), missing as UNKNOWN; other user columns under their own names.
    items: indexed by item (str, sorted), one row for every item of the log; `text`, `category`, `provider`
        (str, "" where missing; only where the role is given); other columns under their own names.
    digest: SHA-256 of the files as uploaded plus roles, cleaning and split, which names this dataset in
        caches and findings.
    """

    log: pd.DataFrame
    users: pd.DataFrame
    items: pd.DataFrame
    roles: Roles
    digest: str

    @property
    def sensitive(self) -> tuple[str, ...]:
        """Names of the sensitive attributes, all of them columns of `users`."""
        return tuple(name for name in self.roles.sensitive if name in self.users.columns)

    def table(self) -> pd.DataFrame:
        """The log with its users' and items' columns beside it: the variables of the causal graph.

        Columns of `users` and `items` that the log also has keep the log's version.
        """
        wide = self.log
        for frame, on in ((self.users, "user"), (self.items, "item")):
            new = [name for name in frame.columns if name not in wide.columns and name != "text"]
            wide = wide.join(frame[new], on=on)
        return wide
