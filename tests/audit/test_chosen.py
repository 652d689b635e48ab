"""A choice is kept in audit.toml and told from what the mitigation step kept; nothing is trained anew."""

import numpy as np
import pytest

from analysis.document import Section
from analysis.finding import Verdict
from analysis.ingest import Source
from analysis.mitigation.chosen import ChosenSettings, chosen_section
from analysis.mitigation.compare import MitigationSettings
from analysis.simulate import Shop
from audit.methods import as_it_is, made
from audit.recommending import Recommending
from audit.settings import AuditSettings
from audit.steps import run_steps
from audit.variants import keep, kept
from audit.workspace import AuditFolder, Workspace
from models.config import EaseSettings
from tests.audit.shop import ground
from words import LANGUAGES, Refusal, say

FEW = {"replicates": 100, "permutations": 100}


@pytest.mark.parametrize("doses", [[("utility", 0.5)], [("threshold", 1.0)], [("reweigh", 1.0), ("rerank", 0.5)]])
def test_a_variant_comes_back_from_disk_as_it_was(tmp_path, doses):
    start = ground(attribute="gender")
    variant = made(start, doses)
    folder = AuditFolder(tmp_path)
    keep(folder.variants, variant)
    folder.save_section(Section(step="mitigation", summary=()), folder.stamp(AuditSettings(), "mitigation"))
    back = kept(folder, variant.name, start.composed)
    assert (back.ranking is None) == (variant.ranking is None)
    if variant.ranking is not None:
        assert np.array_equal(back.ranking.lists, variant.ranking.lists)
    if variant.decisions is not None:
        assert np.array_equal(back.decisions.score, variant.decisions.score)
        assert (back.decisions.selected is None) == (variant.decisions.selected is None)


def test_every_disparity_is_shown_before_and_after_whichever_was_mended():
    start = ground(attribute="gender", goal="exposure", **FEW)
    after = made(start, [("rerank", 1.0)])
    section = chosen_section(as_it_is(start), after, start.settings.mitigation, 10, 1)
    table = next(table for table in section.tables if table.key == "chosen.effects")
    shown = [say(row[0]) for row in table.rows]
    for part in ("NDCG", "recall", "exposure from parity", "long-tail", "probe reads of gender"):
        assert any(part.lower() in text.lower() for text in shown), (part, shown)
    found = {finding.key: finding for finding in section.findings}
    assert all(key.startswith("chosen.") for key in found)
    assert found["chosen.rerank@1.distance[tail].change"].verdict is Verdict.GAP
    assert any("Nearer to equal" in say(p) and "by head and long tail" in say(p) for p in section.summary)
    assert all(say(p, language) for language in LANGUAGES for p in (*section.summary, *section.notes))


def test_who_gained_and_who_lost_add_up_and_are_by_group():
    start = ground(attribute="gender", **FEW)
    after = made(start, [("utility", 1.0)])
    section = chosen_section(as_it_is(start), after, start.settings.mitigation, 10, 1)
    found = {finding.key: finding for finding in section.findings}
    before = as_it_is(start)
    one, two = (v.ranking for v in (before, after))
    from analysis.fairness.peruser import accuracy

    moved = accuracy(two, 10).ndcg - accuracy(one, 10).ndcg
    counted = accuracy(one, 10).counted & (start.group == "women")
    assert found["chosen.gender.utility@1.better.women"].value == pytest.approx((moved[counted] > 1e-9).mean())
    assert found["chosen.gender.utility@1.worse.women"].value == pytest.approx((moved[counted] < -1e-9).mean())
    table = next(table for table in section.tables if table.key == "chosen.people")
    assert len(table.rows) >= 2


def test_the_choice_is_a_setting_and_an_unknown_one_is_refused(tmp_path):
    settings = AuditSettings(
        data=Source(kind="demo", shop=Shop(users=160, items=48)),
        recommender=Recommending(model=EaseSettings(l2=50.0)),
        mitigation=MitigationSettings(goal="exposure", methods=("rerank",), strengths=(0.5, 1.0), **FEW),
        chosen=ChosenSettings(variant="rerank@0.5"),
        further=("chosen",),
    )
    folder = Workspace(tmp_path).create(settings)
    run_steps(folder, ("data", "recommender", "mitigation", "chosen"), lambda *news: None)
    section = folder.section("chosen")
    assert section is not None and section.facts["variant"] == "rerank@0.5"
    for name, key in (("rerank@0.7", "audit.not_tried"), ("../../secret", "audit.not_tried")):
        folder.save_settings(settings.model_copy(update={"chosen": ChosenSettings(variant=name)}))
        with pytest.raises(Refusal) as refused:
            run_steps(folder, ("chosen",), lambda *news: None)
        assert refused.value.phrase.key == key
