"""Item texts as vectors: a language model reads each different text once, and the vectors are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models import store
from models.base import Tell, silent
from models.data import Floats
from models.devices import device, follows, memory_told
from models.encoders import Encoder, find, load

if TYPE_CHECKING:
    from torch import Tensor

MOST_TOKENS = 256
BATCH = 64


def encode(texts: Sequence[str], cache: Path | None = None, tell: Tell = silent, encoder: str | None = None) -> Floats:
    """float32 [len(texts), width]: mean of the token vectors, of length 1; all 0 for an empty text.

    cache: a folder in which the vectors are kept under the digest of model and texts. encoder: as models.encoders.find
    reads it; None is the bundled one (width 384). Raises Refusal where the encoder must not be loaded.
    """
    different = sorted({text.strip() for text in texts} - {""})
    place = {text: number for number, text in enumerate(different)}
    vectors = _cached(different, find(encoder), cache, tell)
    vectors = np.vstack([vectors, np.zeros((1, vectors.shape[1]), np.float32)])
    return vectors[[place.get(text.strip(), len(different)) for text in texts]]


def _cached(texts: list[str], encoder: Encoder, cache: Path | None, tell: Tell) -> Floats:
    digest = hashlib.sha256(encoder.digest.encode())
    for text in texts:
        digest.update(hashlib.sha256(text.encode()).digest())
    folder = None if cache is None else cache / digest.hexdigest()[:32]
    if folder is not None and (folder / store.MANIFEST).exists():
        vectors = store.read(folder, "texts")[0]["vectors"]
        if len(vectors) == len(texts):
            return vectors
    with memory_told():
        vectors = _encoded(texts, encoder, tell)
    if folder is not None and not follows():
        store.write(folder, {"vectors": vectors}, {"texts": len(texts)}, "texts")
    return vectors


def _encoded(texts: list[str], encoder: Encoder, tell: Tell) -> Floats:
    """Batches of texts of like length, so that little is padded."""
    import torch

    tokenizer, model = load(encoder)
    place = device()
    model = model.to(place)
    order = sorted(range(len(texts)), key=lambda at: (len(texts[at]), at))
    vectors = np.empty((len(texts), model.config.hidden_size), np.float32)
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        tokens = tokens_of([texts[at] for at in chosen], tokenizer, MOST_TOKENS)
        ids, mask = tokens["input_ids"].to(place), tokens["attention_mask"].to(place)  # [batch, tokens]
        with torch.inference_mode():
            hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state  # [batch, tokens, width]
        vectors[chosen] = pooled(hidden, mask, encoder.first_token).cpu().numpy()
        tell(min(1.0, (start + BATCH) / len(order)), "models.encoding")
    return vectors


def tokens_of(texts: list[str], tokenizer: Any, most: int) -> Any:
    """Token ids and mask, int64 [len(texts), longest], cut after `most` tokens."""
    most = min(most, tokenizer.model_max_length)
    return tokenizer(texts, padding=True, truncation=True, max_length=most, return_tensors="pt")


def pooled(hidden: Tensor, mask: Tensor, first_token: bool) -> Tensor:
    """[batch, width], of length 1: the mean of the tokens that are there, or the first."""
    import torch

    there = mask[..., None].to(hidden.dtype)
    vectors = hidden[:, 0] if first_token else (hidden * there).sum(1) / there.sum(1)
    return torch.nn.functional.normalize(vectors.float(), dim=-1)
