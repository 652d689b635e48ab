"""Links in the data: what is known beforehand, the search, and its links taken into the graph one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import streamlit as st

from analysis.causal.dag import Edge
from analysis.causal.discovery.accept import Choice, accept, standing
from analysis.causal.discovery.discover import Link
from analysis.causal.discovery.knowledge import knowledge
from analysis.causal.discovery.section import STABLE, arrow
from analysis.causal.discovery.settings import DiscoverySettings
from analysis.causal.graph import Graph
from analysis.document import Section
from pages.parts import drawing, editor, form, further, section
from pages.parts.ground import Ground, ground
from pages.parts.house import section_of
from pages.parts.text import plain, raw, spoken, t, why_not
from pages.parts.view import View
from words import Phrase, Refusal

HOW = ("method", "columns", "level")
MORE = ("significance", "conditioning", "resamples", "rows")
LINKS = "links"
"""The fact that holds what a search found; a section that only says why there was none lacks it."""
SAID = "discovery:said"
WIDTHS = (5, 2, 2, 5)
"""Of the columns of one link: name, share, same direction, how it is added."""
ACROSS = 3


def panel(view: View) -> None:
    """Settings, run, links to take, answer."""
    known = ground(view)
    with form.settings_box(view) as box:
        if box.open:
            view.save(discovery=_settings(view, known))
    further.run(view)
    if view.section is not None and LINKS in view.section.facts:
        _take(view, known)
    section.show(view)


def _found(found: Section) -> list[Link]:
    """The links of a search; none where the data did not allow one."""
    return [Link.model_validate(link) for link in cast(list[Any], found.facts.get(LINKS, []))]


def _settings(view: View, known: Ground) -> DiscoverySettings:
    searchable = {"columns": tuple(name for name in known.columns if name not in ("time", "text"))}
    settings = form.fields(view, view.settings.discovery, HOW, "discovery", searchable)
    if st.toggle(t("form.all"), key=view.key("details")):
        settings = form.fields(view, settings, MORE, "discovery")
    names = settings.columns or known.searched
    tiers = _tiers(view, known, names, settings)
    must, must_not = (_links(view, known, names, kind, getattr(settings, kind)) for kind in ("required", "forbidden"))
    try:
        knowledge(names, must, must_not, _order(known, names) if tiers == "auto" else tiers)
    except Refusal as refusal:
        st.error(why_not(refusal))
    return form.accepted(settings, {"tiers": tiers, "required": must, "forbidden": must_not})


def _order(known: Ground, names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The order in time that the columns' roles suggest."""
    tiers = (tuple(name for name in names if name in tier) for tier in known.order)
    return tuple(tier for tier in tiers if tier)


def _tiers(view: View, known: Ground, names: tuple[str, ...], settings: DiscoverySettings) -> Any:
    """One choice of columns for each place in time; auto while they are as proposed."""
    proposed = _order(known, names)
    placed = proposed if settings.tiers == "auto" else settings.tiers
    st.markdown(f"**{t('discovery.order')}**")
    st.caption(t("discovery.order_hint"))
    columns, chosen = st.columns(ACROSS), []
    for place in range(max(len(proposed), len(placed)) + 1):
        with columns[place % ACROSS]:
            now = [name for name in placed[place] if name in names] if place < len(placed) else []
            tier = form.several(
                t("discovery.place", n=place + 1),
                names,
                now,
                view.key(f"tier:{place}:{'|'.join(names)}"),
                hint="discovery.no_column",
                called=lambda name: known.shown.get(name, name),
            )
            chosen.append(tuple(name for name in names if name in tier))
    tiers = tuple(tier for tier in chosen if tier)
    return "auto" if tiers == proposed else tiers


def _links(view: View, known: Ground, names: tuple[str, ...], kind: str, now: tuple[Edge, ...]) -> tuple[Edge, ...]:
    """Links that must, or must not, be in the result."""
    pairs = [(cause, consequence) for cause in names for consequence in names if cause != consequence]
    chosen = form.several(
        t(f"discovery.{kind}"),
        pairs,
        [edge for edge in now if edge in pairs],
        view.key(f"{kind}:{'|'.join(names)}"),
        hint="discovery.no_link",
        called=lambda edge: " → ".join(known.shown.get(name, name) for name in edge),
    )
    return tuple(edge for edge in pairs if edge in chosen)


