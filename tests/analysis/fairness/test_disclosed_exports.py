"""No hidden cell follows from what is exported: an attack on random audits with intersections and cohorts.

The attacker knows who is in which group, and sums, subtracts and combines all that is shown.
`python -m benchmarks.disclosure` runs it over 500 audits.
"""

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from analysis.cohorts import OTHERS, Cohort, Condition, compared_attributes
from analysis.document import Document, canonical
from analysis.fairness.disparity import DisparitySettings, disparity_section
from analysis.fairness.partition import EVERYONE
from analysis.fairness.peruser import accuracy
from analysis.finding import VALUELESS, Verdict
from analysis.log import UNKNOWN, Dataset, Roles
from analysis.mitigation.compare import MitigationSettings, Variant, mitigation_section
from analysis.report import write
from tests.analysis.fairness.lists import ranking

THRESHOLD = 10
SETTINGS = DisparitySettings(
    replicates=100, permutations=100, figures=("hit", "length"), intersection_figures=("hit", "length")
)


def random_people(rng):
    """Two or three attributes with small groups, some values unknown, and cohorts that may lie near a group."""
    users = int(rng.integers(60, 160))
    columns = {}
    for name in ("sex", "age", "job")[: int(rng.integers(2, 4))]:
        share = rng.dirichlet(np.full(int(rng.integers(2, 5)), 0.7))
        values = np.array([f"{name}{at}" for at in range(len(share))])[rng.choice(len(share), users, p=share)]
        columns[name] = np.where(rng.random(users) < rng.choice([0, 0.03, 0.2]), UNKNOWN, values)
    frame = pd.DataFrame(columns, index=pd.Index([f"u{at:04d}" for at in range(users)], name="user"))
    frame["visits"] = rng.integers(0, 100, users).astype(float)
    sex = Condition(column="sex", values=(str(frame["sex"].iloc[0]),))
    bound = Condition(column="visits", operator="below", values=(str(int(rng.integers(5, 100))),))
    cohorts = [
        Cohort(name="both", where=(sex, bound)),
        Cohort(name="either", match="any", where=(sex, bound)),
        Cohort(name="visits", where=(bound,)),
    ]
    roles = Roles(user="user", item="item", sensitive=tuple(columns))
    log = pd.DataFrame({"user": frame.index, "item": "i", "part": "train"})
    return Dataset(log, frame, pd.DataFrame(index=pd.Index(["i"])), roles, "0" * 64), cohorts


def random_audit(seed):
    """A ranking over random people whose held-out items some lack, so that figures count different users."""
    rng = np.random.default_rng(seed)
    dataset, cohorts = random_people(rng)
    users = len(dataset.users)
    lists = np.array([rng.permutation(20)[:4] for _ in range(users)])
    relevant = (rng.random((users, 20)) < 0.15) * (rng.random((users, 1)) < 0.9)
    attributes = dataset.users[list(dataset.sensitive)].reset_index(drop=True)
    extra, _ = compared_attributes(dataset, cohorts, THRESHOLD, [relevant.any(axis=1)])
    return ranking(lists, relevant, attributes.assign(**extra)), rng


def members(attributes, attribute, group):
    """bool [users] of a group or of an intersection; everybody for `all`."""
    if attribute == EVERYONE:
        return np.ones(len(attributes), bool)
    values = zip(attribute.split("*"), group.split(" & ") if "*" in attribute else [group], strict=False)
    if group == UNKNOWN and "*" in attribute:
        return (attributes[attribute.split("*")] == UNKNOWN).any(axis=1).to_numpy()
    return np.logical_and.reduce([attributes[name].to_numpy() == value for name, value in values])


def cells(findings):
    """(figure, attribute, group, finding) of every level, hidden ones too, by labels and keys as exported."""
    for finding in findings:
        attribute, group = finding["label"]["facts"].get("attribute"), finding["label"]["facts"].get("group")
        if finding["label"]["key"] == "fairness.label.all":
            yield finding["key"].removeprefix("all."), EVERYONE, EVERYONE, finding
        elif finding["label"]["key"] == "fairness.label.level":
            name = {"cohort.others": OTHERS}.get(group["key"], UNKNOWN) if isinstance(group, dict) else group
            figure = finding["key"].removeprefix(f"{attribute}.").removesuffix(f".{name}")
            yield figure, attribute, name, finding


def leaks(exported, audit):
    """Hidden cells whose users are a combination of the users of shown cells, per figure."""
    found = []
    counts = {"hit@4": np.asarray((audit.relevant > 0).sum(axis=1)).ravel() > 0}
    everybody = np.ones(len(audit.attributes), bool)
    listed = list(cells(exported["findings"]))
    for figure in {one[0] for one in listed}:
        counted = counts.get(figure, everybody)
        rows = {
            (attribute, group): members(audit.attributes, attribute, group) & counted
            for name, attribute, group, _ in listed
            if name == figure
        }
        state = {(a, g): finding for name, a, g, finding in listed if name == figure}
        shown = [rows[cell] for cell, finding in state.items() if finding["verdict"] not in VALUELESS]
        hidden = [cell for cell, finding in state.items() if finding["verdict"] == "suppressed"]
        assert all(rows[cell].sum() >= THRESHOLD for cell, f in state.items() if f["verdict"] not in VALUELESS)
        if not hidden or not shown:
            continue
        kinds = np.unique(np.array([*shown, counted, *(rows[cell] for cell in hidden)]), axis=1).astype(float)
        known, wanted = kinds[: len(shown) + 1], kinds[len(shown) + 1 :]
        left = np.abs(wanted @ np.linalg.pinv(known) @ known - wanted).max(axis=1)
        found += [
            (figure, *cell)
            for cell, rest in zip(hidden, left, strict=True)
            if rest < 1e-9 and 0 < rows[cell].sum() < counted.sum()
        ]
    return found


