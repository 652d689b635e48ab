"""An audit document with every kind of chart, every verdict, hostile names and Chinese, for the tests."""

from __future__ import annotations

from analysis.document import Chart, Column, Document, Section, Series, Table
from analysis.finding import Finding, Verdict, not_computed, suppressed
from words import Phrase, phrase

HOSTILE = (
    "<script>alert(1)</script>",
    "$x^2$ & <b>bold</b>",
    "=HYPERLINK(0)",
    "\u202eevil\u0000\u0007",
    "👩‍🎓 emoji 🎉",
    "مرحبا بالعالم",
    "שלום",
    "a-very-long-name-of-a-group-that-someone-made-up-in-one-word-of-60",
    "#set page(width: 1pt)",
    "女性用户（三十岁以上）",
    "",
)


def said(text: str) -> Phrase:
    return phrase("report.verbatim", text=text)


def finding(key: str, verdict: Verdict, value: float | None, low: float | None, high: float | None, **more) -> Finding:
    rest = {
        "unit": "ndcg",
        "n": 941,
        "method": said("Mean over users; bootstrap of users, 1,000 replicates."),
        "seed": 7,
    }
    return Finding(
        key=key,
        label=said(more.pop("label", key)),
        verdict=verdict,
        value=value,
        low=low,
        high=high,
        **(rest | more),
    )


def point(name: str) -> Phrase:
    figures = {
        "accuracy": "0.480",
        "low": "0.470",
        "high": "0.490",
        "disparity": "0.020",
        "from_": "0.010",
        "to": "0.030",
    }
    return phrase("mitigation.point", name=name, **figures)


def findings() -> tuple[Finding, ...]:
    small = finding("gender.ndcg@10.nonbinary", Verdict.MEASURED, 0.98765, 0.9, 0.99, n=4)
    return (
        finding(
            "gender.ndcg@10.gap",
            Verdict.GAP,
            -0.0441,
            -0.0612,
            -0.0271,
            label="NDCG@10, women minus men",
            groups={"women": 273, "men": 668},
        ),
        finding(
            "effect.ate", Verdict.EFFECT, 0.0812, 0.061, 0.101, unit="share", label="Effect of promotion on purchase"
        ),
        finding(
            "gender.recall@10.gap",
            Verdict.EQUIVALENT,
            0.001,
            -0.008,
            0.011,
            margin=0.02,
            label="Recall@10, women minus men",
        ),
        finding(
            "age.ndcg@10.gap",
            Verdict.CANNOT_TELL,
            0.0312,
            None,
            None,
            p_value=0.2,
            p_adjusted=0.31,
            smallest_detectable=0.07,
            label="NDCG@10, largest age gap",
        ),
        finding("gender.ndcg@10.women", Verdict.MEASURED, 0.451, 0.43, 0.472, n=273, label="NDCG@10 of women"),
        suppressed(small, 10),
        not_computed(
            "device.ndcg@10.gap",
            said("NDCG@10 by device"),
            "ndcg",
            941,
            said("There is one group only. Choose an attribute with two groups or more."),
            said("Mean over users."),
        ),
    )


