"""Where the log comes from: the demo, a folder of a known layout, an upload, or a path on the server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

from analysis.ingest import FORMAT, Source
from analysis.simulate import Shop
from audit.intake import Arrival, UploadKind, allowed_path, allowed_roots, arrive, uploaded_as
from pages.parts import columns, form, ids, uploads
from pages.parts.state import state
from pages.parts.text import t, why_not
from pages.parts.view import View
from words import Refusal

WAYS = ("demo", "upload", "path", "movielens", "coat")
ENDINGS = ["csv", "tsv", "txt", "parquet", "jsonl", "gz"]
FILES: tuple[UploadKind, ...] = ("log", "users", "items")


@dataclass(frozen=True)
class Chosen:
    """What the form says of the source.

    arrival: the audit's files as this session has read them, or None; unread: whether the form names another source
    than the audit's, so that a run now would be one of other data than those on the screen.
    """

    arrival: Arrival | None
    unread: bool


def choose(view: View) -> Chosen:
    """Draw the choice of a source and read it when asked to."""
    st.header(t("data.source"))
    way = st.radio(
        t("data.source"),
        WAYS,
        index=WAYS.index(_way(view.settings.data)),
        format_func=lambda name: t(f"data.source_{name}"),
        horizontal=True,
        label_visibility="collapsed",
        key=view.choice("way"),
    )
    st.caption(t(f"data.about_{'folder' if way in ('movielens', 'coat') else way}"))
    source = _source(view, way, None if way == "demo" else ids.replaced(view))
    words = t("data.read_shop" if way == "demo" else "data.read")
    if st.button(words, disabled=source is None, key=view.key("read")) and source is not None:
        _read(view, source)
    now = view.settings.data
    if way != _way(now) or source not in (None, now):
        return Chosen(None, unread=True)
    if state().read.get(view.folder.id) != now.model_dump_json():
        return Chosen(None, unread=False)
    return Chosen(_arrival(f"{view.folder.path}\n{now.model_dump_json()}"), unread=False)


def _way(source: Source) -> str:
    if source.kind != "files":
        return source.kind
    return "upload" if source.log and "uploads" in source.log else "path"


def _source(view: View, way: str, pseudonyms: str | None) -> Source | None:
    """The source as given so far; None while something is missing."""
    if way == "demo":
        now = view.settings.data.shop
        return Source(kind="demo", shop=form.fields(view, now, list(Shop.model_fields), "shop"))
    if way == "upload":
        return _upload(view, pseudonyms)
    roots = ", ".join(str(root) for root in allowed_roots())
    st.caption(t("data.roots", roots=roots) if roots else t("data.no_roots"))
    if way == "path":
        return _path(view, pseudonyms)
    folder = st.text_input(t("data.folder"), value=view.settings.data.folder or "", key=view.key(f"folder:{way}"))
    given = _allowed(folder)
    kind: Literal["movielens", "coat"] = "movielens" if way == "movielens" else "coat"
    return Source(kind=kind, folder=given, pseudonyms=pseudonyms) if given else None


def _upload(view: View, pseudonyms: str | None) -> Source | None:
    """New uploads; where there is none, what the audit was uploaded before."""
    now, kept = view.settings.data, dict[str, str]()
    places = st.columns(3)
    # A table in place of the file can only be kept once it is said how the file is written.
    source = Source(kind="files", pseudonyms=pseudonyms)
    written = source if pseudonyms is None else _format(view, source)
    for column, kind in zip(places, FILES, strict=True):
        file = column.file_uploader(t(f"data.{kind}"), type=ENDINGS, key=view.key(f"upload:{kind}"))
        with column:
            if file is not None and (new := uploads.kept(view, kind, file, written)) is not None:
                kept[kind] = new
            elif file is None and (before := _before(now, kind, pseudonyms)) and _still(view, kind, before):
                kept[kind] = before
    if "log" not in kept:
        return None
    source = written.model_copy(update=kept)
    return source if pseudonyms is not None else _format(view, source)


def _before(now: Source, kind: UploadKind, pseudonyms: str | None) -> str | None:
    """What was uploaded before, with the ids that the next reading is to have."""
    given: str | None = getattr(now, kind)
    return given if _way(now) == "upload" and now.pseudonyms == pseudonyms else None


def _still(view: View, kind: UploadKind, before: str) -> bool:
    """Whether a file uploaded before stays; a log does until another takes its place."""
    name = uploaded_as(Path(before))
    if kind == "log":
        st.caption(t("data.kept", name=name))
        return True
    return st.checkbox(t("data.kept", name=name), value=True, key=view.key(f"kept:{kind}:{Path(before).name}"))


def _path(view: View, pseudonyms: str | None) -> Source | None:
    now, given = view.settings.data, dict[str, str]()
    for column, kind in zip(st.columns(3), FILES, strict=True):
        before = getattr(now, kind) if _way(now) == "path" else None
        typed = column.text_input(t(f"data.{kind}"), value=before or "", key=view.key(f"path:{kind}"))
        found = _allowed(typed)
        if found:
            given[kind] = found
    return _format(view, Source(kind="files", pseudonyms=pseudonyms, **given)) if "log" in given else None


def _format(view: View, source: Source) -> Source:
    """How text files are written, for when the content does not say."""
    now = view.settings.data
    source = source.model_copy(update={name: getattr(now, name) for name in FORMAT})
    with st.expander(t("data.format")):
        return form.fields(view, source, FORMAT, "format")


def _allowed(typed: str) -> str | None:
    """A path under an allowed root; says why where it is not."""
    if not typed.strip():
        return None
    try:
        return str(allowed_path(typed.strip()))
    except Refusal as refusal:
        st.error(why_not(refusal))
        return None


def _read(view: View, source: Source) -> None:
    """Read the files now. Files of the kind that the audit is about leave standing what still fits them."""
    key = source.model_dump_json()
    with st.spinner(t("data.reading")):
        try:
            _arrival.clear(f"{view.folder.path}\n{key}")
            arrival = _arrival(f"{view.folder.path}\n{key}")
        except Refusal as refusal:
            st.error(why_not(refusal))
            return
    state().read[view.folder.id] = key
    now = view.settings
    if source == now.data and now.roles is not None:
        st.rerun()
    from audit.presets import settings_for

    # A new audit has the shop as its source: before a first reading or run nothing was chosen for these data.
    known = source.kind == now.data.kind and (now.roles is not None or view.section is not None)
    roles = arrival.guess.roles
    if known and now.roles is not None:
        roles = columns.standing(now.roles, arrival, alike=_tables(source) == _tables(now.data))
    if source.pseudonyms is not None:
        roles = roles.model_copy(update={"user": source.pseudonyms})
    fitting = settings_for(source, arrival.tables, roles.model_dump(), now.title)
    view.save(
        data=source,
        roles=roles,
        split=now.split if known and source == now.data else fitting.split,
        recommender=now.recommender if known else fitting.recommender,
    )


def _tables(source: Source) -> tuple[bool, bool]:
    """Whether users and items are given beside the log."""
    return source.users is not None, source.items is not None


@st.cache_resource(scope="session", max_entries=1, show_spinner=False)
def _arrival(stamped: str) -> Arrival:
    """The tables of one source of one audit; the key is the folder and the source, so nothing else can answer."""
    from audit.workspace import AuditFolder

    folder, _, source = stamped.partition("\n")
    return arrive(AuditFolder(Path(folder)), Source.model_validate_json(source))
