"""Pictures of a Section, each with its numbers as a table behind it.

The first ones are drawn at once, the others when they are asked for, so that a page comes at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analysis.charts import to_html, to_plotly, zoomable
from analysis.document import Chart
from analysis.report.tables import chart_table
from pages.parts.house import stamp
from pages.parts.state import dark, state
from pages.parts.tables import draw_table, raw_words
from pages.parts.text import spoken, t
from pages.parts.view import View

if TYPE_CHECKING:
    from plotly.graph_objects import Figure
    from streamlit.delta_generator import DeltaGenerator

    from analysis.charts.screen import Zoomable

AT_ONCE = 2
"""Pictures drawn before any is asked for."""
FRAME = 150
"""Pixels that title, tabs and caption of a picture take."""
UNEVEN = 120
"""Pixels by which two pictures may differ in height and still stand side by side: the shorter one's frame would be
empty below."""


def draw_charts(view: View, charts: tuple[Chart, ...]) -> None:
    """The first pictures, and the others where they are asked for."""
    if not charts:
        return
    st.header(t("section.pictures"))
    _side_by_side(view, charts[:AT_ONCE])
    if further := charts[AT_ONCE:]:
        titles = " · ".join(spoken(chart.title) for chart in further)
        name = t("section.more_pictures", n=len(further)) + " " + titles
        with st.expander(name, key=view.choice("more_pictures"), on_change="rerun") as box:
            if box.open:
                _side_by_side(view, further)


def _side_by_side(view: View, charts: tuple[Chart, ...]) -> None:
    """Wide pictures, and two that are far from equally high, over the whole page; the others in two columns, each put
    where there is more room."""
    narrow = [chart for chart in charts if not _is_wide(chart)]
    heights = [_markup(_key(view, chart), chart)[1] for chart in narrow]
    if len(narrow) == 2 and abs(heights[0] - heights[1]) > UNEVEN:
        narrow = []
    for chart in charts:
        if chart not in narrow or len(narrow) == 1:
            draw_chart(view, chart)
    if len(narrow) < 2:
        return
    with st.container(key=view.key(f"pictures:{charts[0].key}")):  # look.css: below one another on a narrow page
        columns, filled = st.columns(2, gap="medium"), [0.0, 0.0]
    for chart in narrow:
        shorter = filled.index(min(filled))
        with columns[shorter]:
            filled[shorter] += draw_chart(view, chart)


def _is_wide(chart: Chart) -> bool:
    """Heat maps of many columns and plots of many rows need the page's width."""
    labels = {label for series in chart.series for label in (series.x if chart.kind == "heatmap" else series.y)}
    return (chart.kind == "heatmap" and len(labels) > 5) or (chart.kind == "interval" and len(labels) > 16)


def draw_chart(view: View, chart: Chart) -> float:
    """One picture, the same numbers as a table behind it, and a larger one to zoom into; the height in pixels."""
    key = _key(view, chart)
    with st.container(border=True, height="stretch"):  # beside another picture, as high as that one
        st.markdown(f"**{spoken(chart.title)}**")
        names = [t("section.picture"), t("section.numbers")] + ([t("section.zoom")] if zoomable(chart) else [])
        picture, numbers, *zoom = st.tabs(names, key=view.choice(f"tabs:{chart.key}"), on_change="rerun")
        markup, height = _markup(key, chart)
        if picture.open:
            frame = picture.container(key=view.key(f"wide:frame:{chart.key}")) if _is_wide(chart) else picture
            frame.html(markup)
            picture.caption(spoken(chart.alt))
        if numbers.open:
            with numbers:
                draw_table(chart_table(chart))
        if zoomable(chart) and zoom[0].open:
            _zoomed(view, key, chart, zoom[0])
    return height + FRAME


def _key(view: View, chart: Chart) -> str:
    """Names all that a picture depends on."""
    return f"{stamp(view.folder, view.step)}\n{chart.key}\n{state().language}\n{dark()}"


def _zoomed(view: View, key: str, chart: Zoomable, tab: DeltaGenerator) -> None:
    tab.plotly_chart(
        _figure(key, chart),
        theme=None,
        key=view.key(f"chart:{chart.key}"),
        alt=raw_words(chart.alt),
        config={"displaylogo": False, "displayModeBar": False},
    )
    tab.caption(t("section.zoom_about"))


@st.cache_resource(scope="session", max_entries=64, show_spinner=False, hash_funcs={Chart: lambda chart: ""})
def _markup(key: str, chart: Chart) -> tuple[str, float]:
    """The picture of a chart, and its height; `key`: as `_key` names it."""
    return to_html(chart, state().language, dark())


@st.cache_resource(scope="session", max_entries=16, show_spinner=False, hash_funcs={Chart: lambda chart: ""})
def _figure(key: str, chart: Zoomable) -> Figure:
    """The same to zoom into."""
    return to_plotly(chart, state().language, dark())
