"""Inputs for the fields of a settings class: the class says what is allowed, the catalogue what it is called."""

from __future__ import annotations

import types
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin

import annotated_types as limits
import streamlit as st
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from analysis.charts.labels import columns, exact
from analysis.fairness.itemgroups import grouping_label
from pages.parts.tables import raw_words
from pages.parts.text import raw, t
from pages.parts.view import View
from words import unfit
from words.phrase import catalogue

if TYPE_CHECKING:
    from streamlit.elements.lib.mutable_expander_container import ExpanderContainer

Settings = TypeVar("Settings", bound=BaseModel)
ACROSS = 3
LONG = 24
"""Letters of an option that a third of a narrow page can show."""
SHARED = {"intersection_figures": "figures", "mend": "methods"}
"""Fields whose options are called as those of another."""
EMPTY_IS_ALL = frozenset({"attributes", "by"})
"""Fields where naming nothing means everything."""
OWN_NAMES = {
    ("mitigation", "strengths"): "mitigation_strengths",
    ("discovery", "columns"): "discovery_columns",
    ("discovery", "level"): "discovery_level",
    ("discovery", "resamples"): "discovery_resamples",
    ("discovery", "rows"): "discovery_rows",
    ("mediation", "confounders"): "mediation_confounders",
    ("topics", "enabled"): "topics_enabled",
    ("pairwise", "candidates"): "pair_candidates",
    ("pairwise", "history"): "pair_history",
    ("pairwise", "layers"): "tuning_layers",
    ("pairwise", "rank"): "tuning_rank",
    ("pairwise", "tokens"): "pair_tokens",
    ("tuning", "how"): "tuning",
    ("tuning", "layers"): "tuning_layers",
    ("tuning", "rank"): "tuning_rank",
    ("tuning", "tokens"): "tuning_tokens",
    ("tuning", "texts"): "tuning_texts",
    ("prompted", "top"): "prompted_top",
    ("prompted", "candidates"): "prompted_candidates",
    ("prompted", "history"): "prompted_history",
    ("prompted", "title"): "title_column",
    ("prompted", "attributes"): "prompted_attributes",
    ("prompted", "meaningless"): "prompted_meaningless",
    ("asked", "template"): "recommending",
    ("asked", "users"): "asked_users",
    ("asked", "candidates"): "prompted_candidates",
    ("asked", "history"): "prompted_history",
    ("asked", "title"): "title_column",
    ("asking", "name"): "model_name",
    ("topics", "count"): "topics_count",
}
"""Fields of one page that are not what the same name is elsewhere."""
SMALLEST = 1e-6
"""Added to a bound that the value itself may not reach (gt, lt)."""


def fields(
    view: View,
    settings: Settings,
    names: Sequence[str],
    prefix: str,
    options: Mapping[str, Sequence[str]] | None = None,
) -> Settings:
    """Draw the named fields and return the settings as they now stand; what is not allowed is said and not taken.

    `options` gives the choices of fields whose values are names in the data.
    """
    return accepted(settings, filled(view, settings, names, prefix, options), prefix)


