"""The search: never worse than the settings it began with, the same again, and going on where it was stopped."""

from __future__ import annotations

import numpy as np
import pytest

from models.config import SETTINGS, EaseSettings, PopularitySettings
from models.evaluate import validation_ndcg
from models.train import fit
from models.tune import FILE, LEAST_BEFORE_PRUNING, RANGES, search
from tests.models.blocks import FAST, checkerboard
from words import Refusal

SMALL = FAST["mf"].model_copy(update={"epochs": 8})


class Killed(Exception):
    pass


def test_the_best_trial_is_kept_and_the_first_is_the_settings_as_given():
    data = checkerboard()
    found = search(data, EaseSettings(l2=3.0), 6, 1)
    values = [trial.value for trial in found.trials]
    assert found.trials[0].chosen == {"l2": 3.0} and len(found.trials) == 6
    assert values[found.best] == max(values) and found.settings.l2 == found.trials[found.best].chosen["l2"]
    again = fit(data, found.settings, 1)
    assert validation_ndcg(again.score, data) == pytest.approx(values[found.best])


def test_a_search_that_is_killed_goes_on_as_the_unbroken_one(tmp_path):
    data = checkerboard()
    whole = search(data, SMALL, 5, 2)

    def kill(fraction, note, **figures):
        if note == "models.search.trial" and figures["trial"] == 4:
            raise Killed

    with pytest.raises(Killed):
        search(data, SMALL, 5, 2, tmp_path, kill)
    begun = []
    again = search(data, SMALL, 5, 2, tmp_path, lambda f, note, **g: begun.append(g["trial"]) if "trial" in g else None)
    assert begun == [4.0, 5.0] and again == whole
    assert search(data, SMALL, 5, 2, tmp_path) == whole
    assert search(data, SMALL, 2, 3, tmp_path).trials != whole.trials[:2]  # another seed is another search


def test_a_trial_that_falls_behind_is_stopped(monkeypatch):
    """Trials from the fifth on learn nothing: none is trained to its end, and none is the best."""
    data = checkerboard()
    found = search(data, SMALL, LEAST_BEFORE_PRUNING, 2)
    fits = []

    def blind(data, settings, seed, folder, tell, cache):
        fits.append(settings)
        if len(fits) > LEAST_BEFORE_PRUNING:
            for epoch in range(1, 9):
                tell(epoch / 8, "models.training", epoch=float(epoch), loss=1.0, validation=0.0)
        return fit(data, settings, seed, folder, tell, cache)

    monkeypatch.setattr("models.tune.fit", blind)
    longer = search(data, SMALL, LEAST_BEFORE_PRUNING + 2, 2)
    assert longer.trials[:LEAST_BEFORE_PRUNING] == found.trials
    assert [trial.value for trial in longer.trials[LEAST_BEFORE_PRUNING:]] == [None, None]
    assert all(len(trial.steps) <= LEAST_BEFORE_PRUNING + 2 for trial in longer.trials[LEAST_BEFORE_PRUNING:])
    assert longer.best == found.best


@pytest.mark.parametrize("kind", list(RANGES))
def test_every_range_names_a_setting_and_holds_what_it_allows(kind):
    for name, span in RANGES[kind].items():
        for end in span.values if hasattr(span, "values") else (span.low, span.high):
            assert getattr(SETTINGS.validate_python({"kind": kind, name: end}), name) == end


def test_nothing_to_search_and_nothing_to_judge_by_are_refused():
    with pytest.raises(Refusal, match="nothing to search"):
        search(checkerboard(), PopularitySettings(), 3, 1)
    none = np.zeros(0, np.int32)
    with pytest.raises(Refusal, match="validation"):
        search(checkerboard(valid_user=none, valid_item=none, valid_label=none.astype(np.float32)), SMALL, 3, 1)


def test_a_private_training_is_not_searched_for_it_would_spend_its_epsilon_in_every_trial():
    private = FAST["vae"].model_copy(update={"epsilon": 8.0, "delta": 1e-3, "epochs": 2})
    with pytest.raises(Refusal, match="would spend epsilon once more"):
        search(checkerboard(), private, 2, 1)


def test_no_dimensions_are_tried_that_the_heads_do_not_divide():
    settings = FAST["sequence"].model_copy(update={"epochs": 1, "dimensions": 48, "heads": 3})
    found = search(checkerboard(), settings, 5, 0)
    assert {trial.chosen["dimensions"] for trial in found.trials} == {48}
    found = search(checkerboard(), settings.model_copy(update={"dimensions": 64, "heads": 64}), 5, 0)
    assert {trial.chosen["dimensions"] for trial in found.trials} <= {64, 128}


@pytest.mark.parametrize("damage", [lambda kept: b"", lambda kept: kept[:-20], lambda kept: kept.replace(b"0.", b"1.")])
def test_a_damaged_record_of_a_search_is_not_gone_on_from(tmp_path, damage):
    """A cut one ended the step with a JSONDecodeError; a changed figure was believed."""
    data = checkerboard()
    whole = search(data, EaseSettings(l2=3.0), 3, 1, tmp_path)
    kept = tmp_path / FILE
    kept.write_bytes(damage(kept.read_bytes()))
    assert search(data, EaseSettings(l2=3.0), 3, 1, tmp_path) == whole
