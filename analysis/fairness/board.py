"""The verdict board: every figure by every attribute on one screen, each cell with the evidence behind it.

Arranges findings whose small cells are already hidden; nothing is computed. Figures that tell one story of many
values (attention to each category, the attribute flip) share a row: such a cell says the weightiest verdict among
them and how many have it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from analysis.document import Cell as TableCell
from analysis.document import Column, Table
from analysis.fairness.itemgroups import grouping_label
from analysis.fairness.partition import group_label
from analysis.finding import Finding, Verdict, bare, is_certain_gap
from words import Fact, Phrase, phrase

SIGNS = {
    Verdict.GAP: "▲",
    Verdict.EQUIVALENT: "≈",
    Verdict.CANNOT_TELL: "?",
    Verdict.SUPPRESSED: "–",
    Verdict.NOT_COMPUTED: "×",
}
"""Beside the word and the colour, in this order of weight: what says most stands for its family."""
ALONE = "△"
"""A gap that stands out alone but not after the correction for many looks."""
FAMILIES = {"shown": "shown", "flip_jaccard": "flip", "flip_rbo": "flip", "flip_displacement": "flip",
            "flip_divergence": "flip"}  # fmt: skip
"""Figures that have a row in common, by their name before the bracket; others have a row each."""
ITEMS = {
    "fairness.figure.parity": "parity",
    "fairness.figure.reached": "reached",
    "fairness.figure.merit": "merit",
    "figures.name.clicks": "clicks",
}
"""Figures of one item group against all other items: the text of each -> its row."""
TABLES = ("disparity.board", "disparity.board.items")
"""Keys of the two boards as tables of the section."""


@dataclass(frozen=True)
class Evidence:
    """One comparison: its finding, the levels that it compares, and the signed pairs behind a widest gap."""

    gap: Finding
    levels: tuple[Finding, ...] = ()
    pairs: tuple[Finding, ...] = ()

    @property
    def sure(self) -> bool:
        """A gap that also stands after the correction for how many were looked at."""
        return is_certain_gap(self.gap)


@dataclass(frozen=True)
class BoardCell:
    """One attribute in one figure (or family of figures), the weightiest comparison first."""

    attribute: str
    row: str
    evidence: tuple[Evidence, ...]

    @property
    def first(self) -> Evidence:
        return self.evidence[0]

    @property
    def verdict(self) -> Verdict:
        return self.first.gap.verdict

    @property
    def alike(self) -> int:
        """How many comparisons of the cell have its verdict."""
        return sum(one.gap.verdict is self.verdict for one in self.evidence)


@dataclass(frozen=True)
class Board:
    """rows: (name, title) of each figure; attributes: the columns; cells by (row, attribute), where there is one.

    of_items: whether the columns are groupings of items, not attributes of people.
    """

    rows: tuple[tuple[str, Phrase | str], ...]
    attributes: tuple[str, ...]
    cells: Mapping[tuple[str, str], BoardCell]
    of_items: bool = False

    def name(self, attribute: str) -> Phrase | str:
        """A column's name as people read it."""
        return grouping_label(attribute) if self.of_items else attribute.replace("*", " \u00d7 ")


def people_board(findings: Iterable[Finding]) -> Board:
    """Figures by attributes and intersections of users."""
    listed = tuple(findings)
    by_attribute: dict[str, list[Finding]] = defaultdict(list)
    for finding in listed:
        by_attribute[str(finding.label.facts.get("attribute", ""))].append(finding)
    return _arranged(
        (attribute, figure, _evidence(finding, by_attribute[attribute], attribute, figure))
        for finding in listed
        if (place := _place(finding)) is not None
        for attribute, figure in [place]
    )


def items_board(findings: Iterable[Finding]) -> Board:
    """Exposure figures by grouping of items: each value against all other items."""
    found = (
        (str(finding.label.facts["grouping"]), ITEMS[finding.label.key], Evidence(finding))
        for finding in findings
        if finding.label.key in ITEMS
    )
    return replace(_arranged(found), of_items=True)


def board_tables(findings: Iterable[Finding]) -> list[Table]:
    """Both boards as tables for report and file; an empty one is left out."""
    listed = tuple(findings)
    made = (people_board(listed), phrase("board.title")), (items_board(listed), phrase("board.items_title"))
    return [_table(key, title, board) for key, (board, title) in zip(TABLES, made, strict=True) if board.cells]


