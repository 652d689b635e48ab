"""The discovery step's section: the links, how surely each stands, and what the search assumed."""

from __future__ import annotations

from analysis.causal.discovery.columns import Columns, columns_of
from analysis.causal.discovery.discover import Discovery, Link, Tell, discover
from analysis.causal.discovery.knowledge import Knowledge, of_settings
from analysis.causal.discovery.search import SCORED_ROWS
from analysis.causal.discovery.settings import DiscoverySettings
from analysis.causal.spoken import spoken
from analysis.document import Chart, Column, Section, Series, Table
from analysis.finding import Finding, Verdict, amount
from analysis.log import Dataset
from words import Fact, Phrase, listed, phrase

STABLE = 0.8
"""Links standing in at least this share of resamples are named in the summary."""
SHAKY = 0.5
"""Links under this share of resamples are named as shaky."""
MAX_SAID = 6


def discovery_section(dataset: Dataset, settings: DiscoverySettings, seed: int, tell: Tell) -> Section:
    """Links between the chosen columns with the share of resamples of users in which each stands.

    Nothing enters the graph by itself: the Graph page adds links one by one (`accept`). Every share rests on all users,
    so there is nothing to suppress. Raises Refusal for columns, constraints and methods that do not go together.
    """
    columns = columns_of(dataset, settings, seed)
    known = of_settings(dataset, columns.names, settings)
    found = discover(columns, known, settings, seed, tell)
    words = spoken(dataset)
    said = tuple(_spoken(link, words) for link in found.links)
    return Section(
        step="discovery",
        summary=_summary(said, columns, settings),
        findings=tuple(_finding(link, columns, settings, found.resamples, seed) for link in said if not link.given),
        charts=(_chart(said, columns),) if said else (),
        tables=(_table(said), _order(known, columns, words)),
        notes=_notes(found, columns, settings, words),
        facts={
            "links": [link.model_dump(mode="json") for link in found.links],
            "columns": list(columns.names),
            "method": settings.method,
            "resamples": found.resamples,
            "rows": columns.rows,
            "users": columns.users,
            "dataset": dataset.digest,
        },
    )


def arrow(link: Link) -> str:
    """The link as drawn: a → b, a →? b (or a hidden cause), a — b (either way), a ↔ b (a hidden cause)."""
    sign = {"directed": "→", "possibly": "→?", "either": "—", "hidden": "↔"}[link.reading]
    return f"{link.cause} {sign} {link.consequence}"


def _spoken(link: Link, words: dict[str, str]) -> Link:
    ends = {"cause": words.get(link.cause, link.cause), "consequence": words.get(link.consequence, link.consequence)}
    return link.model_copy(update=ends)


def _summary(links: tuple[Link, ...], columns: Columns, settings: DiscoverySettings) -> tuple[Phrase, ...]:
    standing = [link for link in links if link.found]
    facts: dict[str, Fact] = {"columns": len(columns.names), "method": phrase(f"discover.method.{settings.method}")}
    if not standing:
        return (phrase("discover.none", **facts), phrase("discover.not_proof"))
    directed = sum(link.reading == "directed" for link in standing)
    said = [phrase("discover.found", **facts, links=len(standing), directed=directed)]
    stable = [link for link in standing if link.share >= STABLE and not link.given]
    if stable:
        names = listed(arrow(link) for link in stable[:MAX_SAID])
        key = "discover.stable" if len(stable) <= MAX_SAID else "discover.stable_more"
        said.append(phrase(key, n=len(stable), names=names, share=f"{STABLE:.0%}"))
    shaky = [link for link in standing if link.share < SHAKY and not link.given]
    if shaky:
        said.append(phrase("discover.shaky", n=len(shaky), names=listed(map(arrow, shaky[:MAX_SAID]))))
    return (*said, phrase("discover.not_proof"))


