"""For whom it works: logs with known gains, and speed beside EconML.

    python -m benchmarks.people [--rows 20000,100000] [--rounds 3]

times the cross-fitted doubly robust estimate beside EconML's LinearDML. `benchmarks.coverage` counts what the intervals
hold in logs whose gain is known for every kind of row. What an order or a rule is worth depends on what was learnt, so
its truth is that of the order or rule learnt from the very log, over the population.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.causal.doubly_robust import FOLDS, learner, nuisances
from analysis.causal.estimate import Estimate
from analysis.causal.people.analyse import People, analyse
from analysis.causal.people.covariates import design
from analysis.causal.people.scores import scores
from analysis.causal.people.settings import PeopleSettings
from analysis.causal.people.targeting import FIFTHS
from analysis.causal.study import Study, contrasts, study
from benchmarks.machine import machine

Numbers = npt.NDArray[np.float64]
CAUSES = ("gender", "age", "intent")
KINDS = pd.DataFrame(list(product(("men", "women"), ("middle", "old", "young"), ("browse", "seek"))), columns=CAUSES)
"""The twelve kinds of rows."""
SHARE: Numbers = (
    KINDS["gender"].map({"men": 0.55, "women": 0.45})
    * KINDS["age"].map({"middle": 0.4, "old": 0.3, "young": 0.3})
    * KINDS["intent"].map({"browse": 0.6, "seek": 0.4})
).to_numpy(float)
"""Share of rows of each kind."""
GAIN: Numbers = (
    0.04 + 0.08 * (KINDS["gender"] == "women") - 0.04 * (KINDS["age"] == "old") + 0.05 * (KINDS["intent"] == "seek")
).to_numpy(float)
FLAT: Numbers = np.full(len(KINDS), 0.06)
HABIT = 0.08
QUICK = PeopleSettings(forest=False, replicates=200)


def log(users: int, seed: int, gain: Numbers = GAIN) -> pd.DataFrame:
    """3 to 12 rows a user; x is likelier for women and where they seek; y 0/1 with a habit of each user."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(3, 13, users)
    user = np.repeat(np.arange(users), rows)
    person = pd.DataFrame(
        {
            "gender": np.where(rng.random(users) < 0.45, "women", "men"),
            "age": rng.choice(["middle", "old", "young"], users, p=[0.4, 0.3, 0.3]),
        }
    )
    table = person.iloc[user].reset_index(drop=True)
    table["intent"] = np.where(rng.random(len(user)) < 0.4, "seek", "browse")
    woman, seek = (table["gender"] == "women").to_numpy(), (table["intent"] == "seek").to_numpy()
    x = rng.random(len(user)) < 0.3 + 0.15 * woman + 0.2 * seek
    habit = rng.choice([-HABIT, HABIT], users)[user]
    chance = 0.2 + 0.05 * woman + 0.1 * seek + habit + x * gain[kinds(table)]
    y = (rng.random(len(user)) < chance).astype(float)
    return table.assign(user=user.astype(str), x=x.astype(int), y=y)


def kinds(table: pd.DataFrame) -> npt.NDArray[np.int64]:
    """The kind of each row, 0..11."""
    places = [table[name].map({value: at for at, value in enumerate(sorted(set(KINDS[name])))}) for name in CAUSES]
    return np.ravel_multi_index(tuple(place.to_numpy() for place in places), (2, 3, 2)).astype(np.int64)


def answered(table: pd.DataFrame, seed: int, settings: PeopleSettings = QUICK) -> People:
    """The product's own analysis of such a log."""
    rows: Study = study(table, "x", "y", contrasts(table["x"], None, None)[0], CAUSES, 5)
    return analyse(rows, CAUSES, ("gender", "age"), ("gender", "age"), settings, seed)


def figures(users: int, seed: int, gain: Numbers = GAIN) -> Iterator[tuple[str, float, Estimate | None]]:
    """(figure, its truth, its estimate) of one log, for all that the people step shows with an interval."""
    table = log(users, seed, gain)
    p = answered(table, seed)
    yield "average", float(SHARE @ gain), p.average
    yield from _by_group(p, gain)
    for slope in p.slopes:
        known, term = _coefficients(gain), slope.term
        yield f"varies.{term.name}", known[term.name, term.level] - known[term.name, term.reference], slope.estimate
    yield from _ranked(p, kinds(p.study.table), gain)
    yield from _ruled(p, kinds(p.study.table), gain)


