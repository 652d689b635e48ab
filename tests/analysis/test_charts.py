import json
import math
import os
import re
import subprocess
import sys
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest

from analysis.charts import graph_to_svg, legible, printable, sheets, to_html, to_plotly, to_svg, zoomable
from analysis.charts.design import DARK, LIGHT, between, contrast, ink_on
from analysis.charts.drawing import resolve
from analysis.charts.labels import columns, number, plain, wrapped
from analysis.charts.layout import below, written
from analysis.charts.paper import TALLEST, _drawn
from analysis.charts.scale import scale_of
from analysis.charts.typeface import FAMILIES, covered, families
from analysis.document import Chart, Series
from tests.analysis.report.sample import HOSTILE, charts, said
from words.phrase import catalogue

CHARTS = {chart.key: chart for chart in charts()}
ZOOMABLE = {key: chart for key, chart in CHARTS.items() if zoomable(chart)}


def texts(node):
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for entry in node.values():
            yield from texts(entry)
    elif isinstance(node, list):
        for entry in node:
            yield from texts(entry)


def test_lines_and_points_are_zoomed_into_and_nothing_that_stands_between_labels():
    assert {chart.kind for chart in ZOOMABLE.values()} == {"line", "scatter", "pareto"}
    assert {chart.kind for chart in CHARTS.values()} - {"line", "scatter", "pareto"} == {"interval", "heatmap", "bars"}


@pytest.mark.parametrize("key", ZOOMABLE)
@pytest.mark.parametrize("dark", [False, True])
def test_what_is_zoomed_into_needs_no_more_than_the_scatter_trace(key, dark):
    figure = json.loads(to_plotly(ZOOMABLE[key], "en", dark).to_json())
    assert {trace["type"] for trace in figure["data"]} == {"scatter"}
    assert figure["layout"]["paper_bgcolor"] == "rgba(0,0,0,0)"


