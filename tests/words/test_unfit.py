"""Settings that cannot be are refused in the reader's words, whatever pydantic says."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError

from audit.settings import AuditSettings
from models.config import FactorSettings
from words import LANGUAGES, say, unfit
from words.phrase import catalogue
from words.unfit import SAID


def refusal(model: type[BaseModel], given: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, str]]:
    with pytest.raises(ValidationError) as found:
        model.model_validate(given)
    where, why = unfit(found.value)
    return where, {language: say(why, language) for language in LANGUAGES}


class Bounded(BaseModel, extra="forbid"):
    share: float = Field(0.5, gt=0, le=1, allow_inf_nan=False)
    names: tuple[str, ...] = Field(("a",), min_length=1)


@pytest.mark.parametrize(
    ("given", "where", "en", "zh"),
    [
        ({"share": 0}, ("share",), "it must be above 0", "必须大于 0"),
        ({"share": 2}, ("share",), "it must be 1 or less", "不得大于 1"),
        ({"share": float("nan")}, ("share",), "it must be a number", "必须是数字"),
        ({"share": "much"}, ("share",), "it must be a number", "必须是数字"),
        ({"names": ()}, ("names",), "it needs at least 1 entries", "至少需要 1 项"),
        ({"shore": 1}, ("shore",), "there is no setting of this name", "没有这个名称的设置"),
    ],
)
def test_limits_are_told_by_the_catalogue(given: dict[str, Any], where: tuple[str, ...], en: str, zh: str) -> None:
    assert refusal(Bounded, given) == (where, {"en": en, "zh": zh})


def test_what_does_not_go_together_is_told_by_the_catalogue() -> None:
    where, said = refusal(FactorSettings, {"loss": "bpr", "stop_on": "loss"})
    assert where == () and "stop on ndcg" in said["en"] and "ndcg 停止" in said["zh"]
    where, said = refusal(AuditSettings, {"scope": "nobody"})
    assert "scope names no cohort" in said["en"] and "人群" in said["zh"]


def test_every_kind_of_error_has_its_text() -> None:
    assert all(f"unfit.{key}" in catalogue(language) for key, _ in SAID.values() for language in LANGUAGES)
