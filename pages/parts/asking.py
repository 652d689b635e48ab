"""Inputs of a language model that is asked, and one prompt seen and tried before all."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import streamlit as st

from audit.intake import allowed_path, allowed_roots
from audit.trial import Asker, Preview, Trial, preview, try_apart
from audit.workspace import AuditFolder
from models.prompted.servers import allowed, is_here, server
from models.prompted.settings import ChatModel
from pages.parts import form
from pages.parts.house import refusals, stamp
from pages.parts.text import plain, raw, spoken, t, why_not
from pages.parts.view import View
from words import Refusal

BUDGET = ("requests", "tokens", "reply_tokens")
MORE = ("temperature", "per_minute", "at_once", "retries", "seconds")
WHERE = ("server", "folder")


def model_inputs(view: View, model: ChatModel) -> ChatModel:
    """Who is asked, and the budget; pace and patience behind one switch."""
    where = st.radio(
        t("asking.where"),
        WHERE,
        index=WHERE.index(model.where),
        format_func=lambda name: t(f"asking.where_{name}"),
        horizontal=True,
        key=view.choice("asking.where"),
    )
    model = _server(view, model) if where == "server" else _folder(view, model)
    model = form.fields(view, model, BUDGET, "asking")
    if st.toggle(t("asking.more"), key=view.key("asking.more")):
        model = form.fields(view, model, MORE, "asking")
    return model


def _server(view: View, model: ChatModel) -> ChatModel:
    if known := ", ".join(allowed()):
        st.caption(t("asking.servers", servers=known))
    return form.fields(view, model.model_copy(update={"where": "server"}), ("address", "name"), "asking")


def _folder(view: View, model: ChatModel) -> ChatModel:
    """A folder under a root that the operator allows; the model stays as it is until one is named."""
    roots = ", ".join(str(root) for root in allowed_roots())
    st.caption(t("data.roots", roots=roots) if roots else t("data.no_roots"))
    typed = st.text_input(t("asking.folder"), value=model.folder or "", key=view.key("asking.folder"))
    if not typed.strip():
        return model
    try:
        return form.accepted(model, {"where": "folder", "folder": str(allowed_path(typed))})
    except Refusal as refusal:
        st.error(why_not(refusal))
        return model


def before_all(view: View, asker: Asker, model: ChatModel, settings: str) -> bool:
    """What would be sent, in full, and one reply to it; whether all can be sent, else it says why not.

    `settings`: all that the prompts depend on, as one text.
    """
    st.header(t("asking.before"))
    with st.container(border=True):
        try:
            plan = _plan(f"{asker}\n{view.folder.path}\n{stamp(view.folder, 'data')}\n{settings}")
        except Refusal as refusal:
            _why_not(view, refusal)
            return False
        st.markdown(t("asking.plan", requests=plan.requests, tokens=plan.tokens))
        within = plan.requests <= model.requests
        if not within:
            st.error(t("asking.over", most=model.requests))
        reached = _whither(view, model)
        place = _who(view, plan)
        st.caption(t("asking.exactly"))
        st.code(list(plan.first.values())[place], language=None, wrap_lines=True)
        if st.button(t("asking.try"), disabled=not reached, key=view.key("asking.try")):
            with st.spinner(t("asking.waiting")):
                tried = try_apart(view.folder, asker, place)
            st.session_state[view.key("asking.tried")] = (place, settings, tried)
        kept = st.session_state.get(view.key("asking.tried"))
        if kept is not None and kept[:2] == (place, settings):
            _tried(cast(Trial, kept[2]))
    return within and reached


def _why_not(view: View, refusal: Refusal) -> None:
    """Why nothing can be sent, unless the top of the page gives the same reason for a run that was refused."""
    if refusal.phrase not in refusals(view.folder, view.states, [view.step]):
        st.error(why_not(refusal))


def _whither(view: View, model: ChatModel) -> bool:
    """Say where the prompts go; whether they may go there."""
    if model.where == "folder":
        st.info(t("asking.stays"))
        return True
    try:
        server(model.address)
    except Refusal as refusal:
        _why_not(view, refusal)
        return False
    st.warning(t("asking.local" if is_here(model.address) else "asking.leaves", host=model.address.partition("://")[2]))
    return True


def _who(view: View, plan: Preview) -> int:
    """The place of those who ask whose prompt is shown; the first where nobody in particular alone asks."""
    whos = list(plan.first)
    if len(whos) == 1:
        return 0
    chosen: int = st.selectbox(
        t("asking.as"),
        range(len(whos)),
        format_func=lambda at: whos[at] or raw("asking.nobody"),
        key=view.choice("asking.as"),
    )
    return chosen


def _tried(found: Trial) -> None:
    if found.refused is not None:
        st.error(spoken(found.refused))
        return
    st.caption(t("asking.reply", tokens=found.tokens))
    st.code(found.reply, language=None, wrap_lines=True)
    st.markdown(t("asking.read", n=len(found.items), strange=found.strange))
    st.markdown("\n".join(f"{place}. {plain(item)}" for place, item in enumerate(found.items, start=1)))


@st.cache_data(scope="session", max_entries=4, show_spinner=False)
def _plan(key: str) -> Preview:
    """One string as key: who asks, the folder, the state of its data, and the settings of the prompts."""
    asker, path, *_ = key.split("\n")
    return preview(AuditFolder(Path(path)), cast(Asker, asker))
