"""No hidden cell can be computed from what is shown: proved on random tables by a system of their atoms."""

import numpy as np
import pytest

from analysis.document import Column, Section, Table
from analysis.fairness.disclose import disclose, disclosed, hidden_cells, hidden_parts, recoverable
from analysis.finding import Finding, Verdict
from words import phrase

SEX, AGE, JOB = ("sex", "age", "job")


def random_table(seed):
    """Counts of atoms [sex, age, job] with many small ones, and the 0/1 rows of every margin over the atoms."""
    rng = np.random.default_rng(seed)
    shape = (2, int(rng.integers(2, 5)), int(rng.integers(2, 5)))
    atoms = rng.negative_binomial(1, 1 / (1 + rng.choice([3, 10, 30])), shape)
    names = [SEX, AGE, JOB]
    rows, counts, parts = {}, {}, {}
    # A reader sees which cells of two attributes are listed at all, and so which atoms may hold people.
    possible = (
        (atoms.sum(2, keepdims=True) > 0) & (atoms.sum(1, keepdims=True) > 0) & (atoms.sum(0, keepdims=True) > 0)
    ).ravel()
    for axes in [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]:
        for index in np.ndindex(*[shape[axis] for axis in axes]):
            where = [slice(None)] * 3
            for axis, value in zip(axes, index, strict=True):
                where[axis] = value
            mark = np.zeros(shape)
            mark[tuple(where)] = 1
            n = int(atoms[tuple(where)].sum())
            if n:
                cell = (
                    "*".join(names[axis] for axis in axes),
                    " & ".join(f"{names[a]}{v}" for a, v in zip(axes, index, strict=True)),
                )
                counts[cell], rows[cell] = n, mark.ravel() * possible
                parts[cell] = {names[a]: f"{names[a]}{v}" for a, v in zip(axes, index, strict=True)}
    return atoms, rows, counts, parts, possible * 1.0


@pytest.mark.parametrize("block", range(5))
def test_no_hidden_cell_of_a_random_table_is_in_the_span_of_the_shown_ones(block):
    k = 10
    for seed in range(block * 100, block * 100 + 100):
        atoms, rows, counts, parts, everybody = random_table(seed)
        hidden = hidden_cells(counts, parts, k)
        assert {cell for cell, n in counts.items() if n < k} <= hidden
        shown = np.array([everybody] + [rows[cell] for cell in sorted(counts) if cell not in hidden])
        rank = np.linalg.matrix_rank(shown)
        for cell in hidden:
            if atoms.sum() < k or np.array_equal(rows[cell], shown[0]):
                continue  # everybody: the total is known and cannot be hidden
            assert np.linalg.matrix_rank(np.vstack([shown, rows[cell]])) > rank, (seed, cell)


def test_attribute_groups_are_hidden_alike_with_and_without_intersections_but_where_empty_cells_force_more():
    differ = 0
    for seed in range(300):
        _, _, counts, parts, _ = random_table(seed)
        alone = hidden_cells({cell: n for cell, n in counts.items() if len(parts[cell]) == 1}, parts, 10)
        crossed = {cell for cell in hidden_cells(counts, parts, 10) if len(parts[cell]) == 1}
        assert alone <= crossed
        differ += alone != crossed
    assert differ <= 10  # of tables where most cells are small


def crossed(**cells):
    """Counts and parts of an intersection of sex (a, b, ...) and age (1, 2, ...), and of its two attributes."""
    counts, parts = {}, {}
    for name, n in cells.items():
        both = {SEX: name[0], AGE: name[1]}
        for part in ({SEX: name[0]}, {AGE: name[1]}, both):
            cell = "*".join(part), " & ".join(part.values())
            counts[cell], parts[cell] = counts.get(cell, 0) + n, part
    return counts, parts


def test_a_cell_that_counts_nobody_is_no_second_unknown_for_who_knows_that_it_is_empty():
    """As random audit 72 of the benchmark had it: b3 holds nobody, so b1 was all of b but the shown b2."""
    counts, parts = crossed(a1=42, a2=31, a3=1, b1=24, b2=19, b3=0, c1=9, c2=4, c3=1)
    hidden = hidden_cells(counts, parts, 10)
    left = [(f"{SEX}*{AGE}", f"b & {age}") for age in "12"]
    assert ((SEX, "b") in hidden) or ({left[0] in hidden, left[1] in hidden} != {True, False})
    assert not recoverable(counts, parts, hidden)


def test_an_empty_group_and_one_more_are_not_the_only_hidden_of_an_attribute():
    cells = {(SEX, "a"): 500, (SEX, "b"): 40, (SEX, "c"): 30, (SEX, "none"): 0}
    assert hidden_cells(cells, {}, 10) == {(SEX, "b"), (SEX, "c"), (SEX, "none")}


