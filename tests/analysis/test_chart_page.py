"""Charts as the page draws them: what stands where, what a pointer reads, and that text stays text."""

from __future__ import annotations

import base64
import datetime
import math
import re
from xml.etree import ElementTree

import pytest

from analysis.charts import to_html, to_plotly
from analysis.charts.drawing import resolve
from analysis.charts.scale import MOST_TICKS, _dates, _numbers, scale_of
from analysis.document import Chart, Series
from tests.analysis.report.sample import charts, said

CHARTS = {chart.key: chart for chart in charts()}
TAGS = {"div", "span", "i", "b", "br", "img"}
ATTRIBUTES = {"class", "style", "role", "aria-label", "alt", "src", "data-tip"}
SVG = "{http://www.w3.org/2000/svg}"


def drawn(chart, language="en", dark=False):
    return ElementTree.fromstring(to_html(chart, language, dark)[0])


def styles(part):
    return dict(entry.split(":", 1) for entry in part.get("style").split(";"))


def picture(root):
    """The SVG of the marks."""
    image = next(part for part in root.iter("img") if "inset:0" in part.get("style"))
    return ElementTree.fromstring(base64.b64decode(image.get("src").partition(",")[2]))


def of_class(root, name):
    return [part for part in root.iter() if name in (part.get("class") or "").split()]


@pytest.mark.parametrize("key", CHARTS)
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_written_that_the_page_takes_away_or_that_data_could_run(key, language, dark):
    root = drawn(CHARTS[key], language, dark)
    assert {part.tag for part in root.iter()} <= TAGS
    assert {name for part in root.iter() for name in part.attrib} <= ATTRIBUTES
    (told,) = [part.text for part in of_class(root, "n")]
    assert f"{CHARTS[key].n:,}" in told
    assert root.get("aria-label") == f"{resolve(CHARTS[key], language).alt} {told}"
    for image in root.iter("img"):
        inside = ElementTree.fromstring(base64.b64decode(image.get("src").partition(",")[2]))
        assert {part.tag.removeprefix(SVG) for part in inside.iter()} <= {
            *("svg", "g", "line", "rect", "path", "circle", "pattern")
        }


def test_hostile_names_stay_text():
    name = '"><script>alert(1)</script><i data-tip="x" onclick=\'y\'>&lt;b&gt;'
    bars = Series(name=said("s"), x=(name, "b"), y=(1.0, 2.0))
    chart = next(iter(charts())).model_copy(update={"kind": "bars", "series": (bars,), "order": ()})
    root = drawn(chart)
    assert {part.tag for part in root.iter()} <= TAGS and {n for part in root.iter() for n in part.attrib} <= ATTRIBUTES
    assert any("‹script›" in part.get("data-tip", "") for part in root.iter("i"))


@pytest.mark.parametrize("key", CHARTS)
def test_a_pointer_reads_what_it_reads_in_the_chart_to_zoom_into(key):
    """Every point has one tip, and its words are those that plotly shows."""
    shown = sorted(part.get("data-tip") for part in drawn(CHARTS[key]).iter("i"))
    traces = [trace for trace in to_plotly(CHARTS[key], "en").data if trace.hoverinfo == "text"]
    rows = [row for trace in traces for row in trace.hovertext]
    flat = [text for row in rows for text in ([row] if isinstance(row, str) else row)]
    if CHARTS[key].kind == "heatmap":
        assert set(shown) == set(flat)  # plotly's cells without a figure are a second layer over the same cells
    else:
        assert set(shown) == {text for text in flat if text}
    assert len(shown) == sum(len(layer.hover) for layer in resolve(CHARTS[key], "en").layers)


def test_marks_and_whiskers_stand_where_the_ticks_say():
    """Read off by hand: two ticks give the ruler, the ruler gives the value back."""
    row = Series(name=said("s"), x=(0.1, -0.3, 0.25), y=("a", "b", "c"), low=(0.0, -0.4, 0.2), high=(0.3, 0, 0.4))
    chart = Chart(
        key="k",
        kind="interval",
        title=said("t"),
        x_title=said("x"),
        y_title=said("y"),
        alt=said("a"),
        n=9,
        n_unit="users",
        series=(row,),
        zero_line=0.0,
    )
    root = drawn(chart)
    ticks = [(float(styles(part)["left"][:-1]), float(part.text)) for part in of_class(root, "x")]
    (first, low), (last, high) = ticks[0], ticks[-1]

    def value(percent):
        return low + (percent - first) / (last - first) * (high - low)

    tips = [styles(part) for part in root.iter("i")]
    assert [value(float(tip["left"][:-1])) for tip in tips] == pytest.approx([0.1, -0.3, 0.25], abs=1e-4)
    assert [float(tip["top"][:-2]) for tip in tips] == [25.0, 75.0, 125.0]
    whiskers = [group[0] for group in picture(root).iter(f"{SVG}g")]
    ends = [tuple(value(float(line.get(end)[:-1])) for end in ("x1", "x2")) for line in whiskers]
    assert [end for pair in ends for end in pair] == pytest.approx([0.0, 0.3, -0.4, 0.0, 0.2, 0.4], abs=1e-4)


