"""What the people step found, in plain sentences, the answer first."""

from __future__ import annotations

from analysis.causal.people.analyse import People
from analysis.causal.people.groups import Gains
from analysis.causal.people.rule import Leaf, Question
from analysis.causal.people.voice import Voice
from analysis.fairness.partition import group_label
from analysis.finding import Finding, Verdict, amount, bare
from analysis.log import UNKNOWN
from words import Fact, Phrase, listed, phrase

OPEN = frozenset({Verdict.CANNOT_TELL, Verdict.EQUIVALENT})


def summary(p: People, voice: Voice, found: tuple[Finding, ...]) -> tuple[Phrase, ...]:
    """Who gains, whether they can be told in advance, the rule, and whether it treats groups differently."""
    known = {one.key.removeprefix(f"{voice.base}."): one for one in found}
    groups = [said for part in p.groups for said in _groups(part, voice, known)]
    return (*_headline(p, voice, known), *groups, *_ranking(p, voice, known), *_rule(p, voice, known))


def notes(p: People, voice: Voice) -> tuple[Phrase, ...]:
    """Methods, limits, what was drawn, left out or clipped."""
    scores = "people.note_scores" if voice.question.adjustment else "people.note_scores_random"
    said = [phrase(scores, names=voice.question.names, **voice.facts())]
    if p.design.terms:
        names = dict.fromkeys(voice.question.said(term.name) for term in p.design.terms)
        said.append(phrase("people.note_covariates", names=listed(names)))
    if p.study.dropped:
        said.append(phrase("effects.note_dropped", rows=f"{p.study.dropped:,}"))
    if p.overlap.clipped > 0:
        said.append(phrase("people.note_clipped", share=amount(p.overlap.clipped, "share")))
    if p.targeting.qini is not None:
        said.append(phrase("people.note_ranking"))
    if not p.rule.rule.same_for_all:
        worth = "people.note_rule" if voice.settings.get("worth") is not None else "people.note_rule_average"
        said.append(phrase(worth, worth=voice.signed(p.rule.worth), unit=phrase(f"units.{voice.unit}")))
        said.append(phrase("people.note_agree", share=amount(p.rule.agree, "share")))
        said.append(phrase("people.note_share"))
    if p.peers is not None:
        rows, of = int(p.peers.sample.sum()), len(p.peers.sample)
        key = "people.note_peers" if rows == of else "people.note_peers_sample"
        said.append(phrase(key, rows=f"{rows:,}", of=f"{of:,}"))
    return tuple(said)


def leaf_words(p: People, leaf: Leaf, voice: Voice) -> Phrase:
    """The way to a leaf: `gender is women and age is at most 30`; of a category, the values that remain."""
    parts = [
        _level(p, name, leaf, voice)
        for name in dict.fromkeys(question.name for question, _ in leaf.path if question.relation == "is")
    ]
    parts += [_limit(p, leaf, question, answer, voice) for question, answer in leaf.path if question.relation == "most"]
    return _joined(parts, "and") if parts else phrase("people.everybody")


def rule_words(p: People, voice: Voice) -> Phrase:
    """Where the rule treats."""
    return _joined([leaf_words(p, leaf, voice) for leaf in p.rule.rule.leaves if leaf.treat], "or")


def _joined(parts: list[Phrase], word: str) -> Phrase:
    whole = parts[0]
    for part in parts[1:]:
        whole = phrase(f"people.{word}", first=whole, second=part)
    return whole


def _level(p: People, name: str, leaf: Leaf, voice: Voice) -> Phrase:
    """Which values of a column a leaf holds, told by those that it has or those that it has not, the fewer."""
    asked = [(question.value, answer) for question, answer in leaf.path if question.name == name]
    labels = {one.name: one for one in p.study.confounders}[name].labels
    only = [value for value, answer in asked if answer]
    out = [value for value, answer in asked if not answer]
    held = only or [label for label in labels if label not in out]
    inside = len(held) <= max(len(out), 1)
    said: Phrase | str = group_label(held[0] if inside else out[0])
    for value in (held if inside else out)[1:]:
        said = phrase("people.either", first=said, second=group_label(value))
    return phrase("people.is" if inside else "people.is_not", name=voice.question.said(name), value=said)