def charts() -> tuple[Chart, ...]:
    names = ("women", "men", "unknown", *HOSTILE)
    count = len(names)
    return (
        Chart(
            key="interval",
            kind="interval",
            title=said("Women get worse lists than men, and the interval excludes chance"),
            x_title=said("NDCG@10 minus the mean of all users"),
            y_title=said("group"),
            n=941,
            series=(
                Series(
                    name=said("unadjusted"),
                    x=(-0.04, 0.02, None, *(0.01 * at for at in range(-5, count - 8))),
                    y=names,
                    low=(-0.06, 0.01, None, *(0.01 * at - 0.02 for at in range(-5, count - 8))),
                    high=(-0.02, 0.03, None, *(0.01 * at + 0.015 for at in range(-5, count - 8))),
                ),
                Series(name="adjusted", x=(-0.03, 0.025), y=names[:2], low=(-0.05, 0.015), high=(-0.01, 0.035)),
            ),
            alt=said("Interval plot of NDCG@10 by group; women lie left of zero, men right of it."),
            zero_line=0.0,
        ),
        Chart(
            key="heat",
            kind="heatmap",
            title=said("NDCG@10 by gender and age"),
            x_title=said("age"),
            y_title=said("gender"),
            n=941,
            series=tuple(
                Series(
                    name=name,
                    x=("under 25", "25 to 44", "45 and over", "unknown"),
                    y=(0.40 + 0.05 * row, 0.45 + 0.03 * row, 0.52 - 0.06 * row, None),
                    text=tuple(f"{v:.3f}" for v in (0.40 + 0.05 * row, 0.45 + 0.03 * row, 0.52 - 0.06 * row))
                    + ("suppressed",),
                )
                for row, name in enumerate(("women", "men", "女性"))
            ),
            alt=said("Heat map."),
        ),
        Chart(
            key="heatgap",
            kind="heatmap",
            title=said("Signed gaps to the mean"),
            x_title=said("category"),
            y_title=said("gender"),
            n=941,
            series=(
                Series(
                    name="women",
                    x=("drama", "action", "comedy", "horror", "sci-fi"),
                    y=(0.08, -0.11, 0.01, -0.03, -0.09),
                ),
                Series(
                    name="men", x=("drama", "action", "comedy", "horror", "sci-fi"), y=(-0.06, 0.10, 0.0, 0.02, 0.05)
                ),
            ),
            alt=said("Heat map of gaps."),
            zero_line=0.0,
        ),
        Chart(
            key="line",
            kind="line",
            title=said("Activity over time"),
            x_title=said("week"),
            y_title=said("interactions"),
            n=100_000,
            n_unit="rows",
            series=(
                Series(
                    name="women",
                    x=tuple(f"1997-{9 + at // 4:02d}-{1 + 7 * (at % 4):02d}" for at in range(16)),
                    y=tuple(1200.0 + 90 * at - 9 * at * at for at in range(16)),
                    low=tuple(1100.0 + 90 * at - 9 * at * at for at in range(16)),
                    high=tuple(1300.0 + 90 * at - 9 * at * at for at in range(16)),
                ),
                Series(
                    name="men",
                    x=tuple(f"1997-{9 + at // 4:02d}-{1 + 7 * (at % 4):02d}" for at in range(16)),
                    y=tuple(2200.0 + 40 * at for at in range(16)),
                ),
                Series(name="男性", x=("1997-09-01", "1997-12-22"), y=(600.0, 1500.0)),
            ),
            alt=said("Lines of activity."),
        ),
        Chart(
            key="curve",
            kind="line",
            title=said("Loss while training"),
            x_title=said("epoch"),
            y_title=said("loss"),
            n=80_000,
            n_unit="rows",
            series=(Series(name="training", x=tuple(range(1, 31)), y=tuple(0.7 / at**0.5 for at in range(1, 31))),),
            alt=said("A falling line."),
        ),
        Chart(
            key="bars",
            kind="bars",
            title=said("Exposure by group and category"),
            x_title=said("category"),
            y_title=said("share of exposure"),
            n=941,
            series=(
                Series(
                    name="women",
                    x=("drama", "action", "comedy"),
                    y=(0.4, 0.25, 0.35),
                    low=(0.37, 0.22, 0.32),
                    high=(0.43, 0.28, 0.38),
                ),
                Series(
                    name="men",
                    x=("drama", "action", "comedy"),
                    y=(0.28, 0.45, 0.27),
                    low=(0.26, 0.43, 0.25),
                    high=(0.30, 0.47, 0.29),
                ),
            ),
            alt=said("Bars of exposure."),
        ),
        Chart(
            key="tail",
            kind="bars",
            title=said("The long tail"),
            x_title=said("provider"),
            y_title=said("interactions"),
            n=1682,
            n_unit="items",
            series=(Series(name="", x=HOSTILE, y=tuple(float(10_000 // (1 + at)) for at in range(len(HOSTILE)))),),
            alt=said("Bars with long names."),
        ),
        Chart(
            key="scatter",
            kind="scatter",
            title=said("Propensity and outcome"),
            x_title=said("estimated propensity"),
            y_title=said("outcome"),
            n=941,
            series=tuple(
                Series(
                    name=name, x=tuple(0.1 * at for at in range(1, 9)), y=tuple(shift + 0.05 * at for at in range(1, 9))
                )
                for shift, name in ((0.1, "treated"), (0.0, "control"))
            ),
            alt=said("Points."),
        ),
        Chart(
            key="pareto",
            kind="pareto",
            title=said("What fairness costs"),
            x_title=said("NDCG@10"),
            y_title=said("gap between men and women (NDCG@10)"),
            n=941,
            series=(
                Series(
                    name="on the front",
                    x=(0.47, 0.482, 0.49),
                    y=(0.008, 0.021, 0.044),
                    low=(0.0, 0.01, 0.03),
                    high=(0.016, 0.03, 0.055),
                    text=tuple(map(point, ("re-ranked", "reweighed", "as trained"))),
                ),
                Series(
                    name="off the front",
                    x=(0.46, 0.465),
                    y=(0.03, 0.045),
                    low=(0.02, 0.03),
                    high=(0.04, 0.06),
                    text=tuple(map(point, ("adversarial", "thresholds"))),
                ),
            ),
            alt=said("Pareto front."),
            zero_line=0.0,
        ),
    )


def tables() -> tuple[Table, ...]:
    return (
        Table(
            key="utility",
            title=said("Utility by group"),
            columns=(
                Column(key="group", title=said("group")),
                Column(key="n", title=said("users"), unit="count"),
                Column(key="ndcg", title=said("=NDCG@10"), unit="ndcg"),
                Column(key="share", title=said("share"), unit="share"),
            ),
            rows=(
                ("women", 273, 0.4512345678901234, 0.29),
                ("men", 668, -1.5e-7, 0.71),
                *((name, None, said("suppressed"), True) for name in HOSTILE),
            ),
        ),
    )


def document(language: str = "en", title: str = "MovieLens <100K>: who gets less?") -> Document:
    every = charts()
    graph = {
        "nodes": ["gender", "activity", "exposure", "purchase", "intent"],
        "edges": [
            ["gender", "activity"],
            ["activity", "exposure"],
            ["exposure", "purchase"],
            ["intent", "exposure"],
            ["intent", "purchase"],
        ],
        "latent": ["intent"],
        "treatment": "exposure",
        "outcome": "purchase",
    }
    return Document(
        title=title,
        language=language,
        evenhand="0.1.0",
        versions={"python": "3.11.2", "numpy": "2.4.6"},
        seed=7,
        digest="ab" * 32,
        settings={"data": {"kind": "movielens", "k": 10, "sensitive": ["gender", "age"]}, "note": HOSTILE[0]},
        sections=(
            Section(
                step="data",
                summary=(said("The log holds 100,000 ratings by 943 users of 1,682 films."),),
                charts=every[3:4] + every[6:7],
                tables=tables(),
                notes=(said("Two users without any rating were left out."),),
                facts={"cleaning": [{"rule": "duplicates", "rows": 12}, {"rule": "missing", "rows": 3}]},
            ),
            Section(step="graph", summary=(said("Intent confounds exposure and purchase."),), facts={"graph": graph}),
            Section(
                step="effects",
                summary=(said("Promotion raises purchases by 8.1 points once confounding is removed."),),
                findings=findings()[1:2],
                charts=every[7:8],
            ),
            Section(
                step="recommender",
                summary=(said("EASE reaches NDCG@10 0.484."),),
                charts=every[4:5],
                notes=(said("Seen items masked."),),
            ),
            Section(
                step="disparity",
                summary=(said("Women get worse lists than men."), said("女性得到的推荐列表较差。")),
                findings=findings()[:1] + findings()[2:],
                charts=every[:3] + every[5:6],
                notes=(said("Intervals are bootstrap percentiles over users."),),
            ),
            Section(
                step="mitigation",
                summary=(said("Re-ranking closes most of the gap for 2 points of NDCG."),),
                charts=every[8:],
            ),
        ),
    )