def named(exported):
    """Every comparison that is shown with the groups that it tells of."""
    for finding in exported["findings"]:
        attribute = finding["label"]["facts"].get("attribute")
        if finding["verdict"] not in VALUELESS and isinstance(attribute, str) and finding["groups"]:
            ends = [finding["settings"].get(end) for end in ("highest", "lowest")]
            figure = finding["settings"].get("figure")
            yield finding["key"], figure, {(attribute, str(g)) for g in (*finding["groups"], *ends) if g}


def attacked(seed):
    """What is wrong with one random audit: hidden cells that follow, comparisons that tell of one, leftovers."""
    audit, _ = random_audit(seed)
    section = disparity_section(audit, None, None, SETTINGS, THRESHOLD, seed)
    exported = json.loads(canonical(section))
    wrong = leaks(exported, audit)
    hidden = {(figure, a, g) for figure, a, g, f in cells(exported["findings"]) if f["verdict"] == "suppressed"}
    wrong += [key for key, figure, told in named(exported) if {(figure, *cell) for cell in told} & hidden]
    wrong += [
        finding.key
        for finding in section.findings
        if finding.verdict is Verdict.SUPPRESSED and (finding.n or finding.groups or finding.settings)
    ]
    return len(hidden), wrong


@pytest.mark.parametrize("block", range(4))
def test_no_hidden_cell_follows_from_what_is_exported(block):
    found = [attacked(seed) for seed in range(block * 10, block * 10 + 10)]
    assert [wrong for _, wrong in found if wrong] == []
    assert sum(hidden for hidden, _ in found) > 20


@pytest.mark.parametrize("seed", range(500, 504))
def test_the_number_of_a_hidden_cell_stands_nowhere_in_json_html_csv_or_hover_texts(seed, tmp_path):
    audit, _ = random_audit(seed)
    figures = {"figures": ("ndcg", "length"), "intersection_figures": ("ndcg",)}
    section = disparity_section(audit, None, None, SETTINGS.model_copy(update=figures), THRESHOLD, seed)
    document = Document(
        title="t", evenhand="0", versions={}, seed=1, digest="0" * 64, settings={},
        sections=(section.model_copy(update={"charts": section.charts[:1]}),),
    )  # fmt: skip
    write(document, tmp_path, ("json", "csv") if seed % 2 else ("json", "csv", "html"), "en")
    text = "".join(path.read_text() for path in sorted(tmp_path.rglob("*")) if path.is_file())
    found = accuracy(audit, 4)
    shown, lost = set(), set()
    for figure, attribute, group, finding in cells(json.loads(canonical(section))["findings"]):
        who = members(audit.attributes, attribute, group) & found.counted
        if figure == "ndcg@4" and who.sum() > 1:
            (lost if finding["verdict"] == "suppressed" else shown).add(f"{found.ndcg[who].mean():.10g}"[:8])
    assert shown and all(value in text for value in shown - {"0"})
    assert not [value for value in lost - shown if len(value) == 8 and value in text]


def test_before_and_after_a_mitigation_hides_what_disparity_hides():
    for seed in range(10):
        audit, rng = random_audit(seed)
        after = ranking(
            np.array([rng.permutation(20)[:4] for _ in audit.user_ids]), sp.csr_matrix(audit.relevant), audit.attributes
        )
        settings = MitigationSettings(replicates=100, permutations=100, attribute="sex", figure="hit")
        section = mitigation_section(
            Variant("before", None, ranking=audit), [Variant("rerank", 1.0, ranking=after)], settings, THRESHOLD, seed
        )
        counted = np.asarray((audit.relevant > 0).sum(axis=1)).ravel() > 0
        sizes = {g: int((members(audit.attributes, "sex", g) & counted).sum()) for g in set(audit.attributes["sex"])}
        small = {g for g, n in sizes.items() if n < THRESHOLD}
        for finding in section.findings:
            if finding.verdict not in VALUELESS and finding.n_unit == "users":
                assert not small & set(finding.groups), (seed, finding.key)
                assert finding.n >= THRESHOLD or not finding.groups
        shown = {g for f in section.findings if f.verdict not in VALUELESS and len(f.groups) == 1 for g in f.groups}
        left = [n for g, n in sizes.items() if g not in shown]
        assert not shown or not sum(left) or sum(left) >= THRESHOLD, seed


def test_files_of_tables_hold_a_word_where_a_cell_is_hidden(tmp_path):
    audit, _ = random_audit(3)
    section = disparity_section(audit, None, None, SETTINGS, 25, 3)
    document = Document(
        title="t", evenhand="0", versions={}, seed=1, digest="0" * 64, settings={},
        sections=(section.model_copy(update={"charts": ()}),),
    )  # fmt: skip
    write(document, tmp_path, ("csv",), "en")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "tables" / "findings.csv").read_text(encoding="utf-8-sig"))))
    hidden = [row for row in rows if "suppressed" in row.values()]
    assert hidden
    for row in hidden:
        numbers = [text for text in row.values() if text.replace(".", "").isdigit() and float(text) != 0]
        assert not [text for text in numbers if text not in ("0.95", "95", "25")], row
