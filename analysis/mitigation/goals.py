"""What to mend where a figure of disparity shows a gap: the goal, and what it is judged by."""

from __future__ import annotations

from analysis.mitigation.compare import MitigationSettings

ACCURACY = ("ndcg", "recall", "hit")
"""Figures that the accuracy gap itself can be judged by; other accuracies are narrowed by NDCG."""
SELECTION = {"selection": "demographic_parity"} | dict.fromkeys(("opportunity", "fpr", "odds", "ppv"), "equalized_odds")
"""Figures of picks -> the constraint that evens them."""
SHOWN = ("shown", "flip", "calibration", "ndkl", "awrf", "bias")
"""Figures in which a group is shown something else than others: the attribute is to be kept out of lists."""
POPULAR = ("popularity", "lift", "longtail", "aclt")
"""Figures that rest on how much of the long tail is shown."""


def to_mend(settings: MitigationSettings, attribute: str, figure: str) -> MitigationSettings:
    """`settings` with what a gap of `figure` by a user `attribute` calls for; methods begin anew with another goal."""
    name = figure.split("@")[0].split("[")[0]
    asked: dict[str, object] = {"attribute": attribute, "goal": "gap"}
    if name in ACCURACY:
        asked["figure"] = name
    elif name in SELECTION:
        asked |= {"goal": "selection", "constraint": SELECTION[name]}
    elif name in SHOWN:
        asked["goal"] = "hide"
    elif name in POPULAR:
        asked |= {"goal": "exposure", "grouping": "tail"}
    return _asked(settings, asked)


def to_spread(settings: MitigationSettings, grouping: str) -> MitigationSettings:
    """`settings` with the goal of sharing attention among the groups of items of `grouping`."""
    return _asked(settings, {"goal": "exposure", "grouping": grouping})


def _asked(settings: MitigationSettings, asked: dict[str, object]) -> MitigationSettings:
    if asked["goal"] != settings.goal:
        asked["methods"] = ()
    return settings.model_copy(update=asked)
