"""One user's other outcome: DoWhy's answer where mechanisms are invertible, bounds where they are not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.causal.graph import Graph
from analysis.causal.structure.crosscheck import dowhy_model
from analysis.causal.structure.mechanisms import Chosen, fitting
from analysis.causal.structure.model import Structure
from analysis.causal.structure.personal import bounds, counterfactuals, unavailable
from analysis.causal.structure.whatif import base
from tests.analysis.causal.structure.worlds import LINE, fitted, treated_line


def test_numbers_keep_their_noise_as_dowhy_has_it() -> None:
    from dowhy import gcm

    table = treated_line(600, 2)
    assert unavailable(fitted(table, LINE), "x") is None
    model = lines_only(fitted(table, LINE))
    on = base(model.rows, model.drawn.order[:-1], ())
    found = counterfactuals(model, on, "x", 1).set_index("user").loc[table["user"]]
    smooth = fitted(table.assign(x=table["x"] + 1e-9 * table["z"]), LINE)  # x a number, so that all of DoWhy's invert
    peer = dowhy_model(smooth)
    gcm.config.disable_progress_bars()
    frame = table[["z", "x", "m", "y"]].astype(float)
    gcm.fit(peer, frame)
    theirs = gcm.counterfactual_samples(peer, {"x": lambda _: 1.0}, observed_data=frame)["y"].to_numpy()
    assert np.allclose(found["always_low"], theirs, atol=1e-8)
    assert (found["always_low"] == found["always_high"]).all()
    treated = (table["x"] == 1).to_numpy()
    assert np.allclose(found["always_low"][treated], table["y"][treated])


def lines_only(model: Structure) -> Structure:
    """The same structure with straight lines for mechanisms, as DoWhy's linear model has."""
    designs = {name: replace(one.fitting.design, form="additive") for name, one in model.chosen.items()}
    fittings = {name: fitting(model.rows, name, design) for name, design in designs.items()}
    chosen = {name: Chosen(one, None, {}) for name, one in fittings.items()}
    return replace(model, chosen=chosen, fitted={name: one.fitted(np.ones(600)) for name, one in fittings.items()})


@pytest.mark.parametrize("seed", range(5))
def test_bounds_hold_every_coupling_of_the_two_outcomes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    own, other = rng.random(2)
    low, high = max(0.0, own + other - 1), min(own, other)
    for both in np.linspace(low, high, 7):  # P(Y_own = 1, Y_other = 1)
        for outcome, chance in ((1.0, both / own), (0.0, (other - both) / (1 - own))):
            least, most = bounds(np.array([own]), np.array([other]), np.array([outcome]))
            assert least[0] - 1e-9 <= chance <= most[0] + 1e-9
    least, most = bounds(np.array([own]), np.array([other]), np.array([1.0]))
    assert least[0] == pytest.approx(low / own) and most[0] == pytest.approx(high / own)


def test_a_rating_and_a_barred_treatment_say_why_not() -> None:
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"user": np.arange(400).astype(str), "x": rng.integers(0, 2, 400)})
    table["y"] = rng.integers(1, 6, 400).astype(float)
    graph = Graph(nodes=("x", "y"), edges=(("x", "y"),), treatment="x", outcome="y")
    reason = unavailable(fitted(table, graph), "x")
    assert reason is not None and reason.key == "structure.not_invertible"
    hidden = Graph(
        nodes=("x", "y", "u"), edges=(("x", "y"), ("u", "x"), ("u", "y")), latent=("u",), treatment="x", outcome="y"
    )
    barred = unavailable(fitted(table, hidden), "x")
    assert barred is not None and barred.key == "structure.not_free"
