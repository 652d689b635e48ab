"""The structural model: every mechanism of the drawn graph, fitted together, refitted on resampled users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.causal.structure.mechanisms import Chosen, Mechanism, choose
from analysis.causal.structure.projection import Projection
from analysis.causal.structure.variables import Rows
from analysis.causal.study import Codes, Numbers

Mechanisms = Mapping[str, Mechanism]
Sample = dict[str, Codes | Numbers]


@dataclass(frozen=True)
class Structure:
    """Rows, the projected graph, the design chosen for each variable, and the fit on all rows."""

    rows: Rows
    drawn: Projection
    chosen: dict[str, Chosen]
    fitted: dict[str, Mechanism]

    @property
    def outcome(self) -> str:
        return self.drawn.outcome

    @property
    def amounts(self) -> Numbers:
        """The recorded outcome of each row [n] as a number."""
        variable, values = self.rows.variables[self.outcome], self.rows.values[self.outcome]
        return np.asarray(values if variable.amounts is None else variable.amounts[values.astype(int)], dtype=float)

    def refitted(self, weight: Numbers, names: tuple[str, ...] | None = None) -> dict[str, Mechanism]:
        """The mechanisms of `names` (None: all) on rows that count `weight` [n] times, begun from the whole fit."""
        wanted = self.drawn.order if names is None else names
        return {name: self.chosen[name].fitting.fitted(weight, self.fitted[name]) for name in wanted}


def structure(rows: Rows, drawn: Projection, seed: int) -> Structure:
    """Every mechanism chosen on held-out users and fitted on all rows."""
    chosen = {name: choose(rows, name, drawn.given[name], seed) for name in drawn.order}
    everyone = np.ones(rows.n)
    fitted = {name: one.fitting.fitted(everyone) for name, one in chosen.items()}
    return Structure(rows, drawn, chosen, fitted)


def expected(mechanisms: Mechanisms, drawn: Projection, sample: Sample, n: int) -> Numbers:
    """Mean of the outcome [n] given everything else in `sample`."""
    return mechanisms[drawn.outcome].mean(sample, n)


def moved(
    mechanisms: Mechanisms, drawn: Projection, sample: Sample, setting: Mapping[str, Codes | Numbers], uniform: Sample
) -> Numbers:
    """Expected outcome [n] where the variables of `setting` are set and what they move follows.

    sample: the rows as recorded. What lies between is drawn with the row's `uniform` numbers, the same for every
    setting; the outcome itself is not drawn but taken at its mean.
    """
    n = len(next(iter(setting.values())))
    after = {name for node in setting for name in drawn.after(node)}
    values: Sample = {**sample, **setting}
    for name in drawn.order[:-1]:
        if name in after and name not in setting:
            values[name] = mechanisms[name].drawn(values, np.asarray(uniform[name], dtype=float))
    return expected(mechanisms, drawn, values, n)
