"""The exact decomposition of a gap into direct, indirect and spurious parts (Zhang & Bareinboim 2018).

TV = Ctf-DE_{x0,x1}(y|x0) - Ctf-IE_{x1,x0}(y|x0) - Ctf-SE_{x1,x0}(y), with TV = E[Y|x1] - E[Y|x0] and
    DE = E[Y_{x1,W_x0}|x0] - E[Y_x0|x0],  IE = E[Y_{x1,W_x0}|x0] - E[Y_x1|x0],  SE = E[Y_x1|x0] - E[Y|x1].
All is said of the people of x0. With the confounders Z and mediators W of the graph (no other common causes)
    E[Y_{x1,W_x0}|x0] = E[ E[Y|x1,Z,W] | x0 ]  and  E[Y_x1|x0] = E[ E[Y|x1,Z] | x0 ]  (Plecko & Bareinboim 2024).
The indirect part splits by mediator in causal order: rung j is E[ E[Y|x1,Z,W_1..W_j] | x0 ], and the step that
takes W_j away is what starts with x -> W_j.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.causal.estimate import Estimate
from analysis.causal.gap import bycells, bymodels
from analysis.causal.gap.ladder import Ladder
from analysis.causal.gap.sample import Sample
from analysis.causal.propensity import WITHHELD
from analysis.causal.study import Numbers

By = Literal["cells", "models"]
THIN = 0.01
"""Cells answer where all columns are categories and at most this share of the rows lacks a counterpart in its cell."""
FEWEST = 20
"""Users of each arm that the fitted models need: four in each of five folds."""


@dataclass(frozen=True)
class Parts:
    """What a difference is made of; every part None where it is withheld or undefined.

    total = direct + indirect + spurious exactly; indirect = sum of `through`. Gap: total E[Y|x1] - E[Y|x0], direct
    = DE, indirect = -IE, spurious = -SE (None where no confounder is named: then it is 0 by definition). Effect: total
    TE, direct NDE, indirect NIE, no spurious part. means: of x0 and x1 (gap) or with x0 and x1 set (effect).
    lacking: share of the people spoken of without a counterpart; above 10% all but a gap's total is withheld.
    """

    by: By
    total: Estimate | None
    direct: Estimate | None
    indirect: Estimate | None
    spurious: Estimate | None
    through: tuple[Estimate | None, ...]
    means: tuple[float, float]
    lacking: float
    clipped: float


def decompose(rows: Sample, replicates: int, seed: int) -> Parts:
    """The parts of E[Y|x1] - E[Y|x0], said of the people of x0."""
    by, lacking = method_of(rows, both=False)
    if by == "cells":
        cells = bycells.tally(rows)
        ladder, clipped = resampled(rows, cells, bycells.gap_rungs, replicates, seed), 0.0
    elif min(rows.people(0), rows.people(1)) < FEWEST:
        return _total_only(rows, replicates, seed, lacking)
    else:
        fitted = bymodels.nested(rows, seed, effect=False)
        lacking, clipped = bymodels.lacking(rows, fitted, both=False), bymodels.clipped(fitted)
        ladder = scored(rows, bymodels.gap_rungs(rows, fitted), fitted[0].columns)
    m, top = len(rows.between), len(ladder.rungs) - 1
    means = (float(ladder.rungs[0]), float(ladder.rungs[-1]))
    total = ladder.step(0, top, fitted=False)
    if lacking > WITHHELD or total is None:
        return Parts(by, total, None, None, None, (None,) * m, means, lacking, clipped)
    return Parts(
        by=by,
        total=total,
        direct=ladder.step(0, 1),
        indirect=ladder.step(1, m + 1) if m else None,
        spurious=ladder.step(m + 1, top) if rows.before else None,
        through=tuple(ladder.step(m - at, m + 1 - at) for at in range(m)),
        means=means,
        lacking=lacking,
        clipped=clipped,
    )


def method_of(rows: Sample, both: bool) -> tuple[By, float]:
    """Cells where they are full enough, else models; and the share without a counterpart in its cell."""
    if rows.continuous:
        return "models", 0.0
    lacking = bycells.lacking(rows, both)
    return ("cells" if lacking <= THIN else "models"), lacking


def resampled(rows: Sample, cells: bycells.Tally, rungs_of: bycells.Rungs, replicates: int, seed: int) -> Ladder:
    """The ladder of cells, with its replicates."""
    rungs = rungs_of(*cells.counted(), cells)[0]
    drawn = np.concatenate([rungs_of(n, y, cells) for n, y in cells.resampled(replicates, seed)])
    return Ladder(rungs, rows.user, rows.users, least(rows), replicates=drawn)


def scored(rows: Sample, splits: tuple[tuple[Numbers, Numbers], ...], columns: int) -> Ladder:
    """The ladder of models, with its influences."""
    rungs = np.mean([one for one, _ in splits], axis=0)
    return Ladder(rungs, rows.user, rows.users, least(rows), splits=splits, columns=columns)


def least(rows: Sample) -> int:
    """Users of the smaller arm."""
    return min(rows.people(0), rows.people(1))


def _total_only(rows: Sample, replicates: int, seed: int, lacking: float) -> Parts:
    bare = Sample(rows.arm, rows.outcome, rows.user, (), ())
    ladder = resampled(bare, bycells.tally(bare), bycells.gap_rungs, replicates, seed)
    means = (float(ladder.rungs[0]), float(ladder.rungs[-1]))
    none = (None,) * len(rows.between)
    return Parts("models", ladder.step(0, len(ladder.rungs) - 1), None, None, None, none, means, lacking, 0.0)