@pytest.mark.parametrize("key", CHARTS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_kind_is_drawn_for_paper_as_well_formed_svg_without_text_or_links(key, language):
    svg = to_svg(CHARTS[key], language)
    root = ElementTree.fromstring(svg)
    tags = {element.tag.rsplit("}")[-1] for element in root.iter()}
    assert not tags & {"script", "foreignObject", "image", "text", "a"}
    links = [v for e in root.iter() for k, v in e.attrib.items() if k.endswith("href")]
    assert all(link.startswith("#") for link in links)


def test_equal_charts_are_equal_bytes_in_another_process_with_another_hash_seed():
    program = (
        "import hashlib; from analysis.charts import to_html, to_svg;"
        "from tests.analysis.report.sample import charts;"
        "print(hashlib.sha256(b''.join(to_svg(c, 'zh') + to_html(c, 'zh')[0].encode()"
        " for c in charts()[:3])).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_no_label_of_a_user_reaches_plotly_as_a_tag_or_as_mathematics():
    hostile = tuple(
        Series(name=name, x=HOSTILE, y=tuple(float(at) for at in range(len(HOSTILE))), text=tuple(map(said, HOSTILE)))
        for name in HOSTILE
    )
    titles = {"x_title": said(HOSTILE[0]), "y_title": said(HOSTILE[1])}
    for chart in ZOOMABLE.values():
        figure = json.loads(to_plotly(chart.model_copy(update=titles | {"series": hostile}), "en").to_json())
        written_down = list(texts(figure))
        assert any("script" in text for text in written_down)
        for text in written_down:
            bare = text.replace("<br>", "")
            assert "<" not in bare, text
            assert "$" not in bare, text


def test_two_names_that_differ_in_a_forbidden_character_stay_two():
    names = ["a", "<a>", "$a", "a$", "<b>a</b>", "\u202ea"]
    assert len({plain(name) for name in names[:5]}) == 5
    assert plain("\u202eevil\x00\u2066") == "evil"
    assert legible("a\nb\tc\u2028d") == "a b c d"
    assert legible("x\ud800y\ufffe") == "x\ufffdy\ufffd"


def test_rows_of_one_name_are_not_laid_over_each_other():
    chart = CHARTS["interval"].model_copy(
        update={"series": (Series(name="", x=(1.0, 2.0), y=("gap", "gap"), low=(0.5, 1.5), high=(1.5, 2.5)),)}
    )
    drawing = resolve(chart, "en")
    assert drawing.y.labels == ("gap", "gap")
    assert drawing.layers[0].y == (0.0, 1.0)


def test_series_that_share_a_row_stand_beside_each_other_centred_on_it():
    first, second = resolve(CHARTS["interval"], "en").layers
    assert first.y[0] < 0 < second.y[0]
    assert first.y[0] + second.y[0] == pytest.approx(0)
    assert first.y[2] == 2.0


def test_whiskers_are_the_interval_and_the_zero_line_is_where_the_chart_says():
    figure = to_plotly(CHARTS["pareto"], "en")
    trace = figure.data[0]
    assert trace.y[0] == 0.008
    assert trace.error_y.arrayminus[0] == pytest.approx(0.008)
    assert trace.error_y.array[0] == pytest.approx(0.008)
    assert figure.layout.shapes[0].y0 == figure.layout.shapes[0].y1 == 0.0


def test_a_pointer_shows_what_the_step_wrote_and_nothing_else():
    figure = to_plotly(CHARTS["pareto"], "en")
    assert all(trace.hoverinfo in ("text", "skip") and trace.hovertemplate is None for trace in figure.data)
    assert figure.data[0].hovertext[0] == (
        "on the front: re-ranked: accuracy 0.480 (0.470 to 0.490), disparity 0.020 (0.010 to 0.030)"
    )


def test_of_a_pareto_chart_the_front_alone_is_joined_and_every_point_has_its_name():
    figure = to_plotly(CHARTS["pareto"], "en")
    assert [trace.mode for trace in figure.data] == ["lines+markers", "markers"]
    assert [note.text for note in names_in(figure)][:3] == ["re-ranked", "reweighed", "as trained"]


def names_in(figure):
    """What is written beside points: over the whiskers of every series, because notes are drawn last."""
    return [note for note in figure.layout.annotations if note.xref != "paper"]


def test_the_names_of_points_stand_on_a_ground_of_their_own_so_that_no_whisker_runs_through_them():
    for dark, look in ((False, LIGHT), (True, DARK)):
        assert {note.bgcolor for note in names_in(to_plotly(CHARTS["pareto"], "en", dark))} == {look.paper}


def pareto(places):
    """A Pareto chart of one series with points at these places, marked 0, 1, 2 ..."""
    series = CHARTS["pareto"].series[0]
    template = series.text[0]
    texts = [template.model_copy(update={"facts": template.facts | {"mark": str(at)}}) for at in range(len(places))]
    x, y = zip(*places, strict=True)
    lone = Series(name=series.name, x=x, y=y, text=tuple(texts))
    return CHARTS["pareto"].model_copy(update={"series": (lone,)})


def test_points_that_lie_on_each_other_share_one_list_of_marks():
    figure = to_plotly(pareto([(0.1, 0.1), (0.5, 0.5), (0.501, 0.499), (0.9, 0.9), (0.5, 0.502)]), "en")
    assert [(note.text, note.xanchor) for note in names_in(figure)] == [
        ("0", "left"),
        ("1, 2, 4", "left"),
        ("3", "right"),
    ]


def test_a_name_that_would_lie_on_another_point_stands_in_another_corner_of_its_own():
    placed = written(resolve(pareto([(0.1, 0.1), (0.5, 0.5), (0.53, 0.57), (0.9, 0.9)]), "en"))
    assert [(name.text, name.side, name.rise) for name in placed[1:3]] == [("1", -1, 1), ("2", 1, 1)]


def test_labels_below_an_axis_are_turned_before_a_word_is_cut():
    names = ("NDCG@10", "recall@10", "popularity of shown items", "selection rate", "equal opportunity") * 2
    assert below(names).turned and not below(("NDCG@10", "hit@10", "list length")).turned
    row = Series(name="women", x=names, y=(1.0,) * 10, text=("1",) * 10)
    axis = to_plotly(CHARTS["line"].model_copy(update={"series": (row,)}), "en").layout.xaxis
    words = {word for label in axis.ticktext for word in label.replace("<br>", " ").split()}
    assert axis.tickangle == -35 and words == {word for name in names for word in name.split()}


def test_of_crowded_labels_every_second_or_third_stands_where_it_belongs():
    labels = below(tuple(f"week {at}" for at in range(40)))
    assert len(labels.places) < 13
    assert [" ".join(lines) for lines in labels.lines] == [f"week {at}" for at in labels.places]


@pytest.mark.parametrize("key", ZOOMABLE)
def test_formats_of_dates_are_kept_from_axes_of_numbers(key):
    """Plotly prints 0.30000000000000004 on an axis of numbers that has any."""
    layout = to_plotly(ZOOMABLE[key], "en").layout
    for axis in (layout.xaxis, layout.yaxis):
        assert bool(axis.tickformatstops) == (axis.type == "date")


def test_dates_on_paper_are_those_of_the_page_and_name_no_month_in_english():
    drawing = resolve(CHARTS["line"], "zh")
    (axes,) = _drawn(drawing, LIGHT).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "\n".join(lines) for _, lines in scale_of(drawing, across=True).ticks
    ]


def test_no_upright_title_is_turned_and_cut():
    """It stands above the plot, and the margin there holds every line of it, the legend's too."""
    long = said("Difference in purchases against the lowest part, in the outcome's own unit")
    for chart in ZOOMABLE.values():
        for shown in (chart, chart.model_copy(update={"y_title": long})):
            layout = to_plotly(shown, "en").layout
            heading = layout.annotations[0].text
            assert not layout.yaxis.title.text
            assert heading.replace("<br>", " ") == resolve(shown, "en").y.title
            assert layout.margin.t >= 18 * (1 + heading.count("<br>")) + 24 * (len(chart.series) > 1)


def test_heat_map_cells_print_their_text_in_ink_that_reads_on_their_colour():
    for look in (LIGHT, DARK):
        for stops in (look.sequential, look.diverging):
            for at in range(101):
                shade = between(stops, at / 100)
                assert contrast(shade, ink_on(shade)) >= 4.5
        assert contrast(look.empty, look.muted) >= 4.5


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_stand_out_from_the_page_and_text_is_readable(look):
    assert all(contrast(colour, look.paper) >= 3 for colour in look.series)
    assert contrast(look.ink, look.paper) >= 7
    assert contrast(look.muted, look.paper) >= 4.5


VISION = {  # Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def lab(colour, matrix=None):
    linear = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in linear]
    if matrix:
        linear = [min(1.0, max(0.0, sum(m * c for m, c in zip(row, linear, strict=True)))) for row in matrix]
    r, g, b = linear
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883
    f = [t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z)]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("eye", [None, *VISION])
