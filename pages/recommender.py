"""The Recommender page: the system under audit, trained here, loaded, or given by its lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from audit.intake import allowed_path, uploaded_as
from audit.recommending import Recommending
from models.config import SETTINGS, RecommenderSettings, finished
from models.encoders import is_classifier
from models.prompted.settings import RECOMMENDING, Prompted
from pages.parts import asking, encoder, form, jobs, lists, section, unbiased, uploads
from pages.parts.ground import Ground, ground
from pages.parts.page import by_the_front_door, page
from pages.parts.text import raw, t, why_not
from pages.parts.view import View
from words import Refusal

KINDS = ("ease", "mf", "vae", "sequence", "additive", "language", "pairwise", "popularity")
FIRST = {
    "ease": ("l2",),
    "mf": ("loss", "dimensions", "epochs"),
    "vae": ("epochs", "dimensions", "beta"),
    "sequence": ("epochs", "dimensions", "history"),
    "additive": ("crosses",),
    "language": ("epochs", "dimensions", "history"),
    "pairwise": ("candidates", "pairs", "epochs"),
    "popularity": (),
}
"""Settings of each kind that are shown at once; the others wait in an expander."""
ELSEWHERE = frozenset({"adversary", "erasure", "penalty", "encoder", "finished", "tuning", "debias"})
"""The first three are mitigations, set on their page; the encoder, its fine-tuning and what removes the log's bias have
inputs of their own."""
READ = ("candidates", "history", "tokens", "profile")
"""Settings of a classifier that was trained elsewhere."""
WAYS = ("train", "saved", "lists", "ask")


@page("recommender")
def render(view: View) -> None:
    """Which recommender, how it is judged, the run, and its lists."""
    known = ground(view)
    with form.settings_box(view) as box:
        if box.open:
            view.save(recommender=_settings(view, known))
    way, asked = _way(view.settings.recommender), view.settings.recommender.prompted
    able = asked is None or asking.before_all(
        view, "recommender", asked.model, view.settings.recommender.model_dump_json()
    )
    jobs.run_button(view, ["recommender"], None if view.section else t(f"recommender.run_{way}"), able=able)
    section.show(view)
    if view.section is not None:
        lists.for_a_user(view, known)


def _settings(view: View, known: Ground) -> Recommending:
    way = st.radio(
        t("recommender.way"),
        WAYS,
        index=WAYS.index(_way(view.settings.recommender)),
        format_func=lambda name: t(f"recommender.way_{name}"),
        horizontal=True,
        key=view.choice("way"),
    )
    chosen = {"train": _train, "saved": _saved, "lists": _lists, "ask": _ask}[way](view, known)
    st.divider()
    return form.fields(view, chosen, ("top", "candidates", "positive_from"), "recommending")


def _way(settings: Recommending) -> str:
    if settings.prompted is not None:
        return "ask"
    return "lists" if settings.lists else "saved" if settings.saved else "train"


def _train(view: View, known: Ground) -> Recommending:
    """Kind and settings of the model to train."""
    settings = view.settings.recommender
    kind = st.selectbox(
        t("recommender.kind"),
        KINDS,
        index=KINDS.index(settings.model.kind),
        format_func=lambda name: raw(f"recommender.kind_{name}"),
        key=view.choice("kind"),
    )
    st.caption(t(f"recommender.about_{kind}"))
    model: Any = settings.model if settings.model.kind == kind else SETTINGS.validate_python({"kind": kind})
    model = _fields(view, model, known)
    settings = form.fields(view, settings, ("trials",), "recommending")
    return settings.model_copy(update={"model": model, "saved": None, "lists": None, "prompted": None})


def _fields(view: View, model: Any, known: Ground) -> RecommenderSettings:
    first = FIRST[model.kind]
    rest = form.names_of(model, but={*ELSEWHERE, *first})
    model = form.fields(view, model, first, model.kind)
    if hasattr(model, "debias"):
        model = unbiased.settings(view, model)
    if rest:
        with st.container(border=True):
            if st.toggle(t("form.all"), key=view.key("advanced")):
                model = form.fields(view, model, rest, model.kind, options={"profile": known.sensitive})
                model = encoder.fields(view, model) if "encoder" in type(model).model_fields else model
    return model


def _saved(view: View, known: Ground) -> Recommending:
    """A folder of a saved model, under a root that the operator allows."""
    settings = view.settings.recommender
    path = st.text_input(t("recommender.saved_path"), value=settings.saved or "", key=view.key("saved"))
    st.caption(t("recommender.saved_hint"))
    if not path.strip():
        return settings
    located = _located(settings, "saved", path)
    if located.saved is None or not is_classifier(Path(located.saved)):
        return located
    st.caption(t("recommender.saved_classifier"))
    reading = finished(Path(located.saved), located.model)
    reading = form.fields(view, reading, READ, "pairwise", options={"profile": known.sensitive})
    return located.model_copy(update={"model": reading.model_copy(update={"encoder": None, "finished": False})})


def _lists(view: View, known: Ground) -> Recommending:
    """A file of lists: uploaded, or already kept."""
    settings = view.settings.recommender
    upload = st.file_uploader(t("recommender.lists_file"), type=["csv", "parquet"], key=view.key("lists"))
    st.caption(t("recommender.lists_hint"))
    if upload is None:
        if settings.lists is not None:
            st.caption(t("data.kept", name=uploaded_as(Path(settings.lists))))
        return settings
    kept = uploads.kept(view, "lists", upload, view.settings.data)
    return settings if kept is None else settings.model_copy(update={"lists": kept, "saved": None, "prompted": None})


def _ask(view: View, known: Ground) -> Recommending:
    """A language model that is asked for the lists of a sample of users."""
    settings = view.settings.recommender
    now = settings.prompted or Prompted()
    st.caption(t("recommender.about_ask"))
    now = now.model_copy(update={"model": asking.model_inputs(view, now.model)})
    filled = form.filled(view, now, ("users", "history", "candidates", "title"), "asked")
    template = now.template
    if template in RECOMMENDING.values():  # not the analyst's own: it follows whether items are named
        template = RECOMMENDING[filled["candidates"] > 0]
    own = st.text_area(t("field.recommending"), template, height=220, key=view.key(f"template:{len(template)}"))
    now = form.accepted(now, {**filled, "template": own}, "asked")
    return settings.model_copy(update={"prompted": now, "lists": None, "saved": None})


def _located(settings: Recommending, name: str, typed: str) -> Recommending:
    try:
        return settings.model_copy(update={name: str(allowed_path(typed)), "lists": None, "prompted": None})
    except Refusal as refusal:
        st.error(why_not(refusal))
        return settings


if __name__ == "__main__":
    by_the_front_door()
