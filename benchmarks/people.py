"""For whom it works: coverage against known gains, and speed beside EconML.

    python -m benchmarks.people coverage [--seeds 200] [--users 600]
    python -m benchmarks.people speed [--rows 20000,100000] [--rounds 3]

Coverage: logs whose gain is known for every kind of row; one row a figure with the share of intervals that hold its
truth. What a ranking or a rule is worth depends on what was learnt, so its truth is that of the ranking or rule learnt
from the very log, over the population. Speed: the cross-fitted doubly robust estimate beside EconML's LinearDML.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Iterator
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.causal.people.analyse import People, analyse
from analysis.causal.people.settings import PeopleSettings
from analysis.causal.people.targeting import FIFTHS
from analysis.causal.estimate import Estimate
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


def answered(table: pd.DataFrame, seed: int, settings: PeopleSettings = QUICK, rule: bool = True) -> People:
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
        expected = np.array([p.expected[held & (kind == one)].mean() for one in range(len(KINDS))])
        share = float(held.sum() / (p.scores.fold > 0).sum())
        place = np.array([SHARE @ ((expected < own) + 0.5 * (np.abs(expected - own) < 1e-12)) for own in expected])
        qini += share * float(SHARE @ (gain * (place - 0.5)))
        order = np.argsort(-expected)
        reached, gained = np.r_[0, SHARE[order].cumsum()], np.r_[0, (SHARE * gain)[order].cumsum()]
        along = np.interp(np.linspace(0, 1, 21), reached, gained)
        curve += share * along
        spread += share * np.diff(along[:: 20 // FIFTHS])[::-1] * FIFTHS
        centred = expected - SHARE @ expected
        covariance += share * float(SHARE @ (centred * gain))
        variance += share * float(SHARE @ centred**2)
    t = p.targeting
    yield "qini", qini, t.qini
    yield "calibration", covariance / variance, t.slope
    for place, fifth in enumerate(t.fifths):
        yield f"fifth.{place + 1}", float(spread[place]), fifth.effect
    yield "fifth.gap", float(spread[-1] - spread[0]), t.spread
    if t.curve is not None:
        for at in (3, 9, 15):
            yield f"curve.{t.curve.at[at]:.0%}", float(curve[at + 1]), t.curve.gain[at]


def _ruled(p: People, kind: npt.NDArray[np.int64], gain: Numbers) -> Iterator[tuple[str, float, Estimate | None]]:
    """What the five rules are worth in the population, and whom the rule shown treats."""
    rule = p.rule
    if rule.rule.same_for_all:
        return
    top = left = weight = rest = lift = 0.0
    for part in p.scores.later:
        held = p.scores.fold == part
        treats = np.array([rule.held_out[held & (kind == one)].mean() for one in range(len(KINDS))])
        share = float(held.sum() / (p.scores.fold > 0).sum())
        top, weight = top + share * float(SHARE @ (treats * gain)), weight + share * float(SHARE @ treats)
        left, rest = left + share * float(SHARE @ ((1 - treats) * gain)), rest + share * float(SHARE @ (1 - treats))
        lift += share * float(SHARE @ ((treats - SHARE @ treats) * gain))
    if min(weight, rest) > 0:
        yield "rule.treated", top / weight, rule.treated
        yield "rule.left", left / rest, rule.left
        yield "rule.lift", lift, rule.lift
    chosen = np.array([rule.chosen[kind == one].mean() for one in range(len(KINDS))])
    for part in p.shares:
        truth = [_mean(chosen, (KINDS[part.attribute] == label).to_numpy()) for label in part.labels]
        for known, one in zip(truth, part.share, strict=True):
            if 0 < known < 1:
                yield f"rule.share.{part.attribute}", known, one
        for (a, b), one in part.gaps.items():
            yield f"rule.share.{part.attribute}.gap", truth[a] - truth[b], one


def coverage(seeds: int, users: int, gain: Numbers = GAIN) -> dict[str, tuple[int, int, float]]:
    """Figure -> (intervals that hold the truth, intervals, mean error in standard errors)."""
    met: dict[str, list[tuple[bool, float]]] = defaultdict(list)
    for seed in range(seeds):
        for key, known, one in figures(users, seed, gain):
            if one is not None:
                met[key].append((one.low <= known <= one.high, (one.value - known) / max(one.error, 1e-12)))
    return {
        key: (sum(hit for hit, _ in all_of), len(all_of), float(np.mean([off for _, off in all_of])))
        for key, all_of in met.items()
    }


if __name__ == "__main__":
    seeds, users = int(sys.argv[1]), int(sys.argv[2])
    for name, gain in (("gains differ", GAIN), ("gains equal", FLAT)):
        t = time.time()
        print(name)
        for key, (hits, n, off) in coverage(seeds, users, gain).items():
            print(f"{key:30s} {hits/n:.3f} {n} {off:+.2f}")
        print(time.time() - t)
