"""Of the gaps that a verdict board calls sure, no more are false than the correction promises."""

import numpy as np

from analysis.fairness.infer import estimate, permutation_p, welch_p
from benchmarks.discoveries import NOTHING, SOME, board, false_share


def test_of_a_board_on_which_nothing_differs_the_correction_leaves_what_chance_is_allowed():
    boards = [board(NOTHING, seed) for seed in range(16)]
    false = np.array([false_share(one.sure) for one in boards])
    assert false.mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(boards))
    assert np.mean([false_share(one.alone) for one in boards]) > 0.5  # without it most boards have one


def test_of_a_board_with_gaps_at_most_a_twentieth_of_those_found_is_not_there():
    boards = [board(SOME, seed) for seed in range(16)]
    false = np.array([false_share(one.sure) for one in boards])
    assert false.mean() - 3 * false.std(ddof=1) / np.sqrt(len(boards)) <= 0.05
    assert sum(one.sure[1] for one in boards) > 0.25 * sum(one.truly for one in boards)


def test_welch_finds_too_much_in_a_small_group_of_a_skewed_figure_and_permutation_does_not():
    rng, runs = np.random.default_rng(9), 2000
    code = np.repeat([0, 1], [120, 12])
    by_welch, by_permutation = 0, 0
    for run in range(runs):
        values, ones = np.exp(rng.normal(size=(132, 1))), np.ones((132, 1))
        found = estimate(values, ones, code, 2, 2, rng)
        by_welch += welch_p(float(found.value[0, 0] - found.value[1, 0]), found.error[:, 0], found.n) <= 0.01
        if run < 500:
            by_permutation += permutation_p(values, ones, code, 2, 199, rng)[0] <= 0.01
    assert by_welch / runs > 0.03 and by_permutation / 500 <= 0.025
