import re

import pytest

from analysis.charts import to_svg
from analysis.report.drawings import Drawings, darkened
from tests.analysis.report.sample import charts

NAMES = re.compile(rb"\b[hmp][0-9a-f]{10}\b")
"""matplotlib names markers, clips and hatches by a digest of how they look, colours included."""


@pytest.mark.parametrize("chart", [one for one in charts() if one.kind != "heatmap"], ids=lambda one: one.key)
def test_a_recoloured_picture_is_the_one_drawn_for_a_dark_page(chart):
    light = to_svg(chart, "en")
    dark = to_svg(chart, "en", dark=True)
    assert NAMES.sub(b"", darkened(light)) == NAMES.sub(b"", dark)


def test_a_heat_map_is_drawn_in_the_scale_of_its_own_page():
    chart = next(one for one in charts() if one.kind == "heatmap")
    assert Drawings("en").chart(chart, dark=True) == to_svg(chart, "en", dark=True)


def test_a_picture_is_drawn_once():
    drawings = Drawings("en")
    assert drawings.chart(charts()[0]) is drawings.chart(charts()[0])