def _limit(p: People, leaf: Leaf, question: Question, answer: bool, voice: Voice) -> Phrase:
    """Who is not known to be at most a value goes with those above it, unless the way to the leaf left them out."""
    key = "most" if answer else "most_not"
    own = [(one, said) for one, said in leaf.path if one.name == question.name]
    left_out = any(said if one.relation == "most" else (one.value == UNKNOWN and not said) for one, said in own)
    if not answer and not left_out and p.study.table[question.name].isna().any():
        key = "most_not_known"
    return phrase(f"people.{key}", name=voice.question.said(question.name), value=question.value)


def _headline(p: People, voice: Voice, known: dict[str, Finding]) -> tuple[Phrase, ...]:
    """The average effect, and whether it is alike for all the groups asked about."""
    if p.average is None:
        return ()
    gaps = [one for key, one in known.items() if key.startswith("cate.") and one.verdict is Verdict.GAP]
    pairs = [one for one in gaps if one.low is not None]
    names = listed(part.attribute for part in p.groups)
    rest = phrase("people.rest_alike", names=names) if names else phrase("people.rest_none")
    if pairs:
        largest = max(pairs, key=lambda one: abs(one.value or 0.0))
        part = next(part for part in p.groups if largest.key.startswith(f"{voice.base}.cate.{part.attribute}.gap"))
        a, b = list(largest.groups) if (largest.value or 0.0) > 0 else reversed(list(largest.groups))
        rest = phrase("people.rest_differs", attribute=part.attribute, a=group_label(a), b=group_label(b))
    key = "headline_open" if p.average.low <= 0 <= p.average.high else "headline"
    return (phrase(f"people.{key}", **voice.facts(), **voice.limits(p.average), rest=rest),)


def _groups(part: Gains, voice: Voice, known: dict[str, Finding]) -> list[Phrase]:
    prefix = f"cate.{part.attribute}.gap"
    gaps = [one for key, one in known.items() if key == prefix or key.startswith(f"{prefix}.")]
    pairs = [one for one in gaps if one.verdict is Verdict.GAP and one.low is not None]
    said = []
    for one in pairs:
        a, b = list(one.groups)
        first, second = (known.get(f"cate.{part.attribute}.{name}") for name in (a, b))
        if first is None or second is None or first.value is None or second.value is None:
            continue
        more, less = ((a, first), (b, second)) if first.value >= second.value else ((b, second), (a, first))
        facts: dict[str, Fact] = {
            "attribute": part.attribute,
            "a": group_label(more[0]),
            "b": group_label(less[0]),
            "va": _number(more[1], voice),
            "vb": _number(less[1], voice),
        }
        said.append(phrase("people.differs", **voice.facts(), **facts, **_more(one, voice)))
    whole = known.get(prefix)
    if not said and whole is not None and whole.verdict is Verdict.GAP:
        said.append(phrase("people.differs_somewhere", attribute=part.attribute, **voice.facts()))
    if not said and any(one.verdict in OPEN for one in gaps):
        said.append(_same(part, voice, known, gaps))
    return said


def _same(part: Gains, voice: Voice, known: dict[str, Finding], gaps: list[Finding]) -> Phrase:
    values = _values(f"cate.{part.attribute}", part, known)
    least = max((one.smallest_detectable for one in gaps if one.smallest_detectable is not None), default=0.0)
    return phrase(
        "people.same_known" if UNKNOWN in part.labels else "people.same",
        **voice.facts(),
        attribute=part.attribute,
        low=voice.signed(min(values)),
        high=voice.signed(max(values)),
        unit=phrase(f"units.{voice.unit}"),
        smallest=bare(least, voice.unit),
    )


def _ranking(p: People, voice: Voice, known: dict[str, Finding]) -> tuple[Phrase, ...]:
    qini = known["qini"]
    if qini.value is None:
        return (phrase("people.cannot_rank"),)
    top, bottom = known.get("fifth.5"), known.get("fifth.1")
    if qini.verdict is not Verdict.EFFECT or top is None or bottom is None or top.value is None or bottom.value is None:
        return (phrase("people.not_found", **voice.facts(), **_size(qini, voice)),)
    if qini.value < 0:
        return (phrase("people.worse", **_size(qini, voice)),)
    return (phrase("people.found", **voice.facts(), **_two("top", top, "bottom", bottom, voice)),)