def _by_group(p: People, gain: Numbers) -> Iterator[tuple[str, float, Estimate | None]]:
    for part in p.groups:
        truth = [_mean(gain, (KINDS[part.attribute] == label).to_numpy()) for label in part.labels]
        for label, known, one in zip(part.labels, truth, part.effect, strict=True):
            yield f"cate.{part.attribute}.{label}", known, one
        for (a, b), one in part.pairs.items():
            yield f"cate.{part.attribute}.gap", truth[a] - truth[b], one


def _mean(values: Numbers, member: npt.NDArray[np.bool_]) -> float:
    return float(SHARE[member] @ values[member] / SHARE[member].sum())


def _coefficients(gain: Numbers) -> dict[tuple[str, str], float]:
    """The population's least squares of the gain on the levels of each cause; the first level of each counts 0."""
    levels = [(name, level) for name in CAUSES for level in sorted(set(KINDS[name]))]
    first = {name: min(KINDS[name]) for name in CAUSES}
    free = [(name, level) for name, level in levels if level != first[name]]
    x = np.column_stack([np.ones(len(KINDS)), *((KINDS[name] == level).to_numpy(float) for name, level in free)])
    beta = np.linalg.solve(x.T @ (x * SHARE[:, None]), x.T @ (SHARE * gain))
    return dict.fromkeys(levels, 0.0) | dict(zip(free, beta[1:].tolist(), strict=True))


