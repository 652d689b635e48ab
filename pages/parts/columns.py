"""Which column is what: the guess, in one compact form to confirm."""

from __future__ import annotations

import streamlit as st

from analysis.log import EACH_ROW, NO_ITEMS, Roles
from analysis.roles import item_columns
from audit.intake import Arrival
from pages.parts import form
from pages.parts.text import raw, spoken, t
from pages.parts.view import View

OF_THE_LOG = ("user", "item", "time", "outcome", "treatment", "position", "propensity", "randomised")
OF_ITEMS = ("category", "provider", "text")
NEEDED = ("user", "item")
WITHOUT = {"user": EACH_ROW, "item": NO_ITEMS}
"""What stands in for a column that the data have not."""
SAID = {"": "data.column_none", EACH_ROW: "data.each_row", NO_ITEMS: "data.no_items"}
ACROSS = 4


def standing(now: Roles, arrival: Arrival, alike: bool) -> Roles:
    """The roles as chosen before where their columns are in these files too, the others as guessed.

    Where no column is gone and the files are `alike` (as many tables), what was chosen to be nothing stays so, too.
    """
    names = (*OF_THE_LOG, *OF_ITEMS)
    chosen = {name: column for name in names if (column := getattr(now, name))}
    found = {name: (*_columns(arrival, name, now.item), WITHOUT.get(name)) for name in chosen}
    kept = {name: column for name, column in chosen.items() if column in found[name]}
    sensitive = tuple(name for name in now.sensitive if name in _of_people(arrival))
    if alike and (kept, sensitive) == (chosen, now.sensitive):
        return now
    guess, taken = arrival.guess.roles, {*kept.values(), *sensitive}
    guessed = {name: column for name in names if (column := getattr(guess, name)) and column not in taken}
    proposed = tuple(name for name in guess.sensitive if name not in taken)
    return Roles.model_validate({"user": "", "item": "", **guessed, **kept, "sensitive": sensitive or proposed})


def said(roles: Roles) -> list[str]:
    """The roles as they stand, where nothing can be changed; those without a column are left out."""
    given = {name: getattr(roles, name) for name in (*OF_THE_LOG, *OF_ITEMS)}
    given["sensitive"] = ", ".join(roles.sensitive)
    named = {name: column for name, column in given.items() if column}
    return [t("form.held", name=raw(f"role.{name}"), value=_called(column)) for name, column in named.items()]


def _called(column: str) -> str:
    return raw(SAID[column]) if column in SAID else column


def confirm(view: View, arrival: Arrival) -> Roles | None:
    """Draw the form; the roles as they stand, or None while user or item is missing."""
    st.header(t("data.roles"))
    st.caption(t("data.roles_hint"))
    now = view.settings.roles or arrival.guess.roles
    chosen: dict[str, str | None] = {}
    names = [*OF_THE_LOG, *OF_ITEMS]
    for start in range(0, len(names), ACROSS):
        for place, name in zip(st.columns(ACROSS), names[start : start + ACROSS], strict=False):
            with place:
                columns = _columns(arrival, name, chosen.get("item") or "")
                chosen[name] = _role(view, arrival, name, getattr(now, name), columns)
    sensitive = _sensitive(view, arrival, now)
    if not chosen["user"] or not chosen["item"]:
        st.info(t("data.need_ids"))
        return None
    return Roles.model_validate({**chosen, "sensitive": sensitive})


def _role(view: View, arrival: Arrival, name: str, now: str | None, columns: list[str]) -> str | None:
    replaced = view.settings.data.pseudonyms if name == "user" else None
    columns = [replaced] if replaced else [*columns, *([WITHOUT[name]] if name in WITHOUT else [])]
    options = columns if name in NEEDED and now else ["", *columns]
    reason = arrival.guess.reasons.get(name)
    chosen: str = st.selectbox(
        t(f"role.{name}"),
        options,
        index=options.index(now) if now in options else 0,
        format_func=_called,
        help=spoken(reason) if reason else None,
        key=view.key(f"role:{name}:{arrival.tables.digest[:8]}"),
    )
    return chosen or None


def _columns(arrival: Arrival, name: str, item: str) -> list[str]:
    """Columns that may play the role, as they are called where `item` is the log's column of items."""
    log = [str(column) for column in arrival.tables.log.columns]
    if name in OF_THE_LOG:
        return log
    return list(dict.fromkeys([*map(str, item_columns(arrival.tables, item).columns), *log]))


def _of_people(arrival: Arrival) -> list[str]:
    """Columns that may be a sensitive attribute."""
    users = arrival.tables.users
    columns = [] if users is None else [str(column) for column in users.columns]
    return list(dict.fromkeys([*columns, *map(str, arrival.tables.log.columns)]))


def _sensitive(view: View, arrival: Arrival, now: Roles) -> tuple[str, ...]:
    columns = _of_people(arrival)
    reasons = [arrival.guess.reasons.get(f"sensitive.{name}") for name in now.sensitive]
    return tuple(
        form.several(
            t("role.sensitive"),
            columns,
            [name for name in now.sensitive if name in columns],
            view.key(f"role:sensitive:{arrival.tables.digest[:8]}"),
            why="  \n".join(spoken(reason) for reason in reasons if reason) or None,
        )
    )
