"""A saved model as a web service: lists by user id, health, and Prometheus metrics. FastAPI, one process.

    GET /recommend/{user}?k=10   {"user": "u1", "items": [{"rank": 1, "item": "i7", "score": 0.81}, ...]}
    GET /health                  {"status": "ok", "kind": "ease", "users": 943, "items": 1682}
    GET /metrics                 text for Prometheus: requests by route and status, seconds by route

What cannot be answered is ``{"error": "one sentence"}``: 404 a user that the model does not know (there is no list
that would be made up for them), 422 a `k` outside 1..MOST, 401 a missing or wrong token where one is set, 421 a name
that is not this machine's while it answers this machine alone (else any web page could give itself that name).
"""

# No `from __future__ import annotations` here: FastAPI reads the annotations of functions whose types are imported
# inside `service`, and as text it could not.
import hmac
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from models.catalogue import Catalogue
from models.fitted import Fitted, must_know
from models.ranking import best_unseen
from words import phrase, say

if TYPE_CHECKING:
    from fastapi import FastAPI

MOST = 100
"""Longest list that is given."""
KEPT = 10_000
"""Lists kept in memory: a saved model does not change, so a user's list does not either."""
HERE = ("localhost", "127.0.0.1", "::1")
WAITS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Bounds of the histogram of answer times, seconds."""


class Lists:
    """The lists of one saved model, by user id. Raises Refusal where the catalogue is of another model."""

    def __init__(self, model: Fitted[Any], catalogue: Catalogue) -> None:
        must_know(model, catalogue)
        self.model, self.catalogue = model, catalogue
        self.place = {user: code for code, user in enumerate(catalogue.user_ids)}
        self.of = lru_cache(KEPT)(self._of)

    def _of(self, user: int, k: int) -> list[dict[str, Any]]:
        """The k best unseen items of the user with this code, best first."""
        scores = self.model.score(np.array([user], np.int32))  # [1, items]
        codes, values = best_unseen(scores, self.catalogue.seen[[user]], k)
        found = [(int(code), float(value)) for code, value in zip(codes[0], values[0], strict=True) if code >= 0]
        return [
            {"rank": rank, "item": self.catalogue.item_ids[code], "score": value}
            for rank, (code, value) in enumerate(found, 1)
        ]


def service(
    model: Fitted[Any],
    catalogue: Catalogue,
    token: str | None = None,
    hosts: Sequence[str] = (),
    named: Callable[[str], str] = str,
) -> "FastAPI":
    """The service over one model; with a `token`, every request but /health must carry it as a bearer token.

    hosts: names under which requests may ask for this service; empty: any. named: what the catalogue calls a user who
    is asked for by an id.
    """
    from fastapi import FastAPI, Query, Request, Response
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
    from starlette.exceptions import HTTPException

    lists = Lists(model, catalogue)
    registry = CollectorRegistry()
    answered = Counter("evenhand_requests", "Requests answered", ["route", "status"], registry=registry)
    took = Histogram("evenhand_seconds", "Seconds to answer", ["route"], buckets=WAITS_S, registry=registry)
    app = FastAPI(title="Evenhand", docs_url=None, redoc_url=None, openapi_url=None)

    @app.middleware("http")
    async def watched(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
        started, route = time.perf_counter(), "/" + request.url.path.split("/")[1]
        route = route if route in ("/recommend", "/health", "/metrics") else "other"
        if hosts and request.url.hostname not in hosts:
            response: Response = _error(421, "serve.host", hosts=", ".join(hosts))
        else:
            response = await call(request) if _allowed(request, route) else _error(401, "serve.token")
        answered.labels(route, str(response.status_code)).inc()
        took.labels(route).observe(time.perf_counter() - started)
        return response

    def _allowed(request: Request, route: str) -> bool:
        given = request.headers.get("authorization", "").encode()
        return token is None or route == "/health" or hmac.compare_digest(given, f"Bearer {token}".encode())

    def _error(status: int, key: str, **facts: int | str) -> JSONResponse:
        return JSONResponse({"error": say(phrase(key, **facts))}, status)

    @app.exception_handler(RequestValidationError)
    async def out_of_range(request: Request, error: RequestValidationError) -> Response:
        return _error(422, "serve.k", most=MOST)

    @app.exception_handler(HTTPException)
    async def elsewhere(request: Request, error: HTTPException) -> Response:
        return _error(error.status_code, "serve.elsewhere")

    @app.get("/health")
    def health() -> dict[str, Any]:
        users, items = len(catalogue.user_ids), len(catalogue.item_ids)
        return {"status": "ok", "kind": model.kind, "users": users, "items": items}

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    @app.get("/recommend/{user:path}", response_model=None)
    def recommend(user: str, k: Annotated[int, Query(ge=1, le=MOST)] = 10) -> Response | dict[str, Any]:
        code = lists.place.get(named(user))
        if code is None:
            return _error(404, "serve.unknown_user")
        return {"user": user, "items": lists.of(code, k)}

    return app


def run(app: "FastAPI", host: str, port: int, ready: Callable[[], None]) -> None:
    """Answer until the process is told to stop; `ready` hears that the address is ours. Raises OSError."""
    import uvicorn

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as taken, suppress(KeyboardInterrupt):
        ready()
        uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[taken])
