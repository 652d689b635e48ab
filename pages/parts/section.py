"""A Section on the screen: the answer in sentences, its pictures, the figures with what stands behind each.

What is folded away (tables, the numbers behind a picture, evidence) is drawn when it is opened, so that a page comes
at once however much stands behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import streamlit as st

from analysis.document import Section
from analysis.fairness.itemgroups import grouping_label
from analysis.fairness.partition import EVERYONE, group_label
from analysis.fairness.summary import counted_beside
from analysis.finding import Finding, Verdict, amount, bare, interval, sentence, verdict_word, written
from pages.parts.pictures import draw_charts
from pages.parts.state import state
from pages.parts.tables import Badge, Code, Colour, Shown, draw_table, plain_table, raw_words
from pages.parts.text import raw, spoken, t
from pages.parts.view import View
from words import Phrase, listed, phrase, say

MARKS: dict[Verdict, tuple[Colour, str]] = {
    Verdict.GAP: ("orange", "▲"),
    Verdict.EFFECT: ("blue", "◆"),
    Verdict.EQUIVALENT: ("green", "≈"),
    Verdict.CANNOT_TELL: ("gray", "?"),
    Verdict.MEASURED: ("violet", "•"),
    Verdict.SUPPRESSED: ("gray", "–"),
    Verdict.NOT_COMPUTED: ("yellow", "×"),
}
"""Colour and sign of each verdict; the word always stands beside them."""
SHOWN_FIRST = frozenset({Verdict.GAP, Verdict.EFFECT, Verdict.EQUIVALENT, Verdict.CANNOT_TELL, Verdict.NOT_COMPUTED})
FIGURES_SHOWN = 15
"""Figures listed before all are asked for."""


def show(view: View, answered: bool = False) -> None:
    """The view's section, or nothing where its step has not run; `answered`: the page gives the summary itself."""
    section = view.section
    if section is None:
        return
    if not answered:
        answer(t("section.answer"), section.summary)
    draw_charts(view, section.charts)
    _findings(view, section)
    for table in section.tables:
        with st.expander(spoken(table.title), key=view.choice(f"table:{table.key}"), on_change="rerun") as box:
            if box.open:
                draw_table(table)
    if section.notes:
        with st.expander(t("section.notes")):
            st.markdown("\n".join(f"- {spoken(note)}" for note in section.notes))


def answer(title: str, sentences: Sequence[Phrase]) -> None:
    """What was found in plain sentences, the first of them the answer."""
    st.header(title)
    if sentences:
        with st.container(border=True, key="answer"):
            st.markdown(f"**{spoken(sentences[0])}**")
            if sentences[1:]:
                st.markdown("\n".join(f"- {spoken(further)}" for further in sentences[1:]))


