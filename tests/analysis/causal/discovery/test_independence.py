"""The test holds its level and sees what is there: mixed columns, rows of one user, gaps, resamples."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from analysis.causal.discovery import independence as discovery
from analysis.causal.discovery.independence import Independence, drawn_anew
from analysis.causal.terms import curves
from tests.analysis.causal.discovery.made import columns


def p_of(table, x, y, *given, resamples=0):
    read = columns(table)
    places = [read.names.index(name) for name in (x, y, *given)]
    test = Independence(read, drawn_anew(read.users, resamples, 1))
    p = test.p_values(places[0], places[1], tuple(places[2:]))
    return p if resamples else float(p[0])


def test_two_numbers_agree_with_fisher_z_where_users_are_rows():
    """With independent normal numbers both are the same test to first order."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=4000)
    for strength in (0.0, 0.02, 0.04):
        y = strength * x + rng.normal(size=4000)
        r = np.corrcoef(x, y)[0, 1]
        z = np.arctanh(r) * np.sqrt(4000 - 3)
        ours = p_of(pd.DataFrame({"x": x, "y": y}), "x", "y")
        assert norm.isf(ours / 2) == pytest.approx(abs(z), abs=0.15)


def test_categories_agree_with_cochran_mantel_haenszel():
    """Two yes/no columns over strata: statsmodels' test of the same hypothesis."""
    from statsmodels.stats.contingency_tables import StratifiedTable

    rng = np.random.default_rng(4)
    z = rng.integers(0, 4, 6000)
    x = (rng.random(6000) < 0.2 + 0.15 * z).astype(int)
    y = (rng.random(6000) < 0.1 + 0.15 * z + 0.02 * x).astype(int)
    tables = [np.histogram2d(x[z == s], y[z == s], bins=2)[0] for s in range(4)]
    theirs = StratifiedTable(tables).test_null_odds(correction=False).pvalue
    ours = p_of(pd.DataFrame({"x": x, "y": y, "z": z}), "x", "y", "z")
    assert norm.isf(ours / 2) == pytest.approx(norm.isf(theirs / 2), abs=0.1)


def cases(rng, users):
    """Columns with no link of x and y given z; eight rows a user, z of the user, and a habit in x and one in y."""
    user = np.repeat(np.arange(users), 8)
    z = rng.integers(0, 3, users)[user]
    lean, taste = rng.normal(size=users)[user], rng.normal(size=users)[user]
    size = z + lean + rng.normal(size=8 * users)
    yes = (rng.random(8 * users) < 1 / (1 + np.exp(-(z - 1) - taste))).astype(int)
    kind = np.array(["a", "b", "c"])[np.clip(np.round(z + 0.7 * lean), 0, 2).astype(int)]
    return pd.DataFrame({"user": [f"u{one:05d}" for one in user], "x": size, "y": yes, "kind": kind, "z": z})


@pytest.mark.parametrize("x", ["x", "kind"])
def test_false_positives_stay_at_the_level_with_many_rows_a_user(x):
    p = [p_of(cases(np.random.default_rng(seed), 250), x, "y", "z") for seed in range(200)]
    assert 0.015 < np.mean(np.array(p) < 0.05) < 0.09


def test_resamples_hold_the_level_too():
    """A user drawn twice is no second witness: the share of false links stays near the level, not at its double."""
    shares = [
        (p_of(cases(np.random.default_rng(seed), 250), "x", "y", "z", resamples=100)[1:] < 0.05).mean()
        for seed in range(40)
    ]
    assert np.mean(shares) < 0.13


def bent(seed, link=0.0):
    """x and y follow z along curves, and c turns a slope of y; 600 users of their own."""
    rng = np.random.default_rng(seed)
    z, c = rng.normal(size=600), rng.integers(0, 2, 600)
    x = np.sin(1.5 * z) + z * c + rng.normal(size=600)
    y = np.sin(1.5 * z) + z * c + link * x + rng.normal(size=600)
    return pd.DataFrame({"z": z, "c": c, "x": x, "y": y})


def test_what_bends_with_a_number_held_fixed_is_no_link():
    """With lines taken out alone, 100 of 100 such logs had one."""
    p = np.array([p_of(bent(seed), "x", "y", "z", "c") for seed in range(200)])
    assert 0.015 < np.mean(p < 0.05) < 0.09
    assert np.mean([p_of(bent(seed, 0.25), "x", "y", "z", "c") < 0.05 for seed in range(50)]) > 0.9


def test_of_two_numbers_held_fixed_their_product_is_taken_out_too():
    p = []
    for seed in range(200):
        z, w, x, y = np.random.default_rng(seed).normal(size=(4, 600))
        p.append(p_of(pd.DataFrame({"z": z, "w": w, "x": z * w + x, "y": z * w + y}), "x", "y", "z", "w"))
    assert 0.015 < np.mean(np.array(p) < 0.05) < 0.09


