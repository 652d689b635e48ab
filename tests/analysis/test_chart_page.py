"""Charts as the page draws them: what stands where, what a pointer reads, and that text stays text."""

from __future__ import annotations

import base64
import datetime
import math
import re
from xml.etree import ElementTree

import pytest

from analysis.charts import to_html, to_plotly, zoomable
from analysis.charts.design import contrast, theme
from analysis.charts.drawing import resolve
from analysis.charts.layout import written
from analysis.charts.scale import MOST_TICKS, _dates, _numbers, scale_of
from analysis.document import Chart, Series
from tests.analysis.report.sample import charts, said
from words import phrase, say

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
    """Every point has one tip, where a value is missing too, and it says what the step wrote; plotly shows the same."""
    chart = CHARTS[key]
    shown = [part.get("data-tip") for part in drawn(chart).iter("i")]
    assert shown == [text for layer in resolve(chart, "en").layers for text in layer.hover]
    if zoomable(chart):
        traces = [trace for trace in to_plotly(chart, "en").data if trace.hoverinfo == "text"]
        assert shown == [text for trace in traces for text in trace.hovertext]
    for series in chart.series:
        for text in series.text:
            assert any((text if isinstance(text, str) else say(text)) in tip for tip in shown)


def test_a_row_without_a_value_says_so_instead_of_showing_a_zero():
    root = drawn(CHARTS["interval"])
    (absent,) = of_class(root, "absent")
    row = CHARTS["interval"].series[0].y[2]
    assert "no figure" in absent.text
    assert [tip for tip in (part.get("data-tip") for part in root.iter("i")) if "no figure" in tip] == [
        f"unadjusted · {row}: {say('charts.no_value')}"
    ]


@pytest.mark.parametrize("dark", [False, True])
def test_a_suppressed_cell_says_so_on_a_ground_of_its_own_and_the_others_print_their_number(dark):
    chart, look = CHARTS["heat"], theme(dark)
    cells = of_class(drawn(chart, dark=dark), "cell")
    assert ["".join(cell.itertext()) for cell in cells] == [text for series in chart.series for text in series.text]
    hidden = [cell for cell in cells if cell[0].text == "suppressed"]
    assert len(hidden) == 3
    assert all(styles(cell)["color"] == look.muted for cell in hidden)
    assert {styles(cell[0])["background"] for cell in hidden} == {look.empty}
    assert look.empty not in {styles(cell[0])["background"] for cell in cells if cell not in hidden}


@pytest.mark.parametrize("dark", [False, True])
def test_what_a_cell_prints_reads_on_its_colour(dark):
    for key in ("heat", "heatgap"):
        for cell in of_class(drawn(CHARTS[key], dark=dark), "cell"):
            assert contrast(styles(cell)["color"], styles(cell[0])["background"]) >= 4.5


def test_of_a_pareto_chart_names_keep_off_whiskers_where_a_corner_is_free_of_them():
    point = Series(
        name="a", x=(1.0, 2.0), y=(1.0, 2.0), low=(0.5, 1.0), high=(1.5, 3.0), left=(0.5, 1.0), right=(1.5, 3.0)
    )
    texts = tuple(phrase("mitigation.marked", mark=str(at), name="n") for at in (1, 2))
    beside = Series(name="b", x=(2.06,), y=(2.16,), low=(1.0,), high=(3.0,), left=(1.0,), right=(3.0,))
    chart = CHARTS["pareto"].model_copy(update={"series": (point.model_copy(update={"text": texts}), beside)})
    placed = {name.text: name for name in written(resolve(chart, "en"))}
    assert placed["2"].rise == -1, "above it run the whiskers of its neighbour"


def test_of_a_pareto_chart_the_front_alone_is_joined_and_every_point_has_its_name():
    root = drawn(CHARTS["pareto"])
    joined = [part for part in picture(root).iter(f"{SVG}path") if part.get("stroke-dasharray") is not None]
    assert len(joined) == 1 and joined[0].get("d").count("L") == 2
    placed = written(resolve(CHARTS["pareto"], "en"))
    assert [name.text for name in of_class(root, "name")] == [name.text for name in placed]
    assert {name.text for name in placed} == {"re-ranked", "reweighed", "as trained", "adversarial", "thresholds"}


@pytest.mark.parametrize("key", CHARTS)
def test_axes_have_their_titles_upright_ones_above_like_the_heading_of_a_column(key):
    root, drawing = drawn(CHARTS[key]), resolve(CHARTS[key], "en")
    assert [part.text for part in of_class(root, "heading")] == [drawing.y.title]
    assert [part.text for part in of_class(root, "below")] == [drawing.x.title]


def test_columns_of_a_heat_map_are_turned_before_a_word_is_cut():
    names = ("NDCG@10", "recall@10", "popularity of shown items", "selection rate", "equal opportunity") * 2
    row = Series(name="women", x=names, y=(1.0,) * 10, text=("1",) * 10)
    below = of_class(drawn(CHARTS["heat"].model_copy(update={"series": (row,)})), "x")
    assert all("turned" in part.get("class") for part in below)
    assert {word for part in below for line in part.itertext() for word in line.split()} == {
        word for name in names for word in name.split()
    }


def test_bars_that_are_all_nothing_stand_on_the_axis_instead_of_bringing_down_the_page():
    balanced = Series(name=said("s"), x=("a", "b"), y=(0.0, 0.0))
    for low in (0.0, -1.0):
        series = (balanced.model_copy(update={"y": (0.0, low)}),)
        root = drawn(CHARTS["bars"].model_copy(update={"series": series}))
        assert len(list(root.iter("i"))) == 2 and "0.0" in {part.text for part in of_class(root, "y")}


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
    (zero,) = [line for line in picture(root).iter(f"{SVG}line") if line.get("stroke") == theme(dark=False).zero]
    assert zero.get("x1") == zero.get("x2") and value(float(zero.get("x1")[:-1])) == pytest.approx(0.0, abs=1e-4)


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


def test_the_axis_of_one_day_shows_that_day():
    day = Series(name=said("s"), x=("2026-03-01",), y=(3.0,))
    scale = scale_of(resolve(CHARTS["line"].model_copy(update={"series": (day,)}), "en"), across=True)
    assert scale.high - scale.low == 1.0
    assert [lines for _, lines in scale.ticks][1] == ("18:00",)


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
