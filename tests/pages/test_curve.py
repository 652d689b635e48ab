"""The line of a training under way."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from pages.parts.curve import HEIGHT, MOST, WIDTH, curve


def points(html: str) -> list[tuple[float, float]]:
    found = re.search(r'points="([^"]*)"', html)
    assert found
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in found[1].split())]


def test_the_line_falls_where_the_loss_falls_and_says_where_it_stands():
    html = curve("Training loss", [0.7, 0.5, 0.4], "Training loss over the 3 epochs so far")
    (_, first), (_, second), (_, third) = points(html)
    assert first < second < third, "smaller values lie lower, and y grows downwards"
    assert "Training loss 0.4<" in html and "0.4 – 0.7" in html
    assert 'aria-label="Training loss over the 3 epochs so far"' in html
    ElementTree.fromstring(html)


@pytest.mark.parametrize("n", [2, MOST, MOST + 1, 10 * MOST + 7])
def test_a_long_training_is_thinned_and_its_newest_value_is_always_drawn(n: int):
    values = [float(at % 13) for at in range(n - 1)] + [20.0]
    drawn = points(curve("a", values, "b"))
    assert 2 <= len(drawn) <= MOST
    assert drawn[-1][0] > WIDTH * 0.98 and drawn[-1][1] < HEIGHT * 0.05, "the newest is the highest here"
    assert drawn[0][0] < WIDTH * 0.02


def test_equal_values_are_a_level_line():
    assert len({y for _, y in points(curve("a", [0.5, 0.5, 0.5], "b"))}) == 1


def test_a_name_cannot_bring_markup_into_the_page():
    assert "<script" not in curve("<script>", [1.0, 2.0], '"><script>')
