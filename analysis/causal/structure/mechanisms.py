"""Mechanisms: how a variable comes about from its causes, fitted on weighted rows and chosen on held-out users."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.causal.structure import softmax
from analysis.causal.structure.design import Design, Values, forms
from analysis.causal.structure.variables import Rows, Variable
from analysis.causal.study import Codes, Marks, Numbers

HELD_OUT = 0.2
"""Share of the users on whom candidate mechanisms are compared."""
SHRINK = 0.5
"""Rows' worth of the main effects that each cell of a table begins with where it is judged on rows held out, whose
values it may never have met. The fit itself begins with none: half a row put a treatment's effect of 1.50 at 1.34
where it met four rows a cell."""
REFIT_STEPS = 5
"""Most Newton steps of a refit from the whole data's fit; it ends sooner where nothing is left to win."""
CLEARLY = 3.0
"""Standard errors by which a richer mechanism must be worse to be given up. With 1, effects in a group whose
interaction was now and then given up were covered in 91% of simulated logs instead of 95%."""
TINY = 1e-12


@dataclass(frozen=True)
class Mechanism:
    """A fitted law of `variable` given the causes of `design`.

    slopes: of the regression; of a table those that fill its empty cells, or None where it has none. known: float64
    [cells, L] shares (a category) or [cells, 1] means (a number) of every cell, or None where cells are not listed.
    noise: (residuals sorted, cumulative share up to each), of numbers only.
    """

    variable: Variable
    design: Design
    slopes: Numbers | None
    known: Numbers | None
    noise: tuple[Numbers, Numbers] | None

    def law(self, values: Values, n: int) -> Numbers:
        """Shares of the categories [n, L], or the mean [n, 1] of a number."""
        if self.known is not None:
            return np.asarray(self.known[self.design.cell(values, n)])
        assert self.slopes is not None
        matrix = self.design.matrix(values, n)
        return softmax.shares(matrix, self.slopes) if self.variable.discrete else matrix @ self.slopes

    def mean(self, values: Values, n: int) -> Numbers:
        """Expected amount [n]; of a variable that is a number."""
        if not self.variable.discrete:
            return np.asarray(self.law(values, n)[:, 0])
        if self.known is not None:
            return np.asarray(self._amount[self.design.cell(values, n)])
        assert self.variable.amounts is not None
        return np.asarray(self.law(values, n) @ np.nan_to_num(self.variable.amounts))

    def drawn(self, values: Values, uniform: Numbers) -> Codes | Numbers:
        """One value a row by inverse cumulative shares at `uniform` [n] in [0, 1)."""
        n = len(uniform)
        if self.variable.discrete:
            upto = np.cumsum(self.law(values, n), axis=1) if self.known is None else self._upto
            cell = np.arange(n) if self.known is None else self.design.cell(values, n)
            code = np.zeros(n, np.int64)
            for level in range(upto.shape[1] - 1):
                code += upto[cell, level] <= uniform
            return code
        law = self.law(values, n)
        assert self.noise is not None
        residual, reached = self.noise
        place = np.minimum(np.searchsorted(reached, uniform, "right"), len(reached) - 1)
        return np.asarray(law[:, 0] + residual[place])

    @cached_property
    def _upto(self) -> Numbers:
        assert self.known is not None
        return np.asarray(np.cumsum(self.known, axis=1))

    @cached_property
    def _amount(self) -> Numbers:
        assert self.known is not None and self.variable.amounts is not None
        return np.asarray(self.known @ np.nan_to_num(self.variable.amounts))


@dataclass(frozen=True)
class Fitting:
    """One variable with one design on the rows of a log, ready to be fitted with any weights.

    unit: int64 [n], rows alike in what the design sees; matrix: float64 [units, p], of a table the main effects of its
    causes, which answer for cells without rows; level: int64 codes or numbers [n].
    """

    variable: Variable
    design: Design
    unit: Codes
    matrix: Numbers
    level: Codes | Numbers

    def fitted(self, weight: Numbers, start: Mechanism | None = None, prior: float = 0.0) -> Mechanism:
        """The mechanism on rows that count `weight` [n] times; `start`: an earlier fit to begin from.

        prior: rows' worth of the main effects in each cell of a table.
        """
        return self._category(weight, start, prior) if self.variable.discrete else self._number(weight, prior)

    def _category(self, weight: Numbers, start: Mechanism | None, prior: float) -> Mechanism:
        levels = len(self.variable.labels)
        cells = len(self.matrix)
        found = np.bincount(self.unit * levels + self.level, weights=weight, minlength=cells * levels)
        counts: Numbers = np.asarray(found.reshape(cells, levels), dtype=float)
        rows = np.asarray(counts.sum(axis=1), dtype=float)
        if self._full(rows, prior):
            return Mechanism(self.variable, self.design, None, counts / rows[:, None], None)
        begun = None if start is None else start.slopes
        steps = softmax.STEPS if begun is None else REFIT_STEPS
        slopes = softmax.fit(self.matrix, counts, begun, steps)
        if self.design.cells is None:
            return Mechanism(self.variable, self.design, slopes, None, None)
        main = softmax.shares(self.matrix, slopes)
        known = _filled(counts, rows, main, prior) if self.design.form == "table" else main
        return Mechanism(self.variable, self.design, slopes, known, None)

    def _number(self, weight: Numbers, prior: float) -> Mechanism:
        cells = len(self.matrix)
        rows, sums = (
            np.asarray(np.bincount(self.unit, weights=each, minlength=cells), dtype=float)
            for each in (weight, weight * self.level)
        )
        if self._full(rows, prior):
            slopes, means = None, (sums / rows)[:, None]
        else:
            gram = self.matrix.T @ (self.matrix * rows[:, None])
            slopes = np.linalg.pinv(gram, hermitian=True) @ (self.matrix.T @ sums[:, None])
            means = self.matrix @ slopes
            means = _filled(sums[:, None], rows, means, prior) if self.design.form == "table" else means
        residual = self.level - means[self.unit, 0]
        order = np.argsort(residual, kind="stable")
        upto = np.cumsum(weight[order])
        kept = None if self.design.cells is None else means
        return Mechanism(self.variable, self.design, slopes, kept, (residual[order], upto / upto[-1]))

    def _full(self, rows: Numbers, prior: float) -> bool:
        """Whether every cell of a table answers for itself."""
        return self.design.form == "table" and prior == 0 and bool(rows.all())


