"""What our components in the browser are sent, and that what comes late is told apart."""

from __future__ import annotations

from typing import Any

import pytest

from pages.parts import component


def test_only_other_data_are_newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal data are the same call to Streamlit, which then leaves the component alone; what is open in it stays."""
    told: list[Any] = []
    monkeypatch.setattr(component, "_registered", lambda name: lambda **call: told.append((name, call)))
    clock = iter(range(1_000_000, 9_000_000, 1_000_000))
    monkeypatch.setattr("time.time_ns", lambda: next(clock))
    for language in ("en", "en", "zh", "en"):
        component.mount("reader", "tongue", {"language": language}, height=1)
    component.mount("reader", "another", {"language": "en"})
    assert [call["data"]["sent"] for _, call in told] == [1, 1, 2, 3, 4]
    assert told[2] == ("reader", {"key": "tongue", "data": {"language": "zh", "sent": 2}, "height": 1})


def test_a_clock_that_is_put_back_makes_nothing_older(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr(component, "_registered", lambda name: lambda key, data: told.append(data["sent"]))
    clock = iter((5_000_000, 3_000_000, 3_000_000))
    monkeypatch.setattr("time.time_ns", lambda: next(clock))
    for language in ("en", "zh", "en"):
        component.mount("reader", "put back", {"language": language})
    assert told == [5, 6, 7]


def test_every_script_asks_whether_it_is_overtaken() -> None:
    scripts = {file.stem: file.read_text(encoding="utf-8") for file in component.HERE.glob("*.js")}
    ours = {name for name, script in scripts.items() if "export default" in script}
    assert {"board", "editor", "reader"} <= ours
    for name in ours:
        first = scripts[name].split("export default function", 1)[1].split("\n", 2)[1]
        assert "overtaken(" in first, name
