"""What the log's bias was removed with: how good the propensities are, and what their weights do.

Arrays in, findings and tables out; where the propensities come from is the recommenders' business.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from analysis.document import Cell, Column, Section, Table
from analysis.fairness.disclose import hidden_cells
from analysis.finding import VALUELESS, Finding, Verdict, amount, not_computed
from words import Fact, Phrase, phrase

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

TENTHS = 10
BINS = 200
"""Propensities are sorted into so many bins of equal size for the AUC and its interval."""
REPLICATES = 500
LISTED = 15
"""Features of the balance table: those furthest from balance before."""
POOR = 0.2
"""A smaller share of rows than this left by the weights is said to be few."""
FAILS = 0.1
"""Predictive p-value of an exposure model below which the substitute confounder is not to be trusted."""
TELLS = 0.55
"""AUC of an exposure model below which exposures have nothing in common that it could stand for."""


@dataclass(frozen=True)
class Judged:
    """Cells of users x items: user int32, seen bool, chance and count (cells each stands for) float64, all [cells]."""

    user: Codes
    seen: Flags
    chance: Array
    count: Array


@dataclass(frozen=True)
class Removal:
    """Weights of the training rows, what they were made of, and what is known of users and items.

    user, item: int32 [rows]. weight: float64 [rows]; clipped: bool [rows], cut to the most that a row may weigh.
    cells: what the exposure model said of cells that it had not seen; None without a model of exposure.
    x, z: csr features of users [users, a] and items [items, b] with names; without columns where nothing is known.
    """

    user: Codes
    item: Codes
    weight: Array
    clipped: Flags
    cells: Judged | None
    x: sp.csr_matrix
    z: sp.csr_matrix
    x_names: tuple[str, ...]
    z_names: tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """Of the exposure model behind the substitute confounder.

    p: predictive p-value, near a half is right. auc: of exposures kept from it against cells without, chance 0.5.
    """

    p: float
    auc: float

    @property
    def fails(self) -> bool:
        return self.p < FAILS or self.auc < TELLS


def with_propensities(section: Section, removal: Removal | None, check: Check | None, k: int, seed: int) -> Section:
    """The recommender's section with what was done about the log's bias: findings, tables, sentences.

    removal: None where rows are not weighted. check: None without a substitute confounder. k: disclosure threshold.
    """
    findings: tuple[Finding, ...] = ()
    tables: tuple[Table, ...] = ()
    said: list[Phrase] = []
    if removal is not None:
        removal = disclosed(removal, k)
        findings, tables = _findings(removal, seed), _tables(removal)
        said += _weights_said(findings)
    if check is not None:
        findings = (*findings, *_checked(check, section))
        key = "check_fails" if check.fails else "check_passes"
        said.append(phrase(f"propensity.{key}", p=f"{check.p:.2f}", auc=f"{check.auc:.2f}"))
    return section.model_copy(
        update={
            "summary": (*section.summary, *said),
            "findings": (*section.findings, *findings),
            "tables": (*section.tables, *tables),
        }
    )


def disclosed(removal: Removal, k: int) -> Removal:
    """The same without what is known of fewer than `k` users, and what would give it away."""
    size = np.asarray((removal.x > 0).sum(axis=0)).ravel().astype(int).tolist()
    cells = [(name.partition("=")[0], name) for name in removal.x_names]
    hidden = hidden_cells(dict(zip(cells, size, strict=True)), {cell: {cell[0]: cell[1]} for cell in cells}, k)
    shown = [at for at, cell in enumerate(cells) if cell not in hidden]
    return replace(removal, x=removal.x[:, shown], x_names=tuple(removal.x_names[at] for at in shown))


def verdict_said(gap: Finding, randomised: bool, K: int) -> tuple[Phrase, ...]:
    """Whether the correction helped: the recommender against the same one on the log as it is, on the same users."""
    if gap.verdict in VALUELESS or gap.value is None or gap.low is None or gap.high is None:
        return ()
    clear = gap.verdict is Verdict.GAP
    key = ("helped" if gap.value > 0 else "harmed") if clear else "not_shown"
    facts: dict[str, Fact] = {"K": K, "amount": amount(gap.value, gap.unit), "low": amount(gap.low, gap.unit)}
    said = phrase(f"propensity.{key}", **facts, high=amount(gap.high, gap.unit))
    return (said,) if randomised else (said, phrase("propensity.selected_test"))


def effective_share(weight: Array) -> float:
    """Kish's effective sample size (sum w)^2 / sum w^2 as a share of the rows, in (0, 1]; 1 = all weigh the same."""
    return float(weight.sum() ** 2 / (weight**2).sum() / len(weight))


