"""The login that an operator configures. Open when none is configured (a single analyst on her own machine)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import time

import streamlit as st

from pages.parts.state import state
from pages.parts.text import t

VARIABLE = "EVENHAND_PASSWORD_HASH"
"""Holds ``scrypt$N$r$p$SALT$KEY`` (base64), as `python -m pages.parts.gate` prints it."""
SECONDS_PER_REFUSAL = 0.5
LONGEST_WAIT = 5.0


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


def passed() -> bool:
    """Whether this session may see data: no password is configured, or it was given."""
    return not _stored() or state().signed_in


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
    now = state()
    time.sleep(min(LONGEST_WAIT, SECONDS_PER_REFUSAL * now.refused_logins))
    if matches(password, stored):
        now.signed_in = True
        st.rerun()
    now.refused_logins += 1
    st.error(t("gate.refused"))


if __name__ == "__main__":
    import getpass

    print(hashed(getpass.getpass()))
