"""Writing that survives a crash: a file is the old one or the new one, never half of either.

The second of the two lowest rooms (with `words`): every room that keeps something keeps it through here.
"""

from storage.atomic import TEMPORARY, append, write_atomic, write_once
from storage.manifest import MANIFEST, sha256_of, unchanged, verify, write_manifest
from storage.memory import of_memory
from storage.scratch import clear, scratch, sweep

__all__ = [
    "MANIFEST",
    "TEMPORARY",
    "append",
    "clear",
    "of_memory",
    "scratch",
    "sha256_of",
    "sweep",
    "unchanged",
    "verify",
    "write_atomic",
    "write_manifest",
    "write_once",
]