def _findings(removal: Removal, seed: int) -> tuple[Finding, ...]:
    rows, weight = len(removal.weight), removal.weight
    figures = {
        "effective": ("share", effective_share(weight)),
        "heaviest": ("ratio", float(weight.max() / weight.mean())),
        "clipped": ("share", float(removal.clipped.mean())),
    }
    found = [_measured(name, unit, value, rows) for name, (unit, value) in figures.items()]
    if removal.cells is None:
        return (*found, *(_unjudged(name, rows) for name in ("auc", "calibration")), *_balance_findings(removal))
    value, low, high = exposure_auc(removal.cells, seed)
    ranked = _measured("auc", "auc", value, len(removal.cells.seen), low=low, high=high, seed=seed)
    miss = _measured("calibration", "share", calibration_miss(removal.cells), len(removal.cells.seen))
    return (*found, ranked, miss, *_balance_findings(removal))


def _measured(name: str, unit: str, value: float, n: int, **rest: float | str) -> Finding:
    return Finding.model_validate(
        {
            "key": f"recommender.propensity.{name}",
            "label": phrase(f"propensity.label.{name}"),
            "unit": unit,
            "verdict": Verdict.MEASURED,
            "value": value,
            "n": n,
            "n_unit": "rows",
            "method": phrase(f"propensity.method.{name}"),
            **rest,
        }
    )


def _unjudged(name: str, rows: int) -> Finding:
    label, method = phrase(f"propensity.label.{name}"), phrase(f"propensity.method.{name}")
    reason = phrase("propensity.no_cells")
    return not_computed(f"recommender.propensity.{name}", label, "auc", rows, reason, method, n_unit="rows")


def _checked(check: Check, section: Section) -> tuple[Finding, ...]:
    users = max((finding.n for finding in section.findings), default=0)
    figures = (("check", "p", check.p), ("told", "auc", check.auc))
    return tuple(_measured(name, unit, value, users, n_unit="users") for name, unit, value in figures)


def exposure_auc(cells: Judged, seed: int) -> tuple[float, float, float]:
    """How well seen cells are told from unseen ones, in [0, 1], chance 0.5; and its 95% interval over users.

    The share of pairs (a seen, an unseen cell) in which the seen one has the higher propensity, ties half; from counts
    in BINS bins of the propensity, user by user, which resampled users then only add up.
    """
    edges = np.unique(np.quantile(cells.chance, np.linspace(0, 1, BINS + 1))[1:-1])
    place = np.searchsorted(edges, cells.chance, side="right")
    users, width = int(cells.user.max()) + 1, len(edges) + 1
    at = cells.user.astype(np.int64) * width + place
    seen, unseen = (
        np.bincount(at, weights=cells.count * chosen, minlength=users * width).reshape(users, width)
        for chosen in (cells.seen, ~cells.seen)
    )
    rng = np.random.default_rng([seed, 3])
    times = rng.multinomial(users, np.full(users, 1 / users), REPLICATES).astype(np.float64)  # [replicates, users]
    drawn = _auc(times @ seen, times @ unseen)
    value = float(_auc(seen.sum(0, keepdims=True), unseen.sum(0, keepdims=True))[0])
    low, high = np.percentile(drawn, [2.5, 97.5])
    return value, min(float(low), value), max(float(high), value)


def _auc(seen: Array, unseen: Array) -> Array:
    """float64 [n] from counts by bin, [n, bins], bins in rising order."""
    below = np.cumsum(unseen, axis=1) - unseen / 2
    return np.asarray((seen * below).sum(1) / (seen.sum(1) * unseen.sum(1)))


