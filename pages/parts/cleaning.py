"""What is odd about the log, and a cleaning rule to choose beside each finding."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st

from analysis.log import Roles
from analysis.quality import Cleaning, Quality
from audit.intake import Arrival
from pages.parts import form
from pages.parts.state import state
from pages.parts.tables import plain_table
from pages.parts.text import raw, t, why_not
from pages.parts.view import View
from words import Refusal

WITHOUT_FINDING = ("pool_under", "time_from", "time_to", "time_unit")
"""Rules that answer no count of the report."""


def choose(view: View, arrival: Arrival, roles: Roles) -> Cleaning:
    """The quality report, each finding with its rule; the rules as they now stand.

    Where the report is refused, the rules that answer no count are still there: the unit of times may be what it lacks.
    """
    st.header(t("data.quality"))
    rules = view.settings.cleaning
    quality = _quality(arrival, roles, rules)
    if quality is not None:
        rules = _answered(view, quality, rules)
    with st.expander(t("data.more_rules"), expanded=quality is None):
        rules = form.fields(view, rules, WITHOUT_FINDING, "cleaning")
    if quality is not None:
        with st.expander(t("data.columns")):
            _columns(quality)
    return rules


def _answered(view: View, quality: Quality, rules: Cleaning) -> Cleaning:
    """Each finding of the report with the rule that answers it; the rules as they now stand."""
    _counts(quality)
    for finding, rule in _findings(quality):
        words, choice = st.columns([3, 2], vertical_alignment="center")
        words.markdown(finding)
        if rule is not None:
            with choice:
                rules = form.accepted(rules, {rule: form.one(view, rules, rule, "cleaning")})
    return rules


def _quality(arrival: Arrival, roles: Roles, rules: Cleaning) -> Quality | None:
    """The report, made once for these files, columns and unit of times in this session; None where it is refused."""
    key = f"{arrival.tables.digest}\n{roles.model_dump_json()}\n{rules.time_unit}"
    kept = state().quality
    if kept is None or kept[0] != key:
        try:
            kept = (key, arrival.quality(roles, rules.time_unit))
        except Refusal as refusal:
            st.error(why_not(refusal))
            return None
        state().quality = kept
    return kept[1]


def _counts(quality: Quality) -> None:
    names = {"rows": quality.rows, "users": quality.users, "items": quality.items}
    for place, (name, count) in zip(st.columns([1, 1, 1, 2]), names.items(), strict=False):
        place.metric(t(f"data.count_{name}"), f"{count:,}")
    if quality.first and quality.last:
        st.caption(t("data.span", first=quality.first[:16].replace("T", " "), last=quality.last[:16].replace("T", " ")))


def _findings(quality: Quality) -> Iterator[tuple[str, str | None]]:
    """Each count that is not zero, in words, and the rule that answers it; counts without a rule come last."""
    counted = (
        ("duplicates", quality.duplicates, "duplicates"),
        ("repeats", quality.repeats, "repeats"),
        ("missing_outcome", quality.missing_outcome, "missing_outcome"),
        ("outliers", quality.outliers or 0, "outliers"),
        ("thin_users", quality.thin_users, "min_user_rows"),
        ("thin_items", quality.thin_items, "min_item_rows"),
        ("look_alikes", sum(map(len, quality.look_alikes.values())), "merge_look_alikes"),
        ("missing_ids", quality.missing_ids, None),
        ("bad_propensity", quality.bad_propensity, None),
        ("users_without_record", quality.users_without_record or 0, None),
    )
    for name, count, rule in counted:
        if count:
            examples = _look_alikes(quality) if name == "look_alikes" else ""
            yield t(f"quality.{name}", n=f"{count:,}", examples=examples), rule
    if not any(count for _, count, _ in counted):
        yield t("data.quality_none"), None


def _look_alikes(quality: Quality) -> str:
    pairs = [f"“{old}” → “{new}”" for merged in quality.look_alikes.values() for old, new in merged.items()]
    return ", ".join(pairs[:4]) + ("…" if len(pairs) > 4 else "")


def _columns(quality: Quality) -> None:
    names = [raw(f"data.{name}") for name in ("table", "column", "type", "filled", "missing", "distinct")]
    rows = [
        (
            raw(f"data.preview_{column.table}"),
            column.column,
            raw(f"data.type_{column.type}"),
            f"{column.filled:,}",
            f"{column.missing:,}",
            f"{column.distinct:,}",
        )
        for column in quality.columns
    ]
    plain_table(names, rows)
