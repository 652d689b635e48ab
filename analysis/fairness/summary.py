"""What the disparity step found, in a few plain sentences: who gets less, of what, how much less, how sure."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.document import Section
from analysis.fairness.partition import group_label
from analysis.finding import VALUELESS, Finding, Verdict, amount, bare, is_sure, p_said, sentence
from words import Phrase, listed, phrase

FAMILIES = (
    ("ndcg", "recall", "hit", "precision", "mrr", "map"),
    ("opportunity", "selection"),
    ("popularity", "lift", "longtail"),
    ("length",),
    ("calibration", "ndkl"),
)
"""Figures that tell one story (how good lists are, who is picked, what is shown); of each the first found speaks."""
TOLD = frozenset({Verdict.GAP, Verdict.EFFECT, Verdict.EQUIVALENT, Verdict.CANNOT_TELL})
"""Verdicts that an answer counts."""
MOST_GAPS = 3
"""Gaps named in the summary; the others are counted and stand in the table."""
MOST_SENTENCES = 6
SPOKEN_UNITS = frozenset({"points", "interactions", "items", "ranks"})
"""Units that a sentence must name, because the figure's name does not."""


def disparity_summary(findings: Sequence[Finding]) -> tuple[Phrase, ...]:
    """The verdict over all headline gaps, then the weightiest in words, by what nobody was compared, what a flip
    changes, what cannot be told.

    Only gaps that stand after the correction for many looks are called more than chance.
    """
    gaps = [finding for finding in findings if finding.key.endswith(".gap") and "figure" in finding.settings]
    real = [finding for finding in gaps if finding.verdict is Verdict.GAP]
    same = [finding for finding in gaps if finding.verdict is Verdict.EQUIVALENT]
    open_ = [finding for finding in gaps if finding.verdict is Verdict.CANNOT_TELL]
    judged = len(real) + len(same) + len(open_)
    if not judged:
        return (phrase("fairness.summary.none" if gaps else "fairness.summary.no_attribute"),)
    sure = [finding for finding in real if is_sure(finding)]
    alone = len(real) - len(sure)
    counts = {"real": len(sure), "alone": alone, "same": len(same), "open": len(open_), "judged": judged}
    key = "counts" if sure and not alone else "counts_and_alone" if sure else "alone" if alone else "no_gap"
    said = [phrase(f"fairness.summary.{key}", **counts)]
    said += [_gap_sentence(finding) for finding in _weightiest(sure or real)[:MOST_GAPS]]
    said += _not_compared(gaps)
    said += [_flip_sentence(finding) for finding in findings if finding.key.startswith("all.flip_jaccard[")][:1]
    said += [_open_sentence(finding) for finding in open_ if _rank(finding) == (0, 0, 0)]
    return tuple(said[:MOST_SENTENCES])


def counted_beside(section: Section) -> dict[str, int] | None:
    """What a list of the section's findings counts: the gaps that its answer speaks of (`judged`), gaps between two of
    several groups (`pairs`), and the rest that has a verdict. None where the answer counts no gaps."""
    judged = section.summary[0].facts.get("judged") if section.summary else None
    if not isinstance(judged, int):
        return None
    told = [finding for finding in section.findings if finding.verdict in TOLD]
    pairs = sum(".gap." in finding.key for finding in told)
    return {"judged": judged, "pairs": pairs, "rest": len(told) - judged - pairs}


def figure_of(finding: Finding) -> Phrase | str:
    """The figure's name, out of the finding's label."""
    name = finding.label.facts.get("figure")
    return name if isinstance(name, Phrase) else str(finding.settings["figure"])


def size(number: float, unit: str) -> Phrase | str:
    """An amount without sign, with its unit where the figure's name does not say it."""
    text = bare(number, unit)
    return phrase(f"fairness.size.{unit}", amount=text) if unit in SPOKEN_UNITS else text


