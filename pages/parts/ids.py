"""Ids of people on the pages: whether they are replaced by pseudonyms, and how a person is found by the own id."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import streamlit as st

from audit.pseudonyms import KEY_VARIABLE, by_the_operator, held, pseudonym_of
from pages.parts.text import t
from pages.parts.view import View

USUAL = "user_id"
"""The column of ids in most files, and in the published layouts."""


def replaced(view: View) -> str | None:
    """The column whose ids are replaced when the files are read; None: they stay. Fixed once an audit has ids."""
    now, begun = view.settings.data.pseudonyms, held(view.folder)
    wanted = st.toggle(
        t("data.pseudonyms"),
        value=begun == "pseudonyms" or (begun is None and now is not None),
        disabled=begun is not None,
        help=t("data.pseudonyms_fixed" if begun else "data.pseudonyms_about"),
        key=view.key("pseudonyms"),
    )
    if not wanted:
        return None
    column = st.text_input(t("data.pseudonyms_column"), value=now or USUAL, key=view.key("pseudonyms:column"))
    st.caption(t(f"data.pseudonyms_key_{'operator' if by_the_operator() else 'made'}", variable=KEY_VARIABLE))
    return column.strip() or USUAL


def person(view: View, listed: Sequence[str], known: Collection[str], label: str, key: str) -> str | None:
    """The user who is chosen of those listed; among pseudonyms, too, the one who is asked for by the own id.

    Raises Refusal where the key of the pseudonyms is missing or another.
    """
    if view.settings.data.pseudonyms is None:
        return st.selectbox(label, listed, key=view.key(key))
    left, right = st.columns(2)
    chosen = left.selectbox(label, listed, key=view.key(key))
    original = right.text_input(t("data.original_id"), help=t("data.original_about"), key=view.key(f"{key}:original"))
    if not original.strip():
        return chosen
    found = pseudonym_of(view.folder, original.strip())
    if found in known:
        return found
    st.info(t("data.original_unknown"))
    return None
