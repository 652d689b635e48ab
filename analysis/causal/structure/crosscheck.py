"""The main question put to DoWhy's own structural models, fitted by scikit-learn: another way to the same number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.causal.structure.model import Structure
from analysis.causal.structure.variables import Rows

MAX_ROWS = 20_000
"""Rows that DoWhy is given: it goes row by row where ours goes by rows alike."""


@dataclass(frozen=True)
class Check:
    """Mean outcome with the treatment set to 1 minus that set to 0; error: of drawing the outcomes."""

    value: float
    error: float
    rows: int


def check(model: Structure, treatment: str, seed: int) -> Check:
    """DoWhy's answer. It keeps what the treatment does not move as recorded, and draws the rest.

    Categories are put as text: DoWhy's automatic choice takes 0/1 columns for whole numbers plus noise, whose draws
    leave 0/1.
    """
    from dowhy import gcm
    from dowhy.gcm.util.general import set_random_seed

    gcm.config.disable_progress_bars()
    gcm.config.set_default_n_jobs(1)
    set_random_seed(seed)
    frame = as_frame(model.rows, model.drawn.order)
    if len(frame) > MAX_ROWS:
        frame = frame.iloc[np.sort(np.random.default_rng(seed).permutation(len(frame))[:MAX_ROWS])]
    frame = frame.reset_index(drop=True)
    own = dowhy_model(model)
    gcm.fit(own, frame)
    levels = model.rows.variables[treatment].labels
    outcomes = [_outcomes(gcm, own, model, treatment, level, frame) for level in levels]
    error = np.sqrt(sum(one.var(ddof=1) / len(one) for one in outcomes))
    return Check(float(outcomes[1].mean() - outcomes[0].mean()), float(error), len(frame))


def dowhy_model(model: Structure) -> Any:
    """An unfitted dowhy.gcm model of the same graph: logistic regressions and linear models with additive noise."""
    import networkx as nx
    from dowhy import gcm

    drawn: nx.DiGraph = nx.DiGraph()
    drawn.add_nodes_from(model.drawn.order)
    drawn.add_edges_from((cause, name) for name in model.drawn.order for cause in model.drawn.given[name])
    continuous = all(not model.rows.variables[name].discrete for name in model.drawn.order if model.drawn.given[name])
    made = gcm.InvertibleStructuralCausalModel(drawn) if continuous else gcm.StructuralCausalModel(drawn)
    for name in model.drawn.order:
        if not model.drawn.given[name]:
            made.set_causal_mechanism(name, gcm.EmpiricalDistribution())
        elif model.rows.variables[name].discrete:
            made.set_causal_mechanism(name, gcm.ClassifierFCM(gcm.ml.create_logistic_regression_classifier()))
        else:
            made.set_causal_mechanism(name, gcm.AdditiveNoiseModel(gcm.ml.create_linear_regressor()))
    return made


def as_frame(rows: Rows, names: tuple[str, ...]) -> pd.DataFrame:
    """The variables as DoWhy wants them: categories as text, numbers as they are."""
    columns = {}
    for name in names:
        labels = rows.variables[name].labels
        columns[name] = np.array(labels, dtype=object)[rows.values[name]] if labels else rows.values[name]
    return pd.DataFrame(columns)


def _outcomes(gcm: Any, own: Any, model: Structure, treatment: str, level: str, frame: pd.DataFrame) -> Any:
    drawn = gcm.interventional_samples(own, {treatment: lambda _: level}, observed_data=frame)[model.outcome]
    variable = model.rows.variables[model.outcome]
    return drawn.astype(float).to_numpy() if variable.discrete else drawn.to_numpy(dtype=float)
