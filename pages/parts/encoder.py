"""What reads the texts, and whether it is fine-tuned."""

from __future__ import annotations

from typing import Any

import streamlit as st

from audit.intake import allowed_encoder
from models.config import Tuning
from pages.parts import form
from pages.parts.text import raw, t, why_not
from pages.parts.view import View
from words import Refusal

WAYS = ("none", "lora", "full")


def fields(view: View, model: Any) -> Any:
    """The settings of a kind that reads texts, with its encoder and fine-tuning as they now stand."""
    model = _encoder(view, model)
    return _tuning(view, model) if "tuning" in type(model).model_fields else model


def _encoder(view: View, model: Any) -> Any:
    """The bundled encoder, a folder under an allowed root, or a pinned model of the hub."""
    typed = st.text_input(
        t("field.encoder"), value=model.encoder or "", placeholder=raw("recommender.bundled"), key=view.key("encoder")
    ).strip()
    st.caption(t("recommender.encoder_hint"))
    try:
        return model.model_copy(update={"encoder": allowed_encoder(typed) if typed else None})
    except Refusal as refusal:
        st.error(why_not(refusal))
        return model


def _tuning(view: View, model: Any) -> Any:
    """Frozen, LoRA or full, and what belongs to it."""
    how = st.selectbox(
        t("field.tuning"),
        WAYS,
        index=WAYS.index(model.tuning.how if model.tuning else "none"),
        format_func=lambda way: form.choice_words("how", way),
        key=view.choice(f"{model.kind}.tuning"),
    )
    st.caption(t("recommender.tuning_hint"))
    if how == "none":
        return model.model_copy(update={"tuning": None})
    tuning = (model.tuning or Tuning()).model_copy(update={"how": how})
    names = form.names_of(tuning, but={"how"} if how == "lora" else {"how", "rank"})
    return model.model_copy(update={"tuning": form.fields(view, tuning, names, "tuning")})