def test_what_is_taken_out_of_both_columns_is_counted():
    """Three numbers held fixed take 24 terms out of 300 users: uncounted, twice too many such logs had a link."""
    p = []
    for seed in range(250):
        z, x, y = np.random.default_rng(seed).normal(size=(3, 3, 300))
        table = pd.DataFrame({"a": z[0], "b": z[1], "c": z[2]})
        table["x"] = pd.qcut(z.sum(axis=0) / 2 + x[0], 8).codes.astype(str)
        table["y"] = pd.qcut(z.sum(axis=0) / 2 + y[0], 8).codes.astype(str)
        p.append(p_of(table, "x", "y", "a", "b", "c"))
    assert np.mean(np.array(p) < 0.05) < 0.09


def test_columns_held_fixed_are_taken_out_once_however_often_they_are_asked_of(monkeypatch):
    made = []
    monkeypatch.setattr(discovery, "curves", lambda *of: made.append(of) or curves(*of))
    rng = np.random.default_rng(9)
    read = columns(pd.DataFrame(rng.normal(size=(300, 5)), columns=list("abcde")))
    test = Independence(read, drawn_anew(read.users, 0, 1))
    found = [test.p_values(x, y, (3, 4)) for x, y in ((0, 1), (0, 2), (1, 2))]
    assert len(made) == 1
    alone = [Independence(read, test.weights.astype(int)).p_values(x, y, (3, 4)) for x, y in ((0, 1), (0, 2), (1, 2))]
    assert np.array_equal(found, alone)


def test_a_link_of_mixed_columns_is_seen():
    rng = np.random.default_rng(5)
    kind = rng.integers(0, 3, 1500)
    table = pd.DataFrame({"kind": np.array(["a", "b", "c"])[kind], "size": 0.3 * (kind == 1) + rng.normal(size=1500)})
    assert p_of(table, "kind", "size") < 1e-3


def test_rows_with_a_gap_leave_only_the_tests_that_need_them():
    rng = np.random.default_rng(6)
    x = rng.normal(size=800)
    table = pd.DataFrame({"x": x, "y": x + rng.normal(size=800), "z": rng.normal(size=800)})
    holed = table.assign(z=table["z"].mask(rng.random(800) < 0.5))
    assert p_of(holed, "x", "y") == p_of(table, "x", "y")
    kept = holed["z"].notna().to_numpy()
    assert p_of(holed, "x", "z") == pytest.approx(p_of(table.assign(x=x)[kept], "x", "z"), rel=0.2)


def test_a_set_that_determines_a_column_never_separates():
    rng = np.random.default_rng(7)
    x, y = rng.integers(0, 2, 900), rng.integers(0, 2, 900)
    either = x | y
    table = pd.DataFrame({"x": x, "y": y, "either": either, "z": rng.integers(0, 2, 900)})
    assert p_of(table, "either", "z", "x", "y") == 0.0


def test_traits_of_users_count_each_user_once():
    """Both traits make users active: over rows they would go together, over users they do not."""
    rng = np.random.default_rng(8)
    a, b = rng.integers(0, 2, 2000), rng.integers(0, 2, 2000)
    user = np.repeat(np.arange(2000), np.where(a & b, 12, 2))
    table = pd.DataFrame({"user": [f"u{one:04d}" for one in user], "a": a[user], "b": b[user]})
    r = np.corrcoef(a, b)[0, 1]
    assert norm.isf(p_of(table, "a", "b") / 2) == pytest.approx(abs(r) * np.sqrt(2000), abs=0.1)


def test_traits_of_few_items_are_no_link_however_many_users_see_them():
    """Two columns of 60 items drawn apart: by user every chance difference would be sure."""
    p = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        a, b, item = rng.integers(0, 2, 60), rng.integers(0, 4, 60), rng.integers(0, 60, 3000)
        user = [f"u{one:03d}" for one in np.sort(rng.integers(0, 150, 3000))]
        p.append(p_of(pd.DataFrame({"user": user, "item": item, "a": a[item], "b": b[item]}), "a", "b"))
    assert np.mean(np.array(p) < 0.05) < 0.12


def test_more_terms_than_users_are_judged_by_their_moments():
    """Twenty by twenty categories of 300 rows: no link is found more often than by chance, a strong one is."""
    p = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        p.append(
            p_of(pd.DataFrame({"a": rng.integers(0, 20, 300), "b": rng.integers(0, 20, 300)}).astype(str), "a", "b")
        )
    assert np.mean(np.array(p) < 0.05) < 0.12
    one = rng.integers(0, 20, 300)
    other = np.where(rng.random(300) < 0.5, one, rng.integers(0, 20, 300))
    assert p_of(pd.DataFrame({"a": one, "b": other}).astype(str), "a", "b") < 1e-3
