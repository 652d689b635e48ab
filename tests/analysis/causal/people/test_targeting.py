"""What an order and a rule are worth: by hand, by brute force, and where nobody gains more than others."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.causal.people.groups import gains
from analysis.causal.people.judged import judged, treated_by_group
from analysis.causal.people.rule import best_rule, questions
from analysis.causal.people.scores import Scores, difference, mean_over
from analysis.causal.people.targeting import GRID, placed, qini, targeting
from analysis.causal.strata import stratified
from tests.analysis.causal.logs import cut


def scored(gain: np.ndarray, fold: np.ndarray | None = None, user: np.ndarray | None = None) -> Scores:
    n = len(gain)
    people = np.arange(n) if user is None else user
    parts = np.arange(n) % 5 if fold is None else fold
    return Scores(np.asarray(gain, float), people, int(people.max()) + 1, parts)


def test_qini_is_the_area_between_curve_and_random_line_by_hand() -> None:
    # One fold. Best first: gains 3, 1, 0, 0; treating the top 1, 2, 3, 4 of 4 gains 3/4, 1, 1, 1 a row; random: a line.
    s = scored(np.array([0.0, 3.0, 0.0, 1.0]), fold=np.ones(4, np.int64))
    order = np.array([2.0, 9.0, 1.0, 5.0])
    curve = np.interp(np.linspace(0, 1, 4001), [0, 0.25, 0.5, 0.75, 1], [0, 0.75, 1, 1, 1])
    area = np.trapezoid(curve - np.linspace(0, 1, 4001), np.linspace(0, 1, 4001))
    found = qini(s, order)
    assert found is not None and found.value == pytest.approx(area, abs=1e-6) and found.value == pytest.approx(0.3125)


def test_qini_is_zero_for_an_order_of_equals_and_changes_sign_with_the_order() -> None:
    rng = np.random.default_rng(1)
    s = scored(rng.normal(size=200), fold=np.ones(200, np.int64))
    order = rng.normal(size=200)
    assert qini(s, order).value == pytest.approx(-qini(s, -order).value)  # type: ignore[union-attr]
    assert qini(s, np.zeros(200)).value == pytest.approx(0.0)  # type: ignore[union-attr]


def test_the_error_of_qini_is_that_of_a_bootstrap_of_users() -> None:
    rng = np.random.default_rng(2)
    users = 400
    user = np.repeat(np.arange(users), 5)
    order = rng.normal(size=users)[user] + rng.normal(size=len(user))
    gain = 0.5 * order + rng.normal(size=users)[user] + rng.normal(size=len(user))
    s = scored(gain, np.ones(len(user), np.int64), user)
    found = qini(s, order)
    drawn = []
    for _ in range(400):
        rows = (rng.integers(0, users, users)[:, None] * 5 + np.arange(5)).ravel()
        drawn.append(qini(scored(gain[rows], np.ones(len(rows), np.int64)), order[rows]).value)  # type: ignore[union-attr]
    assert found is not None and found.error == pytest.approx(np.std(drawn), rel=0.12)


@given(st.lists(st.integers(0, 3), min_size=4, max_size=30), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_places_lie_between_0_and_1_and_average_one_half_in_every_fold(order: list[int], seed: int) -> None:
    fold = np.random.default_rng(seed).integers(0, 3, len(order))
    place = placed(np.array(order, float), fold)
    assert ((place > 0) & (place < 1)).all()
    for part in np.unique(fold):
        assert place[fold == part].mean() == pytest.approx(0.5)


def test_the_curve_ends_at_the_effect_of_treating_all_and_bends_above_the_line() -> None:
    rng = np.random.default_rng(3)
    order = rng.normal(size=3000)
    gain = 1 + order + rng.normal(size=3000)
    order[np.arange(3000) % 5 == 0] = np.nan  # the first fold only teaches
    found = targeting(scored(gain), order, 200, 1)
    assert found.curve is not None and found.curve.at == GRID
    values = [one.value for one in found.curve.gain if one is not None]
    judged_rows = np.arange(3000) % 5 > 0
    assert values[-1] == pytest.approx(gain[judged_rows].mean()) == found.curve.random[-1]
    assert all(value > line for value, line in zip(values[:-1], found.curve.random[:-1], strict=True))
    effects = [fifth.effect.value for fifth in found.fifths if fifth.effect is not None]
    assert effects == sorted(effects) and found.slope is not None and found.slope.value == pytest.approx(1, abs=0.1)


def test_nothing_can_be_ranked_where_all_expect_the_same() -> None:
    found = targeting(scored(np.arange(50.0)), np.full(50, 0.3), 100, 1)
    assert found.qini is None and found.curve is None and found.fifths == () and found.slope is None


def table(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "a": rng.choice(["p", "q", "r"], rows),
            "b": rng.normal(size=rows),
            "c": rng.choice(["no", "yes"], rows),
            "x": rng.integers(0, 2, rows),
            "y": rng.integers(0, 2, rows).astype(float),
        }
    )


def brute(gain: np.ndarray, answers: np.ndarray, least: float) -> float:
    """The best value of any tree of two levels, by trying all."""

    def side(rows: np.ndarray) -> float:
        best = max(gain[rows].sum(), 0.0)
        for t in range(answers.shape[1]):
            yes, no = rows & answers[:, t], rows & ~answers[:, t]
            if min(yes.sum(), no.sum()) >= least:
                best = max(best, max(gain[yes].sum(), 0.0) + max(gain[no].sum(), 0.0))
        return best

    everybody = np.ones(len(gain), bool)
    best = max(gain.sum(), 0.0)
    for s in range(answers.shape[1]):
        yes, no = answers[:, s], ~answers[:, s]
        if min(yes.sum(), no.sum()) >= least:
            best = max(best, side(everybody & yes) + side(everybody & no))
    return float(best)


@pytest.mark.parametrize("seed", range(5))
def test_the_rule_is_the_best_of_all_rules_of_two_questions(seed: int) -> None:
    study = cut(table(400, seed), ("a", "b", "c"))
    asked = questions(study, ("a", "b", "c"))
    gain = np.random.default_rng(seed).normal(size=400)
    rule = best_rule(gain, asked, np.ones(400, bool), 2)
    assert gain[asked.treated(rule)].sum() == pytest.approx(brute(gain, asked.answers, 0.05 * 400))
    held = sum(asked.leaf_rows(leaf).astype(int) for leaf in rule.leaves)
    assert (np.asarray(held) == 1).all()


def test_the_rule_is_worth_as_much_as_that_of_econmls_policy_tree_or_more() -> None:
    from econml.policy import PolicyTree

    study = cut(table(2000, 7), ("a", "b", "c"))
    asked = questions(study, ("a", "b", "c"))
    gain = (study.table["b"].to_numpy() > 0.3) * 1.0 - (study.table["a"] == "q").to_numpy() * 1.5 - 0.1
    rule = best_rule(gain, asked, np.ones(2000, bool), 2)
    tree = PolicyTree(max_depth=2, min_samples_leaf=100, honest=False, random_state=1)
    tree.fit(asked.answers.astype(float), np.column_stack([np.zeros(2000), gain]))
    theirs = tree.predict(asked.answers.astype(float)) == 1
    assert gain[asked.treated(rule)].sum() >= gain[theirs].sum() - 1e-9


def test_of_equally_good_rules_the_simplest_is_taken() -> None:
    study = cut(table(1000, 9), ("b", "c"))
    asked = questions(study, ("b", "c"))
    gain = np.where(study.table["c"] == "yes", 1.0, -1.0)
    rule = best_rule(gain, asked, np.ones(1000, bool), 2)
    assert len(rule.leaves) == 2 and {leaf.path[0][0].name for leaf in rule.leaves} == {"c"}


def test_a_rule_is_tried_only_on_users_after_those_it_learnt_from() -> None:
    """Chance patterns do not pay: over many logs without any gain, the trials' lift is around none."""
    lifts = []
    for seed in range(40):
        study = cut(table(500, seed), ("a", "b", "c"))
        gain = np.random.default_rng(100 + seed).normal(size=500)
        found = judged(scored(gain), questions(study, ("a", "b", "c")), None, 2)
        assert found.lift is not None and not found.held_out[~found.tried].any()
        lifts.append(found.lift.value / found.lift.error)
    assert abs(np.mean(lifts)) < 0.5


