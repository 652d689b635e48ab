"""The Report page: what the audit says, how complete it is, and the files to hand on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import get_args

import streamlit as st

from analysis.document import Template
from audit.settings import STEPS
from audit.workspace import DEMO_ID, AuditFolder
from pages.parts import jobs, pictures, tables
from pages.parts.house import refusals, section_of, workspace
from pages.parts.links import link
from pages.parts.page import by_the_front_door, page
from pages.parts.sidebar import names_of
from pages.parts.state import state
from pages.parts.text import spoken, t, why_not
from pages.parts.view import View
from words import Refusal, listed, phrase, say

FILES = {
    "pdf": ("report.pdf", "application/pdf"),
    "html": ("report.html", "text/html"),
    "json": ("audit.json", "application/json"),
}
SIGNS = {
    "done": "green-badge[✓",
    "stale": "orange-badge[↻",
    "missing": "gray-badge[○",
    "refused": "yellow-badge[×",
}


@page("report")
def render(view: View) -> None:
    """Completeness, title and language, the files, the summary, and a comparison with another audit."""
    _completeness(view)
    _title(view)
    unfinished = [step for step in view.settings.steps if view.states[step] not in ("done", "refused")]
    label = t("report.write" if unfinished in ([], ["report"]) else "report.run_all")
    if _without_data(view):
        st.caption(t("report.no_data"))
    else:
        jobs.run_button(view, view.settings.steps, label)
    if view.section is not None:
        _downloads(view)
    _summary(view)
    _compare(view)


def _without_data(view: View) -> bool:
    """Whether nothing says yet what this audit is about: a run would take the simulated shop under its title."""
    return view.folder.id != DEMO_ID and view.settings.roles is None and view.states["data"] == "missing"


def _completeness(view: View) -> None:
    """Each step's state in one row."""
    st.header(t("report.complete"))
    with st.container(horizontal=True, gap="small"):
        for step in view.settings.steps:
            how = view.states[step]
            st.markdown(f":{SIGNS[how]} {t(f'{step}.title')} – {t(f'report.{how}')}]", width="content")
    for why, steps in refusals(view.folder, view.states, view.settings.steps).items():
        names = listed(phrase(f"pages.{step}.title") for step in steps)
        st.caption(spoken(phrase("report.steps_refused", steps=names, why=why)))
    missing = next((step for step in STEPS[:-1] if view.states[step] == "missing"), None)
    if missing is not None:
        link(missing)


def _title(view: View) -> None:
    left, right = st.columns([3, 1])
    title = left.text_input(t("report.name"), value=view.settings.title, max_chars=120, key=view.key("title"))
    languages = {"en": "English", "zh": "中文"}
    language = right.selectbox(
        t("report.language"),
        list(languages),
        index=list(languages).index(view.settings.language),
        format_func=languages.__getitem__,
        key=view.key("language"),
    )
    templates = get_args(Template)
    template = st.selectbox(
        t("report.template"),
        templates,
        index=templates.index(view.settings.template),
        format_func=lambda name: say(f"purpose.name.{name}", state().language),
        help=t("report.template_help"),
        key=view.choice("template"),
    )
    view.save(title=title.strip() or view.settings.title, language=language, template=template)


def _downloads(view: View) -> None:
    """The report's files, read from disk when asked for."""
    st.header(t("report.files"))
    if view.states["report"] == "stale":
        st.warning(t("report.stale_files"))
    with st.container(horizontal=True):
        for kind, (name, mime) in FILES.items():
            if (view.folder.path / name).exists():
                _download(view, kind, name, mime, partial(_bytes, view.folder, name))
        _download(view, "csv", "tables.zip", "application/zip", partial(_zipped, view.folder))


def _download(view: View, kind: str, name: str, mime: str, read: Callable[[], bytes]) -> None:
    st.download_button(
        t(f"report.get_{kind}"),
        read,
        file_name=f"evenhand-{view.folder.id}-{name}",
        mime=mime,
        type="primary" if kind == "pdf" else "secondary",
        on_click="ignore",
        key=view.key(f"get:{kind}"),
    )


def _bytes(folder: AuditFolder, name: str) -> bytes:
    return (folder.path / name).read_bytes()


def _zipped(folder: AuditFolder) -> bytes:
    """All tables as one archive with fixed times, so that the same tables give the same bytes."""
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((folder.path / "tables").glob("*.csv")):
            archive.writestr(zipfile.ZipInfo(f"tables/{path.name}"), path.read_bytes())
    return buffer.getvalue()


def _summary(view: View) -> None:
    """What each step answered, in its own sentences."""
    st.header(t("report.summary"))
    found = [(step, section_of(view.folder, step)) for step in view.settings.steps if view.states[step] != "missing"]
    told = [(step, part) for step, part in found if part is not None and part.summary]
    if not told:
        st.info(t("report.nothing_yet"))
    for step, part in told:
        with st.container(border=True):
            st.subheader(t(f"{step}.title"))
            st.markdown("\n".join(f"- {spoken(sentence)}" for sentence in part.summary))


def _compare(view: View) -> None:
    """This audit beside another one."""
    audits = workspace().audits()
    names = names_of(audits)
    others = {other.id: other for other in audits if other.id != view.folder.id}
    with st.expander(t("report.compare")):
        if not others:
            st.markdown(t("report.compare_none"))
            return
        chosen = st.selectbox(
            t("report.other"),
            list(others),
            index=None,
            format_func=names.__getitem__,
            key=view.key("other"),
        )
        if chosen is not None:
            _compared(view, others[chosen])


def _compared(view: View, other: AuditFolder) -> None:
    from analysis.report import compare

    try:
        found = compare(view.folder.document(), other.document())
    except Refusal as refusal:
        st.info(why_not(refusal))
        return
    for sentence in found.summary:
        st.markdown(f"- {spoken(sentence)}")
    for chart in found.charts:
        pictures.draw_chart(view, chart)
    for table in found.tables:
        st.markdown(f"**{spoken(table.title)}**")
        tables.draw_table(table)


if __name__ == "__main__":
    by_the_front_door()
