"""What a form lays out, so that words are not cut."""

from __future__ import annotations

from models.config import FactorSettings
from pages.parts import form
from pages.parts.form import ACROSS, _rows


def test_a_choice_with_long_options_has_two_thirds_of_a_line_and_no_line_is_overfull() -> None:
    rows = _rows(FactorSettings(), ["loss", "dimensions", "epochs", "batch"])
    assert rows == [{"loss": 2, "dimensions": 1}, {"epochs": 1, "batch": 1}]
    assert all(sum(row.values()) <= ACROSS for row in rows)


def test_a_list_of_numbers_survives_the_page(monkeypatch) -> None:
    """Six digits were shown, and taken for what was typed."""
    monkeypatch.setattr(form.st, "text_input", lambda label, value, key: value)
    for given in ((0.1234567, 0.25), (1234567.5, 1.0), (1e-7,)):
        assert tuple(float(part) for part in form._list("shares", "key", given)) == given
