"""How often the test behind "the data disagree with the graph" is wrong where the graph is right.

    python -m benchmarks.independence [--logs 1000]

One row a kind of log in which a and b are unrelated once the conditions are known: the share of logs with p < 0.05 and
with p < 0.01 (0.05 and 0.01 where the test is right), and the range in which the first lies 95% of the time then. The
last rows add a link: the share of logs in which it is found.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.causal.encoded import Columns
from analysis.causal.independence import LEVEL, independence
from benchmarks.machine import machine

USERS, ITEMS, ROWS = 150, 60, 20
"""Users, items, and rows of a user in each log."""

Design = Callable[[np.random.Generator, float], tuple[pd.DataFrame, list[str]]]


def categories(rng: np.random.Generator, link: float = 0.0) -> tuple[pd.DataFrame, list[str]]:
    """Yes/no columns that follow a category, and habits of users in a."""
    log = _log(rng)
    z = rng.integers(0, 3, len(log))
    a = 0.8 * z + _by(rng, log["user"]) + rng.normal(size=len(log)) > 1
    b = -0.8 * z + link * a + _by(rng, log["user"]) + rng.normal(size=len(log)) > 0
    return log.assign(z=z, a=a.astype(int), b=b.astype(int)), ["z"]


def trait(rng: np.random.Generator, link: float = 0.0) -> tuple[pd.DataFrame, list[str]]:
    """A trait of the user, and an answer that depends on the user's habits."""
    log = _log(rng)
    a, z = (rng.integers(0, levels, USERS)[log["user"]] for levels in (2, 3))
    b = _by(rng, log["user"]) + 0.5 * z + link * a + rng.normal(size=len(log)) > 0
    return log.assign(z=z, a=a, b=b.astype(int)), ["z"]


def article(rng: np.random.Generator, link: float = 0.0) -> tuple[pd.DataFrame, list[str]]:
    """A category of the item, and an answer that depends on item and user."""
    log = _log(rng)
    a, z = rng.integers(0, 3, ITEMS)[log["item"]], rng.integers(0, 2, len(log))
    noise = _by(rng, log["item"]) + _by(rng, log["user"]) + rng.normal(size=len(log))
    return log.assign(z=z, a=a, b=(noise + 0.5 * z + link * a > 0).astype(int)), ["z"]


def both(rng: np.random.Generator, link: float = 0.0) -> tuple[pd.DataFrame, list[str]]:
    """Two answers that each depend on item and user."""
    log = _log(rng)
    z = rng.integers(0, 3, len(log))
    parts = [_by(rng, log["item"]) + _by(rng, log["user"]) + 0.5 * z + rng.normal(size=len(log)) for _ in "ab"]
    a = np.digitize(parts[0], [-1, 1])
    return log.assign(z=z, a=a, b=(parts[1] + link * a > 0).astype(int)), ["z"]


def number(rng: np.random.Generator, link: float = 0.0) -> tuple[pd.DataFrame, list[str]]:
    """A number behind both, along curves."""
    log = _log(rng)
    z = rng.normal(size=len(log)) + _by(rng, log["user"])
    a = np.sin(1.5 * z) + 0.3 * z + rng.normal(size=len(log)) + _by(rng, log["user"])
    b = rng.random(len(log)) < 1 / (1 + np.exp(-(z**2 - 1 + link * a)))
    return log.assign(z=z, a=a, b=b.astype(int)), ["z"]


def mixed(rng: np.random.Generator, link: float = 0.0) -> tuple[pd.DataFrame, list[str]]:
    """A number behind both whose slope turns with a category."""
    log = _log(rng)
    z, w = rng.normal(size=len(log)) + _by(rng, log["user"]), rng.integers(0, 3, len(log))
    a = z * (w - 1) + rng.normal(size=len(log)) + _by(rng, log["user"])
    b = 0.7 * z * (w - 1) + link * a + rng.logistic(size=len(log)) + _by(rng, log["item"]) > 0
    return log.assign(z=z, w=w, a=a, b=b.astype(int)), ["z", "w"]


def many(rng: np.random.Generator, link: float = 0.0) -> tuple[pd.DataFrame, list[str]]:
    """A condition of forty categories; four and five answers."""
    log = _log(rng)
    z = rng.integers(0, 40, len(log))
    a = np.digitize(rng.normal(size=40)[z] + _by(rng, log["user"]) + rng.normal(size=len(log)), [-1, 0, 1])
    noise = rng.normal(size=40)[z] + _by(rng, log["user"]) + rng.normal(size=len(log))
    return log.assign(z=z.astype(str), a=a, b=np.digitize(noise + link * a, [-1, 0, 1, 2])), ["z"]


