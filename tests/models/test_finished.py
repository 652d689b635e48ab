"""A sequence classifier in Hugging Face form ranks as it came, with no training."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from models import store
from models.config import PairwiseSettings, PopularitySettings, finished
from models.train import fit
from tests.models.blocks import EVEN, ODD, USERS, checkerboard
from tests.models.tiny import WIDTH, write_encoder
from words import Refusal, say

ALL = np.arange(USERS, dtype=np.int32)
LIKE = PairwiseSettings(candidates=5, history=3, tokens=48)
WORDS = {word for text in (*EVEN, *ODD) for word in text.split()} | {"no", "gender", "men", "women"}


def write_classifier(folder: Path, labels: int = 2, words: set[str] = WORDS) -> Path:
    """The tiny encoder with a random pooler and head, as transformers saves a BertForSequenceClassification."""
    write_encoder(folder, words, seed=3)
    rng = np.random.default_rng(5)
    body = {f"bert.{name}": weight for name, weight in load_file(folder / "model.safetensors").items()}
    body["bert.pooler.dense.weight"] = rng.normal(0, 0.5, (WIDTH, WIDTH)).astype(np.float32)
    body["bert.pooler.dense.bias"] = np.zeros(WIDTH, np.float32)
    body["classifier.weight"] = rng.normal(0, 1, (labels, WIDTH)).astype(np.float32)
    body["classifier.bias"] = rng.normal(0, 1, labels).astype(np.float32)
    save_file(body, folder / "model.safetensors", {"format": "pt"})
    change(
        folder,
        architectures=["BertForSequenceClassification"],
        id2label={str(at): f"label {at}" for at in range(labels)},
    )
    return folder


def change(folder: Path, **more) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | more))


@pytest.fixture
def folder(tmp_path):
    return write_classifier(tmp_path / "classifier")


def by_hand(folder: Path, first: str, second: str) -> np.ndarray:
    from transformers import AutoTokenizer, BertForSequenceClassification

    tokens = AutoTokenizer.from_pretrained(folder)(first, second, return_tensors="pt")
    with torch.no_grad():
        return BertForSequenceClassification.from_pretrained(folder).eval()(**tokens).logits[0].numpy()


@pytest.mark.parametrize("labels", [1, 2])
def test_a_pair_has_the_log_odds_that_transformers_gives_it(tmp_path, labels):
    folder = write_classifier(tmp_path / "classifier", labels)
    data = checkerboard()
    model = fit(data, finished(folder, LIKE), 1)
    user = 7
    taken = [data.item_texts[item] for item in data.item[data.user == user][::-1][:3]]
    words = ". ".join([f"gender {data.profile['gender'][user]}", *taken])
    for item, value in zip(model.candidates[user], model.values[user], strict=True):
        logits = by_hand(folder, words, data.item_texts[item])
        assert value == pytest.approx(logits[0] if labels == 1 else logits[1] - logits[0], abs=1e-5)
    assert np.ptp(model.values) > 0.1


def test_nothing_is_trained_and_the_notes_say_so(folder, tmp_path):
    model = fit(checkerboard(), finished(folder, LIKE), 1, tmp_path / "checkpoints")
    assert model.curves == {} and model.adapters == {} and not (tmp_path / "checkpoints" / "checkpoint").exists()
    assert "trained elsewhere" in say(model.remarks()[1], "en")
    assert (fit(checkerboard(), finished(folder, LIKE), 2).values == model.values).all()


def test_it_is_saved_and_reads_anew_for_a_flip(folder, tmp_path):
    model = fit(checkerboard(), finished(folder, LIKE), 1)
    model.save(tmp_path / "kept")
    again = store.load(tmp_path / "kept")
    assert again.score(ALL).tobytes() == model.score(ALL).tobytes()
    men = np.flatnonzero(checkerboard().profile["gender"] == "men").astype(np.int32)[:5]
    np.testing.assert_allclose(again.score_as(men, "gender", "men"), model.score(men), atol=1e-5)
    assert np.abs(again.score_as(men, "gender", "women") - model.score(men)).max() > 1e-4


def test_how_much_it_reads_is_as_in_settings_of_its_kind_alone():
    given = finished(Path("x"), LIKE)
    assert (given.candidates, given.history, given.encoder, given.finished) == (5, 3, "x", True)
    assert finished(Path("x"), PopularitySettings()).candidates == PairwiseSettings().candidates


class TestRefused:
    def test_a_head_that_was_never_trained(self, folder):
        weights = load_file(folder / "model.safetensors")
        del weights["classifier.weight"]
        save_file(weights, folder / "model.safetensors", {"format": "pt"})
        with pytest.raises(Refusal, match="not those"):
            fit(checkerboard(), finished(folder, LIKE), 1)

    def test_more_than_two_labels(self, tmp_path):
        with pytest.raises(Refusal, match="tells 3 labels apart"):
            fit(checkerboard(), finished(write_classifier(tmp_path / "three", 3), LIKE), 1)

    def test_an_encoder_without_a_head(self, tmp_path):
        plain = write_encoder(tmp_path / "plain", WORDS)
        with pytest.raises(Refusal, match="no sequence classifier"):
            fit(checkerboard(), finished(plain, LIKE), 1)

    def test_code_of_its_own(self, folder):
        change(folder, auto_map={"AutoModelForSequenceClassification": "own.Own"})
        with pytest.raises(Refusal, match="asks for code"):
            fit(checkerboard(), finished(folder, LIKE), 1)

    def test_a_pickle_beside_it(self, folder):
        (folder / "pytorch_model.bin").write_bytes(b"x")
        with pytest.raises(Refusal, match="may carry code"):
            fit(checkerboard(), finished(folder, LIKE), 1)
