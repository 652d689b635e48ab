"""How good the lists are: accuracy per user as measures, and the section of the recommender step."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np

from analysis.document import Cell, Chart, Column, Section, Series, Table
from analysis.fairness.bygroup import levels, resample
from analysis.fairness.disclose import build_disclosed
from analysis.fairness.infer import InferenceSettings
from analysis.fairness.judge import Comparison, Measure, judged
from analysis.fairness.paired import changes, judgeable_change
from analysis.fairness.partition import everyone
from analysis.fairness.peruser import accuracy
from analysis.fairness.ranking import TWIN, Ranking, recommender_title
from analysis.finding import JSON, VALUELESS, Finding, Verdict, amount, sentence, verdict_word
from words import Fact, Phrase, listed, phrase

STEP_KEYS = ("epoch", "step", "round")
"""Names under which a training curve says how far it is; the first present is the horizontal axis."""

UNITS = {"ndcg": "ndcg", "recall": "share", "precision": "share", "hit": "share", "mrr": "score", "map": "score"}


def accuracy_measures(ranking: Ranking, K: int) -> list[Measure]:
    """NDCG, recall, precision, hit, MRR and MAP at K as measures: means over the users with held-out relevant items."""
    found = accuracy(ranking, K)
    counted = found.counted.astype(np.float64)
    return [
        Measure(
            name=f"{name}@{K}",
            label=phrase(f"fairness.figure.{name}", K=K),
            unit=unit,
            numerator=getattr(found, name) * counted,
            denominator=counted,
            method=phrase(
                "fairness.method.protocol",
                what=phrase(f"fairness.what.{name}", K=K),
                protocol=ranking.protocol,
            ),
            undefined=phrase("fairness.reason.no_held_out"),
        )
        for name, unit in UNITS.items()
    ]


def recommender_section(
    rankings: Sequence[Ranking],
    curves: Mapping[str, Sequence[Mapping[str, float]]],
    k: int,
    K: int,
    seed: int,
    facts: Mapping[str, JSON] | None = None,
) -> Section:
    """Overall accuracy of each recommender with its interval, the first against each other, and training curves.

    rankings: the recommender under audit first, then baselines (popularity), over the same users and items. curves:
    name -> one record an epoch (its number under one of STEP_KEYS and figures such as loss). k: disclosure
    threshold. K: length of the lists judged. facts: for later steps and programs (hyperparameters, digests).
    """
    settings = InferenceSettings()
    found = [finding for ranking in rankings for finding in _levels(ranking, K, settings, seed)]
    against = [comparison for other in rankings[1:] for comparison in _against(rankings[0], other, K, settings, seed)]
    excluded = int((~accuracy(rankings[0], K).counted).sum())

    def build(findings: tuple[Finding, ...]) -> Section:
        by_key = {finding.key: finding for finding in findings}
        return Section(
            step="recommender",
            summary=_summary(rankings, by_key, K),
            findings=findings,
            charts=tuple(_charts(rankings, by_key, curves, K)),
            tables=(_table(rankings, by_key, K),),
            notes=(
                phrase("fairness.note.ndcg", K=K),
                phrase("fairness.note.excluded", excluded=excluded, users=len(rankings[0].user_ids)),
            ),
            facts=dict(facts or {}),
        )

    return build_disclosed((*found, *judged(against)), k, build)


def _levels(ranking: Ranking, K: int, settings: InferenceSettings, seed: int) -> list[Finding]:
    batches = resample(accuracy_measures(ranking, K), everyone(len(ranking.user_ids)), settings, seed)
    return [
        finding.model_copy(
            update={
                "key": f"recommender.{finding.settings['figure']}.{ranking.name}",
                "label": phrase("fairness.label.of", figure=finding.label, name=ranking.title),
                "groups": {},
                "settings": {"figure": finding.settings["figure"], "recommender": ranking.name, "K": K},
            }
        )
        for finding in levels(batches)
    ]


def _against(chosen: Ranking, other: Ranking, K: int, settings: InferenceSettings, seed: int) -> list[Comparison]:
    """The chosen recommender minus another on the same users, for every accuracy figure."""
    group = everyone(len(chosen.user_ids))
    results = []
    for one, two in zip(accuracy_measures(chosen, K), accuracy_measures(other, K), strict=True):
        rng = np.random.default_rng([seed, zlib.crc32(f"against {other.name} {one.name}".encode())])
        found = changes(two, one, group, settings, rng)
        facts: dict[str, Fact] = {"figure": one.label, "first": chosen.title, "second": other.title}
        blank = Comparison(
            key=f"recommender.{one.name}.gap.{chosen.name}-{other.name}",
            label=phrase("fairness.label.against", **facts),
            unit=one.gap_unit,
            n=int(found.n[0]),
            method=phrase("fairness.method.paired", figure=one.method, replicates=settings.replicates),
            groups={},
            settings={"figure": one.name, "recommenders": [chosen.name, other.name], "K": K},
            seed=seed,
            level=settings.level,
        )
        results.append(judgeable_change(blank, found, 0, settings.margin))
    return results


def _summary(rankings: Sequence[Ranking], by_key: Mapping[str, Finding], K: int) -> tuple[Phrase, ...]:
    """The chosen recommender's hit rate and NDCG in words, how it stands to each baseline, and what was ranked."""
    said: list[Phrase] = []
    name = rankings[0].name
    hit, ndcg = (by_key[f"recommender.{figure}@{K}.{name}"] for figure in ("hit", "ndcg"))
    if hit.value is not None and ndcg.value is not None:
        facts: dict[str, Fact] = {
            "name": rankings[0].title,
            "K": K,
            "hit": amount(hit.value, "share"),
            "ndcg": amount(ndcg.value, "ndcg"),
        }
        said.append(phrase("fairness.summary.accuracy", **facts, n=ndcg.n))
    else:
        said.append(sentence(ndcg))
    for other in (one for one in rankings[1:] if one.name != TWIN):  # of which more is said elsewhere
        gap = by_key[f"recommender.ndcg@{K}.gap.{name}-{other.name}"]
        said.append(_stands(gap, rankings[0].title, other.title, K))
    return (*said, rankings[0].protocol)


