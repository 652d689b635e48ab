"""Recommendations as yes-or-no decisions on held-out rows: selection rates and equal opportunity, by fairlearn."""

from __future__ import annotations

import zlib
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.fairness.infer import InferenceSettings, estimate, limits
from analysis.fairness.judge import Measure, measured
from analysis.fairness.partition import Partition
from analysis.fairness.ranking import Decisions
from analysis.finding import Finding
from words import phrase

Flags = npt.NDArray[np.bool_]

FOUR_FIFTHS = 0.8
"""A rule of thumb of the US EEOC (1978), not a test and not a legal bound of New York's Local Law 144."""


def selected(decisions: Decisions) -> Flags:
    """bool [rows]: the rows picked.

    As `decisions.selected` says, else the top-scoring rows, as many as there are positives (rows that tie with the
    last one picked are picked too). No positives: nothing is picked.
    """
    if decisions.selected is not None:
        return np.asarray(decisions.selected) > 0
    picked = int((decisions.label > 0).sum())
    if picked == 0:
        return np.zeros(len(decisions.label), bool)
    bound = np.partition(decisions.score, len(decisions.score) - picked)[len(decisions.score) - picked]
    return np.asarray(decisions.score >= bound)


def decision_measures(decisions: Decisions, users: int) -> list[Measure]:
    """`selection`: rows picked / rows; `opportunity`: wanted rows picked / wanted rows (true positive rate); `fpr`:
    unwanted rows picked / unwanted rows; `ppv`: wanted rows picked / rows picked (precision).

    Sums over the rows of each user, so that the user stays the unit of resampling.
    """
    picked, wanted = selected(decisions), decisions.label > 0
    rows = {
        "selection": (picked, np.ones(len(picked), bool)),
        "opportunity": (picked & wanted, wanted),
        "fpr": (picked & ~wanted, ~wanted),
        "ppv": (picked & wanted, picked),
    }
    undefined = {"fpr": "figures.reason.no_negatives", "ppv": "figures.reason.no_picks"}
    return [
        Measure(
            name=name,
            label=phrase(f"figures.name.{name}" if name in undefined else f"fairness.figure.{name}"),
            unit="share",
            numerator=np.bincount(decisions.user[top], minlength=users).astype(np.float64),
            denominator=np.bincount(decisions.user[bottom], minlength=users).astype(np.float64),
            method=phrase(f"figures.what.{name}" if name in undefined else f"fairness.what.{name}"),
            counted_numerator=True,
            undefined=phrase(undefined.get(name, "fairness.reason.no_positives")),
        )
        for name, (top, bottom) in rows.items()
    ]


def rates(decisions: Decisions, partition: Partition) -> pd.DataFrame:
    """fairlearn's MetricFrame by group: columns selection, opportunity, fpr, ppv; index the groups that have rows.

    A rate is missing where a group has no row to divide by (fairlearn itself gives 0 there).
    """
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
    from sklearn.metrics import precision_score

    group = np.asarray(partition.names, dtype=object)[partition.code[decisions.user]]
    wanted, picked = decisions.label > 0, selected(decisions)
    frame = MetricFrame(
        metrics={
            "selection": selection_rate,
            "opportunity": true_positive_rate,
            "fpr": false_positive_rate,
            "ppv": partial(precision_score, zero_division=0),
        },
        y_true=wanted.astype(int),
        y_pred=picked.astype(int),
        sensitive_features=pd.Series(group, name="group"),
    )
    by_group = frame.by_group.astype(float)
    for name, rows in (("opportunity", wanted), ("fpr", ~wanted), ("ppv", picked)):
        counted = pd.Series(rows).groupby(group).sum()
        by_group.loc[counted.reindex(by_group.index) == 0, name] = np.nan
    return by_group


def impact_ratios(
    decisions: Decisions, partition: Partition, hidden: frozenset[str], settings: InferenceSettings, seed: int
) -> list[Finding]:
    """Selection rate of each group over that of the group with the highest (1 for that one); a level, no pass or fail.

    Values by fairlearn's MetricFrame, intervals by resampling users. Groups that disclosure hides take no part; none
    are given where fewer than two groups remain or nothing is selected.
    """
    measure = decision_measures(decisions, len(partition.code))[0]
    rng = np.random.default_rng([seed, zlib.crc32(f"impact {partition.attribute}".encode())])
    top, bottom = measure.numerator[:, None], measure.denominator[:, None]
    found = estimate(top, bottom, partition.code, len(partition.names), settings.replicates, rng)
    shown = [g for g in partition.known if partition.names[g] not in hidden and found.n[g] >= 2]
    value = rates(decisions, partition)["selection"].reindex(partition.names).to_numpy()
    if len(shown) < 2 or value[shown].max() == 0:
        return []
    best = shown[int(value[shown].argmax())]
    results = []
    for group in shown:
        ratio = np.minimum(found.replicate[:, group, 0] / found.replicate[:, shown, 0].max(axis=1), 1.0)
        error, bounds = found.error[[group, best], 0], None
        if group != best and error.all():  # resamples of a group without spread never vary, as if its rate were known
            bounds = limits(ratio[np.isfinite(ratio)], error, found.n[[group, best]], settings.level)
        estimate_ = float(value[group] / value[best])
        name = partition.names[group]
        results.append(
            measured(
                f"{partition.attribute}.impact.{name}",
                phrase("fairness.figure.impact", attribute=partition.attribute, group=partition.label(group)),
                "ratio",
                estimate_,
                bounds,
                int(found.n[group]),
                phrase("fairness.method.impact", replicates=settings.replicates),
                reason=phrase("fairness.reason.four_fifths") if estimate_ < FOUR_FIFTHS else None,
                groups={name: int(found.n[group]), partition.names[best]: int(found.n[best])},
                settings={"attribute": partition.attribute, "figure": "selection", "highest": partition.names[best]},
                seed=seed,
                level=settings.level,
            )
        )
    return results