def test_shares_treated_by_group_stay_inside_0_and_1_even_where_a_rule_treats_all_of_one() -> None:
    rows = table(300, 4)
    study = cut(rows, ("c",))
    s = scored(np.zeros(300), user=study.user)
    found = treated_by_group(s, (rows["c"] == "yes").to_numpy(), stratified(rows["c"], 4))
    no, yes = found.share
    assert no is not None and yes is not None and (no.value, yes.value) == (0.0, 1.0)
    assert no.low == 0 < no.high < 0.1 and 0.9 < yes.low < yes.high == 1
    gap = next(iter(found.gaps.values()))
    assert gap is not None and abs(gap.value) == 1.0 and -1 <= gap.low < gap.high <= 1 and gap.p < 1e-6


def test_gaps_of_shares_allow_for_users_with_rows_in_both_groups() -> None:
    """Whom the rule treats for books it leaves for films: as if of other users, 95% intervals held the truth in 87%."""
    rng, outside = np.random.default_rng(1), []
    for _ in range(300):
        user = np.repeat(np.arange(150), rng.integers(2, 8, 150))
        kind, woman = rng.integers(0, 2, len(user)), (rng.random(150) < 0.5)[user]
        split = stratified(pd.Series(np.where(kind == 0, "books", "films"), name="kind"), 4)
        found = treated_by_group(scored(np.zeros(len(user)), user=user), np.where(kind == 0, woman, ~woman), split)
        ((pair, gap),) = found.gaps.items()
        assert gap is not None and found.people[pair] == split.users(user, *pair) <= 150 < sum(found.users)
        outside.append((not gap.low <= 0 <= gap.high, gap.p < 0.05))
    assert np.all(np.mean(outside, axis=0) < 0.09)


