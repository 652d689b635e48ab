"""The language model: what texts do for items that nobody took; what fine-tuning changes and keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from models import store
from models.config import LanguageSettings, Tuning
from models.encoders import bundled, find
from models.items import Items
from models.language import LanguageRecommender
from models.texts import encode
from models.train import fit
from models.tuning import TunedEncoder
from tests.models.blocks import EVEN, FAST, ODD, USERS, checkerboard
from tests.models.tiny import tiny_encoder
from words import Refusal, say

ALL = np.arange(USERS, dtype=np.int32)
COLD = np.array([18, 19, 20, 21, 22, 23])
"""Items of the checkerboard that the tests take out of training."""
TINY = tiny_encoder(EVEN, ODD)
LORA = FAST["language"].model_copy(
    update={"encoder": TINY, "epochs": 3, "tuning": Tuning(layers=1, rank=2, tokens=16, texts=8)}
)


def without_cold():
    """The checkerboard before the cold items came."""
    data = checkerboard()
    kept, valid = ~np.isin(data.item, COLD), ~np.isin(data.valid_item, COLD)
    cells = (np.ones(kept.sum(), bool), (data.user[kept], data.item[kept]))
    return replace(
        data,
        user=data.user[kept],
        item=data.item[kept],
        label=data.label[kept],
        time=data.time[kept],
        seen=sp.csr_matrix(cells, shape=data.seen.shape),
        valid_user=data.valid_user[valid],
        valid_item=data.valid_item[valid],
        valid_label=data.valid_label[valid],
    )


def own_colour_first(model) -> float:
    """Share of (own, other) pairs of cold items that are ranked right: the AUC, 0.5 for no knowledge."""
    scores = model.score(ALL)[:, COLD]
    own = (ALL % 2)[:, None] == COLD % 2
    better = [np.greater.outer(row[mine], row[~mine]).mean() for row, mine in zip(scores, own, strict=True)]
    return float(np.mean(better))


class TestColdItems:
    @pytest.fixture(scope="class")
    def texts(self, tmp_path_factory):
        return tmp_path_factory.mktemp("texts")

    def test_items_that_nobody_took_are_ranked_by_their_texts(self, texts):
        data = without_cold()
        assert not data.popularity[COLD].any()
        assert own_colour_first(fit(data, FAST["language"], 1, cache=texts)) > 0.95
        swapped = list(data.item_texts)
        swapped[18::2], swapped[19::2] = data.item_texts[19::2], data.item_texts[18::2]
        swapped = replace(data, item_texts=tuple(swapped))
        assert own_colour_first(fit(swapped, FAST["language"], 1, cache=texts)) < 0.05

    def test_texts_alone_do_too(self, texts):
        alone = FAST["language"].model_copy(update={"ids": False})
        model = fit(without_cold(), alone, 1, cache=texts)
        assert own_colour_first(model) > 0.95
        assert not any("own" in name for name in model.state())

    def test_an_item_that_nobody_took_has_no_part_of_its_own(self, texts):
        model = fit(without_cold(), FAST["language"], 1, cache=texts)
        items = model.reader.items
        with torch.no_grad():
            by_text = items.project(torch.from_numpy(model.texts)).numpy()
        np.testing.assert_allclose(model.items[COLD], by_text[COLD], atol=1e-6)
        assert np.abs(model.items - by_text)[:18].max() > 1e-3

    def test_own_parts_are_hidden_at_the_share_that_was_asked(self, texts):
        model = fit(without_cold(), FAST["language"].model_copy(update={"epochs": 1}), 1, cache=texts)
        items = model.reader.items
        items.hidden = 0.4
        items.train()
        torch.manual_seed(0)
        with torch.no_grad():
            by_text = items.project(items.texts)
            shown = torch.stack([(items()[0] != by_text).any(1) for _ in range(400)]).float().mean(0).numpy()
        np.testing.assert_allclose(shown[:18], 0.6, atol=0.1)
        assert not shown[COLD].any()


class TestTuning:
    @pytest.fixture(scope="class")
    def model(self):
        return fit(checkerboard(), LORA, 1)

    def test_it_starts_as_the_encoder_it_tunes(self):
        texts = [*EVEN, *ODD]
        frozen = encode(texts, encoder=TINY)
        for how in ("lora", "full"):
            tuned = TunedEncoder(find(TINY), Tuning(how=how, layers=1))
            np.testing.assert_allclose(tuned.vectors(tuned.lower(texts)).numpy(), frozen, atol=1e-5)

    def test_the_bundled_encoder_cut_in_two_reads_as_in_one_and_trains_little(self):
        tuned = TunedEncoder(bundled(), Tuning(layers=None))
        np.testing.assert_allclose(tuned.vectors(tuned.lower(EVEN)).numpy(), encode(EVEN), atol=1e-5)
        by_hand = 6 * 2 * (384 * 8 + 8 * 384)  # layers x (queries, values) x both matrices of rank 8
        assert sum(weight.numel() for weight in tuned.moved.values()) == by_hand
        assert tuned.share == pytest.approx(by_hand / sum(w.numel() for w in tuned.model.parameters()), rel=0.01)
        assert tuned.share <= 0.02

    def test_only_the_adapters_move(self):
        from models.histories import profiles
        from models.language import TunedLearner

        data = checkerboard()
        learner = TunedLearner(data, encode(data.item_texts, encoder=TINY), profiles(data, LORA), LORA, LORA.tuning, 1)
        before = {name: weight.clone() for name, weight in learner.encoder.model.named_parameters()}
        from models.base import silent
        from models.loop import learn

        learn(learner, LORA, 1, "", None, silent)
        moved = {name for name, weight in learner.encoder.model.named_parameters() if not weight.equal(before[name])}
        assert moved and all("lora_" in name and ".layer.1." in name for name in moved)

    def test_what_is_kept_are_adapters_alone_and_they_read_as_trained(self, model, tmp_path):
        model.save(tmp_path)
        again = store.load(tmp_path)
        assert isinstance(again, LanguageRecommender)
        texts = checkerboard().item_texts
        assert again.score(ALL).tobytes() == model.score(ALL).tobytes()
        np.testing.assert_allclose(again.read_texts(texts), model.texts, atol=1e-5)
        assert np.abs(encode(texts, encoder=TINY) - model.texts).max() > 1e-3
        kept = [name for name in again.state() if name.startswith("adapter.")]
        assert kept and all("lora_" in name for name in kept)
        assert again.encoder_digest == find(TINY).digest and again.tuned_share == model.tuned_share > 0

    def test_it_flips_as_it_scores(self, model):
        own = np.nonzero(checkerboard().profile["gender"] == "men")[0].astype(np.int32)
        np.testing.assert_allclose(model.score_as(own, "gender", "men"), model.score(own), atol=1e-5)

    def test_the_same_seed_gives_the_same_model_and_a_stopped_run_resumes_to_it(self, model, tmp_path):
        class Stop(Exception):
            pass

        def after_two(fraction, note, **figures):
            if figures.get("epoch") == 2 and "loss" in figures:
                raise Stop

        assert fit(checkerboard(), LORA, 1).score(ALL).tobytes() == model.score(ALL).tobytes()
        with pytest.raises(Stop):
            fit(checkerboard(), LORA, 1, tmp_path, after_two)
        assert fit(checkerboard(), LORA, 1, tmp_path).score(ALL).tobytes() == model.score(ALL).tobytes()

    def test_full_fine_tuning_moves_every_weight_of_its_layers(self):
        full = LORA.model_copy(update={"tuning": Tuning(how="full", layers=1, tokens=16, texts=8)})
        model = fit(checkerboard(), full, 1)
        assert model.tuned_share > 5 * fit(checkerboard(), LORA, 1).tuned_share
        np.testing.assert_allclose(model.read_texts(checkerboard().item_texts), model.texts, atol=1e-5)

    def test_the_share_is_said(self, model):
        (said,) = model.remarks()
        by_hand = 2 * (16 * 2 + 2 * 16)  # queries and values of one layer, both matrices of rank 2
        assert said.facts["count"] == by_hand and said.facts["share"] == f"{100 * model.tuned_share:.2g}%"
        assert say(said, "en") != say(said, "zh")

    def test_texts_are_not_read_by_an_encoder_that_was_changed(self, model, monkeypatch):
        monkeypatch.setattr(model, "encoder_digest", "0" * 64)
        with pytest.raises(Refusal, match="no longer the one"):
            model.read_texts(["red wool coat"])

    def test_an_attack_needs_vectors(self):
        with pytest.raises(ValueError, match="ids = true"):
            LanguageSettings(attack="fgsm", ids=False)


def test_levels_by_text_keep_small_differences_where_training_has_short_numbers():
    texts = torch.nn.functional.normalize(torch.randn(50, 16, generator=torch.Generator().manual_seed(0)), dim=1)
    items = Items(texts, torch.ones(50, dtype=torch.bool), torch.full((50,), -7.0), 8, ids=False)
    torch.nn.init.normal_(items.appeal.weight, std=0.02, generator=torch.Generator().manual_seed(1))
    exact = items()[1]
    with torch.autocast("cpu", torch.bfloat16):
        short = items()[1]
    assert short.dtype == torch.float32 and (short - exact).abs().max() < 1e-3 < exact.std()