def _stands(gap: Finding, name: Fact, other: Fact, K: int) -> Phrase:
    if gap.value is None or gap.low is None or gap.high is None:
        return sentence(gap)
    sign = -1 if gap.verdict is Verdict.GAP and gap.value < 0 else 1
    low, high = (amount(end, gap.unit) for end in sorted((sign * gap.low, sign * gap.high)))
    size = amount(abs(gap.value), gap.unit)
    facts: dict[str, Fact] = {"name": name, "other": other, "K": K, "amount": size, "low": low, "high": high}
    if gap.verdict is Verdict.GAP:
        return phrase("fairness.summary.better" if gap.value > 0 else "fairness.summary.worse", **facts)
    return phrase("fairness.summary.no_better", **facts)


def _charts(
    rankings: Sequence[Ranking],
    by_key: Mapping[str, Finding],
    curves: Mapping[str, Sequence[Mapping[str, float]]],
    K: int,
) -> list[Chart]:
    users = len(rankings[0].user_ids)
    curved = [(recommender_title(name), name, records) for name, records in curves.items() if records]
    return [_accuracy_chart(rankings, by_key, K), *(_curve_chart(*curve, users) for curve in curved)]


def _accuracy_chart(rankings: Sequence[Ranking], by_key: Mapping[str, Finding], K: int) -> Chart:
    series = []
    for ranking in rankings:
        shown = [by_key[f"recommender.{figure}@{K}.{ranking.name}"] for figure in UNITS]
        shown = [finding for finding in shown if finding.verdict not in VALUELESS]
        series.append(
            Series(
                name=ranking.title,
                x=tuple(finding.value for finding in shown),
                y=tuple(phrase(f"fairness.figure.{str(f.settings['figure']).split('@')[0]}", K=K) for f in shown),
                low=tuple(finding.low for finding in shown),
                high=tuple(finding.high for finding in shown),
            )
        )
    return Chart(
        key="recommender.accuracy",
        kind="interval",
        title=phrase("fairness.chart.accuracy", K=K),
        x_title=phrase("fairness.axis.score"),
        y_title=phrase("fairness.axis.figure"),
        n=len(rankings[0].user_ids),
        series=tuple(series),
        alt=phrase("fairness.chart.accuracy_alt", K=K, names=listed([one.title for one in rankings], "semicolon")),
    )


def _curve_chart(name: Fact, key: str, records: Sequence[Mapping[str, float]], users: int) -> Chart:
    clock = next((key for key in STEP_KEYS if key in records[0]), None)
    x: tuple[Cell, ...] = tuple(record[clock] if clock else at + 1 for at, record in enumerate(records))
    figures = {key: phrase(f"fairness.curve.{key}") for key in records[0] if key != clock}
    series = [Series(name=figures[key], x=x, y=tuple(record.get(key) for record in records)) for key in figures]
    drawn = listed(figures.values(), "semicolon")
    return Chart(
        key=f"recommender.curve.{key}",
        kind="line",
        title=phrase("fairness.chart.curve", name=name),
        x_title=phrase("fairness.axis.epoch"),
        y_title=phrase("fairness.axis.curve"),
        n=users,
        series=tuple(series),
        alt=phrase("fairness.chart.curve_alt", name=name, figures=drawn, epochs=len(records)),
    )


def _table(rankings: Sequence[Ranking], by_key: Mapping[str, Finding], K: int) -> Table:
    columns = [
        Column(key="recommender", title=phrase("fairness.column.recommender")),
        Column(key="figure", title=phrase("fairness.column.figure")),
        Column(key="value", title=phrase("fairness.column.value"), unit="score"),
        Column(key="low", title=phrase("fairness.column.low"), unit="score"),
        Column(key="high", title=phrase("fairness.column.high"), unit="score"),
        Column(key="n", title=phrase("fairness.column.n"), unit="count"),
    ]
    rows: list[tuple[Cell, ...]] = []
    for ranking in rankings:
        for figure in UNITS:
            finding = by_key[f"recommender.{figure}@{K}.{ranking.name}"]
            verdict = verdict_word(finding)
            shown = (finding.value, finding.low, finding.high, finding.n)
            cells = shown if finding.value is not None else (verdict, verdict, verdict, verdict)
            rows.append((ranking.title, phrase(f"fairness.figure.{figure}", K=K), *cells))
    return Table(
        key="recommender.accuracy",
        title=phrase("fairness.chart.accuracy", K=K),
        columns=tuple(columns),
        rows=tuple(rows),
    )
