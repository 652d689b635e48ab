"""Logs that cannot carry a figure: a verdict with its reason and n, never a number; the rest of the audit stands."""

import json

import numpy as np
import pandas as pd
import pytest

from audit.__main__ import main

STEPS = ["data", "graph", "effects", "recommender", "disparity", "mitigation"]


def audited(folder, users=40, items=30, outcome=None, groups=()):
    """The document of a whole run over a made-up log, as the command line leaves it."""
    rng = np.random.default_rng(1)
    rows = 20 * max(users, 30)
    log = pd.DataFrame(
        {
            "user": [f"u{n:03d}" for n in rng.integers(0, users, rows)],
            "item": [f"i{n:02d}" for n in rng.integers(0, items, rows)],
            "clicked": rng.integers(0, 2, rows) if outcome is None else outcome,
        }
    )
    log.to_csv(folder / "log.csv", index=False)
    given = ["--log", str(folder / "log.csv"), "--user", "user", "--item", "item", "--outcome", "clicked"]
    if groups:
        people = pd.DataFrame({"user": sorted(log["user"].unique())})
        people["gender"] = [groups[n % len(groups)] for n in range(len(people))]
        people.to_csv(folder / "users.csv", index=False)
        given += ["--users", str(folder / "users.csv"), "--sensitive", "gender"]
    assert main(["init", *given, "-o", str(folder / "audit.toml")]) == 0
    assert main(["run", str(folder / "audit.toml"), "-o", str(folder / "out"), "--quiet"]) == 0
    assert (folder / "out" / "report.pdf").exists()
    document = json.loads((folder / "out" / "audit.json").read_text())
    assert [section["step"] for section in document["sections"]] == STEPS
    return {found["key"]: found for section in document["sections"] for found in section["findings"]}


@pytest.mark.parametrize(
    ("shape", "reason"),
    [({"items": 1}, "audit.no_test"), ({"outcome": 0}, "audit.no_positives")],
    ids=["one item", "no positives"],
)
def test_nothing_to_rank_is_said_by_every_step_that_needs_it(tmp_path, shape, reason):
    found = audited(tmp_path, **shape)
    for step in ("recommender", "disparity", "mitigation"):
        finding = found[f"{step}.not_computed"]
        assert finding["verdict"] == "not computed"
        assert finding["reason"]["key"] == reason
        assert finding["value"] is None
        assert finding["n"] > 0


def test_one_user_gives_no_figure_of_people(tmp_path):
    found = audited(tmp_path, users=1)
    about_people = [one for key, one in found.items() if key.startswith(("recommender.", "gender.", "mitigation."))]
    assert about_people
    assert {one["verdict"] for one in about_people} <= {"suppressed", "not computed"}


def test_without_an_attribute_there_is_no_gap_to_mend(tmp_path):
    assert audited(tmp_path)["mitigation.not_computed"]["reason"]["key"] == "audit.no_attributes"


@pytest.mark.parametrize(
    ("users", "groups"), [(40, ("F",)), (14, ("F", "M"))], ids=["one group", "groups under the threshold"]
)
def test_one_group_or_tiny_groups_have_no_gap(tmp_path, users, groups):
    found = audited(tmp_path, users=users, groups=groups)
    gaps = [one for key, one in found.items() if key.startswith("gender.") and ".gap" in key]
    assert all(one["verdict"] in ("suppressed", "not computed") and one["value"] is None for one in gaps)
    assert not any(one["value"] == 0.0 and one["verdict"] in ("gap", "equivalent") for one in found.values())


def test_no_treatment_has_no_effect(tmp_path):
    found = audited(tmp_path)
    assert found["effect.ate"]["verdict"] == "not computed"
    assert found["effect.ate"]["value"] is None