def numbers(rng: np.random.Generator, link: float = 0.0) -> tuple[pd.DataFrame, list[str]]:
    """Two numbers behind both by their product; every row its own user; heavy tails in b."""
    z, w, noise = rng.normal(size=(3, USERS * ROWS))
    a = z * w + noise
    b = z * w + link * a + rng.normal(size=len(z)) ** 3
    return pd.DataFrame({"user": np.arange(len(z)), "z": z, "w": w, "a": a, "b": b}), ["z", "w"]


def skewed(rng: np.random.Generator, link: float = 0.0) -> tuple[pd.DataFrame, list[str]]:
    """Straight lines from a skewed number and one with heavy tails; every row its own user."""
    skews, tails = rng.exponential(size=(3, USERS * ROWS)), rng.standard_t(3, (1, USERS * ROWS))
    z, w = skews[0], tails[0]
    a = z + 0.7 * w + 0.7 * skews[1]
    return pd.DataFrame({"user": np.arange(len(z)), "z": z, "w": w, "a": a, "b": z + w + skews[2] + link * a}), [
        "z",
        "w",
    ]


def thin(rng: np.random.Generator, link: float = 0.0) -> tuple[pd.DataFrame, list[str]]:
    """Four hundred users in a hundred strata."""
    z, a = rng.integers(0, 100, 400), rng.integers(0, 3, 400)
    b = np.where(rng.random(400) < link, a, rng.integers(0, 4, 400))
    return pd.DataFrame({"user": np.arange(400), "z": z.astype(str), "a": a, "b": b}), ["z"]


def crowded(rng: np.random.Generator, link: float = 0.0) -> tuple[pd.DataFrame, list[str]]:
    """A trait of the user, and how often the item is taken, in a small catalogue whose bestsellers most users took."""
    drawn, a = np.arange(1, ITEMS + 1) ** -1.5, rng.integers(0, 2, USERS)
    shares = [drawn ** (1 + link * one) for one in a]
    item = np.concatenate([rng.choice(ITEMS, ROWS, replace=False, p=share / share.sum()) for share in shares])
    log = pd.DataFrame({"user": np.repeat(np.arange(USERS), ROWS), "item": item, "a": np.repeat(a, ROWS)})
    return log.assign(b=np.bincount(item, minlength=ITEMS)[item].astype(float)), []


DESIGNS: tuple[Design, ...] = (categories, trait, article, both, number, mixed, many, numbers, skewed, thin, crowded)


def p_values(design: Design, logs: int, link: float = 0.0) -> np.ndarray:
    """p of the test in `logs` logs of a design, float64 [logs]; 1 where nothing could be tested."""
    found = []
    for seed in range(logs):
        log, given = design(np.random.default_rng(seed), link)
        one = independence(Columns(log), "a", "b", given)
        found.append(1.0 if isinstance(one, str) else one.p)
    return np.array(found)


def main(words: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logs", type=int, default=1000)
    logs = parser.parse_args(words).logs
    around = 1.96 * np.sqrt(LEVEL * (1 - LEVEL) / logs)
    print(machine())
    print(f"{logs} logs each; right where p < 0.05 in {LEVEL - around:.3f} .. {LEVEL + around:.3f}\n")
    print(f"{'log':<12}{'p < 0.05':>10}{'p < 0.01':>10}")
    for design in DESIGNS:
        p = p_values(design, logs)
        print(f"{design.__name__:<12}{(p < LEVEL).mean():>10.3f}{(p < 0.01).mean():>10.3f}", flush=True)
    print("\nwith a link of 0.5: found")
    for design in DESIGNS:
        print(f"{design.__name__:<12}{(p_values(design, max(20, logs // 10), 0.5) < LEVEL).mean():>10.3f}", flush=True)
    return 0


def _log(rng: np.random.Generator) -> pd.DataFrame:
    """Rows of users with items at random."""
    user = np.repeat(np.arange(USERS), ROWS)
    return pd.DataFrame({"user": user, "item": rng.integers(0, ITEMS, len(user))})


def _by(rng: np.random.Generator, who: pd.Series) -> np.ndarray:
    """A standard normal habit of each user (or quality of each item), on its rows."""
    return rng.normal(size=int(who.max()) + 1)[who]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
