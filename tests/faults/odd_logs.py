"""Logs that are read without fault but hold too little: one user, one item, one group, a tiny one, no positives."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

import pytest

from audit.__main__ import main
from tests.once import once


@dataclass(frozen=True)
class Thin:
    """A log and its users; where the audit must withhold a figure, under which verdict, and with which words."""

    name: str
    log: str
    users: str
    step: str
    key: str
    verdict: str
    says: str
    on_page: str | None = None
    """What the page says of it where that is not `says`: its summary speaks of the whole, its table of each figure."""


@dataclass(frozen=True)
class Told:
    """What `python -m audit init` and `run` did with it."""

    code: int
    output: str
    errors: str
    folder: Path


def _log(rows: int, users: int, items: int, clicked: int = 3) -> str:
    """`rows` events, one a row, spread over users and items; every `clicked`-th a click (0: none)."""
    lines = [
        f"u{row % users},i{row * 7 % items},{int(row % clicked == 0) if clicked else 0},2026-03-{1 + row % 28:02}"
        for row in range(rows)
    ]
    return "\n".join(["user,item,clicked,time", *lines, ""])


def _users(count: int, women: int) -> str:
    return "\n".join(["user,gender", *(f"u{n},{'women' if n < women else 'men'}" for n in range(count)), ""])


FEW, ONE_GROUP = "fewer than 10 people", "There is one group only, and a gap needs two."
THIN = (
    Thin("one user", _log(60, 1, 20), _users(1, 1), "disparity", "all.ndcg@10", "suppressed", FEW),
    Thin(
        "one item",
        _log(200, 40, 1),
        _users(40, 20),
        "recommender",
        "recommender.not_computed",
        "not computed",
        "fewer than two items",
    ),
    Thin("one group", _log(900, 40, 23), _users(40, 40), "disparity", "gender.ndcg@10.gap", "not computed", ONE_GROUP),
    Thin(
        "a tiny group",
        _log(1500, 60, 23),
        _users(60, 3),
        "disparity",
        "gender.ndcg@10.women",
        "suppressed",
        FEW,
        "not two groups large enough to compare",
    ),
    Thin(
        "no positives",
        _log(900, 40, 23, clicked=0),
        _users(40, 20),
        "disparity",
        "disparity.not_computed",
        "not computed",
        "No row counts as a positive",
    ),
)


def audited(thin: Thin, factory: pytest.TempPathFactory) -> Told:
    """The whole audit of it by the command line, once for all tests that look at it."""
    folder = once(factory, thin.name.replace(" ", "-"), lambda path: _audit(thin, path))
    code, output, errors = ((folder / name).read_text() for name in ("code", "output", "errors"))
    return Told(int(code), output, errors, folder / "audit")


def _audit(thin: Thin, folder: Path) -> None:
    folder.mkdir()
    for name, content in (("log.csv", thin.log), ("users.csv", thin.users)):
        (folder / name).write_text(content)
    settings = str(folder / "audit.toml")
    files = ["--log", str(folder / "log.csv"), "--users", str(folder / "users.csv")]
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        main(["init", *files, "-o", settings])
        code = main(["run", settings, "-o", str(folder / "audit"), "--quiet"])
    for name, content in (("code", str(code)), ("output", output.getvalue()), ("errors", errors.getvalue())):
        (folder / name).write_text(content)
