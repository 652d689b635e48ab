"""The choice: one of the mitigations tried, kept in audit.toml and told in full in the report."""

from __future__ import annotations

import streamlit as st

from analysis.mitigation.chosen import ChosenSettings
from analysis.mitigation.naming import title_of
from pages.parts import further, section
from pages.parts.house import section_of
from pages.parts.tables import raw_words
from pages.parts.text import raw, t
from pages.parts.view import View


def panel(view: View) -> None:
    """Which variant, the run, and what it changed for whom."""
    tried = section_of(view.folder, "mitigation")
    facts = {} if tried is None else tried.facts
    names = [str(name) for name in facts.get("variants") or []]
    suggestion = facts.get("suggested")
    nothing = raw("chosen.none_suggested") if suggestion is None else _named(str(suggestion))
    now = view.settings.chosen.variant or ""
    # Tried in an earlier run, not in the last: without a place of its own the choice would read as another one.
    options = list(dict.fromkeys(("", *names, now)))
    chosen = st.selectbox(
        t("chosen.which"),
        options,
        index=options.index(now),
        format_func=lambda name: _option(name, names) if name else raw("chosen.suggested", name=nothing),
        key=view.choice("variant"),
    )
    if chosen != now:
        view.save(chosen=ChosenSettings(variant=chosen or None))
    further.run(view)
    section.show(view)


def _option(name: str, tried: list[str]) -> str:
    return _named(name) if name in tried else raw("chosen.not_tried", name=_named(name))


def _named(name: str) -> str:
    return raw_words(title_of(name))
