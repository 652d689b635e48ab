"""A causal model in a folder, and the same model behind the server that transformers itself starts."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from models.prompted.ask import ask, identity
from models.prompted.servers import SERVERS_VARIABLE
from models.prompted.settings import ChatModel
from tests.models.prompted.tiny import PEOPLE, SUBJECTS, answer, question
from words import Refusal

ASKED = [(person, subject) for person in PEOPLE for subject in SUBJECTS]
PROMPTS = [question(*one) for one in ASKED]
LONGEST_START = 240


def in_folder(folder: Path, **settings) -> ChatModel:
    return ChatModel(where="folder", folder=str(folder), reply_tokens=60, **settings)


def test_it_says_what_it_has_learnt_and_a_stopped_job_ends_the_same(tiny, tmp_path):
    whole = ask(PROMPTS, in_folder(tiny), 1, tmp_path / "whole")
    assert [reply.text for reply in whole] == [answer(*one) for one in ASKED]
    assert not any(reply.cut for reply in whole)
    ask(PROMPTS[:5], in_folder(tiny), 1, tmp_path / "stopped")
    assert ask(PROMPTS, in_folder(tiny), 1, tmp_path / "stopped") == whole


def test_drawn_words_follow_the_seed_and_the_prompt_alone(tiny, tmp_path):
    hot = in_folder(tiny, temperature=1.5)
    one = ask(PROMPTS[:3], hot, 1, tmp_path / "one")
    assert ask(PROMPTS[2::-1], hot, 1, tmp_path / "again")[::-1] == one
    assert ask(PROMPTS[:3], hot, 2, tmp_path / "other") != one


def test_a_model_that_memory_does_not_hold_is_not_called_unreadable(tiny, tmp_path, monkeypatch):
    full = RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory")
    monkeypatch.setattr("transformers.AutoModelForCausalLM.from_pretrained", _raising(full))
    with pytest.raises(MemoryError):
        ask(PROMPTS[:1], in_folder(tiny), 1, tmp_path)


def test_a_reply_for_which_a_gpu_has_no_room_is_told_in_a_sentence(tiny, tmp_path, monkeypatch):
    import torch
    from transformers import GenerationMixin

    monkeypatch.setattr(GenerationMixin, "generate", _raising(torch.OutOfMemoryError("CUDA")))
    with pytest.raises(Refusal, match="GPU has no room"):
        ask(PROMPTS[:1], in_folder(tiny), 1, tmp_path)


def _raising(error):
    def raising(*_, **__):
        raise error

    return raising


def test_a_prompt_that_leaves_no_room_for_a_reply_is_refused(tiny, tmp_path):
    with pytest.raises(Refusal) as refusal:
        ask(["kite " * 200], in_folder(tiny), 1, tmp_path)
    assert refusal.value.phrase.key == "prompted.folder.long"


def test_another_weight_is_another_model(tiny, tmp_path):
    copy = Path(shutil.copytree(tiny, tmp_path / "copy"))
    same = identity(in_folder(copy), 1)
    assert same == identity(in_folder(tiny), 1)
    weights = copy / "model.safetensors"
    raw = bytearray(weights.read_bytes())
    raw[-1] ^= 1
    weights.write_bytes(raw)
    assert identity(in_folder(copy), 1) != same


def _payload(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")


def _code(folder: Path) -> None:
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(config.replace("{", '{"auto_map": {"AutoModelForCausalLM": "x.Y"},', 1))


def _script(folder: Path) -> None:
    (folder / "modeling_x.py").write_text("open('marker', 'w')")


def _link(folder: Path) -> None:
    (folder / "more.json").symlink_to("/etc/hostname")


def _nothing(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def _torn(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])


@pytest.mark.parametrize(
    ("spoil", "key"),
    [
        (_payload, "encoders.stranger"),
        (_code, "encoders.code"),
        (_script, "encoders.stranger"),
        (_link, "encoders.link"),
        (_nothing, "encoders.incomplete"),
        (_torn, "prompted.folder.unreadable"),
    ],
)
def test_a_hostile_or_torn_folder_is_refused_in_one_sentence(tiny, tmp_path, spoil, key):
    copy = Path(shutil.copytree(tiny, tmp_path / "copy"))
    spoil(copy)
    with pytest.raises(Refusal) as refusal:
        ask(PROMPTS[:1], in_folder(copy), 1, tmp_path / "kept")
    assert refusal.value.phrase.key == key


@contextmanager
def transformers_serve(folder: Path) -> Iterator[str]:
    """`transformers serve FOLDER` on a free port of loopback; the address up to /v1."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).parent / "transformers"), "serve", str(folder)]
    server = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"],
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(url: str, server: subprocess.Popen) -> None:
    end = time.monotonic() + LONGEST_START
    while time.monotonic() < end:
        assert server.poll() is None, "transformers serve ended by itself"
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError("transformers serve did not start")


@pytest.mark.slow
def test_the_server_that_transformers_starts_answers_as_the_folder_does(tiny, tmp_path, monkeypatch):
    with transformers_serve(tiny) as address:
        monkeypatch.setenv(SERVERS_VARIABLE, address.removesuffix("/v1"))
        asked = ChatModel(address=address, name=str(tiny), reply_tokens=60, at_once=2, per_minute=10_000)
        replies = ask(PROMPTS, asked, 1, tmp_path)
    assert [reply.text for reply in replies] == [answer(*one) for one in ASKED]
    assert all(reply.prompt_tokens > 10 and reply.reply_tokens > 10 for reply in replies)
