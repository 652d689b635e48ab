"""Small cells: what must be hidden so that no shown figure tells of fewer than k people, not even by subtraction.

Groups of an attribute add up to everybody, and the cells of an intersection add up to the groups of its attributes.
So a hidden cell is safe only if no combination of shown ones equals it. A cell is a sum of atoms (the combinations of
all values); a hidden cell can be computed exactly where its 0/1 row over the atoms lies in the span of the shown rows
and the total, and then a further cell is hidden (complementary suppression), until none can be. A reader may know that
nobody of a cell is counted by a figure (no one of them has held-out items), so the search is made twice: where such
cells may hold people, and where it is known that they hold none.

Sections draw charts, tables and sentences *after* disclosing: `build_disclosed(findings, k, build)`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import product

import numpy as np
import numpy.typing as npt

from analysis.document import Column, Section, Table
from analysis.fairness.partition import Partition
from analysis.finding import Finding, Verdict, suppressed
from analysis.log import COHORT
from words import Phrase, phrase

Cell = tuple[str, str]
"""(attribute, group)."""
Parts = Mapping[str, str]
Family = dict[Cell, dict[str, str]]
"""Cells with their attribute -> value."""
Atoms = list[dict[str, str]]
"""Combinations of values that may hold people."""

PEOPLE = frozenset({"users", "rows", "pairs"})
"""Units of n that count people or what people did; item groups are no people."""
KEY_COLUMN = "key"
"""A table with a column of this key names a finding in each row; rows of hidden findings lose their numbers."""
CERTAIN = 1e-9
MOST_ATOMS = 3000
"""Combinations of values that are searched; attributes that cross in more ways show no intersections."""


def build_disclosed(findings: Iterable[Finding], k: int, build: Callable[[tuple[Finding, ...]], Section]) -> Section:
    """The section that `build` makes of findings from which small cells are already gone."""
    return build(disclosed(findings, k))


def disclose(section: Section, k: int) -> Section:
    """The section with small cells hidden in its findings, and in rows of tables that name a finding.

    A chart is dropped where it rests on fewer than `k` people. Disclosing twice changes nothing more. Sections that
    draw their charts from disclosed findings (`build_disclosed`) need no more than this.
    """
    findings = disclosed(section.findings, k)
    hidden = {finding.key for finding in findings if finding.verdict is Verdict.SUPPRESSED}
    return section.model_copy(
        update={
            "findings": findings,
            "charts": tuple(chart for chart in section.charts if chart.n_unit not in PEOPLE or chart.n >= k),
            "tables": tuple(_without(table, hidden) for table in section.tables),
        }
    )


def disclosed(findings: Iterable[Finding], k: int) -> tuple[Finding, ...]:
    """The findings with every cell under `k`, every cell that gives one away, and every gap of such cells hidden."""
    listed = tuple(findings)
    hidden = hidden_by_figure(listed, k)
    return tuple(suppressed(finding, k) if _rests_on(finding, hidden, k) else finding for finding in listed)


def hidden_parts(part: npt.NDArray[np.int64], user: npt.NDArray[np.int64], k: int) -> frozenset[int]:
    """The parts of a list to leave out where the total over the list is known.

    part, user: [rows], each row's part (from 0) and person. Parts of fewer than `k` people, and then the next smallest
    until those left out are `k` people together: what the shown ones leave of the total is theirs. Parts without rows
    tell of nobody.
    """
    if not len(part):
        return frozenset()
    width = int(user.max()) + 1
    pairs = np.unique(part.astype(np.int64) * width + user)  # each person once in each part
    count = np.bincount(pairs // width)
    order = [int(one) for one in np.argsort(count, kind="stable") if count[one]]
    hidden = [one for one in order if count[one] < k]
    while hidden and len(hidden) < len(order):
        if len(np.unique(pairs[np.isin(pairs // width, hidden)] % width)) >= k:
            break
        hidden.append(order[len(hidden)])
    return frozenset(hidden)


def hidden_groups(groups: Partition, counted: Iterable[npt.NDArray[np.bool_]], k: int) -> frozenset[str]:
    """Names of the groups of an attribute to hide where figures count everybody, or some users alone.

    counted: bool [users] for each such figure. A large group of whom a figure counts nobody says so itself.
    """
    hidden: set[str] = set()
    for users in (np.ones(len(groups.code), bool), *counted):
        size = np.bincount(groups.code[users], minlength=len(groups.names))
        known = zip(groups.names, size.tolist(), groups.size.tolist(), strict=True)
        counts = {(groups.attribute, name): n for name, n, people in known if n or people < k}
        hidden |= {name for _, name in hidden_cells(counts, {cell: {cell[0]: cell[1]} for cell in counts}, k)}
    return frozenset(hidden)


def hidden_cells(counts: Mapping[Cell, int], parts: Mapping[Cell, Parts], k: int) -> frozenset[Cell]:
    """The cells to hide, given how many people are in each.

    counts: every cell of every attribute and intersection of one figure. parts: for each cell, attribute -> value
    (one entry for an attribute, more for an intersection; an empty mapping where that is not known). The total over
    all people is taken as known to the reader. Also hidden: cells whose hidden neighbours in one sum would together
    be fewer than `k`, and all intersections where the attributes cross in more than MOST_ATOMS ways.
    """
    hidden = {cell for cell, n in counts.items() if n < k}
    for family in _families(counts, parts):
        single = {cell: part for cell, part in family.items() if len(part) == 1}
        _hide_until_safe(counts, single, hidden, k)
        if _atoms(family) is None:
            hidden |= set(family) - set(single)
        elif len(single) < len(family):
            _hide_until_safe(counts, family, hidden, k)
    return frozenset(hidden)


def _hide_until_safe(counts: Mapping[Cell, int], family: Family, hidden: set[Cell], k: int) -> None:
    """Adds to `hidden` until nothing hidden in `family` can be computed.

    Attributes go before their intersections and intersections are hidden in preference, so that a section with
    intersections hides the same attribute groups as one without, and two sections of one audit cannot be subtracted.
    A further attribute group goes only where empty intersections make it equal to a small cell.
    """
    sums, known = _sums(family), _readings(counts, family)
    while further := _too_small_together(counts, sums, hidden, k) or _breaking(counts, family, known, hidden):
        hidden |= further


def recoverable(counts: Mapping[Cell, int], parts: Mapping[Cell, Parts], hidden: frozenset[Cell]) -> frozenset[Cell]:
    """The hidden cells that a reader could compute from the shown ones and the total."""
    certain: set[Cell] = set()
    for family in _families(counts, parts):
        for atoms in _readings(counts, family):
            certain |= {cell for cell, used in _computable(family, atoms, hidden).items() if used}
    return frozenset(certain)


def _readings(counts: Mapping[Cell, int], family: Family) -> list[Atoms]:
    """The atoms to a reader who does not know which cells count nobody, then (where there are any) to one who does."""
    held = {cell: part for cell, part in family.items() if counts[cell]}
    return [_atoms(one) or _sheets(one) for one in ([family] if len(held) == len(family) else [family, held])]


def _sheets(family: Family) -> Atoms:
    """Where atoms are too many, the groups of each attribute: attributes alone tell no more of each other."""
    return [part for part in family.values() if len(part) == 1]


def _families(counts: Mapping[Cell, int], parts: Mapping[Cell, Parts]) -> list[Family]:
    """Cells in families that share attributes through intersections; families meet only in the total."""
    whole = {cell: dict(parts.get(cell) or {cell[0]: cell[1]}) for cell in sorted(counts)}
    joined: list[set[str]] = []
    for names in map(set, whole.values()):
        touching = [group for group in joined if group & names]
        joined = [group for group in joined if not group & names] + [names.union(*touching)]
    return [{cell: part for cell, part in whole.items() if set(part) <= names} for names in sorted(joined, key=sorted)]


def _atoms(family: Family) -> Atoms | None:
    """Every combination of values that may hold people, given the cells listed; None where they are too many.

    A reader knows that a combination is empty where an intersection lists no such cell.
    """
    values: dict[str, set[str]] = defaultdict(set)
    listed: dict[tuple[str, ...], set[tuple[str, ...]]] = defaultdict(set)
    for part in family.values():
        listed[tuple(sorted(part))].add(tuple(part[name] for name in sorted(part)))
        for name, value in part.items():
            values[name].add(value)
    names = sorted(values)
    if math.prod(len(values[name]) for name in names) > MOST_ATOMS:
        return None
    crossed = (dict(zip(names, atom, strict=True)) for atom in product(*(sorted(values[name]) for name in names)))
    return [atom for atom in crossed if all(tuple(atom[name] for name in by) in known for by, known in listed.items())]


def _sums(family: Family) -> list[tuple[tuple[Cell, ...], Cell | None]]:
    """Cells that add up to another cell, or (None) to everybody."""
    by_attribute: dict[str, list[Cell]] = defaultdict(list)
    sides: dict[tuple[str, str, str], list[Cell]] = defaultdict(list)
    single = {next(iter(part.items())): cell for cell, part in family.items() if len(part) == 1}
    for cell, part in family.items():
        by_attribute[cell[0]].append(cell)
        if len(part) > 1:
            for name, value in part.items():
                sides[cell[0], name, value].append(cell)
    totals = [(tuple(cells), None) for cells in by_attribute.values()]
    return [*totals, *((tuple(cells), single.get((name, value))) for (_, name, value), cells in sides.items())]


def _too_small_together(
    counts: Mapping[Cell, int], sums: list[tuple[tuple[Cell, ...], Cell | None]], hidden: set[Cell], k: int
) -> set[Cell]:
    """One more cell to hide where the hidden ones of a sum whose total is shown are together under k."""
    for members, total in sums:
        inside = [cell for cell in members if cell in hidden]
        shown = [cell for cell in members if cell not in hidden]
        if total not in hidden and inside and shown and sum(counts[cell] for cell in inside) < k:
            return {min(shown, key=lambda cell: (counts[cell], cell))}
    return set()


def _breaking(counts: Mapping[Cell, int], family: Family, known: list[Atoms], hidden: set[Cell]) -> set[Cell]:
    """Further cells to hide, the smallest that each computable hidden cell is computed from; empty when none is."""
    further: set[Cell] = set()
    for atoms in known:
        for used in _computable(family, atoms, hidden).values():
            if used and not further & set(used):
                further.add(min(used, key=lambda cell: (-len(family[cell]), counts[cell], cell)))
    return further


def _computable(family: Family, atoms: Atoms, hidden: Iterable[Cell]) -> dict[Cell, list[Cell]]:
    """Hidden cells whose 0/1 row over the atoms is a combination of shown rows, and the shown cells it takes.

    Everybody and nobody take none. Atoms of the same attributes add up to everybody.
    """
    inside = set(hidden)
    lost, shown = [c for c in family if c in inside], [c for c in family if c not in inside]
    if not lost:
        return {}
    sheets = sorted({frozenset(atom) for atom in atoms}, key=sorted)
    totals = [[float(atom.keys() == names) for atom in atoms] for names in sheets]
    rows = {cell: [float(part.items() <= atom.items()) for atom in atoms] for cell, part in family.items()}
    known = np.array([*totals, *(rows[cell] for cell in shown)])  # [totals + shown, atoms]
    wanted = np.array([rows[cell] for cell in lost])  # [lost, atoms]
    share = wanted @ np.linalg.pinv(known)
    certain = np.abs(share @ known - wanted).max(axis=1) < CERTAIN
    weights = share[:, len(totals) :]
    return {
        cell: [other for other, weight in zip(shown, weights[row], strict=True) if abs(weight) > CERTAIN]
        for row, cell in enumerate(lost)
        if certain[row] and rows[cell] not in totals
    }


def hidden_by_figure(findings: Iterable[Finding], k: int) -> dict[str, frozenset[Cell]]:
    """For each figure (as its cells have counts of their own) the cells to hide."""
    counts: dict[str, dict[Cell, int]] = defaultdict(dict)
    parts: dict[str, dict[Cell, Parts]] = defaultdict(dict)
    known: dict[frozenset[tuple[Cell, int]], frozenset[Cell]] = {}
    for finding in findings:
        found = _cell(finding)
        if found is None or finding.n_unit not in PEOPLE:
            continue
        figure, cell, part = found
        n = _people(finding)
        if n == finding.settings.get("counted_users") == 0 and finding.n >= k:
            continue  # the finding itself says that nobody of this large group is counted
        counts[figure][cell] = min(n, counts[figure].get(cell, n))
        parts[figure][cell] = part
    return {
        figure: _with_cohorts(_hidden(frozenset(counts[figure].items()), parts[figure], k, known), counts[figure])
        for figure in counts
    }


def _with_cohorts(hidden: frozenset[Cell], counts: Mapping[Cell, int]) -> frozenset[Cell]:
    """All cohorts of a figure where one is hidden: they overlap, so one may be a sum and difference of the others."""
    cohorts = {cell for cell in counts if cell[0].startswith(COHORT)}
    return hidden | cohorts if hidden & cohorts else hidden


def _hidden(
    counted: frozenset[tuple[Cell, int]],
    parts: Mapping[Cell, Parts],
    k: int,
    known: dict[frozenset[tuple[Cell, int]], frozenset[Cell]],
) -> frozenset[Cell]:
    """`hidden_cells`, once for all figures that count the same people."""
    if counted not in known:
        known[counted] = hidden_cells(dict(counted), parts, k)
    return known[counted]


def _people(finding: Finding) -> int:
    """The fewest people that the finding's number rests on."""
    told = (finding.settings.get(name) for name in ("counted_users", "numerator_users"))
    return min((finding.n, *(n for n in told if isinstance(n, int))))


