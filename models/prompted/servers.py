"""Which servers may be asked: those that the operator names, each with the variable that holds its key."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from words import Refusal

if TYPE_CHECKING:
    import httpx

SERVERS_VARIABLE = "EVENHAND_MODEL_SERVERS"
"""Servers that prompts may be sent to, separated by commas: ``https://HOST[:PORT]`` or ``http://HOST[:PORT]``, where
needed followed by ``=NAME`` of the environment variable that holds the server's key. Unset: none."""
PORTS = {"http": 80, "https": 443}
PATH = "/chat/completions"

Place = tuple[str, str, int]
"""Scheme, host and port: what the operator's word holds for."""


@dataclass(frozen=True)
class Server:
    """Where requests go, and with which key; the key is in no text that this object is turned into."""

    url: str
    key: str | None = None

    def __repr__(self) -> str:
        return f"Server({self.url!r}, key={'set' if self.key else None})"


def allowed() -> tuple[str, ...]:
    """The servers that the operator allows, as written, without the names of their keys."""
    return tuple(entry.partition("=")[0].strip() for entry in _entries())


def server(address: str) -> Server:
    """The server at `address`. Raises Refusal where the operator has not named it, or its key is not there.

    Scheme, host and port must be those that the operator wrote; nothing is resolved or asked to find that out.
    """
    place, url = _parsed(address)
    for entry in _entries():
        written, _, variable = entry.partition("=")
        if _parsed(written.strip())[0] == place:
            return Server(f"{url}{PATH}", _key(variable.strip()))
    known = ", ".join(allowed())
    if not known:
        raise Refusal("prompted.server.none", variable=SERVERS_VARIABLE)
    raise Refusal("prompted.server.other", host=f"{place[0]}://{place[1]}:{place[2]}", allowed=known)


def is_here(address: str) -> bool:
    """Whether an address that `server` accepts is this machine's own, as written: nothing is resolved."""
    host = _parsed(address)[0][1]
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:  # a name
        return host == "localhost" or host.endswith(".localhost")


def _entries() -> list[str]:
    return [entry.strip() for entry in os.environ.get(SERVERS_VARIABLE, "").split(",") if entry.strip()]


def _parsed(address: str) -> tuple[Place, str]:
    """Scheme, host and port of an address, and the address without a slash at its end."""
    import httpx

    try:
        url = httpx.URL(address.strip())
    except (httpx.InvalidURL, TypeError, ValueError) as error:
        raise Refusal("prompted.server.address") from error
    if url.scheme not in PORTS or not url.host or url.userinfo or url.query or url.fragment:
        raise Refusal("prompted.server.address")
    return _place(url), str(url).rstrip("/")


def _place(url: httpx.URL) -> Place:
    return url.scheme, url.host.rstrip("."), url.port or PORTS[url.scheme]


def _key(variable: str) -> str | None:
    if not variable:
        return None
    key = os.environ.get(variable, "").strip()
    if not key or not key.isascii() or not key.isprintable():
        raise Refusal("prompted.server.key", variable=variable)
    return key
