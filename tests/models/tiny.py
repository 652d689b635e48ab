"""A text encoder of 30 thousand numbers in Hugging Face form, made on the spot: a BERT with a word-level tokenizer."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

WIDTH, LAYERS, INNER, PLACES = 16, 2, 32, 128
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def write_encoder(folder: Path, words: set[str], seed: int = 0, alike: tuple[set[str], ...] = ()) -> Path:
    """config.json, model.safetensors, tokenizer.json and tokenizer_config.json in `folder`; random weights.

    alike: sets of words that lie near each other, as those of one subject do in an encoder that was trained.
    """
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tokens = [*SPECIAL, *sorted(words)]
    weights = _weights(len(tokens), seed)
    for subject, direction in zip(alike, np.random.default_rng(seed + 1).normal(size=(len(alike), WIDTH)), strict=True):
        rows = [tokens.index(word) for word in sorted(subject)]
        weights["embeddings.word_embeddings.weight"][rows] += direction.astype(np.float32)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    config = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "vocab_size": len(tokens),
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 2,
        "intermediate_size": INNER,
        "max_position_embeddings": PLACES,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }
    (folder / "config.json").write_text(json.dumps(config))
    special = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), SPECIAL, strict=True))
    chosen = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": PLACES, **special}
    (folder / "tokenizer_config.json").write_text(json.dumps(chosen))
    _tokenizer(tokens).save(str(folder / "tokenizer.json"))
    return folder


@cache
def tiny_encoder(*subjects: tuple[str, ...]) -> str:
    """The folder of an encoder that knows the words of these texts, those of one tuple as one subject."""
    words = [{word for text in texts for word in text.lower().split()} for texts in subjects]
    known = set().union(*words, {str(number) for number in range(100)}, {"no", "gender", "women", "men"})
    return str(write_encoder(Path(mkdtemp(prefix="tiny-encoder-")), known, alike=tuple(words)))


def _tokenizer(tokens: list[str]):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel({token: at for at, token in enumerate(tokens)}, "[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def _weights(vocabulary: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    made: dict[str, np.ndarray] = {}

    def matrix(name: str, *shape: int) -> None:
        made[name] = rng.normal(0, 0.3, shape).astype(np.float32)

    def norm(name: str) -> None:
        made[f"{name}.weight"], made[f"{name}.bias"] = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def linear(name: str, out: int, into: int) -> None:
        matrix(f"{name}.weight", out, into)
        made[f"{name}.bias"] = np.zeros(out, np.float32)

    for name, rows in (("word", vocabulary), ("position", PLACES), ("token_type", 2)):
        matrix(f"embeddings.{name}_embeddings.weight", rows, WIDTH)
    norm("embeddings.LayerNorm")
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            linear(f"{at}.{part}", WIDTH, WIDTH)
        linear(f"{at}.intermediate.dense", INNER, WIDTH)
        linear(f"{at}.output.dense", WIDTH, INNER)
        norm(f"{at}.attention.output.LayerNorm")
        norm(f"{at}.output.LayerNorm")
    return made