def _filled(total: Numbers, rows: Numbers, main: Numbers, prior: float) -> Numbers:
    """Shares or means of cells, `total` [cells, L] over `rows` [cells]; `main` [cells, L] where a cell has no rows."""
    least = max(prior, TINY)
    return np.asarray((total + least * main) / (rows[:, None] + least))


def fitting(rows: Rows, node: str, design: Design) -> Fitting:
    """The rows as the design of `node` sees them."""
    variable, level = rows.variables[node], rows.values[node]
    if design.cells is None:
        return Fitting(variable, design, np.arange(rows.n), design.matrix(rows.values, rows.n), level)
    combined = design.combinations()
    alone = design.form == "table" and len(design.causes) < 2  # then a cell without rows has only the whole to go by
    matrix = np.ones((design.cells, 1)) if alone else design.matrix(combined, design.cells)
    return Fitting(variable, design, design.cell(rows.values, rows.n), matrix, level)


@dataclass(frozen=True)
class Chosen:
    """The design taken for a variable and how well it fits users that it was not fitted on.

    explained: share of what the causes leave to know that it explains: 1 - loss / loss without causes, in nats for
    categories (McFadden), squared error for numbers; 0 tells nothing, can fall below. None for a variable without
    causes. tried: form -> the same for each candidate.
    """

    fitting: Fitting
    explained: float | None
    tried: dict[str, float]


def choose(rows: Rows, node: str, given: tuple[str, ...], seed: int) -> Chosen:
    """The richest design whose held-out loss is not clearly worse (three standard errors) than the best one's.

    Rich rather than spare, because a mechanism that leaves an interaction out is biased wherever it is asked.
    """
    scale = {name: _scale(rows.values[name]) for name in given if not rows.variables[name].discrete}
    causes = tuple(rows.variables[name] for name in given)
    tried = [fitting(rows, node, design) for design in forms(causes, scale, rows.n)]
    if not given:
        return Chosen(tried[0], None, {})
    out = np.random.default_rng(seed).permutation(rows.users)[rows.user] < HELD_OUT * rows.users
    if not out.any() or out.all():
        return Chosen(tried[-1], None, {})
    empty = fitting(rows, node, Design((), "table", {}))
    plain = _held_out(empty, rows, out)
    losses = [_held_out(one, rows, out) for one in tried]
    means = [float(loss.mean()) for loss in losses]
    best = losses[int(np.argmin(means))]
    fine = [place for place, loss in enumerate(losses) if _no_worse(loss, best, rows.user[out])]
    told = [1 - mean / max(float(plain.mean()), TINY) for mean in means]
    compared: dict[str, float] = {one.design.form: share for one, share in zip(tried, told, strict=True)}
    return Chosen(tried[fine[0]], told[fine[0]], compared)


def _held_out(one: Fitting, rows: Rows, out: Marks) -> Numbers:
    """Loss of each held-out row [held-out rows] under a fit on the other users."""
    fitted = one.fitted((~out).astype(float), prior=SHRINK)
    values = {cause.name: rows.values[cause.name][out] for cause in one.design.causes}
    law = fitted.law(values, int(out.sum()))
    level = one.level[out]
    if not one.variable.discrete:
        return np.asarray((level - law[:, 0]) ** 2, dtype=float)
    return np.asarray(-np.log(np.maximum(law[np.arange(len(law)), level], TINY)), dtype=float)


def _no_worse(loss: Numbers, best: Numbers, user: Codes) -> bool:
    difference = loss - best
    total = np.bincount(user, weights=difference)
    return bool(total.sum() <= CLEARLY * np.sqrt(total @ total))


def _scale(values: Codes | Numbers) -> tuple[float, float]:
    spread = float(np.std(values))
    return float(np.mean(values)), spread if spread > 0 else 1.0
