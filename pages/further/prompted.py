"""Does it matter who asks? The question, who is asked, one prompt tried, then all; or replies from a file."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from audit.asking import TEMPLATES, PromptedAudit, attributes_as_text, attributes_from_text, suggested
from audit.intake import uploaded_as
from audit.workspace import AuditFolder
from pages.parts import asking, form, further, section, uploads
from pages.parts.house import stamp
from pages.parts.text import t
from pages.parts.view import View

WAYS = ("ask", "file")
ABOUT = ("history", "subject")
COMPARING = ("top", "similarities")
RARELY = ("margin", "level", "replicates", "permutations")


def panel(view: View) -> None:
    """Settings, the prompt as it would be sent, the run, the answer."""
    now = view.settings.prompted
    with st.expander(t("frame.settings"), key=view.key("settings"), expanded=view.section is None):
        way = st.radio(
            t("prompted.way"),
            WAYS,
            index=int(now.lists is not None),
            format_func=lambda name: t(f"prompted.way_{name}"),
            horizontal=True,
            key=view.choice("way"),
        )
        wanted = _file(view, now) if way == "file" else _ask(view, now)
        st.divider()
        wanted = form.fields(view, wanted, COMPARING, "prompted")
        if st.toggle(t("form.all"), key=view.key("details")):
            wanted = form.fields(view, wanted, RARELY, "prompted")
        view.save(prompted=wanted)
    if way == "ask":
        further.run(view, asking.before_all(view, "prompted", wanted.model, wanted.model_dump_json()))
    elif wanted.lists is not None:
        further.run(view)
    section.show(view)


def _file(view: View, now: PromptedAudit) -> PromptedAudit:
    """A file of the lists that replies gave: uploaded, or already kept."""
    upload = st.file_uploader(t("prompted.file"), type=["csv", "parquet"], key=view.key("file"))
    st.caption(t("prompted.file_hint"))
    if upload is None and now.lists is not None:
        st.caption(t("data.kept", name=uploaded_as(Path(now.lists))))
    now = form.fields(view, now, ("meaningless",), "prompted")
    if upload is None:
        return now
    kept = uploads.kept(view, "replies", upload, view.settings.data)
    return now if kept is None else now.model_copy(update={"lists": kept})


def _ask(view: View, now: PromptedAudit) -> PromptedAudit:
    """Who is asked, as whom, and what."""
    model = asking.model_inputs(view, now.model)
    st.divider()
    changed = {"lists": None, "model": model, **_persons(view, now), **_about(view, now)}
    return form.accepted(now, changed, "prompted")


def _persons(view: View, now: PromptedAudit) -> dict[str, object]:
    """As whom the question is asked: attributes and values, and the attribute that cannot matter."""
    data = _suggested(f"{view.folder.path}\n{stamp(view.folder, 'data')}")
    left, right = st.columns(2)
    with left:
        written = st.text_area(
            t("field.prompted_attributes"),
            attributes_as_text(now.attributes or data),
            help=t("prompted.attributes_hint"),
            key=view.key("attributes"),
        )
    with right:
        floor = st.text_area(
            t("field.prompted_meaningless"),
            attributes_as_text({now.meaningless: now.meaningless_values}),
            help=t("prompted.meaningless_hint"),
            key=view.key("meaningless"),
        )
    named, cannot_matter = attributes_from_text(written), attributes_from_text(floor)
    changed: dict[str, object] = {"attributes": {} if named == data else named}
    if cannot_matter:
        changed["meaningless"], changed["meaningless_values"] = next(iter(cannot_matter.items()))
    return changed


def _about(view: View, now: PromptedAudit) -> dict[str, object]:
    """What the question is about, how much of the catalogue it names, and its words."""
    about = st.radio(
        t("prompted.about"),
        ABOUT,
        index=int(bool(now.subjects)),
        format_func=lambda name: t(f"prompted.about_{name}"),
        horizontal=True,
        key=view.choice("about_what"),
    )
    subjects: tuple[str, ...] = ()
    if about == "subject":
        typed = st.text_area(t("field.subjects"), "\n".join(now.subjects), key=view.key("subjects"))
        subjects = tuple(line.strip() for line in typed.splitlines() if line.strip())
        if not subjects:
            st.info(t("prompted.subjects_first"))
            return {}
    names = ("candidates", "title") if subjects else ("prompts", "history", "candidates", "title")
    filled = form.filled(view, now, names, "prompted")
    template = now.template
    if template in TEMPLATES.values():  # not the analyst's own: it follows what is asked about
        template = TEMPLATES["subject" if subjects else "history", filled["candidates"] > 0]
    person = st.text_input(t("field.person"), now.person, key=view.key("person"))
    own = st.text_area(t("field.template"), template, height=220, key=view.key(f"template:{len(template)}"))
    return {"subjects": subjects, **filled, "person": person, "template": own}


@st.cache_data(scope="session", max_entries=4, show_spinner=False)
def _suggested(key: str) -> dict[str, tuple[str, ...]]:
    """The data's attributes with their values; `key` holds the folder and the state of its data."""
    dataset = AuditFolder(Path(key.partition("\n")[0])).dataset()
    return {} if dataset is None else suggested(dataset)
