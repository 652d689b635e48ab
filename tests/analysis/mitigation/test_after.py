"""Re-ranking does what its paper says: by hand, by brute force, by linear programme, and nothing at strength 0."""

from itertools import permutations, product

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from analysis.mitigation.candidates import Candidates
from analysis.mitigation.foreseen import Rehearsal, foreseen
from analysis.mitigation.quota import adjusted_minimum, chance_of_refusal, det_greedy, fair_top, minimum
from analysis.mitigation.rerank import attention_shares, exposure_constrained, merit_shares, short_changed
from analysis.mitigation.taste import SMOOTHING, calibrated
from analysis.mitigation.utility import foreseen_ndcg, utility_levelled

K = 5


def drawn(seed, users=40, M=12, items=30):
    """Candidates in the order of random scores, three item groups, histories."""
    rng = np.random.default_rng(seed)
    codes = np.array([rng.permutation(items)[:M] for _ in range(users)], np.int32)
    scores = -np.sort(-rng.random((users, M)).astype(np.float32), axis=1)
    group = np.where(np.arange(items) % 5 < 2, "a", np.where(np.arange(items) % 5 < 4, "b", "c"))
    taken = sp.csr_matrix(rng.random((users, items)) < 0.2, dtype=np.float32)
    return Candidates(codes, scores), group, taken, rng


def rerankers(seed):
    """Each re-ranking of the same candidates as a function of its strength."""
    candidates, group, taken, rng = drawn(seed)
    chance, wanted = rng.random(candidates.codes.shape) * 0.5, rng.uniform(1, 6, len(candidates.codes))
    side = rng.integers(0, 2, len(candidates.codes))
    return candidates, {
        "det_greedy": lambda s: det_greedy(candidates, group, s, K),
        "fair_top": lambda s: fair_top(candidates, group != "b", s, K),
        "calibrated": lambda s: calibrated(candidates, group, taken, s, K),
        "utility": lambda s: utility_levelled(candidates, chance, wanted, side, s, K),
        "exposure": lambda s: exposure_constrained(candidates, group, s, K),
    }


@pytest.mark.parametrize("name", rerankers(0)[1])
def test_strength_nought_leaves_the_lists_and_any_strength_takes_each_candidate_once(name):
    candidates, rerank = rerankers(1)
    assert np.array_equal(rerank[name](0.0), candidates.codes[:, :K])
    for strength in (0.3, 1.0):
        lists = rerank[name](strength)
        assert lists.shape == (40, K) and all(len(set(row)) == K for row in lists.tolist())
        assert all(set(row) <= set(codes) for row, codes in zip(lists.tolist(), candidates.codes.tolist(), strict=True))
    assert not np.array_equal(rerank[name](1.0), candidates.codes[:, :K])


def test_det_greedy_holds_the_floor_of_every_share_in_every_first_part():
    candidates, group, _, _ = drawn(2, M=30)
    lists = det_greedy(candidates, group, 1.0, 10)
    for name, share in (("a", 0.4), ("b", 0.4), ("c", 0.2)):
        counts = (group[lists] == name).cumsum(axis=1)
        places = np.arange(1, 11)
        assert (counts >= np.floor(share * places + 1e-9)).all()
        assert (counts <= np.ceil(share * places - 1e-9)).mean() > 0.9  # it gives way where nothing else is left


def test_det_greedy_by_hand():
    codes = np.array([[0, 1, 2, 3, 4, 5]], np.int32)
    scores = np.array([[6.0, 5.0, 4.0, 3.0, 2.0, 1.0]], np.float32)
    group = np.array(["x", "x", "x", "x", "y", "y", "y", "y"])  # half and half
    # place 1: nothing due, x below its ceiling of 1; 2: y is due; 3: both may come, x is better; 4: y is due
    assert det_greedy(Candidates(codes, scores), group, 1.0, 4).tolist() == [[0, 4, 1, 5]]


def test_the_minima_of_fa_ir_are_those_published():
    assert minimum(20, 0.25, 0.1).tolist() == [0] * 8 + [1] * 6 + [2] * 5 + [3]
    least = adjusted_minimum(10, 0.2, 0.15)[1]
    assert chance_of_refusal(least, 0.2) == pytest.approx(0.1342177280000001, abs=1e-12)


@pytest.mark.parametrize(("k", "share", "alpha"), [(8, 0.3, 0.1), (10, 0.5, 0.1), (9, 0.7, 0.05), (7, 0.1, 0.3)])
def test_the_correction_for_many_first_parts_is_exact(k, share, alpha):
    lists = np.array(list(product((0, 1), repeat=k)))
    weight = np.prod(np.where(lists, share, 1 - share), axis=1)

    def refused(least):
        return float(weight[(lists.cumsum(axis=1) < least).any(axis=1)].sum())

    least = adjusted_minimum(k, share, alpha)[1]
    assert chance_of_refusal(least, share) == pytest.approx(refused(least), abs=1e-12)
    assert refused(least) <= alpha
    tables = {tuple(minimum(k, share, a)) for a in np.linspace(1e-6, alpha, 4000)}
    allowed = [table for table in tables if refused(np.array(table)) <= alpha]
    assert sum(least) == max(sum(table) for table in allowed)  # the strictest of those within alpha


