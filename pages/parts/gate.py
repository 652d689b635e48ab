"""The login that an operator configures. Open when none is configured (a single analyst on her own machine)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import threading
import time
from collections.abc import Mapping

import streamlit as st

from pages.parts.state import KEY, State, state
from pages.parts.text import t

VARIABLE = "EVENHAND_PASSWORD_HASH"
"""Holds ``scrypt$N$r$p$SALT$KEY`` (base64), as `python -m pages.parts.gate` prints it."""
SECONDS_PER_REFUSAL = 0.5
LONGEST_WAIT = 5.0
REMEMBERED = 300.0
"""Seconds for which a refusal makes the next attempts wait, whoever makes them: a new session is free to have."""


def hashed(password: str, salt: bytes | None = None, n: int = 2**14, r: int = 8, p: int = 1) -> str:
    """The line an operator puts into EVENHAND_PASSWORD_HASH; scrypt with a fresh 16-byte salt."""
    salt = salt or os.urandom(16)
    key = hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=2**26)
    return f"scrypt${n}${r}${p}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"


def matches(password: str, stored: str) -> bool:
    """Whether `password` is the one behind `stored`, compared in constant time; a malformed `stored` lets no one in."""
    try:
        scheme, n, r, p, salt, key = stored.split("$")
        expected = base64.b64decode(key, validate=True)
        numbers = int(n), int(r), int(p)
        made = hashed(password, base64.b64decode(salt, validate=True), *numbers)
    except (ValueError, binascii.Error):
        return False
    return scheme == "scrypt" and len(expected) == 64 and hmac.compare_digest(made.rsplit("$", 1)[1], key)


class _Knocks:
    """All attempts to sign in at this server: each waits for the refusals before it, and one is looked at at a time."""

    def __init__(self) -> None:
        self._one = threading.Lock()
        self._refused: list[float] = []

    def opens(self, password: str, stored: str) -> bool:
        """Whether it is the password, after the wait."""
        now = time.monotonic()
        self._refused = [when for when in self._refused if now - when < REMEMBERED]
        time.sleep(min(LONGEST_WAIT, SECONDS_PER_REFUSAL * len(self._refused)))
        with self._one:
            if matches(password, stored):
                return True
            self._refused.append(time.monotonic())
            return False


_KNOCKS = _Knocks()


def passed() -> bool:
    """Whether this session may see data: no password is configured, or it was given."""
    return not _stored() or state().signed_in


def allows(session: Mapping[str, object]) -> bool:
    """Whether the session whose memory this is may leave files with the server."""
    now = session.get(KEY)
    return not _stored() or (isinstance(now, State) and now.signed_in)


def is_open() -> bool:
    """The same; draws the login form where the password is still to be given."""
    if passed():
        return True
    _form(_stored())
    return False


def _stored() -> str:
    return os.environ.get(VARIABLE, "").strip()


def _form(stored: str) -> None:
    st.title(t("gate.title"))
    with st.form("gate", width=420):
        password = st.text_input(t("gate.password"), type="password", autocomplete="current-password")
        sent = st.form_submit_button(t("gate.enter"), type="primary")
    if not sent:
        return
    if _KNOCKS.opens(password, stored):
        state().signed_in = True
        st.rerun()
    st.error(t("gate.refused"))


if __name__ == "__main__":
    import getpass

    print(hashed(getpass.getpass()))