def calibration(cells: Judged) -> list[tuple[float, float, int]]:
    """Expected and actual share seen in each tenth of the cells by propensity, and the seen cells in it."""
    order = np.argsort(cells.chance, kind="stable")
    total = np.cumsum(cells.count[order])
    tenth = np.minimum((total / total[-1] * TENTHS).astype(int), TENTHS - 1)
    rows = []
    for number in np.unique(tenth):
        chosen = order[tenth == number]
        count = cells.count[chosen]
        share = float(count[cells.seen[chosen]].sum() / count.sum())
        rows.append((float(np.average(cells.chance[chosen], weights=count)), share, int(cells.seen[chosen].sum())))
    return rows


def calibration_miss(cells: Judged) -> float:
    """Mean over tenths of |expected - actual share seen|, in [0, 1]; 0 = the propensities mean what they say."""
    return float(np.mean([abs(expected - actual) for expected, actual, _ in calibration(cells)]))


def balance(removal: Removal) -> list[tuple[str, float, float]]:
    """Features of users, of items and their crosses: name, and standardised mean difference before and after weighting.

    The mean over training rows less that over all cells, in standard deviations over all cells; 0 = rows show the
    feature as often as the whole table does. The worst before weighting first.
    """
    x, z = _with_ones(removal.x), _with_ones(removal.z)  # crosses with 1 are the features themselves
    rows = len(removal.weight)
    before, after = (
        (x[removal.user].multiply((w / w.sum())[:, None]).T @ z[removal.item]).toarray()  # [1 + a, 1 + b]
        for w in (np.ones(rows), removal.weight)
    )
    share = np.outer(x.mean(axis=0), z.mean(axis=0))
    spread = np.sqrt(np.maximum(share * (1 - share), 0))
    known = np.argwhere(spread > 0)
    off = [(table - share) / np.where(spread > 0, spread, 1) for table in (before, after)]
    found = [(_crossed_name(removal, a, b), float(off[0][a, b]), float(off[1][a, b])) for a, b in known.tolist()]
    return sorted(found, key=lambda row: -abs(row[1]))


def _with_ones(features: sp.csr_matrix) -> sp.csr_matrix:
    return sp.hstack([sp.csr_matrix(np.ones((features.shape[0], 1))), features], format="csr")


def _crossed_name(removal: Removal, a: int, b: int) -> str:
    """Of the features number a of users and b of items, counted from 1; 0 is none."""
    return " × ".join(names[at - 1] for names, at in ((removal.x_names, a), (removal.z_names, b)) if at > 0)


def _balance_findings(removal: Removal) -> tuple[Finding, ...]:
    rows = balance(removal)
    if not rows:
        return ()
    before, after = max(abs(row[1]) for row in rows), max(abs(row[2]) for row in rows)
    return (
        _measured("unbalanced", "sd", before, len(removal.weight)),
        _measured("balanced", "sd", after, len(removal.weight)),
    )


def _weights_said(findings: tuple[Finding, ...]) -> list[Phrase]:
    value = {finding.key.rsplit(".", 1)[1]: finding.value for finding in findings}
    share, heaviest, clipped = value["effective"], value["heaviest"], value["clipped"]
    assert share is not None and heaviest is not None and clipped is not None
    facts = {"share": amount(share, "share"), "heaviest": f"{heaviest:.1f}", "clipped": amount(clipped, "share")}
    return [phrase("propensity.few_left" if share < POOR else "propensity.weights", **facts)]


def _tables(removal: Removal) -> tuple[Table, ...]:
    made = []
    if removal.cells is not None:
        rows = tuple((at + 1, *row) for at, row in enumerate(calibration(removal.cells)))
        made.append(_table("calibration", ("tenth", "expected", "actual", "seen"), rows))
    found = balance(removal)[:LISTED]
    if found:
        made.append(_table("balance", ("feature", "before", "after"), tuple(found)))
    return tuple(made)


UNITS = {"tenth": "count", "expected": "share", "actual": "share", "seen": "count", "before": "sd", "after": "sd"}


def _table(key: str, columns: tuple[str, ...], rows: tuple[tuple[Cell, ...], ...]) -> Table:
    return Table(
        key=f"recommender.propensity.{key}",
        title=phrase(f"propensity.table.{key}"),
        columns=tuple(
            Column(key=name, title=phrase(f"propensity.column.{name}"), unit=UNITS.get(name, "text"))
            for name in columns
        ),
        rows=rows,
    )
