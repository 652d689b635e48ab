"""A folder is what was saved, or it is refused in one sentence; nothing in it can run."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import pickle
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from models import store
from models.config import EaseSettings
from models.train import fit
from tests.models.blocks import FAST, checkerboard, fitted
from words import Refusal


@pytest.fixture
def folder(tmp_path):
    fit(checkerboard(), EaseSettings(l2=10), 0).save(tmp_path / "model")
    return tmp_path / "model"


def tensors(folder):
    return next(folder.glob("*.safetensors"))


def seal(folder, change):
    """Rewrite the manifest with a right seal, as an attacker would."""
    body = json.loads((folder / store.MANIFEST).read_text())["body"]
    change(body)
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    (folder / store.MANIFEST).write_text(f'{{"body":{canonical},"sha256":"{digest}"}}\n')


def test_every_flipped_byte_is_refused(folder):
    rng = np.random.default_rng(0)
    for path in (tensors(folder), folder / store.MANIFEST):
        content = path.read_bytes()
        for at in rng.integers(0, len(content), 100):
            path.write_bytes(content[:at] + bytes([content[at] ^ (1 << int(rng.integers(8)))]) + content[at + 1 :])
            with pytest.raises(Refusal):
                store.load(folder)
        path.write_bytes(content)
    store.load(folder)


@pytest.mark.parametrize("name", ["model.bin", "model.pkl", "modeling.py", "notes.txt", "config.json", ".hidden"])
def test_a_file_that_is_not_ours_is_refused_unopened(folder, name, tmp_path):
    class Payload:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "marker"),)

    (folder / name).write_bytes(pickle.dumps(Payload()))
    with pytest.raises(Refusal, match=re.escape(name)):
        store.load(folder)
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("name", ["../outside.safetensors", "/etc/passwd", "sub/tensors-0123456789abcdef.safetensors"])
def test_a_manifest_that_points_outside_is_refused(folder, name):
    seal(folder, lambda body: body.update(files={name: {"bytes": 1, "sha256": "0"}}))
    with pytest.raises(Refusal, match="not a file of a model folder"):
        store.load(folder)


def test_a_link_is_refused(folder, tmp_path):
    path = tensors(folder)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refusal):
        store.load(folder)


def test_a_size_that_differs_is_said(folder):
    with tensors(folder).open("ab") as out:
        out.write(b"more")
    with pytest.raises(Refusal, match="size"):
        store.load(folder)


def test_a_missing_file_is_said(folder):
    tensors(folder).unlink()
    with pytest.raises(Refusal, match="missing"):
        store.load(folder)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"null", b'{"body":{}}', b"[" * 100_000, b"\xff\xfe"])
def test_a_manifest_that_is_none_is_refused(folder, content):
    (folder / store.MANIFEST).write_bytes(content)
    with pytest.raises(Refusal):
        store.load(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body["facts"].update(settings={"kind": "magic"}),
        lambda body: body["facts"].pop("settings"),
        lambda body: body["facts"].update(curves=[1]),
        lambda body: body["facts"].update(settings={"kind": "mf"}),
        lambda body: body.update(facts=[]),
        lambda body: body.update(files={next(iter(body["files"])): 3}),
        lambda body: body.update(files=[]),
        lambda body: body.update(format="evenhand-tensors-9"),
        lambda body: body.update(purpose="checkpoint"),
    ],
)
def test_a_sealed_manifest_that_does_not_fit_is_refused(folder, change):
    seal(folder, change)
    with pytest.raises(Refusal):
        store.load(folder)


@pytest.mark.parametrize("kind", list(FAST))
def test_tensors_that_do_not_fit_together_are_refused(kind, tmp_path):
    fitted(kind).save(tmp_path)
    arrays, facts = store.read(tmp_path, "model")
    for name in arrays:
        broken = {other: array for other, array in arrays.items() if other != name}
        store.write(tmp_path, broken, facts, "model")
        with pytest.raises(Refusal):
            store.load(tmp_path)
        longer = arrays | {name: np.concatenate([arrays[name], arrays[name][:1] + 10_000])}
        store.write(tmp_path, longer, facts, "model")
        if kind != "popularity":  # whose one list of shares may be of any length
            with pytest.raises(Refusal):
                store.load(tmp_path)


def test_values_that_are_not_numbers_are_refused(folder):
    arrays, facts = store.read(folder, "model")
    arrays["weights"] = arrays["weights"].copy()
    arrays["weights"][0, 1] = np.nan
    store.write(folder, arrays, facts, "model")
    with pytest.raises(Refusal, match="not numbers"):
        store.load(folder)


def test_saving_over_a_model_leaves_one_model(folder):
    before = store.load(folder)
    fit(checkerboard(), EaseSettings(l2=20), 0).save(folder)
    assert len(list(folder.iterdir())) == 2
    assert store.load(folder).settings != before.settings


def test_a_save_that_is_cut_off_leaves_the_earlier_model(folder, monkeypatch):
    before = (folder / store.MANIFEST).read_bytes()
    model = fit(checkerboard(), EaseSettings(l2=20), 0)
    real = os.replace

    def cut_off(source, target):
        if str(target).endswith(store.MANIFEST):
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "replace", cut_off)
    with pytest.raises(KeyboardInterrupt):
        model.save(folder)
    assert (folder / store.MANIFEST).read_bytes() == before
    assert store.load(folder).settings == EaseSettings(l2=10)


def test_a_full_disk_is_said_and_the_earlier_model_kept(folder, monkeypatch):
    def full(_descriptor):
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=0))
    with pytest.raises(Refusal, match="earlier version is kept"):
        fit(checkerboard(), EaseSettings(l2=20), 0).save(folder)
    assert store.load(folder).settings == EaseSettings(l2=10)
