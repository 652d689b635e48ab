"""`--fail-on 'gender.ndcg@10.gap > 0.02'`: a rule on one finding, for pipelines."""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from analysis.causal.strata import label
from analysis.charts.labels import number
from analysis.document import Document
from analysis.finding import VALUELESS, Finding
from words import Phrase, Refusal, phrase

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_RULE = re.compile(r"^\s*(?P<key>\S.*?)\s*(?P<sign>>=|<=|>|<)\s*(?P<bound>[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?)\s*$")
_SIGNED_PARTS = (".gap", ".change", ".selection")
"""Differences: which group comes first is the alphabet's choice, so a rule on one reads its size."""


@dataclass(frozen=True)
class Rule:
    """KEY SIGN BOUND. Differences (`...gap`) are compared by their absolute value."""

    key: str
    sign: str
    bound: float

    def fires(self, document: Document) -> Phrase | None:
        """What to print when the rule fires, None when it holds.

        Raises Refusal where no finding has that key, or where it has no value: a rule that cannot be judged must
        not pass.
        """
        finding = self._finding(document)
        if finding.verdict in VALUELESS or finding.value is None:
            raise Refusal("audit.rule_without_value", key=self.key, reason=finding.reason)
        value = abs(finding.value) if self.of_a_size else finding.value
        if not _OPERATORS[self.sign](value, self.bound):
            return None
        return phrase("audit.rule_fired", key=self.key, value=number(value), sign=self.sign, bound=label(self.bound))

    @property
    def of_a_size(self) -> bool:
        """Whether it is a difference, whose absolute value counts."""
        return any(part in self.key for part in _SIGNED_PARTS)

    def _finding(self, document: Document) -> Finding:
        findings = document.findings()
        if self.key in findings:
            return findings[self.key]
        near = difflib.get_close_matches(self.key, findings, n=3, cutoff=0.3)
        raise Refusal("audit.rule_unknown_key", key=self.key, near=", ".join(near) or "-")


def parse_rule(text: str) -> Rule:
    """A rule from its text. Raises Refusal(audit.rule_syntax | audit.rule_below_zero)."""
    match = _RULE.match(text)
    if match is None or match["key"][-1] in "<>=!" or not math.isfinite(float(match["bound"])):
        raise Refusal("audit.rule_syntax", text=text)
    rule = Rule(match["key"], match["sign"], float(match["bound"]))
    if rule.of_a_size and rule.bound < 0:
        raise Refusal("audit.rule_below_zero", text=text)
    return rule
