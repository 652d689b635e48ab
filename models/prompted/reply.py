"""A reply as it is kept: under the digest of all that could change it, so that nothing is asked twice."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from storage import write_atomic


@dataclass(frozen=True)
class Reply:
    """What came back for one prompt.

    text: the reply; "" where the server held it back. prompt_tokens, reply_tokens: as the server counts, else
    estimated. cut: the reply ended at its longest length.
    """

    text: str
    prompt_tokens: int
    reply_tokens: int
    cut: bool = False

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.reply_tokens


class Kept:
    """Replies in a folder, one file each, named by digest; prompts are not kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, digest: str) -> Reply | None:
        """The kept reply, or None (also where its file is not one of ours)."""
        path = self._path(digest)
        if not path.exists():
            return None
        try:
            return _checked(json.loads(path.read_bytes()))
        except (ValueError, TypeError, RecursionError):
            return None

    def put(self, digest: str, reply: Reply) -> None:
        """Keep a reply; whole or not at all."""
        write_atomic(self._path(digest), json.dumps(asdict(reply), ensure_ascii=False).encode())

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / f"{digest}.json"


def estimated_tokens(text: str) -> int:
    """About how many tokens a text takes: a quarter of its letters, and each sign beyond ASCII as one."""
    plain = sum(sign.isascii() for sign in text)
    return -(-plain // 4) + len(text) - plain


def _checked(fields: dict[str, object]) -> Reply:
    reply = Reply(**fields)  # type: ignore[arg-type]
    right = (isinstance(reply.text, str), isinstance(reply.prompt_tokens, int), isinstance(reply.reply_tokens, int))
    if not all(right):
        raise TypeError("not a reply")
    return reply