def test_a_difference_of_means_equals_welchs_test_where_every_user_has_one_row() -> None:
    from scipy import stats

    rng = np.random.default_rng(5)
    values, member = rng.normal(size=120), rng.random(120) < 0.3
    values[member] *= 3
    user = np.arange(120)
    a, b = mean_over(values, member, user), mean_over(values, ~member, user)
    found = difference(a, b, user, 120)
    welch = stats.ttest_ind(values[member], values[~member], equal_var=False)
    assert found is not None and found.value == pytest.approx(values[member].mean() - values[~member].mean())
    assert found.p == pytest.approx(welch.pvalue, rel=0.25)  # freedom is rounded down, the cluster factor is U/(U-1)


def test_groups_that_share_users_are_tested_by_their_rows() -> None:
    """Users have rows in all three groups: shuffling users among groups would see nothing, or anything."""
    rng = np.random.default_rng(5)
    user = np.repeat(np.arange(60), 12)
    found = []
    for step in (*[0.0] * 150, 0.5):
        group = rng.integers(0, 3, len(user))
        gain = (
            step * group + rng.normal(size=60)[user] + rng.normal(size=(60, 3))[user, group] / 3 + rng.normal(size=720)
        )
        table = pd.DataFrame({"user": user.astype(str), "x": np.arange(720) % 2, "y": gain, "g": group.astype(str)})
        rows, parts = cut(table, ()), scored(gain, user=user)
        one = gains(rows, parts, np.full(720, 0.5), stratified(table["g"], 5), 200, 1)
        assert one.shared and one.differ is not None
        found.append(one.differ)
    assert 0.01 <= np.mean(np.array(found[:-1]) < 0.05) <= 0.10 and found[-1] < 1e-4