def test_fa_ir_never_lists_fewer_protected_items_than_its_table_and_keeps_the_order_otherwise():
    candidates, group, _, _ = drawn(3, M=30)
    protected = group == "c"
    least = adjusted_minimum(10, float(protected.mean()), 0.1)[1]
    lists = fair_top(candidates, protected, 1.0, 10)
    assert (protected[lists].cumsum(axis=1) >= least).all()
    for row, codes in zip(lists.tolist(), candidates.codes.tolist(), strict=True):
        for kind in (True, False):
            places = [codes.index(item) for item in row if protected[item] == kind]
            assert places == sorted(places)


def kl(own, counts):
    q = (1 - SMOOTHING) * counts / counts.sum() + SMOOTHING * own
    return sum(p * np.log(p / r) for p, r in zip(own, q, strict=True) if p > 0)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(0.05, 0.95))
def test_the_calibrated_list_is_within_the_greedy_bound_of_the_best_by_brute_force(seed, strength):
    candidates, group, taken, _ = drawn(seed, users=3, M=6, items=12)
    lists = calibrated(candidates, group, taken, strength, 3)
    names = np.unique(group)
    for user in range(3):
        history = group[taken[user].indices]
        if not history.size:
            continue
        own = np.array([(history == name).mean() for name in names])
        relevance = dict(zip(candidates.codes[user].tolist(), candidates.relevance[user].tolist(), strict=True))

        def value(items, own=own, relevance=relevance):
            counts = np.array([(group[list(items)] == name).sum() for name in names])
            return (1 - strength) * sum(relevance[i] for i in items) - strength * kl(own, counts)

        worth = [value(items) for items in permutations(candidates.codes[user].tolist(), 3)]
        floor = -strength * -np.log(SMOOTHING)  # the worst divergence, from which the gain is counted
        assert value(lists[user].tolist()) - floor >= (1 - 1 / np.e) * (max(worth) - floor) - 1e-9


def test_at_full_strength_the_mix_comes_nearer_to_the_history():
    candidates, group, taken, _ = drawn(4, users=60, M=30)
    names = np.unique(group)

    def mean_kl(lists):
        mixes = [np.array([(group[taken[u].indices] == n).mean() for n in names]) for u in range(60)]
        counts = [np.array([(group[lists[u]] == n).sum() for n in names]) for u in range(60)]
        return np.mean([kl(own, count) for own, count in zip(mixes, counts, strict=True)])

    half, full = (mean_kl(calibrated(candidates, group, taken, s, K)) for s in (0.5, 1.0))
    assert full <= half < mean_kl(candidates.codes[:, :K])


def test_utility_lists_are_the_linear_programmes_up_to_one_place():
    rng = np.random.default_rng(5)
    users, M, k, strength = 12, 4, 2, 0.5
    codes = np.array([rng.permutation(10)[:M] for _ in range(users)], np.int32)
    candidates = Candidates(codes, -np.sort(-rng.random((users, M)).astype(np.float32), axis=1))
    side = np.arange(users) % 2
    chance = rng.random((users, M)) * np.where(side, 0.4, 0.8)[:, None]
    wanted = np.full(users, 2.0)
    lists = utility_levelled(candidates, chance, wanted, side, strength, k)
    v = 1 / np.log2(np.arange(2, k + 2))
    use = chance / v.sum()

    def gap(weights):
        served = np.einsum("umr,um->u", weights, use)
        return served[side == 0].mean() - served[side == 1].mean()

    def as_weights(lists):
        weights = np.zeros((users, M, k))
        for user in range(users):
            for place, item in enumerate(lists[user]):
                weights[user, codes[user].tolist().index(item), place] = v[place]
        return weights

    now = gap(as_weights(codes[:, :k]))
    size = users * M * k
    worth = (candidates.relevance[:, :, None] * v).ravel()
    sign = np.where(side == 0, 1 / (side == 0).sum(), -1 / (side == 1).sum())
    differs = (sign[:, None, None] * use[:, :, None] * v).ravel()
    at_most, equal = np.zeros((users * M, size)), np.zeros((users * k, size))
    for user, item, place in np.ndindex(users, M, k):
        column = np.ravel_multi_index((user, item, place), (users, M, k))
        at_most[user * M + item, column] = 1
        equal[user * k + place, column] = 1
    bound = linprog(
        -worth,
        A_ub=np.vstack([at_most, differs, -differs]),
        b_ub=np.concatenate([np.ones(users * M), [(1 - strength) * now, (1 - strength) * now]]),
        A_eq=equal,
        b_eq=np.ones(users * k),
        bounds=(0, 1),
    )
    ours = float((candidates.relevance[:, :, None] * as_weights(lists)).sum())
    assert now > 0 and abs(gap(as_weights(lists))) <= (1 - strength) * now + 1e-6
    assert -bound.fun - 1.0 <= ours <= -bound.fun + 1e-9  # within one list's step of the fractional optimum


