"""The registry of mitigations: each has its function, its texts and its needs; strength 0 changes nothing."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.fairness.decisions import selected
from analysis.mitigation.candidates import Candidates
from analysis.mitigation.halves import first_half
from analysis.mitigation.methods import METHODS
from analysis.mitigation.naming import title_of
from audit.methods import BEFORE, DECIDE, DURING, RERANK, made, unmet
from audit.methods.after import Pool
from audit.recommending import Recommending
from audit.settings import AuditSettings
from models.config import (
    AdditiveSettings,
    EaseSettings,
    FactorSettings,
    LanguageSettings,
    PopularitySettings,
    VaeSettings,
)
from tests.audit.shop import ground
from words import LANGUAGES, Refusal, say
from words.phrase import catalogue

PLACES = {"before": BEFORE, "during": DURING, "after": RERANK | DECIDE}


def test_each_method_has_one_function_in_its_place_and_a_name_in_both_languages():
    for name, about in METHODS.items():
        assert [place for place, methods in PLACES.items() if name in methods] == [about.place]
        for language in LANGUAGES:
            assert f"mitigation.name.{name}" in catalogue(language)
            assert f"pages.choice.methods.{name}" in catalogue(language)
            assert "@" not in say(title_of(f"{name}@0.5"), language)
    assert set(METHODS) == {name for methods in PLACES.values() for name in methods}


@pytest.mark.parametrize("name", [name for name, about in METHODS.items() if "gradient" not in about.needs])
def test_strength_nought_changes_nothing(name):
    reads = {"profile", "features"} & set(METHODS[name].needs)
    start = ground(AdditiveSettings(strengths=(0.1,)) if reads else None)
    variant = made(start, [(name, 0.0)])
    if variant.ranking is not None:
        assert np.array_equal(variant.ranking.lists, start.kept.codes[:, : start.top])
    if variant.decisions is not None:
        before = start.composed.decisions(start.composed.test, start.kept.test)
        assert np.array_equal(selected(variant.decisions), selected(before))


def test_methods_of_different_places_combine_and_two_of_one_place_do_not():
    start = ground()
    both = made(start, [("reweigh", 1.0), ("rerank", 1.0)])
    assert both.name == "reweigh@1+rerank@1"
    assert say(title_of(both.name)) == "Reweighing, strength 1 and Exposure-constrained re-ranking, strength 1"
    alone = made(start, [("rerank", 1.0)])
    assert both.ranking is not None and not np.array_equal(both.ranking.lists, alone.ranking.lists)
    with pytest.raises(Refusal):
        made(start, [("rerank", 1.0), ("threshold", 1.0)])


def test_what_is_tuned_on_a_user_was_not_learnt_from_his_own_answers():
    start = ground()
    data, first = start.composed.data, first_half(start.group, start.settings.seed)
    label = np.where(first[data.valid_user], 1 - data.valid_label, data.valid_label)
    other = replace(start, composed=replace(start.composed, data=replace(data, valid_label=label)))

    def tuned(on):
        kept, rehearsal = on.kept, on.composed.rehearsal
        candidates = Candidates(kept.rehearsed_codes, kept.rehearsed_scores)
        decided = made(on, [("threshold", 1.0)]).rehearsed_decisions
        return decided.selected, Pool(on, rehearsal, candidates, kept, "rehearsal").chance

    (picked, chance), (picked_anew, chance_anew) = tuned(start), tuned(other)
    mine = first[data.valid_user]
    assert np.array_equal(picked[mine], picked_anew[mine]) and not np.array_equal(picked[~mine], picked_anew[~mine])
    assert np.array_equal(chance[first], chance_anew[first]) and not np.allclose(chance[~first], chance_anew[~first])


def test_what_a_recommender_cannot_do_is_said_before_it_is_tried():
    def why(model, **given):
        settings = AuditSettings(recommender=Recommending(model=model, **given))
        return {name: unmet(settings, about.needs) for name, about in METHODS.items()}

    assert why(FactorSettings())["adversary"] is None
    assert why(EaseSettings())["adversary"].key == "audit.needs_gradient"
    assert why(PopularitySettings())["reweigh"].key == "audit.needs_weights"
    assert why(EaseSettings(), lists="lists.csv")["reweigh"].key == "audit.needs_training"
    assert why(EaseSettings(), lists="lists.csv")["rerank"] is None
    private = why(VaeSettings(epsilon=3.0))
    assert {private[name].key for name in ("reweigh", "adversary", "worst_group")} == {"audit.needs_no_privacy"}
    assert why(LanguageSettings(epsilon=3.0))["twins"].key == private["resample"].key == "audit.needs_rows_once"
    assert why(LanguageSettings())["twins"] is None and why(VaeSettings())["resample"] is None
    assert private["erase"] is None and why(VaeSettings())["worst_group"] is None
    with pytest.raises(Refusal):
        made(ground(), [("adversary", 1.0)])