def test_a_reader_who_knows_the_empty_cells_computes_no_positive_one_of_attributes_that_cross_in_too_many_ways():
    many = {(AGE, f"{at}"): 20 for at in range(60)} | {(JOB, f"{at}"): 20 for at in range(60)}
    cells = many | {(SEX, "a"): 1170, (SEX, "b"): 30, (SEX, "none"): 0}
    parts = {cell: {cell[0]: cell[1]} for cell in cells} | {
        ("all", f"{at}"): {AGE: str(at), JOB: str(at), SEX: "a"} for at in range(60)
    }
    cells |= {("all", f"{at}"): 20 for at in range(60)}
    assert {cell for cell in hidden_cells(cells, parts, 10) if cell[0] == SEX} == {
        (SEX, "a"), (SEX, "b"), (SEX, "none"),
    }  # fmt: skip


def test_a_large_group_that_is_said_to_count_nobody_hides_nothing_and_hides_behind_nothing():
    nobody = level("c", 50, counted_users=0)
    assert {f.verdict for f in disclosed([level("a", 500), level("b", 30), nobody], 10)} == {Verdict.MEASURED}
    small = disclosed([level("a", 500), level("b", 30), nobody, level("d", 4)], 10)
    assert [f.verdict.value for f in small] == ["measured", "suppressed", "measured", "suppressed"]


def level(group, n, value=0.5, figure="ndcg@10", attribute="sex", **facts):
    return Finding(
        key=f"{attribute}.{figure}.{group}",
        label=phrase("fairness.group.all"),
        unit="ndcg",
        verdict=Verdict.MEASURED,
        value=value,
        low=value,
        high=value,
        n=n,
        groups={group: n},
        method=phrase("fairness.group.all"),
        settings={"attribute": attribute, "figure": figure, "group": group, "parts": {attribute: group}} | facts,
    )


def test_a_second_group_is_hidden_where_the_first_follows_by_subtraction():
    findings = disclosed([level("a", 500), level("b", 30), level("c", 4)], 10)
    assert [finding.verdict for finding in findings] == [Verdict.MEASURED, Verdict.SUPPRESSED, Verdict.SUPPRESSED]
    assert all(finding.n == 0 and finding.groups == {} for finding in findings[1:])


def test_two_small_groups_are_not_given_away_by_their_sum():
    findings = disclosed([level("a", 500), level("b", 30), level("c", 4), level("d", 3)], 10)
    assert [finding.verdict.value for finding in findings] == ["measured", "suppressed", "suppressed", "suppressed"]


def test_a_gap_with_a_hidden_group_is_hidden():
    gap = level("gap", 504).model_copy(
        update={
            "verdict": Verdict.GAP,
            "groups": {"a": 500, "b": 30},
            "settings": {"attribute": "sex", "figure": "ndcg@10"},
        }
    )
    assert disclosed([level("a", 500), level("b", 30), level("c", 4), gap], 10)[3].verdict is Verdict.SUPPRESSED


def test_a_rate_of_few_positives_is_hidden_though_its_group_is_large():
    findings = disclosed([level("a", 500, numerator_users=100), level("b", 90, numerator_users=3)], 10)
    assert [finding.verdict.value for finding in findings] == ["suppressed", "suppressed"]


def test_findings_of_other_steps_are_hidden_by_their_groups():
    other = level("women", 5).model_copy(update={"key": "effect.ate.sex.women", "settings": {}})
    more = level("men", 50).model_copy(update={"key": "effect.ate.sex.men", "settings": {}})
    whole = level("x", 55).model_copy(update={"key": "effect.ate", "settings": {}, "groups": {}})
    assert [f.verdict.value for f in disclosed([other, more, whole], 10)] == ["suppressed", "suppressed", "measured"]


def test_disclosing_twice_changes_nothing_and_tables_lose_the_numbers():
    table = Table(
        key="t",
        title=phrase("fairness.group.all"),
        columns=(
            Column(key="key", title=phrase("fairness.group.all")),
            Column(key="v", title=phrase("fairness.group.all"), unit="ndcg"),
        ),
        rows=(("sex.ndcg@10.a", 0.5), ("sex.ndcg@10.c", 0.25)),
    )
    section = Section(
        step="disparity", summary=(), findings=(level("a", 500), level("b", 80), level("c", 4)), tables=(table,)
    )
    once = disclose(section, 10)
    assert disclose(once, 10) == once
    assert once.tables[0].rows[0][1] == 0.5 and once.tables[0].rows[1][1] == phrase("finding.verdict.suppressed")


@pytest.mark.parametrize("seed", range(40))
def test_what_is_left_out_of_a_list_is_nobody_or_at_least_k_people(seed):
    rng = np.random.default_rng(seed)
    k, parts = int(rng.integers(5, 15)), int(rng.integers(1, 12))
    user = rng.integers(0, 60, 300)
    part = rng.choice(parts, 300, p=rng.dirichlet(np.full(parts, 0.3)))
    hidden = hidden_parts(part, user, k)
    shown = set(part.tolist()) - hidden
    assert all(len(np.unique(user[part == one])) >= k for one in shown)
    left = np.unique(user[np.isin(part, list(hidden))])
    assert len(left) == 0 or len(left) >= k or not shown


def test_one_small_part_takes_the_next_smallest_with_it():
    user = np.arange(60)
    part = np.repeat([0, 1, 2], [3, 20, 37])
    assert hidden_parts(part, user, 10) == {0, 1}
    assert hidden_parts(part[3:], user[3:], 10) == frozenset()
