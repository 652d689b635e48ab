"""An OpenAI-compatible server that is asked: paced, repeated with patience, within a budget, and never redirected."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, Any

from models.prompted.reply import Reply, estimated_tokens
from models.prompted.servers import server
from models.prompted.settings import ChatModel
from words import Refusal

if TYPE_CHECKING:
    import httpx

BUSY = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""Answers after which the same request may succeed."""
MOST_BYTES = 4 * 2**20
"""Largest answer that is read."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds before the first repeat, doubled each time, and the most."""
WORD = re.compile(r"[A-Za-z0-9_.-]{1,60}")
HELD_BACK = frozenset({"content_filter", "content_policy_violation"})


class Endpoint:
    """Asks the server of a ChatModel. Raises Refusal where the operator does not allow it."""

    def __init__(
        self,
        model: ChatModel,
        asked_before: int = 0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx

        self._model, self._server, self._sleep = model, server(model.address), sleep
        headers = {"Authorization": f"Bearer {self._server.key}"} if self._server.key else {}
        self._client = httpx.Client(
            headers=headers,
            timeout=httpx.Timeout(model.seconds, connect=min(10.0, model.seconds)),
            follow_redirects=False,
            trust_env=False,  # no proxy and no .netrc that the operator did not name here
        )
        self._pace = Pace(model.per_minute, clock, sleep)
        self._left = model.requests - asked_before
        self._lock = threading.Lock()
        self.at_once = 4 * model.at_once
        """Prompts handed over in one call."""

    def answered(self, prompts: Sequence[str]) -> Iterator[tuple[int, Reply]]:
        """(place, reply) as they come. What was answered is given before a Refusal ends the rest."""
        failed: Refusal | None = None
        with ThreadPoolExecutor(self._model.at_once) as pool:
            waiting = {pool.submit(self._reply, prompt): place for place, prompt in enumerate(prompts)}
            for done in as_completed(waiting):
                if done.cancelled():
                    continue
                error = done.exception()
                if error is None:
                    yield waiting[done], done.result()
                    continue
                for other in waiting:
                    other.cancel()
                if not isinstance(error, Refusal):
                    raise error
                failed = failed or error
        if failed is not None:
            raise failed

    def close(self) -> None:
        self._client.close()

    def _reply(self, prompt: str) -> Reply:
        """One prompt's reply; repeated while the server is busy. Raises Refusal after the last try."""
        import httpx

        said = ""
        for tried in range(self._model.retries + 1):
            self._spend()
            self._pace.wait()
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2**tried)
            try:
                status, headers, body = self._post(prompt)
            except httpx.TransportError as error:
                said = type(error).__name__
            else:
                if status == 200:
                    return _read(body, prompt)
                if _held_back(status, body):
                    return Reply("", estimated_tokens(prompt), 0)
                said = _said(status, body)
                if status not in BUSY:
                    raise _refused(status, said)
                wait = max(wait, _asked_to_wait(headers))
            if tried < self._model.retries:
                self._sleep(wait)
        raise Refusal("prompted.server.silent", tries=self._model.retries + 1, said=said)

    def _post(self, prompt: str) -> tuple[int, httpx.Headers, bytes]:
        """Status, headers and at most MOST_BYTES of the body."""
        content = b""
        with self._client.stream("POST", self._server.url, json=self._question(prompt)) as answer:
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > MOST_BYTES:
                    raise Refusal("prompted.server.endless", most=MOST_BYTES // 2**20)
            return answer.status_code, answer.headers, content

    def _question(self, prompt: str) -> dict[str, Any]:
        return {
            "model": self._model.name,
            "messages": [{"role": "user", "content": prompt}],
            "temperature": self._model.temperature,
            "max_tokens": self._model.reply_tokens,
            "stream": False,
        }

    def _spend(self) -> None:
        with self._lock:
            if self._left <= 0:
                raise Refusal("prompted.budget.requests", most=self._model.requests)
            self._left -= 1


class Pace:
    """Lets requests begin evenly, at most `per_minute` a minute, whichever thread they come from."""

    def __init__(self, per_minute: int, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._gap, self._clock, self._sleep = 60.0 / per_minute, clock, sleep
        self._next = clock()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Until this thread's turn."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._gap
        if turn > now:
            self._sleep(turn - now)


def _read(body: bytes, prompt: str) -> Reply:
    """The reply in a chat completion. Raises Refusal where the server speaks another language."""
    try:
        node = json.loads(body)
        choice = node["choices"][0]
        text = choice["message"].get("content") or ""
        usage = node.get("usage") or {}
        counted = [usage.get("prompt_tokens"), usage.get("completion_tokens")]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise Refusal("prompted.server.strange") from error
    if not isinstance(text, str):
        raise Refusal("prompted.server.strange")
    guessed = (estimated_tokens(prompt), estimated_tokens(text))
    sent, got = (
        one if isinstance(one, int) and one >= 0 else guess for one, guess in zip(counted, guessed, strict=True)
    )
    return Reply(text, sent, got, choice.get("finish_reason") == "length")


def _said(status: int, body: bytes) -> str:
    """The status and the server's own code for it: one plain word, never its sentences, which may repeat the prompt."""
    code = _code(body)
    return f"{status} {code}" if code else str(status)


def _code(body: bytes) -> str:
    try:
        node = json.loads(body)["error"]
        code = str(node.get("code") or node.get("type") or "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
    return code if WORD.fullmatch(code) else ""


def _held_back(status: int, body: bytes) -> bool:
    """Whether the server read the prompt and declined to answer it: a reply that names nothing."""
    return status == 400 and _code(body) in HELD_BACK


def _refused(status: int, said: str) -> Refusal:
    if 300 <= status < 400:
        return Refusal("prompted.server.redirect", said=said)
    if status in (401, 403):
        return Refusal("prompted.server.locked", said=said)
    if status == 404:
        return Refusal("prompted.server.missing", said=said)
    return Refusal("prompted.server.refused", said=said)


def _asked_to_wait(headers: httpx.Headers) -> float:
    """Retry-After in seconds, within reason; 0 where it is not a number."""
    given = headers.get("retry-after", "")
    return min(LONGEST_WAIT, float(given)) if given.isdigit() else 0.0
