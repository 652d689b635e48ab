"""Recommenders, their training, what they read, and language models that are asked."""

import os

# huggingface_hub reads it when it is loaded: no folder's configuration can make transformers ask the hub for a file.
# The one place that may fetch, where the operator says so, is models.encoders.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# cuBLAS reads it at the first product on a GPU, be it of a text encoder: without it sums differ from run to run.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
