"""What the mitigations did, in a few plain sentences: the verdict first, then the best of each method and its price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.fairness.summary import size
from analysis.finding import Finding, Verdict, bare, is_certain_gap
from analysis.mitigation.moved import moved, resized
from analysis.mitigation.naming import BEFORE, title_of
from analysis.mitigation.tuning import Suggestion, goal_title
from words import Fact, Phrase, phrase


@dataclass(frozen=True)
class Told:
    """Disclosed findings by key, and the attribute whose gap is followed."""

    by_key: Mapping[str, Finding]
    attribute: str

    def gap(self, which: str, figure: str) -> Finding | None:
        """The gap with a recommender, or None where there is none to show."""
        found = self.by_key.get(f"mitigation.{which}.{self.attribute}.{figure}.gap")
        return found if found is not None and found.value is not None else None

    def change(self, which: str, figure: str) -> Finding | None:
        """How the gap of two groups changed; of more groups there is none."""
        return self.by_key.get(f"mitigation.{which}.{self.attribute}.{figure}.gap.change")

    def after(self, which: str, figure: str) -> float:
        """Size of the gap; infinite where it cannot be shown."""
        found = self.gap(which, figure)
        return float("inf") if found is None or found.value is None else abs(found.value)

    def narrowed(self, which: str, figure: str) -> bool:
        """Whether the gap became smaller by more than chance."""
        return self.resized(which, figure) < 0

    def resized(self, which: str, figure: str) -> int:
        """-1 where the gap became smaller, 1 where larger, by more than chance; else 0."""
        return resized(self.gap(BEFORE, figure), self.gap(which, figure), self.change(which, figure))


def mitigation_summary(
    told: Told, suggestion: Suggestion, names: Sequence[str], lists: Sequence[str], figure: str, far: str
) -> tuple[Phrase, ...]:
    """The goal's answer first, then what the validation part suggests, then what else changed.

    names: every mitigation; lists: those with lists; far: key of the distance of exposure from parity, or none.
    """
    if not names:
        return (phrase("mitigation.summary.nothing"),)
    decided = [name for name in names if f"mitigation.{name}.all.accuracy.change" in told.by_key]
    answers = {
        "gap": [_verdict(told, lists, figure)] if lists else [],
        "exposure": _nearest_parity(told, lists, far) if far else [],
        "hide": _least_told(told, lists),
        "selection": _decisions(told, decided),
    }
    others = [said for goal, answer in answers.items() if goal != suggestion.goal for said in answer]
    best = (
        _best_of_each(told, lists, figure) if suggestion.goal == "gap" else [n for n in lists if n == suggestion.name]
    )
    return (
        *answers[suggestion.goal],
        _suggested(suggestion),
        *(_one(told, name, figure, figure) for name in best),
        *others,
    )


def _suggested(suggestion: Suggestion) -> Phrase:
    """What the rule picked on the validation part, and the rule."""
    facts: dict[str, Fact] = {"goal": goal_title(suggestion.goal), "most": f"{100 * suggestion.most_loss:.12g}"}
    if not suggestion.tuned:
        return phrase("mitigation.summary.untuned")
    if suggestion.name is None:
        return phrase("mitigation.summary.not_suggested", **facts)
    return phrase("mitigation.summary.suggested", name=title_of(suggestion.name), **facts)


def _least_told(told: Told, lists: Sequence[str]) -> list[Phrase]:
    """Before and after of what a probe reads, with the mitigation that leaves least."""
    start = told.by_key.get(f"mitigation.{BEFORE}.{told.attribute}.leak")
    found = [(told.by_key.get(f"mitigation.{name}.{told.attribute}.leak"), name) for name in lists]
    left = [(abs(one.value - 0.5), name, one) for one, name in found if one is not None and one.value is not None]
    if start is None or start.value is None or not left:
        return []
    _, name, least = min(left, key=lambda entry: entry[0])
    facts: dict[str, Fact] = {"attribute": told.attribute, "before": bare(start.value, "auc"), "name": title_of(name)}
    facts |= {"after": bare(least.value or 0.0, "auc"), "n": least.n}
    facts |= {"low": bare(least.low or 0.0, "auc"), "high": bare(least.high or 0.0, "auc")}
    return [phrase("mitigation.summary.least_told", **facts)]


def _decisions(told: Told, decided: Sequence[str]) -> list[Phrase]:
    return [_one(told, _best_of_each(told, decided, "selection")[0], "selection", "accuracy")] if decided else []


def _verdict(told: Told, lists: Sequence[str], figure: str) -> Phrase:
    """Did any narrow the gap by more than chance; of three or more groups, what is known instead."""
    before = told.gap(BEFORE, figure)
    facts = {"attribute": told.attribute, "figure": _label(told, figure), "count": len(lists)}
    if before is None or before.value is None:
        return phrase("mitigation.summary.no_gap", **facts)
    facts["before"] = size(abs(before.value), before.unit)
    if len(before.groups) > 2:
        return phrase("mitigation.summary.many_groups", **facts, groups=len(before.groups))
    narrowed = sum(told.narrowed(name, figure) for name in lists)
    return phrase("mitigation.summary.some" if narrowed else "mitigation.summary.none", **facts, narrowed=narrowed)


def _best_of_each(told: Told, names: Sequence[str], figure: str) -> list[str]:
    """Of each method the strength that left the smallest gap (narrowed by more than chance first); best first."""

    def rank(name: str) -> tuple[bool, float]:
        return (not told.narrowed(name, figure), told.after(name, figure))

    best: dict[str, str] = {}
    for name in sorted(names, key=rank):
        best.setdefault("+".join(part.partition("@")[0] for part in name.split("+")), name)
    return list(best.values())


def _one(told: Told, name: str, figure: str, price: str) -> Phrase:
    """What became of the gap, and the price over all users."""
    cost = moved(told.by_key[f"mitigation.{name}.all.{price}.change"])
    before, after = (told.gap(which, figure) for which in (BEFORE, name))
    facts = {"name": title_of(name), "price": _label(told, price), "cost": cost}
    if before is None or after is None or before.value is None or after.value is None:
        return phrase("mitigation.summary.price", **facts)
    left: Phrase | str = size(abs(after.value), after.unit)
    if before.value * after.value < 0 and bare(after.value, after.unit) != bare(0.0, after.unit):
        left = phrase("mitigation.summary.reversed", amount=left)
    facts |= {"attribute": told.attribute, "figure": _label(told, figure)}
    facts |= {"before": bare(abs(before.value), before.unit), "after": left, "verdict": _word(told, name, figure)}
    return phrase("mitigation.summary.gap", **facts)


def _word(told: Told, name: str, figure: str) -> Phrase:
    change = told.change(name, figure)
    if change is None:
        return phrase("mitigation.verdict.untested")
    if is_certain_gap(change):
        how = {-1: "narrower", 1: "wider", 0: "turned"}[told.resized(name, figure)]
        return phrase(f"mitigation.verdict.{how}")
    if change.verdict is Verdict.GAP:
        return phrase("mitigation.verdict.cannot_tell")
    return phrase(f"mitigation.verdict.{change.verdict.name.lower()}")


def _nearest_parity(told: Told, lists: Sequence[str], far: str) -> list[Phrase]:
    """The mitigation that brought exposure nearest to parity, where one did by more than chance."""
    start = told.by_key[f"mitigation.{BEFORE}.{far}"]
    found = [(told.by_key[f"mitigation.{name}.{far}"].value, name) for name in lists if _moved(told, name, far)]
    nearer = [(value, name) for value, name in found if value is not None]
    if start.value is None or not nearer or min(nearer)[0] >= start.value:
        return []
    value, name = min(nearer)
    figure = told.by_key[f"mitigation.{name}.{far}.change"].label.facts["figure"]
    before, after = (bare(number, start.unit) for number in (start.value, value))
    return [phrase("mitigation.summary.distance", name=title_of(name), figure=figure, before=before, after=after)]


def _moved(told: Told, name: str, far: str) -> bool:
    change = told.by_key.get(f"mitigation.{name}.{far}.change")
    return change is not None and is_certain_gap(change)


def _label(told: Told, figure: str) -> Phrase | str:
    """The figure's name, out of the label of any finding that shows it."""
    for key, finding in told.by_key.items():
        if key.endswith(f".all.{figure}.change"):
            name = finding.label.facts["figure"]
            return name if isinstance(name, Phrase) else str(name)
    return figure