def _ranked(p: People, kind: npt.NDArray[np.int64], gain: Numbers) -> Iterator[tuple[str, float, Estimate | None]]:
    """What each fold's order is worth in the population, by the expected gain that it gives to each kind."""
    qini, spread, covariance, variance = 0.0, np.zeros(FIFTHS), 0.0, 0.0
    curve = np.zeros(21)
    for part in p.scores.later:
        held = p.scores.fold == part
        expected, of = _each(p.expected[held], kind[held])
        share = float(held.sum() / (p.scores.fold > 0).sum())
        place = np.array([of @ ((expected < own) + 0.5 * (np.abs(expected - own) < 1e-12)) for own in expected])
        qini += share * float(of @ (gain * (place - 0.5)))
        order = np.argsort(-expected)
        reached, gained = np.r_[0, of[order].cumsum()], np.r_[0, (of * gain)[order].cumsum()]
        along = np.interp(np.linspace(0, 1, 21), reached, gained)
        curve += share * along
        spread += share * np.diff(along[:: 20 // FIFTHS])[::-1] * FIFTHS
        centred = expected - of @ expected
        covariance += share * float(of @ (centred * gain))
        variance += share * float(of @ centred**2)
    t = p.targeting
    yield "qini", qini, t.qini
    yield "calibration", covariance / variance, t.slope
    for place, fifth in enumerate(t.fifths):
        yield f"fifth.{place + 1}", float(spread[place]), fifth.effect
    yield "fifth.gap", float(spread[-1] - spread[0]), t.spread
    if t.curve is not None:
        for at in (3, 9, 15):
            yield f"curve.{t.curve.at[at]:.0%}", float(curve[at + 1]), t.curve.gain[at]


def _each(values: Numbers, kind: npt.NDArray[np.int64]) -> tuple[Numbers, Numbers]:
    """The value that all rows of a kind share, and the share of rows of each kind among the kinds that occur."""
    rows = np.bincount(kind, minlength=len(KINDS))
    each = np.bincount(kind, weights=values, minlength=len(KINDS)) / np.maximum(rows, 1)
    of = np.where(rows > 0, SHARE, 0.0)
    return each, of / of.sum()


def _ruled(p: People, kind: npt.NDArray[np.int64], gain: Numbers) -> Iterator[tuple[str, float, Estimate | None]]:
    """What the five rules are worth in the population, and whom the rule shown treats."""
    rule = p.rule
    if rule.rule.same_for_all:
        return
    top = left = weight = rest = lift = 0.0
    for part in p.scores.later:
        held = p.scores.fold == part
        treats, of = _each(rule.held_out[held].astype(float), kind[held])
        share = float(held.sum() / (p.scores.fold > 0).sum())
        top, weight = top + share * float(of @ (treats * gain)), weight + share * float(of @ treats)
        left, rest = left + share * float(of @ ((1 - treats) * gain)), rest + share * float(of @ (1 - treats))
        lift += share * float(of @ ((treats - of @ treats) * gain))
    if min(weight, rest) > 0:
        yield "rule.treated", top / weight, rule.treated
        yield "rule.left", left / rest, rule.left
        yield "rule.lift", lift, rule.lift
    chosen, _ = _each(rule.chosen.astype(float), kind)
    for part in p.shares:
        truth = [_mean(chosen, (KINDS[part.attribute] == label).to_numpy()) for label in part.labels]
        for known, one in zip(truth, part.share, strict=True):
            if 0 < known < 1:
                yield f"rule.share.{part.attribute}", known, one
        for (a, b), one in part.gaps.items():
            yield f"rule.share.{part.attribute}.gap", truth[a] - truth[b], one


def found_in(table: pd.DataFrame, seed: int) -> dict[str, list[bool]]:
    """Test -> whether it finds a difference in gain at 0.05; in logs of equal gains one in twenty should."""
    p = answered(table, seed)
    found: dict[str, list[bool]] = defaultdict(list)
    for part in p.groups:
        if part.differ is not None:
            found[f"any difference between groups of {part.attribute}"].append(part.differ <= 0.05)
        for one in part.pairs.values():
            if one is not None:
                found[f"pairs of {part.attribute}"].append(one.p <= 0.05)
    named = {"qini": p.targeting.qini, "fifth.gap": p.targeting.spread, "rule.lift": p.rule.lift}
    for name, one in named.items():
        if one is not None:
            found[name].append(one.p <= 0.05)
    return dict(found)


def ours(rows: Study, seed: int = 1) -> float:
    """The cross-fitted doubly robust effect: nuisances, scores and their mean."""
    return float(scores(rows, nuisances(rows, seed), seed).gain.mean())


def theirs(rows: Study, same: bool, seed: int = 1) -> float:
    """EconML's LinearDML with its own nuisance models, or with ours in as many folds."""
    from econml.dml import LinearDML

    causes = design(rows, tuple(one.name for one in rows.confounders)).columns
    given = {}
    if same:
        trees = bool(rows.continuous)
        given = {"model_y": learner(True, trees, seed), "model_t": learner(True, trees, seed), "cv": FOLDS}
    model = LinearDML(discrete_treatment=True, discrete_outcome=True, random_state=seed, **given)
    model.fit(rows.outcome, rows.treated, X=None, W=causes, inference=None)
    return float(model.intercept_)


def mixed(rows: int, continuous: bool) -> Study:
    """A log of about so many rows; with `continuous`, ten numbers beside the three causes."""
    table = log(rows * 2 // 15, 1)
    rng = np.random.default_rng(1)
    more = {f"z{at}": rng.normal(size=len(table)) for at in range(10)} if continuous else {}
    table = table.assign(**more)
    return study(table, "x", "y", contrasts(table["x"], None, None)[0], (*CAUSES, *more), 5)


def speed(sizes: list[int], rounds: int) -> None:
    """Print the table; alternating, the median of the rounds' ratios counts."""
    print("| confounders | rows | ours s | LinearDML s | ratio | same learners s | ratio | effects |")
    print("|---|---|---|---|---|---|---|---|")
    theirs(mixed(2000, False), False)  # imports and first calls are not counted
    for continuous, size in product((False, True), sizes):
        rows = mixed(size, continuous)
        times: list[list[float]] = [[], [], []]
        for _ in range(rounds):
            works = (ours, partial(theirs, same=False), partial(theirs, same=True))
            values = []
            for place, work in enumerate(works):
                start = time.perf_counter()
                values.append(work(rows))
                times[place].append(time.perf_counter() - start)
        ratios = [statistics.median(b / a for a, b in zip(times[0], other, strict=True)) for other in times[1:]]
        middle = [statistics.median(one) for one in times]
        name = "3 categories, 10 numbers" if continuous else "3 categories"
        said = " / ".join(f"{value:.4f}" for value in values)
        peers = f"{middle[1]:.2f} | {ratios[0]:.1f}x | {middle[2]:.2f} | {ratios[1]:.1f}x"
        print(f"| {name} | {rows.rows:,} | {middle[0]:.2f} | {peers} | {said} |", flush=True)


def main(arguments: list[str]) -> int:
    """Time and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.people")
    parser.add_argument("--rows", default="20000,100000")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    print(f"people: {machine()}")
    speed([int(size) for size in chosen.rows.split(",")], chosen.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
