"""The line without axes."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from analysis.charts.sparkline import HEIGHT, MOST, WIDTH, sparkline


def points(values: list[float]) -> list[tuple[float, float]]:
    line = ElementTree.fromstring(sparkline(values, "#1f5fa8"))[0]
    assert line.attrib["stroke"] == "#1f5fa8"
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.attrib["points"].split())]


def test_smaller_values_lie_lower():
    (_, first), (_, second), (_, third) = points([0.7, 0.5, 0.4])
    assert first < second < third, "y grows downwards"


@pytest.mark.parametrize("n", [2, MOST, MOST + 1, 10 * MOST + 7])
def test_a_long_line_is_thinned_and_its_newest_value_is_always_drawn(n: int):
    drawn = points([*(float(at % 13) for at in range(n - 1)), 20.0])
    assert 2 <= len(drawn) <= MOST
    assert drawn[0][0] < WIDTH * 0.02
    assert drawn[-1][0] > WIDTH * 0.98 and drawn[-1][1] < HEIGHT * 0.05, "the newest is the highest here"


def test_equal_values_are_a_level_line():
    assert len({y for _, y in points([0.5, 0.5, 0.5])}) == 1