def _finding(link: Link, columns: Columns, settings: DiscoverySettings, resamples: int, seed: int) -> Finding:
    return Finding(
        key=f"discovery.share[{link.cause}~{link.consequence}]",
        label=phrase("discover.share_of", link=arrow(link)),
        unit="share",
        verdict=Verdict.MEASURED,
        value=link.share,
        n=columns.users,
        method=phrase(
            "discover.share_method", resamples=resamples, method=phrase(f"discover.method.{settings.method}")
        ),
        settings={
            "significance": settings.significance,
            "conditioning": settings.conditioning,
            "level": settings.level,
        },
        seed=seed,
    )


def _chart(links: tuple[Link, ...], columns: Columns) -> Chart:
    shown = [link for link in links if not link.given] or list(links)
    return Chart(
        key="discovery.shares",
        kind="bars",
        title=phrase("discover.chart"),
        x_title=phrase("discover.link"),
        y_title=phrase("discover.share"),
        n=columns.users,
        series=(
            Series(
                name=phrase("discover.share"),
                x=tuple(arrow(link) for link in shown),
                y=tuple(link.share for link in shown),
                text=tuple(amount(link.share, "share") for link in shown),
            ),
        ),
        alt=phrase("discover.chart_alt", links=len(shown)),
    )


def _table(links: tuple[Link, ...]) -> Table:
    rows = tuple(
        (
            link.cause,
            phrase(f"discover.reading.{link.reading}"),
            link.consequence,
            phrase("discover.by_decree") if link.given else amount(link.share, "share"),
            phrase("discover.by_decree") if link.given else amount(link.agreeing, "share"),
            phrase("discover.yes" if link.found else "discover.only_resampled"),
        )
        for link in links
    )
    names = ("first", "reading", "second", "share", "agreeing", "found")
    titles = tuple(Column(key=name, title=phrase(f"discover.column.{name}")) for name in names)
    return Table(key="discovery.links", title=phrase("discover.table"), columns=titles, rows=rows)


def _order(known: Knowledge, columns: Columns, words: dict[str, str]) -> Table:
    """What was held to: the time order, required and forbidden edges."""
    time = dict(known.tier)
    rows = [
        (
            phrase("discover.tier", n=place + 1),
            listed(words.get(name, name) for name in columns.names if time.get(name) == there),
        )
        for place, there in enumerate(sorted(set(time.values())))
    ]
    for key, edges in (("required", known.required), ("forbidden", tuple(sorted(known.forbidden)))):
        rows += [(phrase(f"discover.{key}"), " → ".join(words.get(name, name) for name in edge)) for edge in edges]
    titles = tuple(Column(key=name, title=phrase(f"discover.column.{name}")) for name in ("rule", "what"))
    return Table(key="discovery.knowledge", title=phrase("discover.knowledge"), columns=titles, rows=tuple(rows))


def _notes(
    found: Discovery, columns: Columns, settings: DiscoverySettings, words: dict[str, str]
) -> tuple[Phrase, ...]:
    notes = [phrase(f"discover.assumes.{settings.method}"), phrase("discover.held")]
    sampled = "sampled" if columns.rows < columns.of_rows else "all_rows"
    level = phrase(f"discover.level.{settings.level}")
    notes.append(phrase(f"discover.{sampled}", rows=columns.rows, of=columns.of_rows, users=columns.users, level=level))
    if settings.method in ("pc", "fci"):
        notes += [phrase("discover.test", significance=settings.significance), phrase("discover.missing_by_test")]
    else:
        notes.append(phrase("discover.one_row_a_user", most=SCORED_ROWS))
    if found.left_out:
        notes.append(phrase("discover.left_out", names=listed(words.get(name, name) for name in found.left_out)))
    notes += [phrase("discover.resampled", resamples=found.resamples), phrase("discover.agreeing_means")]
    if settings.level == "events" and settings.method in ("pc", "fci"):
        notes.append(phrase("discover.catalogue"))
    return tuple(notes)
