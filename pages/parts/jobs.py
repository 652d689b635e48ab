"""The job panel: start, progress, what is left, live curves, Cancel, Resume. Survives a refresh: it reads the disk."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Literal, cast
from urllib.parse import quote

import streamlit as st

from analysis.charts.design import theme
from analysis.charts.labels import number
from analysis.charts.sparkline import sparkline
from audit.jobs import Job
from audit.settings import FURTHER, Step, with_all_before
from pages.parts.links import link
from pages.parts.state import dark, state
from pages.parts.text import raw, spoken, t, why_not
from pages.parts.view import View
from words import Refusal

POLL_SECONDS = 1.0
CURVES = ("loss", "validation")


def run_button(
    view: View, steps: Sequence[Step], label: str | None = None, main: bool = True, able: bool = True
) -> None:
    """Start the steps as a job, with those they build on where these are not up to date; each page has one main button.

    Disabled while this audit has a job, and where the page says why it cannot run (not `able`).
    """
    job = newest(view)
    words = label or t("jobs.run_again" if view.section else "jobs.run")
    asked = main and view.states[view.step] != "done"  # with an answer on the page, reading it comes first
    kind: Literal["primary", "secondary"] = "primary" if asked else "secondary"
    if st.button(words, type=kind, disabled=not able or (job is not None and job.active), key=view.key(f"run:{main}")):
        try:
            wanted = view.settings.including(steps)
            if wanted != view.settings:
                view.folder.save_settings(wanted)
            view.jobs.start(view.folder, with_all_before(*steps))
        except Refusal as refusal:
            st.error(why_not(refusal))
        else:
            st.rerun()


def newest(view: View) -> Job | None:
    """The audit's newest job."""
    found = view.jobs.list(view.folder.id, 1)
    return found[0] if found else None


def panel(view: View) -> None:
    """The newest job while it runs or where it ended badly; nothing where there is nothing left of it to be done."""
    job = newest(view)
    if (
        job is None
        or job.state == "done"
        or (not job.active and all(view.states[step] == "done" for step in job.steps))
    ):
        return
    if job.active:
        state().watched, state().watched_step = job.id, job.step
        st.fragment(run_every=POLL_SECONDS, key=view.key("panel"))(_live)(view)
    else:
        _ended(view, job)


def _live(view: View) -> None:
    """One look at the running job; redraws the whole page when a step of it has ended."""
    now = state()
    if now.watched is None:
        return
    job = view.jobs.get(now.watched)
    if not job.active or job.step != now.watched_step:
        now.watched = job.id if job.active else None
        st.rerun()
    with st.container(border=True, key="job"):
        step = raw(f"{job.step or job.steps[0]}.title")
        st.markdown(f"**{t('jobs.running' if job.state == 'running' else 'jobs.queued', step=step)}**")
        note = spoken(job.note) if job.note else ""
        words = " · ".join(part for part in (f"{job.fraction:.0%}", note, _left(job)) if part)
        st.progress(min(1.0, max(0.0, job.fraction)), text=words)
        _curves(job)
        st.button(t("jobs.cancel"), on_click=view.jobs.cancel, args=(job.id,), key=view.key("cancel"))


def _left(job: Job) -> str:
    if job.eta is None:
        return ""
    seconds = int(job.eta) + 1
    return t("jobs.seconds_left", n=seconds) if seconds < 90 else t("jobs.minutes_left", n=round(seconds / 60))


def _curves(job: Job) -> None:
    """Loss and validation as they come in: a training that goes wrong is seen before it ends."""
    known = [name for name in CURVES if len(job.curves.get(name, [])) > 1]
    for column, name in zip(st.columns(len(known)) if known else [], known, strict=True):
        values, label = job.curves[name], raw(f"jobs.{name}")
        column.html(_curve(label, values, raw("jobs.curve_alt", name=label, n=len(values))))


def _curve(name: str, values: Sequence[float], alt: str) -> str:
    """The newest value in figures, the range, and the line: a picture, as Streamlit takes drawings out of HTML."""
    drawn = sparkline(values, theme(dark()).series[0])
    return (
        f'<figure class="curve"><figcaption><b>{escape(name)} {number(values[-1])}</b>'
        f"<span>{number(min(values))} – {number(max(values))}</span></figcaption>"
        f'<img alt="{escape(alt)}" src="data:image/svg+xml,{quote(drawn)}"/></figure>'
    )


def _ended(view: View, job: Job) -> None:
    """A job that failed, stopped or was cancelled: in which step and why, and the way on, which is on its page."""
    step = cast(Step, job.step or job.steps[0])
    page, here = FURTHER.get(step, step), FURTHER.get(view.step, view.step)
    with st.container(border=True, key="job"):
        name = raw(f"{step}.title")
        if job.error:
            st.error(t("jobs.failed", step=name, why=job.error))
        else:
            st.info(t("jobs.cancelled", step=name, percent=f"{job.fraction:.0%}"))
        if page != here:
            link(page)
        elif st.button(t("jobs.resume"), key=view.key("resume")):
            view.jobs.resume(job.id)
            st.rerun()