def attribute_of(finding: Finding) -> str:
    """The attribute, or those of an intersection."""
    return str(finding.settings["attribute"]).replace("*", " \u00d7 ")


def _weightiest(gaps: Sequence[Finding]) -> list[Finding]:
    """Of each attribute and family of figures the first, attributes before intersections."""
    best: dict[tuple[str, int], Finding] = {}
    for finding in sorted(gaps, key=_rank):
        best.setdefault((str(finding.settings["attribute"]), _rank(finding)[1]), finding)
    return list(best.values())


def _not_compared(gaps: Sequence[Finding]) -> list[Phrase]:
    """By which attributes the figure that would speak first has no gap, and why: else the answer is silent on them."""
    first: dict[str, Finding] = {}
    for gap in sorted(gaps, key=_rank):
        if not _rank(gap)[0]:
            first.setdefault(attribute_of(gap), gap)
    silent: dict[Phrase | None, list[Finding]] = {}
    for gap in first.values():
        if gap.verdict in VALUELESS:
            silent.setdefault(gap.reason, []).append(gap)
    return [
        phrase(
            "fairness.summary.not_compared",
            attribute=listed(map(attribute_of, alike)),
            figure=figure_of(alike[0]),
            reason=reason,
        )
        for reason, alike in silent.items()
    ]


def _rank(finding: Finding) -> tuple[int, int, int]:
    """Attributes before intersections, then the place of the figure's family, then of the figure in it."""
    figure = str(finding.settings["figure"]).split("@")[0].split("[")[0]
    crossed = int("*" in str(finding.settings["attribute"]))
    for at, family in enumerate(FAMILIES):
        if figure in family:
            return (crossed, at, family.index(figure))
    return (crossed, len(FAMILIES), 0)


def _gap_sentence(gap: Finding) -> Phrase:
    assert gap.value is not None
    facts = {"attribute": attribute_of(gap), "figure": figure_of(gap), "amount": size(abs(gap.value), gap.unit)}
    signed = gap.label.key == "fairness.label.gap"
    if "lowest" not in gap.settings and gap.low is None and not signed:
        return phrase("figures.summary.unlike", **facts, p=p_said(gap.p_adjusted))
    if "lowest" in gap.settings:
        lowest, highest = (group_label(str(gap.settings[end])) for end in ("lowest", "highest"))
        return phrase("fairness.summary.widest", **facts, lower=lowest, higher=highest, p=p_said(gap.p_adjusted))
    assert gap.sides is not None
    first, second = gap.sides
    lower, higher, sign = (second, first, 1) if gap.value > 0 else (first, second, -1)
    if gap.low is None or gap.high is None:
        p = p_said(gap.p_adjusted)
        return phrase("fairness.summary.without_spread", **facts, lower=lower, higher=higher, p=p)
    low, high = (bare(end, gap.unit) for end in sorted((sign * gap.low, sign * gap.high)))
    return phrase("fairness.summary.gap", **facts, lower=lower, higher=higher, low=low, high=high)


def _flip_sentence(kept: Finding) -> Phrase:
    """How much of a list hangs on the attribute alone; the finding's own reason where it has no value."""
    attribute = str(kept.settings["figure"]).split("[")[1].rstrip("]")
    if kept.value is None or kept.low is None or kept.high is None:
        return sentence(kept)
    shares = {
        name: amount(end, "share") for name, end in (("value", kept.value), ("low", kept.low), ("high", kept.high))
    }
    return phrase("fairness.summary.flip", attribute=attribute, **shares)


def _open_sentence(gap: Finding) -> Phrase:
    assert gap.value is not None
    if gap.smallest_detectable is None:
        return sentence(gap)
    value, smallest = (size(number, gap.unit) for number in (abs(gap.value), gap.smallest_detectable))
    facts = {"attribute": attribute_of(gap), "figure": figure_of(gap)}
    return phrase("fairness.summary.open", **facts, value=value, smallest=smallest)