def test_the_worse_served_gain_foreseen_use_and_users_without_a_group_keep_their_lists():
    candidates, _, _, rng = drawn(6, users=80)
    side = np.where(np.arange(80) < 10, -1, np.arange(80) % 2)
    chance = rng.random(candidates.codes.shape) * np.where(side == 1, 0.3, 0.6)[:, None]
    lists = utility_levelled(candidates, chance, np.full(80, 4.0), side, 0.6, K)
    assert np.array_equal(lists[:10], candidates.codes[:10, :K])
    place = np.array(
        [[codes.tolist().index(i) for i in row] for codes, row in zip(candidates.codes, lists, strict=True)]
    )
    before = foreseen_ndcg(chance, np.tile(np.arange(K), (80, 1)))
    assert foreseen_ndcg(chance, place)[side == 1].mean() > before[side == 1].mean()


def test_merit_is_what_is_foreseen_to_be_wanted():
    codes = np.array([[0, 1, 2], [2, 0, -1]], np.int32)
    scores = np.array([[3, 2, 1], [2, 1, -np.inf]], np.float32)
    chance = np.array([[0.5, 0.25, 0.25], [0.5, 0.5, 0.0]])
    shares = merit_shares(Candidates(codes, scores), chance, np.array(["a", "b", "b"]))
    assert shares == pytest.approx({"a": 0.5, "b": 0.5})


def test_attention_follows_merit_at_full_strength():
    candidates, group, _, rng = drawn(7, users=300)
    chance = rng.random(candidates.codes.shape) * np.where(group[candidates.codes] == "c", 0.9, 0.3)
    target = merit_shares(candidates, chance, group)
    lists = exposure_constrained(candidates, group, 1.0, K, target)
    shares = attention_shares(lists, group)
    step = 1 / (300 * (1 / np.log2(np.arange(2, K + 2))).sum())
    assert shares["c"] >= target["c"] - step and abs(shares["c"] / target["c"] - 1) < 0.02
    assert short_changed(candidates, group, K).dtype == bool


def test_the_foreseen_chances_are_right_on_average_and_follow_their_signs():
    rng = np.random.default_rng(8)
    users, M, items = 400, 20, 60
    codes = np.array([rng.permutation(items)[:M] for _ in range(users)], np.int32)
    scores = -np.sort(-rng.random((users, M)).astype(np.float32), axis=1)
    candidates = Candidates(codes, scores)
    people = np.where(np.arange(users) % 4 == 0, "F", "M")
    true = 0.5 * candidates.relevance * np.where(people == "F", 0.4, 1.0)[:, None]
    popularity = np.arange(items, dtype=np.int64)
    chance = foreseen(Rehearsal(candidates, rng.random((users, M)) < true, popularity), candidates, people)
    for group in ("F", "M"):
        assert chance[people == group].mean() == pytest.approx(true[people == group].mean(), abs=0.01)
    assert np.corrcoef(chance.ravel(), true.ravel())[0, 1] > 0.9
    nothing = Rehearsal(candidates, np.zeros((users, M), bool), popularity)
    assert not foreseen(nothing, candidates, people).any()


@pytest.mark.parametrize("name", rerankers(0)[1])
def test_renaming_users_changes_nothing_but_their_order(name):
    candidates, group, taken, rng = drawn(9)
    order = rng.permutation(40)
    chance, wanted, side = rng.random((40, 12)), rng.uniform(1, 6, 40), rng.integers(0, 2, 40)
    turned = Candidates(candidates.codes[order], candidates.scores[order])
    one = {
        "det_greedy": lambda c, o: det_greedy(c, group, 0.7, K),
        "fair_top": lambda c, o: fair_top(c, group == "c", 0.7, K),
        "calibrated": lambda c, o: calibrated(c, group, taken[o], 0.7, K),
        "utility": lambda c, o: utility_levelled(c, chance[o], wanted[o], side[o], 0.7, K),
        "exposure": lambda c, o: exposure_constrained(c, group, 0.7, K),
    }[name]
    assert np.array_equal(one(candidates, np.arange(40))[order], one(turned, order))


def test_where_there_is_nothing_to_choose_from_the_lists_stay_empty():
    nothing = Candidates(np.full((3, 4), -1, np.int32), np.full((3, 4), -np.inf, np.float32))
    with np.errstate(all="raise"):
        assert (exposure_constrained(nothing, np.array(list("aabb")), 1.0, 2) == -1).all()
        assert short_changed(nothing, np.array(list("aabb")), 2).all()
