"""Logs that cannot carry a figure: a verdict with its reason and n, never a number; the rest of the audit stands."""

import json

import numpy as np
import pandas as pd
import pytest

from audit.__main__ import main
from tests.faults.odd_logs import THIN
from tests.faults.odd_logs import audited as once_audited

STEPS = ["data", "graph", "effects", "recommender", "disparity", "mitigation"]


def thin(name, tmp_path_factory):
    """The findings of a log of tests/faults/odd_logs.py, whose audit other tests look at too."""
    (one,) = [one for one in THIN if one.name == name]
    return findings(once_audited(one, tmp_path_factory).folder)


def findings(folder):
    """key -> finding of a whole run, as the command line leaves it."""
    assert (folder / "report.pdf").exists()
    document = json.loads((folder / "audit.json").read_text())
    assert [section["step"] for section in document["sections"]] == STEPS
    return {found["key"]: found for section in document["sections"] for found in section["findings"]}


def audited(folder, users=40, items=30, groups=()):
    """The findings over a made-up log of those users, whose genders go round."""
    rng = np.random.default_rng(1)
    rows = 20 * max(users, 30)
    log = pd.DataFrame(
        {
            "user": [f"u{n:03d}" for n in rng.integers(0, users, rows)],
            "item": [f"i{n:02d}" for n in rng.integers(0, items, rows)],
            "clicked": rng.integers(0, 2, rows),
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
    return findings(folder / "out")


def test_without_positives_every_step_that_ranks_says_so(tmp_path_factory):
    nothing_ranked(thin("no positives", tmp_path_factory), "audit.no_positives")


def test_without_test_rows_every_step_that_ranks_says_so(tmp_path):
    nothing_ranked(audited(tmp_path, items=1), "audit.no_test")


def nothing_ranked(found, reason):
    for step in ("recommender", "disparity", "mitigation"):
        finding = found[f"{step}.not_computed"]
        assert finding["verdict"] == "not computed"
        assert finding["reason"]["key"] == reason
        assert finding["value"] is None
        assert finding["n"] > 0


def test_one_user_gives_no_figure_of_people(tmp_path_factory):
    found = thin("one user", tmp_path_factory)
    about_people = [one for key, one in found.items() if key.startswith(("recommender.", "gender.", "mitigation."))]
    assert about_people
    assert {one["verdict"] for one in about_people} <= {"suppressed", "not computed"}


@pytest.mark.parametrize("shape", ["one group", "a tiny group"])
def test_one_group_or_a_tiny_one_has_no_gap(tmp_path_factory, shape):
    no_gap_of_gender(thin(shape, tmp_path_factory))


def test_groups_that_are_all_under_the_threshold_have_no_gap(tmp_path):
    no_gap_of_gender(audited(tmp_path, users=14, groups=("F", "M")))


def no_gap_of_gender(found):
    gaps = [one for key, one in found.items() if key.startswith("gender.") and ".gap" in key]
    assert all(one["verdict"] in ("suppressed", "not computed") and one["value"] is None for one in gaps)
    assert not any(one["value"] == 0.0 and one["verdict"] in ("gap", "equivalent") for one in found.values())


def test_without_an_attribute_there_is_no_gap_to_mend_and_without_a_treatment_no_effect(tmp_path):
    found = audited(tmp_path)
    assert found["mitigation.not_computed"]["reason"]["key"] == "audit.no_attributes"
    assert found["effect.ate"]["verdict"] == "not computed"
    assert found["effect.ate"]["value"] is None
