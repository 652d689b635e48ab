"""Settings that cannot be are refused in the reader's words, whatever pydantic says."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from analysis.causal.structure.settings import StructureSettings
from analysis.cohorts import Cohort
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


class Part(BaseModel):
    kind: Literal["a"] = "a"


class Other(BaseModel):
    kind: Literal["b"] = "b"


class Bounded(BaseModel, extra="forbid"):
    share: float = Field(0.5, gt=0, le=1, allow_inf_nan=False)
    names: tuple[str, ...] = Field(("a",), min_length=1)
    rows: int = Field(1, le=10_000_000)
    part: Part | Other = Field(default_factory=Part, discriminator="kind")


@pytest.mark.parametrize(
    ("given", "where", "en", "zh"),
    [
        ({"share": 0}, ("share",), "it must be above 0", "必须大于 0"),
        ({"share": 2}, ("share",), "it must be 1 or less", "不得大于 1"),
        ({"share": float("nan")}, ("share",), "it must be a number", "必须是数字"),
        ({"share": "much"}, ("share",), "it must be a number", "必须是数字"),
        ({"names": ()}, ("names",), "it needs at least 1 entries", "至少需要 1 项"),
        ({"names": 3}, ("names",), "it has to be a list", "必须是列表"),
        ({"rows": 10**11}, ("rows",), "it must be 10,000,000 or less", "不得大于 10,000,000"),
        ({"part": {"kind": "c"}}, ("part",), "it must be one of 'a', 'b'", "只能是 'a', 'b' 之一"),
        ({"part": {}}, ("part",), "it has to be given", "必须给出"),
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


@pytest.mark.parametrize(
    ("model", "given", "en", "zh"),
    [
        (Cohort, {"name": "a/b", "where": [{"column": "x", "values": ["1"]}]}, "letters, digits", "名称"),
        (StructureSettings, {"second_from": "31.3.2026"}, "31.3.2026 is no day", "不是日期"),
        (StructureSettings, {"second_from": "2026-02-30"}, "2026-02-30 is no day", "不是日期"),
    ],
)
def test_what_is_typed_into_a_field_is_refused_in_words(
    model: type[BaseModel], given: dict[str, Any], en: str, zh: str
) -> None:
    _, said = refusal(model, given)
    assert en in said["en"] and zh in said["zh"]


def test_every_kind_of_error_has_its_text() -> None:
    assert all(f"unfit.{key}" in catalogue(language) for key, _ in SAID.values() for language in LANGUAGES)