def _cell(finding: Finding) -> tuple[str, Cell, Parts] | None:
    """(figure, cell, parts) of a level; None for anything that is not the level of one group.

    Levels of the fairness steps say so in their settings; else a finding with one group whose key ends in it is one.
    """
    facts = finding.settings
    if isinstance(facts.get("group"), str) and isinstance(facts.get("parts"), dict):
        parts = {str(name): str(value) for name, value in dict(facts["parts"] or {}).items()}  # type: ignore[arg-type]
        return str(facts["figure"]), (str(facts["attribute"]), str(facts["group"])), parts
    if len(finding.groups) == 1:
        group = next(iter(finding.groups))
        if finding.key.endswith(f".{group}"):
            family = finding.key.removesuffix(f".{group}")
            return family, (family, group), {}
    return None


def _rests_on(finding: Finding, hidden: dict[str, frozenset[Cell]], k: int) -> bool:
    """Does the finding tell of a hidden cell or of fewer than k people?"""
    if finding.verdict is Verdict.SUPPRESSED or finding.n_unit not in PEOPLE:
        return False
    if finding.n < k or any(n < k for n in finding.groups.values()):
        return True
    figure, attribute = finding.settings.get("figure"), finding.settings.get("attribute")
    if isinstance(figure, str) and isinstance(attribute, str):
        cells = hidden.get(figure, frozenset())
        return any((attribute, group) in cells for group in (*finding.groups, str(finding.settings.get("group"))))
    families = (finding.key.rsplit(".gap", 1)[0], *(finding.key.removesuffix(f".{group}") for group in finding.groups))
    return any((family, group) in hidden.get(family, ()) for family in families for group in finding.groups)


def _without(table: Table, hidden: set[str]) -> Table:
    keys = [column.key for column in table.columns]
    if KEY_COLUMN not in keys:
        return table
    at = keys.index(KEY_COLUMN)
    rows = tuple(_blanked(row, table.columns) if row[at] in hidden else row for row in table.rows)
    return table.model_copy(update={"rows": rows})


def _blanked(row: tuple[object, ...], columns: tuple[Column, ...]) -> tuple[object, ...]:
    word: Phrase = phrase("finding.verdict.suppressed")
    return tuple(word if column.unit != "text" else cell for cell, column in zip(row, columns, strict=True))
