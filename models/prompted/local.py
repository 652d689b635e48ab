"""A causal language model in a folder of this machine: safetensors and JSON alone, no network, no code of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from models.devices import device, memory_told, reseed
from models.encoders import checked
from models.prompted.reply import Reply
from models.prompted.settings import ChatModel
from words import Refusal

BATCH = 8
"""Prompts read at once where words are not drawn."""


class Local:
    """Answers with the model of a folder. Raises Refusal where it is not one that is loaded."""

    def __init__(self, model: ChatModel, seed: int) -> None:
        self._model, self._seed = model, seed
        folder_digest(model)  # refuses what must not be opened
        self._tokens, self._network = _loaded(Path(str(model.folder)))
        self.at_once = 1 if model.temperature > 0 else BATCH
        """Drawn words come one prompt at a time, so that each has its own seed whatever is asked beside it."""

    def answered(self, prompts: Sequence[str]) -> Iterator[tuple[int, Reply]]:
        """(place, reply), in order."""
        import torch

        read = self._tokens([self._spoken(prompt) for prompt in prompts], return_tensors="pt", padding=True)
        read = read.to(self._network.device)  # input_ids, attention_mask [batch, tokens], padded on the left
        room = self._network.config.max_position_embeddings - self._model.reply_tokens
        if read["input_ids"].shape[1] > room:
            raise Refusal("prompted.folder.long", tokens=read["input_ids"].shape[1], room=max(0, room))
        reseed(_seed_of(self._seed, prompts[0]))
        with torch.inference_mode(), memory_told():
            whole = self._network.generate(**read, **self._how())
        for place, ids in enumerate(whole[:, read["input_ids"].shape[1] :].tolist()):
            yield place, self._reply(ids, int(read["attention_mask"][place].sum()))

    def close(self) -> None:
        """Nothing is held open."""

    def _spoken(self, prompt: str) -> str:
        """The prompt in the model's own form of a conversation, where it has one."""
        if self._tokens.chat_template is None:
            return prompt + "\n"
        said = [{"role": "user", "content": prompt}]
        return str(self._tokens.apply_chat_template(said, tokenize=False, add_generation_prompt=True))

    def _how(self) -> dict[str, Any]:
        drawn = self._model.temperature > 0
        how: dict[str, Any] = {"temperature": self._model.temperature} if drawn else {}
        how |= {"max_new_tokens": self._model.reply_tokens, "do_sample": drawn, "num_beams": 1}
        return how | {"pad_token_id": self._tokens.pad_token_id}

    def _reply(self, ids: list[int], asked: int) -> Reply:
        ends = {self._tokens.eos_token_id, self._tokens.pad_token_id}
        length = next((at for at, token in enumerate(ids) if token in ends), len(ids))
        text = self._tokens.decode(ids[:length], skip_special_tokens=True)
        return Reply(text, asked, length, cut=length == self._model.reply_tokens)


def folder_digest(model: ChatModel) -> str:
    """SHA-256 over the names and contents of what a folder's model is made of. Raises Refusal as `checked` does."""
    folder = Path(str(model.folder))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    facts = tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)
    return _digest(str(folder), facts)


@cache
def _digest(folder: str, files: tuple[tuple[str, int, int], ...]) -> str:
    """By names, sizes and times of change, so that gigabytes are read once in a process."""
    return checked(Path(folder)).digest


def _loaded(folder: Path) -> tuple[Any, Any]:
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    safely = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokens = AutoTokenizer.from_pretrained(str(folder), **safely)
        with memory_told():
            network = AutoModelForCausalLM.from_pretrained(str(folder), use_safetensors=True, **safely)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, SafetensorError) as error:
        raise Refusal("prompted.folder.unreadable", name=folder.name) from error
    tokens.padding_side = "left"
    if tokens.pad_token is None:
        tokens.pad_token = tokens.eos_token or tokens.unk_token
    with memory_told():
        return tokens, network.eval().to(device())


def _seed_of(seed: int, prompt: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}\0{prompt}".encode()).digest()[:7])
