"""Who gets less: every figure by group and intersection, judged and disclosed, as one section."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from analysis.document import Section
from analysis.fairness.attention import attention_mix_measures, equity, expected_exposure_measures
from analysis.fairness.bias import bias_disparity
from analysis.fairness.bygroup import Batch, compress_shared, levels, resample
from analysis.fairness.concentration import concentration
from analysis.fairness.contrasts import Contrast, contrasted
from analysis.fairness.decisions import decision_measures, impact_ratios
from analysis.fairness.differential import epsilons, equalised_odds, spreads
from analysis.fairness.disclose import Cell, build_disclosed, hidden_by_figure
from analysis.fairness.distribution import distribution_contrasts
from analysis.fairness.drawing import disparity_drawn
from analysis.fairness.exposure import attention_measures, exposure_measures, parity
from analysis.fairness.flip import flip_measures
from analysis.fairness.gaps import gaps
from analysis.fairness.infer import InferenceSettings
from analysis.fairness.itemgroups import ITEM, TAIL
from analysis.fairness.judge import Comparison, Measure, judged
from analysis.fairness.mix import calibration_measures, ndkl_measures
from analysis.fairness.partition import EVERYONE, Partition, everyone, partitions
from analysis.fairness.pooling import pooled_findings
from analysis.fairness.providers import provider_levels, provider_ratios
from analysis.fairness.ranking import Decisions, Flip, Ranking
from analysis.fairness.rating import Ratings, rating_measures, unfairness
from analysis.fairness.utility import accuracy_measures
from analysis.finding import Finding, not_computed
from words import Phrase, Refusal, listed, phrase

Tell = Callable[..., None]

UserFigure = Literal[
    "ndcg", "recall", "precision", "hit", "mrr", "map", "length", "popularity", "lift", "longtail", "shown",
    "calibration", "ndkl", "selection", "opportunity", "flip", "aclt", "awrf", "expected", "fpr", "ppv",
    "predicted", "mae", "rmse",
]  # fmt: skip
Figure = Literal[
    UserFigure, "spread", "epsilon", "odds", "rating", "tv", "kl", "bias",
    "rsp", "reo", "merit", "clicks", "equity", "entropy", "providers",
]  # fmt: skip
"""Figures of groups of users alone and crossed, of groups of users against each other, and of groups of items."""
RATED = frozenset({"predicted", "mae", "rmse", "rating"})
"""Figures that need predicted ratings."""
MOST_CELLS = 60
"""An intersection of more groups than this is not shown."""


class DisparitySettings(InferenceSettings):
    """Which groups are compared, in which figures."""

    attributes: tuple[str, ...] = ()
    """Sensitive attributes; none named: all of the data."""
    intersections: bool = True
    """Also compare groups by two attributes at once."""
    figures: tuple[Figure, ...] = (
        "ndcg", "recall", "hit", "length", "popularity", "lift", "longtail", "shown", "selection", "opportunity",
        "flip",
    )  # fmt: skip
    """Figures by group."""
    intersection_figures: tuple[UserFigure, ...] = ("ndcg", "recall", "hit", "length")
    """Figures by intersection."""
    top: int | None = Field(default=None, ge=1, le=100)
    """Judge the first so many places of each list, and no more than the lists have; None: whole lists."""


@dataclass(frozen=True)
class _Inputs:
    ranking: Ranking
    decisions: Decisions | None
    flips: tuple[Flip, ...]
    ratings: Ratings | None
    settings: DisparitySettings
    K: int
    seed: int


def disparity_section(
    ranking: Ranking,
    decisions: Decisions | None,
    flips: Sequence[Flip] | Mapping[str, Flip] | None,
    settings: DisparitySettings,
    k: int,
    seed: int,
    tell: Tell = lambda *news, **figures: None,
    ratings: Ratings | None = None,
) -> Section:
    """All figures of `ranking` (and `decisions`, `flips`, `ratings` where there are any) by group.

    k: disclosure threshold. Headline gaps (attribute x figure) are corrected as one table, signed pairs as another,
    item groups as a third, item groups against what was wanted as a fourth, distances between groups (never below 0)
    as a fifth. Findings, charts, tables and sentences
    come back with small cells already hidden.
    Raises Refusal where a named attribute is not in the data.
    """
    K = ranking.depth(settings.top)
    listed = tuple(flip.top(K) for flip in (flips.values() if isinstance(flips, Mapping) else flips or ()))
    inputs = _Inputs(ranking.top(K), decisions, listed, ratings, settings, K, seed)
    tell(0.05, "fairness.progress.resample")
    batches = _batches(inputs)
    found = levels(batches)
    hidden = hidden_by_figure(found, k)
    tell(0.5, "fairness.progress.compare")
    headlines, pairs = gaps([batch for batch in batches if batch.partition.parts[0]], hidden)
    amplified, wholes, parts = _amplified(inputs, hidden, k)
    tell(0.7, "fairness.progress.between")
    between = _between(inputs, batches, headlines, hidden, k)
    tell(0.85, "fairness.progress.items")
    findings = (
        *found,
        *judged([*headlines, *wholes]),
        *judged([*pairs, *parts]),
        *amplified,
        *between,
        *judged(_item_parity(inputs)),
        *judged(_provider_ratios(inputs, k)),
        *concentration(inputs.ranking, K, settings, seed, settings.figures),
        *_equity(inputs),
        *(
            f
            for name in _provided(inputs.ranking)
            for f in provider_levels(inputs.ranking, K, name, settings.figures, k, seed)
        ),
        *_impact(inputs, hidden),
        *pooled_findings(batches, hidden),
    )
    groups, cut = tuple(batch.partition for batch in batches), ranking.depth_notes(settings.top)
    section = build_disclosed(
        findings, k, lambda shown: disparity_drawn(inputs.ranking, shown, _unique(groups), _notes(inputs, groups, cut))
    )
    tell(1.0, "fairness.progress.done")
    return section


def _between(
    inputs: _Inputs,
    batches: Sequence[Batch],
    headlines: Sequence[Comparison],
    hidden: Mapping[str, Collection[Cell]],
    k: int,
) -> list[Finding]:
    """What is said of groups against each other beside the gaps: ratios, distances, kinds of unfairness."""
    figures, by_key = inputs.settings.figures, {gap.key: gap for gap in headlines}
    compared = [*(epsilons(batches, by_key) if "epsilon" in figures else ())]
    compared += equalised_odds(by_key) if "odds" in figures else []
    found = list(spreads(batches, by_key)) if "spread" in figures else []
    for group in partitions(inputs.ranking.attributes, _attributes(inputs), False, MOST_CELLS):
        for contrast in _contrasts(inputs):
            compared += contrasted(contrast, group, hidden, inputs.settings, k, inputs.seed)
    return [*found, *judged(compared), *_without_ratings(inputs)]


def _amplified(
    inputs: _Inputs, hidden: Mapping[str, Collection[Cell]], k: int
) -> tuple[list[Finding], list[Comparison], list[Comparison]]:
    """Bias disparities: levels, and gaps of two groups and pairs of more, corrected with the others on the board."""
    levels_: list[Finding] = []
    gaps_: list[Comparison] = []
    wanted = _groupings(inputs.ranking) if "bias" in inputs.settings.figures else ()
    for group in partitions(inputs.ranking.attributes, _attributes(inputs), False, MOST_CELLS) if wanted else ():
        for name in wanted:
            found = bias_disparity(inputs.ranking, inputs.K, name, group, hidden, inputs.settings, k, inputs.seed)
            levels_, gaps_ = levels_ + found[0], gaps_ + found[1]
    whole = [gap for gap in gaps_ if gap.key.endswith(".gap")]
    return levels_, whole, [gap for gap in gaps_ if not gap.key.endswith(".gap")]


def _contrasts(inputs: _Inputs) -> list[Contrast]:
    ranking, figures = inputs.ranking, frozenset(inputs.settings.figures)
    groupings = [*_groupings(ranking), ITEM] if figures & {"tv", "kl"} else []
    contrasts = [c for name in groupings for c in distribution_contrasts(ranking, inputs.K, name, figures)]
    if inputs.ratings is not None and "rating" in figures:
        contrasts += unfairness(inputs.ratings, len(ranking.user_ids), len(ranking.item_ids))
    return contrasts


def _without_ratings(inputs: _Inputs) -> list[Finding]:
    """Figures of ratings that were asked for where nothing predicts ratings: why they are missing."""
    if inputs.ratings is not None:
        return []
    reason, method = phrase("figures.reason.no_ratings"), phrase("figures.what.predicted")
    n = len(inputs.ranking.user_ids)
    return [
        not_computed(f"{EVERYONE}.{name}", phrase(f"figures.name.{name}"), "rating", n, reason, method)
        for name in inputs.settings.figures
        if name in RATED
    ]


def _equity(inputs: _Inputs) -> list[Finding]:
    if "equity" not in inputs.settings.figures:
        return []
    return [equity(inputs.ranking, inputs.K, name, inputs.seed) for name in _provided(inputs.ranking)]


def _batches(inputs: _Inputs) -> list[Batch]:
    """Everyone first, then each attribute, then the intersections, each with its own figures resampled."""
    settings = inputs.settings
    measures = _measures(inputs, settings.figures)
    crossed = _measures(inputs, settings.intersection_figures)
    users = len(inputs.ranking.user_ids)
    names = _attributes(inputs)
    groups = [everyone(users), *partitions(inputs.ranking.attributes, names, settings.intersections, MOST_CELLS)]
    shared = compress_shared({m.name: m for m in (*measures, *crossed)}.values(), groups)
    batches: list[Batch] = []
    for group in groups:
        single = group.attribute in (EVERYONE, *names)
        chosen = [m for m in measures if _concerns(m, group)] if single else crossed
        batches += resample(chosen, group, settings, inputs.seed, shared)
    return batches


def _measures(inputs: _Inputs, figures: Collection[Figure]) -> list[Measure]:
    ranking, K = inputs.ranking, inputs.K
    measures = [m for m in accuracy_measures(ranking, K) if m.name.split("@")[0] in figures]
    measures += [m for m in exposure_measures(ranking, K) if m.name in figures]
    if inputs.decisions is not None:
        measures += [m for m in decision_measures(inputs.decisions, len(ranking.user_ids)) if m.name in figures]
    if "shown" in figures:
        measures += [m for grouping in _groupings(ranking) for m in attention_measures(ranking, K, grouping)]
    if "calibration" in figures:
        measures += [m for grouping in _groupings(ranking) for m in calibration_measures(ranking, K, grouping)]
    if "ndkl" in figures:
        measures += [m for grouping in _groupings(ranking) for m in ndkl_measures(ranking, K, grouping)]
    if "awrf" in figures:
        measures += [m for grouping in _groupings(ranking) for m in attention_mix_measures(ranking, K, grouping)]
    if "expected" in figures:
        measures += [m for grouping in _provided(ranking) for m in expected_exposure_measures(ranking, K, grouping)]
    if inputs.ratings is not None:
        measures += [m for m in rating_measures(inputs.ratings, len(ranking.user_ids)) if m.name in figures]
    if "flip" in figures:
        measures += [m for flip in inputs.flips for m in flip_measures(flip, len(ranking.user_ids))]
    return measures


def _concerns(measure: Measure, group: Partition) -> bool:
    """A flip of one attribute is shown by that attribute, and over everyone."""
    return (
        group.attribute == EVERYONE
        or not measure.name.startswith("flip_")
        or measure.name.endswith(f"[{group.attribute}]")
    )


def _attributes(inputs: _Inputs) -> tuple[str, ...]:
    known = [str(name) for name in inputs.ranking.attributes.columns]
    missing = [name for name in inputs.settings.attributes if name not in known]
    if missing:
        raise Refusal("fairness.refusal.attribute", name=missing[0], known=", ".join(known))
    return inputs.settings.attributes or tuple(known)


def _groupings(ranking: Ranking) -> list[str]:
    """Item groupings of two or more values, but `tail`, which has a figure of its own."""
    columns = ranking.item_groups
    return [str(name) for name in columns.columns if name != TAIL and columns[name].nunique() > 1]


def _provided(ranking: Ranking) -> list[str]:
    """Item groupings of two or more values, head and tail among them."""
    groups = ranking.item_groups
    return [str(name) for name in groups.columns if groups[name].nunique() > 1]


def _provider_ratios(inputs: _Inputs, k: int) -> list[Comparison]:
    ranking, settings = inputs.ranking, inputs.settings
    return [
        ratio
        for name in _provided(inputs.ranking)
        for ratio in provider_ratios(ranking, inputs.K, name, settings.figures, settings, k, inputs.seed)
    ]


def _item_parity(inputs: _Inputs) -> list[Comparison]:
    return [
        c
        for name in _provided(inputs.ranking)
        for c in parity(inputs.ranking, inputs.K, name, inputs.settings, inputs.seed)
    ]


def _impact(inputs: _Inputs, hidden: Mapping[str, Collection[Cell]]) -> list[Finding]:
    if inputs.decisions is None or "selection" not in inputs.settings.figures:
        return []
    results: list[Finding] = []
    crossed = inputs.settings.intersections and "selection" in inputs.settings.intersection_figures
    for group in partitions(inputs.ranking.attributes, _attributes(inputs), crossed, MOST_CELLS):
        lost = frozenset(name for attribute, name in hidden.get("selection", ()) if attribute == group.attribute)
        results += impact_ratios(inputs.decisions, group, lost, inputs.settings, inputs.seed)
    return results


def _unique(groups: Sequence[Partition]) -> tuple[Partition, ...]:
    return tuple({group.attribute: group for group in groups}.values())


def _notes(inputs: _Inputs, groups: Sequence[Partition], cut: tuple[Phrase, ...]) -> tuple[Phrase, ...]:
    settings = inputs.settings
    notes = [
        inputs.ranking.protocol,
        *cut,
        phrase("fairness.note.interval", replicates=settings.replicates, level=round(100 * settings.level)),
        phrase("fairness.note.many", margin=settings.margin),
        phrase("fairness.note.tail"),
    ]
    if inputs.decisions is not None and "selection" in settings.figures:
        notes.append(phrase("fairness.note.four_fifths"))
    if settings.intersections:
        names, shown = _attributes(inputs), {group.attribute for group in groups}
        every = [f"{a}*{b}" for i, a in enumerate(names) for b in names[i + 1 :]]
        large = [name for name in every if name not in shown]
        notes += [phrase("fairness.note.large", names=listed(large), cells=MOST_CELLS)] if large else []
    return tuple(notes)