def test_the_first_colours_are_told_apart_by_every_eye(look, eye):
    for one, other in combinations(look.series[:3], 2):
        assert math.dist(lab(one, VISION.get(eye)), lab(other, VISION.get(eye))) > 12, (one, other, eye)
    for one, other in pairwise(look.series):
        assert math.dist(lab(one), lab(other)) > 25


def test_numbers_are_written_as_people_write_them():
    assert [number(v) for v in (0.0, 0.1, 1234567.0, -0.04, 0.00012346, 1e-7, 12.3456, 999.96)] == [
        "0", "0.1", "1,234,567", "-0.04", "0.0001235", "1e-07", "12.35", "1,000",
    ]  # fmt: skip


def test_long_labels_wrap_and_the_rest_is_an_ellipsis():
    assert wrapped("a-very-long-name-of-a-group-that-someone-made-up", 20) == (
        "a-very-long-name-of-",
        "a-group-that-",
        "someone-made-up",
    )
    assert all(columns(row) <= 10 for row in wrapped("女性用户（三十岁以上）与其他人", 10))
    assert wrapped("word " * 40, 20, 2)[-1].endswith("…")
    assert wrapped("", 10) == ("",)


def test_the_shipped_fonts_hold_every_character_of_the_catalogues():
    for language in ("en", "zh"):
        said_characters = {ord(c) for text in catalogue(language).values() for c in text if c != "\n"}
        assert said_characters <= covered(), [chr(p) for p in said_characters - covered()]


def test_a_character_without_a_glyph_is_named():
    assert printable("🎉 party") == "[party popper] party"
    assert printable("女性 é Ж שלום") == "女性 é Ж שלום"


def test_the_first_family_is_enough_where_it_has_every_character():
    assert families("NDCG@10 – é Ж") == [FAMILIES[0]]
    assert families("女性 NDCG") == list(FAMILIES)


def test_a_causal_graph_is_drawn_the_same_every_time():
    places = {"gender": (0.0, 0.0), HOSTILE[0]: (1.0, 1.0), "购买": (2.0, 0.0)}
    edges = [("gender", HOSTILE[0]), (HOSTILE[0], "购买")]
    marks = {"gender": "treatment", "购买": "outcome", HOSTILE[0]: "latent"}
    drawn = graph_to_svg(places, edges, marks)
    assert drawn == graph_to_svg(places, edges, marks)
    ElementTree.fromstring(drawn)


@pytest.mark.parametrize("kind", ["interval", "heatmap", "line", "bars", "scatter", "pareto"])
def test_a_chart_without_any_value_is_drawn_empty(kind):
    chart = Chart(
        key="empty",
        kind=kind,
        title=said("nothing"),
        x_title=said("x"),
        y_title=said("y"),
        n=0,
        series=(
            Series(name="a", x=(None,) if kind == "interval" else ("a",), y=("a",) if kind == "interval" else (None,)),
        ),
        alt=said("nothing"),
    )
    for shown in (chart, chart.model_copy(update={"series": ()})):
        assert "nan" not in to_html(shown, "en")[0]
        if zoomable(shown):
            to_plotly(shown, "en")
        ElementTree.fromstring(to_svg(shown, "zh"))


def test_a_picture_too_high_for_a_page_is_cut_between_rows_and_keeps_its_scale():
    def of(rows):
        places = tuple(float(at) for at in range(rows))
        series = Series(
            name=said("s"), x=places, y=tuple(f"comparison {at}" for at in range(rows)), low=places, high=places
        )
        return CHARTS["interval"].model_copy(update={"series": (series,)})

    assert sheets(of(20), "en") is None
    cut = sheets(of(100), "en")
    assert [at for rows in cut for at in rows] == list(range(100)) and len(cut) > 1
    drawn = [to_svg(of(100), "en", rows=rows).decode() for rows in cut]
    inches = [float(re.search(r'height="([\d.]+)pt"', svg)[1]) / 72 for svg in drawn]
    assert max(inches) < TALLEST + 1.5
    ticks = [re.findall(r'<g id="xtick_\d+">.*?<path d="M ([\d.]+) ', svg, re.S) for svg in drawn]
    assert len(ticks[0]) > 2 and all(places == ticks[0] for places in ticks)
