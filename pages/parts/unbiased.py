"""The form for what removes the log's bias: one choice, and what belongs to it once it is made."""

from __future__ import annotations

from typing import Any

from pages.parts import form
from pages.parts.view import View


def settings(view: View, model: Any) -> Any:
    """A recommender's settings as they now stand; `model` is of a kind that has `debias`."""
    asked = form.fields(view, model.debias, ("correction",), "debias")
    if asked.correction != "none":
        source = ("propensity", "power") if asked.propensity == "popularity" else ("propensity",)
        asked = form.fields(view, asked, (*source, "most_weight"), "debias")
    if "confounder" in type(asked).model_fields:
        asked = form.fields(view, asked, ("confounder", "factors") if asked.confounder else ("confounder",), "debias")
    return form.accepted(model, {"debias": asked.model_dump()})
