"""The same question asked as different people: do a language model's lists depend on who asks (FaiRLLM 2023)?"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from analysis.document import Section
from analysis.fairness.infer import InferenceSettings, limits, smallest_detectable, welch_p
from analysis.fairness.judge import Comparison, judged, measured
from analysis.fairness.likeness import FEWEST_PLACES, SIMILARITIES, paper_factor
from analysis.fairness.prompted_drawn import drawn
from analysis.fairness.ranking import Lists
from analysis.fairness.sensitivity import Resampled, excess_limits, permuted_p, resampled, snsr, snsv
from analysis.finding import JSON, Finding, not_computed
from words import Fact, Phrase, Refusal, phrase

Array = npt.NDArray[np.float64]
Tell = Callable[..., None]
Similarity = Literal["jaccard", "serp", "prag"]

FEWEST = 10
"""Prompts under which nothing is computed; the disclosure threshold where that is higher."""
INNER_LEVEL = 0.90


class PromptedSettings(InferenceSettings):
    """How replies are compared, and what counts as next to nothing."""

    top: int = Field(10, ge=FEWEST_PLACES, le=100)
    """Items that a reply must name (the K of the figures)."""
    similarities: tuple[Similarity, ...] = ("jaccard", "serp", "prag")
    """jaccard: the same items; serp: weighed by their place; prag: the same order."""
    margin: float = Field(default=0.05, gt=0.0, lt=1.0)
    """Differences of similarity inside +- this are of no practical weight."""


@dataclass(frozen=True)
class Replies:
    """Lists of K items by prompt, int32 [prompts, K] each, -1 where a reply has ended.

    neutral: nobody in particular asks. attributes: attribute -> value -> lists. meaningless: the attribute among them
    that cannot matter, or None.
    """

    neutral: Lists
    attributes: Mapping[str, Mapping[str, Lists]]
    meaningless: str | None

    @property
    def sensitive(self) -> list[str]:
        """The attributes that are audited."""
        return [name for name in self.attributes if name != self.meaningless]

    def floor(self, values: int) -> dict[str, Lists]:
        """Lists of the first so many values of the meaningless attribute; empty where it has fewer."""
        known = dict(self.attributes.get(self.meaningless or "", {}))
        return dict(list(known.items())[:values]) if len(known) >= values else {}


@dataclass(frozen=True)
class _Compared:
    """One attribute's similarities on the prompts that were answered in full: [M, A] and the floor's [M, A]."""

    attribute: str
    values: tuple[str, ...]
    similarity: dict[str, Array]
    floor: dict[str, Array]
    prompts: int


def prompted_section(
    replies: Replies,
    settings: PromptedSettings,
    k: int,
    seed: int,
    notes: tuple[Phrase, ...] = (),
    facts: Mapping[str, JSON] | None = None,
    tell: Tell = lambda *news, **figures: None,
) -> Section:
    """Section `prompted`: for each attribute how alike its values' lists are to the neutral one, and how unevenly.

    notes, facts: where the replies came from. k: the audit's disclosure threshold, the fewest prompts (each may stand
    for a user). Raises Refusal where there is nothing to compare.
    """
    names = replies.sensitive
    if not names or all(len(replies.attributes[name]) < 2 for name in names):
        raise Refusal("prompted.nothing")
    found: list[Finding] = []
    tested: list[Comparison] = []
    for at, name in enumerate(names):
        tell(at / len(names), "prompted.comparing", attribute=name)
        found += _answered(replies, name, settings.level, seed)
        compared = _compare(replies, name, settings)
        if len(compared.values) < 2 or compared.prompts < max(k, FEWEST):
            found.append(_too_few(compared, len(replies.neutral), max(k, FEWEST), seed))
            continue
        tested += _parsed_gap(replies, name, settings, seed)
        for similarity in settings.similarities:
            levels, uneven = _uneven(compared, similarity, settings, seed)
            found += levels
            tested += uneven
    findings = tuple(_of_prompts(finding) for finding in (*found, *judged(tested)))
    return drawn(findings, settings.top, notes, dict(facts or {}))


def _of_prompts(finding: Finding) -> Finding:
    return finding.model_copy(update={"n_unit": "prompts"})


def _complete(lists: Lists) -> npt.NDArray[np.bool_]:
    """bool [prompts]: the reply named K items."""
    return np.asarray((lists >= 0).all(axis=1))


def _compare(replies: Replies, name: str, settings: PromptedSettings) -> _Compared:
    values, floor = replies.attributes[name], replies.floor(len(replies.attributes[name]))
    full = np.logical_and.reduce([_complete(one) for one in (replies.neutral, *values.values(), *floor.values())])
    neutral = replies.neutral[full]

    def all_of(lists: Mapping[str, Lists]) -> dict[str, Array]:
        if not lists:
            return {}
        return {
            kind: np.column_stack([SIMILARITIES[kind](neutral, one[full]) for one in lists.values()])
            for kind in settings.similarities
        }

    return _Compared(name, tuple(values), all_of(values), all_of(floor), int(full.sum()))


def _answered(replies: Replies, name: str, level: float, seed: int) -> Iterator[Finding]:
    """The share of replies that named K catalogue items, by value."""
    from scipy.stats import binomtest

    for value, lists in replies.attributes[name].items():
        full, n = int(_complete(lists).sum()), len(lists)
        ends = binomtest(full, n).proportion_ci(level, method="wilson")
        yield measured(
            f"{name}.prompted.parsed.{value}",
            phrase("prompted.label.parsed", attribute=name, value=value),
            "share",
            full / n,
            (float(ends.low), float(ends.high)),
            n,
            phrase("prompted.method.parsed", K=lists.shape[1]),
            settings={"asked_as": value, "asked_of": name, "figure_of": "parsed"},
            seed=seed,
            level=level,
        )


def _parsed_gap(replies: Replies, name: str, settings: PromptedSettings, seed: int) -> list[Comparison]:
    """Whether some values are answered in full more often than others; nothing where all always (or never) are."""
    full = np.column_stack([_complete(lists) for lists in replies.attributes[name].values()]).astype(np.float64)
    if np.ptp(full) == 0:
        return []
    p, _ = permuted_p(full, settings.permutations, _rng(seed, name, "parsed"))
    label = phrase("prompted.label.parsed_gap", attribute=name)
    blank = _blank(name, "prompted.parsed.gap", label, len(full), seed, settings.level)
    method = phrase("prompted.method.parsed_gap", permutations=settings.permutations)
    return [replace(blank, unit="points", value=snsr(full), p=p, test="permutation", method=method)]


def _uneven(
    compared: _Compared, kind: str, settings: PromptedSettings, seed: int
) -> tuple[list[Finding], list[Comparison]]:
    """Levels by value, then range, spread, floor, excess and signed pairs of one similarity."""
    similarity, floor = compared.similarity[kind], compared.floor.get(kind)
    rng = _rng(seed, compared.attribute, kind)
    draws = resampled(similarity, floor, settings.replicates, rng)
    ranged, spread = permuted_p(similarity, settings.permutations, rng)
    levels = [_level(compared, kind, at, draws, settings, seed) for at in range(len(compared.values))]
    tested = [
        _tested(compared, kind, "snsr", snsr(similarity), ranged, settings, seed),
        _tested(compared, kind, "snsv", snsv(similarity), spread, settings, seed),
    ]
    if kind == "prag":
        levels += _paper(compared, similarity, settings.top, seed)
    if floor is None:
        levels.append(_no_floor(compared, kind, seed))
    else:
        levels.append(_floor(compared, kind, snsr(floor), seed))
        tested.append(_excess(compared, kind, draws, settings, seed))
    tested += _pairs(compared, kind, draws, settings, seed)
    return levels, tested


def _level(compared: _Compared, kind: str, at: int, draws: Resampled, settings: PromptedSettings, seed: int) -> Finding:
    value, similarity = compared.values[at], compared.similarity[kind][:, at]
    error, n = _error(similarity), np.array([compared.prompts])
    ends = limits(draws.values[:, at], error, n, settings.level) if error[0] > 0 else None
    return measured(
        f"{compared.attribute}.prompted.{kind}.{value}",
        phrase("prompted.label.level", attribute=compared.attribute, value=value, similarity=_called(kind)),
        "similarity",
        float(similarity.mean()),
        ends,
        compared.prompts,
        phrase(f"prompted.method.{kind}", K=settings.top),
        settings={"asked_as": value, "asked_of": compared.attribute, "figure_of": kind},
        seed=seed,
        level=settings.level,
    )


def _tested(
    compared: _Compared, kind: str, figure: str, value: float, p: float, settings: PromptedSettings, seed: int
) -> Comparison:
    """SNSR or SNSV: no interval is valid for a range, so a permutation test alone."""
    label = phrase(f"prompted.label.{figure}", attribute=compared.attribute, similarity=_called(kind))
    blank = _blank(compared.attribute, f"prompted.{figure}[{kind}]", label, compared.prompts, seed, settings.level)
    method = phrase(f"prompted.method.{figure}", permutations=settings.permutations)
    facts: dict[str, JSON] = {"asked_of": compared.attribute, "figure_of": kind}
    return replace(blank, value=value, p=p, test="permutation", method=method, settings=facts)


def _paper(compared: _Compared, similarity: Array, K: int, seed: int) -> list[Finding]:
    """SNSR and SNSV of PRAG* with the published divisor, to lay beside published tables."""
    factor = paper_factor(K)
    return [
        measured(
            f"{compared.attribute}.prompted.{figure}[prag_paper]",
            phrase(f"prompted.label.{figure}", attribute=compared.attribute, similarity=_called("prag_paper")),
            "similarity",
            factor * value,
            None,
            compared.prompts,
            phrase("prompted.method.prag_paper", K=K),
            seed=seed,
        )
        for figure, value in (("snsr", snsr(similarity)), ("snsv", snsv(similarity)))
    ]


def _floor(compared: _Compared, kind: str, value: float, seed: int) -> Finding:
    return measured(
        f"{compared.attribute}.prompted.floor[{kind}]",
        phrase("prompted.label.floor", attribute=compared.attribute, similarity=_called(kind)),
        "similarity",
        value,
        None,
        compared.prompts,
        phrase("prompted.method.floor", values=len(compared.values)),
        seed=seed,
    )


def _no_floor(compared: _Compared, kind: str, seed: int) -> Finding:
    return not_computed(
        f"{compared.attribute}.prompted.excess[{kind}]",
        phrase("prompted.label.excess", attribute=compared.attribute, similarity=_called(kind)),
        "similarity",
        compared.prompts,
        phrase("prompted.reason.no_floor", values=len(compared.values)),
        phrase("prompted.method.excess", replicates=0),
        settings={"asked_of": compared.attribute, "figure_of": kind},
        seed=seed,
    )


def _excess(compared: _Compared, kind: str, draws: Resampled, settings: PromptedSettings, seed: int) -> Comparison:
    label = phrase("prompted.label.excess", attribute=compared.attribute, similarity=_called(kind))
    blank = _blank(compared.attribute, f"prompted.excess[{kind}]", label, compared.prompts, seed, settings.level)
    value = snsr(compared.similarity[kind]) - snsr(compared.floor[kind])
    outer, error = excess_limits(draws, value, compared.prompts, settings.level)
    facts: dict[str, JSON] = {"asked_of": compared.attribute, "figure_of": kind}
    method = phrase("prompted.method.excess", replicates=settings.replicates)
    if error == 0:
        return replace(blank, reason=phrase("prompted.reason.same"), method=method, settings=facts)
    inner, _ = excess_limits(draws, value, compared.prompts, INNER_LEVEL)
    errors, n = np.array([error]), np.array([compared.prompts])
    return replace(
        blank,
        value=value,
        limits=outer,
        inner=inner,
        p=welch_p(value, errors, n),
        margin=settings.margin,
        smallest=smallest_detectable(errors, settings.level),
        method=method,
        settings=facts,
    )


def _pairs(
    compared: _Compared, kind: str, draws: Resampled, settings: PromptedSettings, seed: int
) -> Iterator[Comparison]:
    """Signed differences of similarity between two values, paired over prompts."""
    for a, b in combinations(range(len(compared.values)), 2):
        first, second = compared.values[a], compared.values[b]
        apart = compared.similarity[kind][:, a] - compared.similarity[kind][:, b]
        facts: dict[str, Fact] = {"first": first, "second": second, "similarity": _called(kind)}
        label = phrase("prompted.label.pair", attribute=compared.attribute, **facts)
        name = f"prompted.{kind}.gap.{first}-{second}"
        blank = _blank(compared.attribute, name, label, compared.prompts, seed, settings.level)
        blank = replace(
            blank,
            method=phrase("prompted.method.pair", replicates=settings.replicates),
            settings={"asked_of": compared.attribute, "figure_of": kind, "pair": [first, second]},
        )
        error, n = _error(apart), np.array([compared.prompts])
        if error[0] == 0:
            yield replace(blank, reason=phrase("prompted.reason.same"))
            continue
        twin, value = draws.values[:, a] - draws.values[:, b], float(apart.mean())
        yield replace(
            blank,
            value=value,
            limits=limits(twin, error, n, settings.level),
            inner=limits(twin, error, n, INNER_LEVEL),
            p=welch_p(value, error, n),
            margin=settings.margin,
            smallest=smallest_detectable(error, settings.level),
            corrected=len(compared.values) > 2,
        )


def _too_few(compared: _Compared, asked: int, least: int, seed: int) -> Finding:
    reason = phrase("prompted.reason.few", full=compared.prompts, asked=asked, least=least)
    if len(compared.values) < 2:
        reason = phrase("prompted.reason.one_value", attribute=compared.attribute)
    label = phrase("prompted.label.whole", attribute=compared.attribute)
    method = phrase("prompted.method.whole")
    return not_computed(
        f"{compared.attribute}.prompted", label, "similarity", compared.prompts, reason, method, seed=seed
    )


def _blank(attribute: str, name: str, label: Phrase, n: int, seed: int, level: float) -> Comparison:
    return Comparison(
        key=f"{attribute}.{name}",
        label=label,
        unit="similarity",
        n=n,
        method=phrase("prompted.method.whole"),
        groups={},
        settings={},
        seed=seed,
        level=level,
    )


def _error(values: Array) -> Array:
    """[1]: standard error of a mean over prompts; exactly 0 where all are one value."""
    return np.array([0.0 if np.ptp(values) < 1e-12 else values.std(ddof=1) / np.sqrt(len(values))])


def _called(kind: str) -> Phrase:
    return phrase(f"prompted.similarity.{kind}")


def _rng(seed: int, *names: str) -> np.random.Generator:
    """One stream for each figure, whichever others are asked for."""
    return np.random.default_rng([seed, zlib.crc32("\n".join(names).encode())])
