"""An encoder's folder is safetensors, JSON and text, or it is refused in one sentence and nothing of it runs."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import constants
from safetensors.numpy import load_file, save_file

from models.encoders import HUB_VARIABLE, checked, find
from models.stamp import stamp
from models.texts import encode
from tests.models.blocks import FAST, checkerboard
from tests.models.tiny import WIDTH, write_encoder
from words import Refusal

WORDS = {"red", "wool", "coat", "pan"}
PINNED = "owner/model@" + "0" * 40


@pytest.fixture
def folder(tmp_path):
    return write_encoder(tmp_path / "encoder", WORDS)


def change(path: Path, **entries: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


class TestEncoding:
    def test_a_folder_gives_unit_means_of_its_own_token_vectors(self, folder):
        from transformers import BertModel

        vectors = encode(["red coat", "wool", ""], encoder=str(folder))
        assert vectors.shape == (3, WIDTH) and not vectors[2].any()
        import torch

        model = BertModel.from_pretrained(str(folder), use_safetensors=True).eval()
        tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *sorted(WORDS)]
        ids = torch.tensor([[tokens.index(word) for word in ("[CLS]", "red", "coat", "[SEP]")]])
        with torch.no_grad():
            mean = model(input_ids=ids).last_hidden_state.mean(1)[0].numpy()
        np.testing.assert_allclose(vectors[0], mean / np.linalg.norm(mean), atol=1e-5)

    def test_the_first_token_stands_for_the_text_where_the_folder_says_so(self, folder):
        mean = encode(["red coat"], encoder=str(folder))
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
        assert not np.allclose(encode(["red coat"], encoder=str(folder)), mean, atol=1e-3)

    def test_of_several_processes_the_first_alone_writes_into_the_cache(self, folder, tmp_path, monkeypatch):
        monkeypatch.setenv("RANK", "1")
        encode(["red coat"], tmp_path / "kept", encoder=str(folder))
        assert not (tmp_path / "kept").exists()

    def test_the_cache_is_of_one_encoder(self, folder, tmp_path):
        first = encode(["red coat"], tmp_path / "kept", encoder=str(folder))
        assert encode(["red coat"], tmp_path / "kept", encoder=str(folder)).tobytes() == first.tobytes()
        weights = load_file(folder / "model.safetensors")
        weights["embeddings.word_embeddings.weight"] *= -1
        save_file(weights, folder / "model.safetensors", {"format": "pt"})
        assert not np.allclose(encode(["red coat"], tmp_path / "kept", encoder=str(folder)), first, atol=1e-3)

    def test_what_was_trained_on_other_weights_in_its_folder_is_not_gone_on_with(self, folder):
        settings, data = FAST["language"].model_copy(update={"encoder": str(folder)}), checkerboard()
        before = stamp(data, settings, 1)
        assert stamp(data, settings, 1) == before
        weights = load_file(folder / "model.safetensors")
        weights["embeddings.word_embeddings.weight"] *= -1
        save_file(weights, folder / "model.safetensors", {"format": "pt"})
        assert stamp(data, settings, 1) != before

    def test_a_recommender_is_trained_on_it_and_loads_where_it_is_gone(self, folder, tmp_path):
        from models import store
        from models.train import fit

        settings = FAST["language"].model_copy(update={"encoder": str(folder), "epochs": 1})
        model = fit(checkerboard(), settings, 1)
        model.save(tmp_path / "model")
        shutil.rmtree(folder)
        users = np.arange(4, dtype=np.int32)
        assert store.load(tmp_path / "model").score(users).tobytes() == model.score(users).tobytes()


class TestHostile:
    @pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.pkl", "modeling_own.py", "sub/x.bin"])
    def test_what_may_carry_code_is_refused_unopened(self, folder, name, tmp_path):
        class Payload:
            def __reduce__(self):
                return os.mkdir, (str(tmp_path / "marker"),)

        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(pickle.dumps(Payload()))
        with pytest.raises(Refusal, match="may carry code"):
            encode(["red"], encoder=str(folder))
        assert not (tmp_path / "marker").exists()

    @pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
    @pytest.mark.parametrize("nested", [False, True])
    def test_remote_code_is_refused(self, folder, file, nested):
        asks = {"auto_map": {"AutoModel": "modeling_own.Own"}}
        change(folder / file, **({"text_config": asks} if nested else asks))
        with pytest.raises(Refusal, match="asks for code"):
            checked(folder)

    def test_a_kernel_of_the_hub_is_refused(self, folder):
        change(folder / "config.json", _attn_implementation="someone/kernel")
        with pytest.raises(Refusal, match="asks for code"):
            checked(folder)

    @pytest.mark.parametrize(
        "asks",
        [
            {"backbone": "someone/model"},
            {"vision_config": {"backbone": "someone/model"}},
            {"attn_implementation": {"text": "someone/kernel"}},
        ],
    )
    def test_a_part_that_the_hub_would_be_asked_for_is_refused(self, folder, asks):
        change(folder / "config.json", **asks)
        with pytest.raises(Refusal, match="asks for code"):
            checked(folder)

    def test_the_hub_is_not_asked_by_any_process_that_loads_models(self):
        code = "import models.encoders; from huggingface_hub import constants; print(constants.HF_HUB_OFFLINE)"
        environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "True"

    def test_a_link_is_refused(self, folder, tmp_path):
        (folder / "model.safetensors").rename(tmp_path / "elsewhere.safetensors")
        (folder / "model.safetensors").symlink_to(tmp_path / "elsewhere.safetensors")
        with pytest.raises(Refusal, match="link"):
            checked(folder)

    def test_a_linked_subfolder_is_refused(self, folder, tmp_path):
        (folder / "1_Pooling").symlink_to(tmp_path)
        with pytest.raises(Refusal, match="link"):
            checked(folder)

    @pytest.mark.parametrize("target", ["../outside.safetensors", "/etc/passwd", "..\\x"])
    def test_a_list_of_files_that_points_outside_is_refused(self, folder, target):
        change(folder / "tokenizer_config.json", configuration_files=["config.json", target])
        with pytest.raises(Refusal, match="outside its folder"):
            checked(folder)

    @pytest.mark.parametrize("target", ["../outside.safetensors", "/etc/passwd", "..\\x"])
    def test_an_index_that_points_outside_is_refused(self, folder, target):
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": target}}))
        with pytest.raises(Refusal, match="outside its folder"):
            checked(folder)

    def test_a_tokenizer_that_points_outside_is_refused(self, folder):
        change(folder / "tokenizer_config.json", tokenizer_file="/etc/passwd")
        with pytest.raises(Refusal, match="outside its folder"):
            checked(folder)

    def test_adapters_that_would_be_followed_elsewhere_are_refused(self, folder):
        (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "/elsewhere"}))
        with pytest.raises(Refusal, match="adapters of another model"):
            checked(folder)

    def test_weights_that_are_not_the_configurations_are_refused(self, folder):
        change(folder / "config.json", num_hidden_layers=3)
        with pytest.raises(Refusal, match="not those"):
            encode(["red"], encoder=str(folder))

    @pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[" * 100_000])
    def test_json_that_is_none_is_refused(self, folder, content):
        (folder / "config.json").write_bytes(content)
        with pytest.raises(Refusal, match="not readable JSON"):
            checked(folder)

    def test_tensors_that_are_none_are_refused(self, folder):
        (folder / "model.safetensors").write_bytes(b"\0" * 64)
        with pytest.raises(Refusal, match="does not hold a text encoder"):
            encode(["red"], encoder=str(folder))

    @pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer"])
    def test_a_missing_part_is_said(self, folder, name):
        for path in folder.glob(f"{name}*"):
            path.unlink()
        with pytest.raises(Refusal, match="has no"):
            checked(folder)


class TestHub:
    def test_nothing_is_fetched_unless_the_operator_allows_it(self, monkeypatch):
        monkeypatch.delenv(HUB_VARIABLE, raising=False)
        monkeypatch.setattr("models.encoders._fetch", lambda *_: pytest.fail("the network was asked"))
        with pytest.raises(Refusal, match=HUB_VARIABLE):
            find(PINNED)

    @pytest.mark.parametrize("name", ["owner/model", "owner/model@main", "owner/model@" + "0" * 39, "http://x/y"])
    def test_a_model_without_its_revision_is_refused(self, name, monkeypatch, tmp_path):
        monkeypatch.setenv(HUB_VARIABLE, str(tmp_path))
        with pytest.raises(Refusal, match="no text encoder"):
            find(name)

    def test_what_was_fetched_is_checked_like_any_folder_and_fetched_once(self, monkeypatch, tmp_path):
        asked = []

        def fetched(model, revision, local_dir, **_):
            assert not constants.HF_HUB_OFFLINE, "the operator allows it, and it cannot ask"
            asked.append((model, revision))
            write_encoder(local_dir, WORDS)
            (local_dir / ".cache").mkdir()

        monkeypatch.setenv(HUB_VARIABLE, str(tmp_path))
        monkeypatch.setattr("huggingface_hub.snapshot_download", lambda model, **given: fetched(model, **given))
        first = find(PINNED)
        assert find(PINNED) == first and asked == [("owner/model", "0" * 40)]
        assert constants.HF_HUB_OFFLINE
        change(first.folder / "config.json", auto_map={"AutoModel": "x.Y"})
        with pytest.raises(Refusal, match="asks for code"):
            find(PINNED)


def test_an_encoder_that_memory_does_not_hold_is_not_called_unreadable(folder, monkeypatch):
    def full(*_, **__):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr("transformers.AutoModel.from_pretrained", full)
    with pytest.raises(MemoryError):
        encode(["red coat"], encoder=str(folder))