def _table(key: str, title: Phrase, board: Board) -> Table:
    """Sign, word and value in every cell."""
    first = Column(key="figure", title=phrase("fairness.column.figure"))
    columns = [
        Column(key=name, title=phrase("fairness.column.of", figure=board.name(name))) for name in board.attributes
    ]
    rows = [
        (name, *(cell_words(board.cells.get((row, attribute))) for attribute in board.attributes))
        for row, name in board.rows
    ]
    return Table(key=key, title=title, columns=(first, *columns), rows=tuple(rows))


def cell_words(cell: BoardCell | None) -> TableCell:
    """Sign, word and value; nothing where the attribute has no such figure."""
    if cell is None:
        return None
    verdict = cell.verdict
    word = phrase(f"finding.verdict.{verdict.name.lower()}")
    facts: dict[str, Fact] = {"sign": sign(cell), "word": word, "verdict": verdict.value}
    value = small_words(cell)
    return phrase("board.cell", **facts, value=value) if value else phrase("board.cell_bare", **facts)


def sign(cell: BoardCell) -> str:
    """The sign of the cell's verdict; hollow where its gap may be one of many looks."""
    return ALONE if cell.verdict is Verdict.GAP and not cell.first.sure else SIGNS[cell.verdict]


def small_words(cell: BoardCell) -> Phrase | None:
    """What stands small under the verdict: who gets how much less, or how many of several values."""
    if len(cell.evidence) > 1:
        return phrase("board.of", count=cell.alike, total=len(cell.evidence))
    gap = cell.first.gap
    if gap.value is None:
        return None
    if cell.row in ITEMS.values():
        return phrase("board.times", value=bare(gap.value, gap.unit))
    lower = lower_group(gap)
    amount: Fact = bare(abs(gap.value), gap.unit)
    if gap.unit == "points":
        amount = phrase("board.points", amount=amount)
    return phrase("board.lower", group=lower, amount=amount) if lower else phrase("board.by", amount=amount)


def lower_group(gap: Finding) -> Phrase | str | None:
    """The group that has less of the figure; None where the gap names no groups."""
    if gap.value is None:
        return None
    if "lowest" in gap.settings:
        return group_label(str(gap.settings["lowest"]))
    if gap.sides is None:
        return None
    lower = gap.sides[1 if gap.value > 0 else 0]
    return lower if isinstance(lower, Phrase) else str(lower)


def _place(finding: Finding) -> tuple[str, str] | None:
    """(attribute, figure) of a headline gap of users; None for any other finding."""
    attribute = finding.label.facts.get("attribute")
    if not isinstance(attribute, str) or finding.label.key not in ("fairness.label.gap", "fairness.label.widest"):
        return None
    key = finding.key.removeprefix(f"{attribute}.")
    return (attribute, key.removesuffix(".gap")) if key.endswith(".gap") and key != finding.key else None


def _evidence(gap: Finding, own: Sequence[Finding], attribute: str, figure: str) -> Evidence:
    """The comparison with the levels and pairs among the attribute's `own` findings."""
    start = f"{attribute}.{figure}."
    alike = [finding for finding in own if finding.key.startswith(start)]
    return Evidence(
        gap=gap,
        levels=tuple(finding for finding in alike if finding.label.key == "fairness.label.level"),
        pairs=tuple(finding for finding in alike if finding.key.startswith(f"{start}gap.")),
    )


def _arranged(found: Iterable[tuple[str, str, Evidence]]) -> Board:
    """Rows and columns in the order in which they first come."""
    cells: dict[tuple[str, str], list[Evidence]] = defaultdict(list)
    titles: dict[str, Phrase | str] = {}
    attributes: dict[str, None] = {}
    for attribute, figure, evidence in found:
        row = FAMILIES.get(figure.split("[")[0], figure)
        attributes[attribute] = None
        titles.setdefault(row, _title(row, figure, evidence.gap))
        cells[row, attribute].append(evidence)
    made = {
        place: BoardCell(attribute=place[1], row=place[0], evidence=tuple(sorted(several, key=_weight)))
        for place, several in cells.items()
    }
    return Board(tuple(titles.items()), tuple(attributes), made)


def _title(row: str, figure: str, gap: Finding) -> Phrase | str:
    if row in (*FAMILIES.values(), *ITEMS.values()):
        return phrase(f"board.row.{row}")
    name = gap.label.facts.get("figure")
    return name if isinstance(name, Phrase) else figure


def _weight(evidence: Evidence) -> tuple[int, bool, float]:
    gap = evidence.gap
    p = gap.p_adjusted if gap.p_adjusted is not None else 1.0
    return list(SIGNS).index(gap.verdict) if gap.verdict in SIGNS else len(SIGNS), not evidence.sure, p