def _findings(view: View, section: Section) -> None:
    """The figures, by what they are about and by verdict; levels are one click away."""
    findings = section.findings
    if not findings:
        return
    st.header(t("section.figures"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        about = _about(view, findings)
        chosen = _verdicts(view, about)
    counted = counted_beside(section) if len(about) == len(findings) else None
    if counted is not None:
        st.caption(t("section.counted", **counted))
    shown = [finding for finding in about if finding.verdict in chosen]
    _finding_table(view, shown)
    _evidence(view, shown)


def _about(view: View, findings: tuple[Finding, ...]) -> list[Finding]:
    """The findings of one attribute (the first part of a key), or all."""
    parts = {finding.key.partition(".")[0]: finding for finding in reversed(findings)}
    if len(parts) < 2:
        return list(findings)
    order = list(dict.fromkeys(finding.key.partition(".")[0] for finding in findings))
    part = st.selectbox(
        t("section.about"),
        ["", *order],
        format_func=lambda name: raw_words(_part(name, parts[name])) if name else raw("section.everything"),
        key=view.choice("about"),
        width=240,
    )
    return [finding for finding in findings if not part or finding.key.partition(".")[0] == part]


def _part(part: str, finding: Finding) -> Phrase | str:
    """What a part of the findings is about: an attribute or several crossed, all users, items or a grouping of them."""
    if finding.settings.get("grouping") == part:
        return grouping_label(part)
    if part in ("log", "items"):
        return phrase(f"pages.section.about_{part}")
    return group_label(part) if part == EVERYONE else part.replace("*", " × ")


def _verdicts(view: View, findings: list[Finding]) -> list[Verdict]:
    by_verdict = {verdict: [one for one in findings if one.verdict is verdict] for verdict in Verdict}
    present = [verdict for verdict, found in by_verdict.items() if found]
    words = {verdict: f"{_words(by_verdict[verdict])} {len(by_verdict[verdict])}" for verdict in present}
    chosen: list[Verdict] = st.pills(
        t("section.show"),
        present,
        selection_mode="multi",
        default=[verdict for verdict in present if verdict in SHOWN_FIRST] or present,
        format_func=words.__getitem__,
        key=view.key("verdicts"),
        wrap=True,
    )
    return chosen


def _finding_table(view: View, findings: list[Finding]) -> None:
    if not findings:
        st.caption(t("section.none_chosen"))
        return
    if len(findings) > FIGURES_SHOWN and not st.toggle(t("section.all", n=len(findings)), key=view.key("all")):
        findings = findings[:FIGURES_SHOWN]
    names = [raw(f"section.{name}") for name in ("what", "verdict", "value", "interval", "n")]
    rows = [(raw_words(one.label), badge(one), value_words(one), interval_words(one), n_words(one)) for one in findings]
    with st.container(key="figures"):
        plain_table(names, rows)


def _evidence(view: View, findings: list[Finding]) -> None:
    """What stands behind one figure: method, settings, n, p, interval; drawn for the one chosen."""
    if not findings:
        return
    with st.expander(t("section.evidence"), key=view.choice("evidence_open"), on_change="rerun") as box:
        if not box.open:
            return
        by_key = {finding.key: finding for finding in findings}
        key = st.selectbox(
            t("section.figure"),
            list(by_key),
            format_func=lambda key: f"{raw_words(by_key[key].label)}  ({key})",
            key=view.choice("evidence"),
        )
        finding = by_key[key]
        st.markdown(spoken(sentence(finding)))
        rows: list[tuple[Shown, Shown]] = [
            (raw(f"section.{name}"), Code(words) if name == "key" else words)
            for name, words in evidence_rows(finding)
            if words
        ]
        plain_table((raw("section.item"), raw("section.content")), rows)


def evidence_rows(finding: Finding) -> list[tuple[str, str]]:
    """Everything that a finding carries, name and words; an empty text where it carries none."""
    p = "" if finding.p_value is None else amount(finding.p_value, "p")
    adjusted = "" if finding.p_adjusted is None else amount(finding.p_adjusted, "p")
    least = finding.smallest_detectable
    return [
        ("key", finding.key),
        ("method", raw_words(finding.method)),
        ("reason", raw_words(finding.reason) if finding.reason else ""),
        ("value", value_words(finding)),
        ("interval", _interval_at(finding)),
        ("n", n_words(finding)),
        ("n_effective", "" if finding.n_effective is None else amount(finding.n_effective, "count")),
        ("groups", raw_words(listed(map(_group_size, finding.groups.items())))),
        ("p", p),
        ("p_adjusted", adjusted),
        ("margin", "" if finding.margin is None else bare(finding.margin, finding.unit)),
        ("smallest", "" if least is None else bare(least, finding.unit)),
        ("settings", ", ".join(f"{name} = {entry}" for name, entry in finding.settings.items())),
        ("seed", "" if finding.seed is None else str(finding.seed)),
    ]


def _interval_at(finding: Finding) -> str:
    limits = interval(finding)
    return "" if limits is None else raw("section.interval_at", limits=limits, level=f"{finding.level:.0%}")


def _group_size(group: tuple[str, int]) -> Phrase:
    return phrase("pages.section.group_size", group=group_label(group[0]), n=f"{group[1]:,}")


def badge(finding: Finding) -> Badge:
    """A verdict as a coloured label that also carries its sign and its word."""
    colour, sign = MARKS[finding.verdict]
    return Badge(colour, sign, say(verdict_word(finding), state().language))


def value_words(finding: Finding) -> str:
    """The value with its unit; an en dash where there is none (its verdict says why)."""
    if finding.value is None:
        return "–"
    unit = phrase(f"units.{finding.unit}")
    return raw_words(phrase("report.value_unit", value=written(finding, finding.value), unit=unit)).strip()


def interval_words(finding: Finding) -> str:
    """The interval's two limits, or nothing."""
    limits = interval(finding)
    return "" if limits is None else raw_words(limits)


def n_words(finding: Finding) -> str:
    """How many people or rows, in words; nothing where that is suppressed."""
    if finding.verdict is Verdict.SUPPRESSED:
        return ""
    return f"{finding.n:,} {say(phrase(f'units.{finding.n_unit}'), state().language)}"


def _words(findings: Iterable[Finding]) -> str:
    """The word of findings of one verdict; both where gaps stand beside changes."""
    words = {word.key: word for word in map(verdict_word, findings)}
    return " / ".join(say(word, state().language) for word in words.values())