def marks(view: View, drawn: Graph) -> dict[Edge, editor.Mark]:
    """Shares on the drawn edges that a search on these data found, and the stable links that the graph lacks."""
    found = section_of(view.folder, "discovery")
    if found is None or view.states["discovery"] != "done":
        return {}
    marked: dict[Edge, editor.Mark] = {}
    for link in (link for link in _found(found) if not link.given):
        ends, there = (link.cause, link.consequence), standing(drawn, link.cause, link.consequence)
        if there in ("same", "turned"):
            marked[ends if there == "same" else ends[::-1]] = editor.Mark("share", f"{link.share:.0%}")
        elif there is None and link.reading == "directed" and link.share >= STABLE:
            marked[ends] = editor.Mark("suggested", f"{link.share:.0%}")
    return marked


def _take(view: View, known: Ground) -> None:
    """The links with how surely each stands, to be ticked and added to the graph."""
    assert view.section is not None
    links = _found(view.section)
    drawn = drawing.now(view, known)
    with st.container(border=True, key=view.key("take:links")):  # look.css: its columns are those of a table
        st.header(t("discovery.take"))
        for colour, said in st.session_state.pop(SAID, ()):
            (st.success if colour == "green" else st.warning)(spoken(said))
        if not links:
            st.markdown(t("discovery.nothing"))
            return
        st.caption(t("discovery.take_hint"))
        for column, name in zip(st.columns(WIDTHS), ("link", "share", "agreeing", "as"), strict=True):
            column.markdown(f"**{t(f'discovery.{name}')}**")
        choices = [_row(view, known, drawn, link) for link in links]
        ready = [choice for choice in choices if choice is not None]
        st.button(
            t("discovery.add", n=len(ready)),
            disabled=not ready,
            key=view.key("add"),
            on_click=_add,
            args=(view, known, drawn, ready),
        )


def _row(view: View, known: Ground, drawn: Graph, link: Link) -> Choice | None:
    """One link: ticked or not, and as what; None where it is not ticked, without a direction, or there already."""
    name, share, agreeing, way = st.columns(WIDTHS, vertical_alignment="center")
    said = link.model_copy(
        update={
            "cause": known.shown.get(link.cause, link.cause),
            "consequence": known.shown.get(link.consequence, link.consequence),
        }
    )
    there = standing(drawn, link.cause, link.consequence)
    for column, figure in ((share, link.share), (agreeing, link.agreeing)):
        column.markdown(t("discovery.given") if link.given else f"{figure:.0%}")
    if there is not None:
        name.markdown(plain(arrow(said)))
        way.markdown(t(f"discovery.there.{there}"))
        return None
    ticked = name.checkbox(plain(arrow(said)), key=view.key(f"take:{link.cause}:{link.consequence}"))
    ways = _ways(said, link)
    options: list[Choice | None] = [None, *ways] if link.reading == "either" else list(ways)
    chosen = way.selectbox(
        t("discovery.as"),
        options,
        format_func=lambda choice: raw("discovery.unsure") if choice is None else ways[choice],
        key=view.key(f"as:{link.cause}:{link.consequence}:{link.reading}"),
        label_visibility="collapsed",
    )
    return chosen if ticked else None


def _ways(said: Link, link: Link) -> Mapping[Choice, str]:
    """How a link can be read, the search's own reading first, each in words."""
    one, other = link.cause, link.consequence
    ways = {
        Choice(one, other): f"{said.cause} → {said.consequence}",
        Choice(other, one): f"{said.consequence} → {said.cause}",
        Choice(one, other, "hidden"): raw("discovery.hidden", one=said.cause, other=said.consequence),
    }
    order = sorted(ways, key=lambda choice: (choice.how == "hidden") != (link.reading == "hidden"))
    return {choice: ways[choice] for choice in order}


def _add(view: View, known: Ground, drawn: Graph, choices: list[Choice]) -> None:
    """Add what is ticked as one step of the graph's history; say what could not be added, and why."""
    done = accept(drawn, choices, known.shown)
    said: list[tuple[str, Phrase]] = [("orange", why) for why in done.refused]
    if done.added:
        drawing.replace(view, done.graph, drawn)
        said.insert(0, ("green", Phrase(key="pages.discovery.added", facts={"n": done.added})))
    st.session_state[SAID] = said