def filled(
    view: View,
    settings: BaseModel,
    names: Sequence[str],
    prefix: str,
    options: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Draw the named fields and return what they hold, not yet checked: for settings that must change together."""
    changed: dict[str, Any] = {}
    for row in _rows(settings, names):
        left = ACROSS - sum(row.values())
        for column, name in zip(st.columns([*row.values(), *([left] if left else [])]), row, strict=False):
            with column:
                choices = (options or {}).get(name)
                changed[name] = one(view, settings, name, prefix, choices)
    return changed


def _rows(settings: BaseModel, names: Sequence[str]) -> list[dict[str, int]]:
    """The fields line by line, each with how many of the ACROSS columns it takes: long options two, or they are cut."""
    rows: list[dict[str, int]] = []
    for name in names:
        kind, _ = _kind(type(settings).model_fields[name])
        options = get_args(kind) if get_origin(kind) is Literal else ()
        wide = 2 if any(columns(choice_words(name, option)) > LONG for option in options) else 1
        if not rows or sum(rows[-1].values()) + wide > ACROSS:
            rows.append({})
        rows[-1][name] = wide
    return rows


def block(
    view: View,
    settings: Settings,
    first: Sequence[str],
    prefix: str,
    options: Mapping[str, Sequence[str]] | None = None,
) -> Settings:
    """A step's settings as they now stand: the fields of `first`, and all others behind one switch."""
    with settings_box(view) as box:
        if not box.open:
            return settings
        settings = fields(view, settings, first, prefix, options)
        rest = names_of(settings, first)
        if rest and st.toggle(t("form.all"), key=view.key("details")):
            settings = fields(view, settings, rest, prefix, options)
    return settings


def settings_box(view: View, busy: bool = False) -> ExpanderContainer:
    """The box of a page's settings: open until there is a result or a job at work on it, drawn while it is open."""
    shown = view.section is None and not busy
    return st.expander(t("frame.settings"), key=view.key("settings"), expanded=shown, on_change="rerun")


def names_of(settings: BaseModel, but: Collection[str] = ()) -> list[str]:
    """The fields of a settings class in its order, without those drawn elsewhere; `kind` is chosen, not filled in."""
    return [name for name in type(settings).model_fields if name != "kind" and name not in but]


def said(settings: BaseModel, names: Sequence[str], prefix: str) -> list[str]:
    """The named fields where nothing can be changed: what each is called, and what it holds. None is left out."""
    given = [name for name in names if getattr(settings, name) is not None]
    return [t("form.held", name=raw(_label(prefix, name)), value=_held(settings, name)) for name in given]


def _held(settings: BaseModel, name: str) -> str:
    value, (kind, _) = getattr(settings, name), _kind(type(settings).model_fields[name])
    if get_origin(kind) is Literal:
        return choice_words(name, value)
    return raw(f"form.{'on' if value else 'off'}") if kind is bool else str(value)


def accepted(settings: Settings, changed: Mapping[str, Any], prefix: str = "") -> Settings:
    """The settings with the changes, or the settings unchanged and one sentence about what is not allowed."""
    try:
        return type(settings).model_validate({**settings.model_dump(), **changed})
    except ValidationError as error:
        where, why = unfit(error)
        st.error(t("form.refused", where=_named_as(prefix, where), why=why) if where else t("form.unfit", why=why))
        return settings


def _named_as(prefix: str, where: Sequence[str]) -> str:
    """What the page calls a setting; its path where it stands on no page by itself."""
    label = _label(prefix, where[0])
    return raw(label) if f"pages.{label}" in catalogue("en") else ".".join(where)


def _label(prefix: str, name: str) -> str:
    return f"field.{OWN_NAMES.get((prefix, name), name)}"


def one(view: View, settings: BaseModel, name: str, prefix: str, options: Sequence[str] | None = None) -> Any:
    """The input of a single field, and what it holds now."""
    field = type(settings).model_fields[name]
    value = getattr(settings, name)
    label, key = t(_label(prefix, name)), view.choice(f"{prefix}.{name}")
    kind, optional = _kind(field)
    if options is not None:
        return _named(label, key, value, list(options), name, (kind, optional))
    if get_origin(kind) is Literal:
        return _choice(label, key, value, get_args(kind), name, optional)
    if get_origin(kind) is tuple and get_origin(get_args(kind)[0]) is Literal:
        return _several(label, key, value, get_args(get_args(kind)[0]), name)
    if kind is bool:
        return st.toggle(label, value=value, key=key, wrap=True)
    if kind in (int, float):
        return _number(label, key, value, kind, field, optional)
    if kind is str:
        typed = st.text_input(label, value=value or "", placeholder=raw("form.auto") if optional else None, key=key)
        return typed.strip() or (None if optional else value)
    return _list(label, key, value)


def _named(label: str, key: str, value: Any, options: list[str], name: str, allowed: tuple[Any, bool]) -> Any:
    """A choice among names in the data (or, for `grouping`, among item groups that have names of ours)."""
    kind, optional = allowed
    if get_origin(kind) is tuple:
        known = [entry for entry in value if entry in options] if value else []
        chosen = tuple(
            several(label, options, known, key, "form.everything" if name in EMPTY_IS_ALL else "form.choose")
        )
        return None if optional and not chosen else chosen
    if optional:
        options = ["", *options]
    place = options.index(value) if value in options else 0
    chosen_one = st.selectbox(label, options, index=place, key=key, format_func=lambda option: _called(name, option))
    return chosen_one or None if optional else chosen_one


def _called(name: str, option: str) -> str:
    return raw_words(grouping_label(option)) if name == "grouping" else option or raw("form.auto")


def _choice(label: str, key: str, value: Any, options: tuple[Any, ...], name: str, optional: bool) -> Any:
    choices = [None, *options] if optional else list(options)
    return st.selectbox(
        label, choices, index=choices.index(value), key=key, format_func=lambda option: choice_words(name, option)
    )


def _several(label: str, key: str, value: Any, options: tuple[Any, ...], name: str) -> tuple[Any, ...]:
    chosen = several(label, options, value, key, called=lambda option: choice_words(name, option))
    return tuple(option for option in options if option in chosen)


def several(
    label: str,
    options: Sequence[Any],
    chosen: Collection[Any],
    key: str,
    hint: str = "form.choose",
    called: Callable[[Any], str] = str,
    why: str | None = None,
) -> list[Any]:
    """Some of the options: each chosen one whole, in as many rows as they take; `hint` stands where none is."""
    return st.multiselect(
        label, options, default=chosen, key=key, placeholder=raw(hint), format_func=called, help=why, wrap=True
    )


def choice_words(name: str, option: object) -> str:
    """What one option of a choice is called."""
    return raw("form.auto") if option is None else raw(f"choice.{SHARED.get(name, name)}.{option}")


def _number(label: str, key: str, value: Any, kind: type, field: FieldInfo, optional: bool) -> Any:
    low, high = _bounds(field, kind)
    if optional:
        # A default would come back when the field is emptied, and then no number could be made automatic again.
        st.session_state.setdefault(key, value)
    return st.number_input(
        label,
        min_value=low,
        max_value=high,
        value=None if optional else value,
        step=1 if kind is int else None,
        format=None if kind is int else "%g",
        placeholder=raw("form.auto") if optional else None,
        key=key,
    )


def _list(label: str, key: str, value: Any) -> tuple[str, ...]:
    """Several values in one line, separated by commas; the settings class turns them into numbers."""
    typed = st.text_input(label, value=", ".join(exact(entry) for entry in value), key=key)
    return tuple(part.strip() for part in typed.split(",") if part.strip())


def _kind(field: FieldInfo) -> tuple[Any, bool]:
    """The field's type without `| None`, and whether None is allowed."""
    annotation = field.annotation
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        return inner[0], len(inner) < len(get_args(annotation))
    return annotation, False


def _bounds(field: FieldInfo, kind: type) -> tuple[Any, Any]:
    low = high = None
    for limit in field.metadata:
        if isinstance(limit, limits.Ge):
            low = kind(limit.ge)  # type: ignore[call-overload]
        elif isinstance(limit, limits.Gt):
            low = kind(limit.gt) + (1 if kind is int else SMALLEST)
        elif isinstance(limit, limits.Le):
            high = kind(limit.le)  # type: ignore[call-overload]
        elif isinstance(limit, limits.Lt):
            high = kind(limit.lt) - (1 if kind is int else SMALLEST)
    return low, high