def _rule(p: People, voice: Voice, known: dict[str, Finding]) -> tuple[Phrase, ...]:
    lift, treated, left = (known.get(f"rule.{name}") for name in ("lift", "treated", "left"))
    if "rule" in known:
        return (phrase("people.no_rule", reason=known["rule"].reason),)
    where = phrase("people.rule", where=rule_words(p, voice), share=amount(p.rule.share, "share"), **voice.facts())
    said = [where]
    if lift is not None and lift.verdict is Verdict.EFFECT and (lift.value or 0) > 0 and treated and left:
        key = "rule_helps" if (treated.low or 0) > 0 else "rule_parts"
        said.append(phrase(f"people.{key}", **_two("treated", treated, "left", left, voice)))
    elif lift is not None and lift.value is not None:
        said.append(phrase("people.rule_unproven", **_size(lift, voice)))
    net = known.get("rule.net")
    if net is not None and net.value is not None:
        said.append(phrase("people.rule_net", **_size(net, voice)))
    return (*said, *(one for part in p.groups for one in _disparity(part, voice, known)))


def _disparity(part: Gains, voice: Voice, known: dict[str, Finding]) -> list[Phrase]:
    prefix = f"rule.share.{part.attribute}"
    gaps = [one for key, one in known.items() if key.startswith(f"{prefix}.gap") and one.value is not None]
    real = [one for one in gaps if one.verdict is Verdict.GAP]
    if not real:
        ordered = [amount(share, "share") for share in sorted(_values(prefix, part, known))]
        if not gaps or not ordered:
            return []
        return [phrase("people.rule_even", attribute=part.attribute, low=ordered[0], high=ordered[-1])]
    blind = bool(voice.settings.get("blind"))
    said = []
    for one in sorted(real, key=lambda gap: -abs(gap.value or 0.0))[:2]:
        a, b = list(one.groups)
        shares = [known[f"{prefix}.{name}"].value or 0.0 for name in (a, b)]
        facts: dict[str, Fact] = {
            "attribute": part.attribute,
            "a": group_label(a),
            "b": group_label(b),
            "share_a": amount(shares[0], "share"),
            "share_b": amount(shares[1], "share"),
            "value": amount(one.value or 0.0, "points"),
            "low": amount(one.low or 0.0, "points"),
            "high": amount(one.high or 0.0, "points"),
        }
        said.append(phrase("people.rule_gap_blind" if blind else "people.rule_gap", **facts))
    return said


def _values(prefix: str, part: Gains, known: dict[str, Finding]) -> list[float]:
    """Figures of the known groups that are shown."""
    found = [known.get(f"{prefix}.{label}") for label in part.labels if label != UNKNOWN]
    return [one.value for one in found if one is not None and one.value is not None]


def _number(one: Finding, voice: Voice) -> str:
    return voice.signed(one.value or 0.0)


def _more(one: Finding, voice: Voice) -> dict[str, Fact]:
    """`_size` of a difference, told as how much more the larger one is."""
    low, high = one.low or 0.0, one.high or 0.0
    ends = (low, high) if (one.value or 0.0) >= 0 else (-high, -low)
    written = {"value": abs(one.value or 0.0), "low": ends[0], "high": ends[1]}
    plain: dict[str, Fact] = {name: voice.signed(number).removeprefix("+") for name, number in written.items()}
    return {**plain, "unit": phrase(f"units.{one.unit}")}


def _two(first: str, one: Finding, second: str, other: Finding, voice: Voice) -> dict[str, Fact]:
    """`_size` of two findings, their facts named apart; one unit."""
    sizes = {first: _size(one, voice), second: _size(other, voice)}
    named = {f"{name}_{fact}": words for name, size in sizes.items() for fact, words in size.items() if fact != "unit"}
    return {**named, "unit": sizes[first]["unit"]}


def _size(one: Finding, voice: Voice) -> dict[str, Fact]:
    """value, low and high of a finding, signed, with their unit."""
    written = {name: voice.signed(getattr(one, name), one.unit) for name in ("value", "low", "high")}
    return {**written, "unit": phrase(f"units.{one.unit}")}
