import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.document import Column, Table
from analysis.report.tables import MARK, chart_table, csv_files, file_names, guarded, table_csv
from tests.analysis.report.hostile import FORMULAS, XSS
from tests.analysis.report.sample import charts, document, findings, said

DANGEROUS = set("=+-@\t\r\n|%")


def read(content: bytes):
    text = content.decode()
    assert text.startswith(MARK)
    return list(csv.reader(io.StringIO(text[1:], newline="")))


def one(*cells, title="value"):
    columns = tuple(Column(key=str(at), title=said(title)) for at in range(len(cells)))
    return read(table_csv(Table(key="t", title=said("t"), columns=columns, rows=(cells,)), "en"))


def as_a_spreadsheet_sees(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text)
    return "".join(c for c in folded if unicodedata.category(c) not in ("Cf", "Zs", "Cc")).replace("\u2212", "-")


def test_the_payloads_are_sixty():
    assert len(set(FORMULAS)) == 60


@pytest.mark.parametrize("payload", FORMULAS)
def test_no_text_starts_a_formula_neither_in_a_cell_nor_in_a_heading(payload):
    heading, row = one(payload, title=payload)
    for cell in (*heading, *row):
        assert as_a_spreadsheet_sees(cell)[0] not in DANGEROUS, repr(cell)
        assert cell.startswith("'")


@pytest.mark.parametrize("text", ["2026-11-22", "women", "女性", "a=b", "3-4", "'quoted'", "", "< 25", "(no name)"])
def test_harmless_text_stays_as_it_is(text):
    assert guarded(text) == text


@pytest.mark.parametrize(
    "text", ["+0.084", "-4.8", "\u22120.072", "-", "+0.022 to +0.144", "-0.5 至 +1,234.5", "+3.1%"]
)
def test_figures_and_intervals_written_as_text_are_left_alone(text):
    assert guarded(text) == text


@pytest.mark.parametrize("text", ["-1+1", "+A1", "-0.1 to +cmd", "--1", "+1 to +2|x", "-2*3", "+0.1\n", "-１"])
def test_what_only_begins_as_a_figure_does_is_guarded(text):
    assert guarded(text).startswith("'")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_read_back_exactly(value):
    assert float(one(value)[1][0]) == value


@given(st.integers(-(2**63), 2**63))
def test_whole_numbers_read_back_exactly(value):
    assert int(one(value)[1][0]) == value


def test_a_negative_number_is_a_number_and_the_same_text_is_text():
    content = table_csv(
        Table(
            key="t",
            title=said("t"),
            columns=(Column(key="a", title=said("a")), Column(key="b", title=said("b"))),
            rows=((-1.5e-7, "-1.5e-7"),),
        ),
        "en",
    ).decode()
    assert content.splitlines()[1] == '-1.5e-07,"\'-1.5e-7"'


def test_findings_hold_their_value_interval_and_verdict_or_nothing():
    rows = read(csv_files(document(), "en")["findings.csv"])
    heading = rows[0]
    found = {row[heading.index("key")]: dict(zip(heading, row, strict=True)) for row in rows[1:]}
    assert len(found) == len(findings())
    gap = found["gender.ndcg@10.gap"]
    assert (float(gap["value"]), float(gap["low"]), float(gap["high"]), int(gap["n"])) == (
        -0.0441,
        -0.0612,
        -0.0271,
        941,
    )
    assert gap["groups"] == "women: 273; men: 668"
    small = found["gender.ndcg@10.nonbinary"]
    assert (small["verdict"], small["value"], small["low"], small["n"]) == ("suppressed", "", "", "0")


def test_the_table_behind_a_chart_holds_every_number_drawn():
    for chart in charts():
        table = chart_table(chart)
        assert all(len(row) == len(table.columns) for row in table.rows)
        if chart.kind == "heatmap":
            continue
        assert len(table.rows) == sum(len(series.x) for series in chart.series)
        shown = {cell for row in table.rows for cell in row}
        assert shown >= {x for series in chart.series for x in series.x} | {y for s in chart.series for y in s.y}


def test_file_names_are_safe_and_different_whatever_the_keys_are():
    section = document().sections[0]
    tables = tuple(
        section.tables[0].model_copy(update={"key": key}) for key in (*XSS, "../../etc", "A", "a", "x" * 300)
    )
    crowded = document().model_copy(update={"sections": (section.model_copy(update={"tables": tables}),)})
    names = list(file_names(crowded).values())
    assert len({name.lower() for name in names}) == len(names)
    assert all(name.isascii() and "/" not in name and ".." not in name and len(name) < 120 for name in names)