def test_bars_stand_on_zero_and_reach_their_value():
    bars = next(chart for chart in charts() if chart.kind == "bars" and len(chart.series) == 2)
    root = drawn(bars)
    ruler = [(float(styles(part)["top"][:-2]), float(part.text)) for part in of_class(root, "y")]
    (bottom, zero), (top, high) = ruler[0], ruler[-1]
    assert zero == 0.0
    fills = [part for part in picture(root).iter(f"{SVG}rect") if part.get("x")]
    heights = [float(part.get("height")) / (bottom - top) * high for part in fills]
    assert heights == pytest.approx([value for series in bars.series for value in series.y], abs=1e-3)
    assert all(float(part.get("y")) + float(part.get("height")) == pytest.approx(bottom, abs=0.02) for part in fills)


@pytest.mark.parametrize("low", [-300.0, -1.0, -0.35, 0.0, 1e-5, 0.1, 7.0, 12345.6])
@pytest.mark.parametrize("reach", [1e-4, 0.02, 0.3, 1.0, 7.7, 980.0, 4e7])
def test_ticks_are_few_round_and_say_their_place(low, reach):
    ticks = list(_numbers(low, low + reach))
    places = [place for place, _ in ticks]
    assert 2 <= len(ticks) <= MOST_TICKS + 1
    assert all(low - 1e-9 * reach <= place <= low + reach * (1 + 1e-9) for place in places)
    assert [float(text.replace(",", "")) for _, (text,) in ticks] == pytest.approx(places, abs=1e-9)
    assert not any(text in ("-0", "-0.0") for _, (text,) in ticks)


@pytest.mark.parametrize(
    ("first", "days", "expected"),
    [
        ("2026-03-01T08:00", 0.4, ["09:00|03-01", "12:00", "15:00"]),
        ("2026-03-01T00:00", 2.0, ["00:00|03-01", "12:00", "00:00|03-02", "12:00", "00:00|03-03"]),
        ("2025-12-30T00:00", 4.0, ["12-30|2025", "12-31", "01-01|2026", "01-02", "01-03"]),
        ("2026-01-15T00:00", 120.0, ["2026-02", "2026-03", "2026-04", "2026-05"]),
        ("1997-06-01T00:00", 3000.0, ["1998", "2000", "2002", "2004"]),
    ],
)
def test_dates_are_round_and_name_their_day_or_year_once(first, days, expected):
    start = (datetime.datetime.fromisoformat(first) - datetime.datetime(1970, 1, 1)) / datetime.timedelta(days=1)
    assert ["|".join(lines) for _, lines in _dates(start, start + days)] == expected


@pytest.mark.parametrize("key", CHARTS)
def test_everything_drawn_lies_within_its_axes(key):
    drawing = resolve(CHARTS[key], "en")
    for across in (True, False):
        scale = scale_of(drawing, across)
        values = [value for layer in drawing.layers for value in (layer.x if across else layer.y)]
        if across == drawing.sideways and drawing.kind != "heatmap":
            values += [value for layer in drawing.layers for value in (*layer.low, *layer.high)]
        known = [value for value in values if not math.isnan(value)]
        if not (drawing.kind == "heatmap" and not across):  # the rows of a heat map are its layers
            assert all(0 <= scale.share(value) <= 1 for value in known)


def test_a_chart_without_any_value_still_has_its_frame():
    empty = Series(name=said("s"), x=(None, None), y=("a", "b"))
    interval = next(chart for chart in charts() if chart.kind == "interval")
    root = drawn(interval.model_copy(update={"series": (empty,), "order": (), "zero_line": None}))
    assert len(of_class(root, "absent")) == 2 and not re.search("nan", ElementTree.tostring(root, encoding="unicode"))
