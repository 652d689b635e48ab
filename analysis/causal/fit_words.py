"""How a graph fits the data, in sentences, figures and a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.causal.fit import Checked, Fit
from analysis.causal.implications import Implication
from analysis.causal.independence import LEVEL, Independence
from analysis.document import Cell, Column, Table
from analysis.finding import Finding, Verdict, amount, not_computed
from words import Fact, Phrase, listed, phrase

MOST_SAID = 3
"""Failing claims put into sentences; all are in the table and drawn in the editor."""

Spoken = Mapping[str, str]


def fit_summary(fit: Fit, spoken: Spoken) -> tuple[Phrase, ...]:
    """What the data say of the graph, the failing claims first."""
    if not fit.tested:
        return (phrase("graph.fit.nothing" if not fit.checks else "graph.fit.untested", n=len(fit.checks)),)
    facts: dict[str, Fact] = {"n": len(fit.tested), "people": fit.people}
    if not fit.failing:
        return (phrase("graph.fit.agrees", **facts), *_beside(fit))
    said = [phrase("graph.fit.disagrees", failing=len(fit.failing), **facts)]
    said += [disagreement(each, spoken) for each in fit.failing[:MOST_SAID]]
    if len(fit.failing) > MOST_SAID:
        said.append(phrase("graph.fit.more", n=len(fit.failing) - MOST_SAID))
    if len(fit.failing) > 1:
        said.append(phrase("graph.fit.begin"))
    return (*said, phrase("graph.fit.mend"), *_beside(fit))


def disagreement(each: Checked, spoken: Spoken) -> Phrase:
    """One failing claim as a sentence."""
    assert not isinstance(each.found, str)
    a, b, given = _names(each.claim, spoken)
    facts: dict[str, Fact] = {
        "a": a,
        "b": b,
        "strength": amount(each.found.strength, "ratio"),
        "n": each.found.n,
        "unit": phrase(f"units.{each.found.unit}"),
        "p": _p(each.adjusted),
    }
    if not given:
        return phrase("graph.fit.claim_plain", **facts)
    return phrase("graph.fit.claim", **facts, given=given)


def fit_findings(fit: Fit, spoken: Spoken) -> tuple[Finding, ...]:
    """The association left behind every claim; `not computed` where a claim could not be tested."""
    return tuple(_finding(each, spoken) for each in fit.checks)


def fit_tables(fit: Fit, spoken: Spoken) -> tuple[Table, ...]:
    """Every claim with what the data say; none where the graph claims nothing."""
    if not fit.checks:
        return ()
    columns = tuple(
        Column(key=key, title=phrase(f"graph.fit.table_{key}"), unit=unit)
        for key, unit in (("pair", "text"), ("given", "text"), ("says", "text"), ("strength", "text"), ("p", "text"))
    )
    rows = tuple(_row(each, spoken) for each in fit.checks)
    return (Table(key="graph.fit", title=phrase("graph.fit.table"), columns=columns, rows=rows),)


def fit_notes(fit: Fit) -> tuple[Phrase, ...]:
    """How the claims were tested, and what was not."""
    said = [phrase("graph.fit.method"), phrase("graph.fit.how"), phrase("graph.fit.selection")]
    if fit.sampled:
        said.append(phrase("graph.fit.sampled", rows=fit.rows, people=fit.people))
    if fit.left_out:
        said.append(phrase("graph.fit.left_out", n=fit.left_out))
    if fit.silent:
        said.append(phrase("graph.fit.silent", n=len(fit.silent)))
    if isinstance(fit.beside, str) and fit.tested:
        said.append(phrase(f"graph.unshuffled.{fit.beside}"))
    return tuple(said)


def fit_facts(fit: Fit) -> dict[str, Any]:
    """The failing claims by the names of roles, the strongest first, for the editor and other programs."""
    return {
        "claims": len(fit.tested),
        "failing": [
            {
                "a": each.claim.a,
                "b": each.claim.b,
                "given": list(each.claim.given),
                "strength": each.found.strength,
                "p": each.adjusted,
            }
            for each in fit.failing
            if not isinstance(each.found, str)
        ],
    }


def _beside(fit: Fit) -> tuple[Phrase, ...]:
    """The graph among its shuffled twins."""
    if isinstance(fit.beside, str):
        return ()
    facts: dict[str, Fact] = {
        "broken": fit.beside.broken,
        "claims": fit.beside.claims,
        "graphs": fit.beside.graphs,
        "as_good": round(fit.beside.share_as_good * fit.beside.graphs),
    }
    if fit.beside.share_same > LEVEL:
        return (phrase("graph.fit.uninformative", **facts),)
    return (phrase("graph.fit.better" if fit.beside.share_as_good <= LEVEL else "graph.fit.no_better", **facts),)


def _finding(each: Checked, spoken: Spoken) -> Finding:
    a, b, given = _names(each.claim, spoken)
    label = phrase("graph.fit.left", a=a, b=b, given=given) if given else phrase("graph.fit.left_plain", a=a, b=b)
    key, method = f"graph.left[{each.claim.key}]", phrase("graph.fit.how")
    if isinstance(each.found, str):
        return not_computed(key, label, "strength", 0, phrase(f"graph.fit.{each.found}", a=a, b=b), method)
    return Finding(
        key=key,
        label=label,
        unit="strength",
        verdict=Verdict.MEASURED,
        value=each.found.strength,
        n=each.found.n if each.found.unit == "items" else each.found.people,
        n_unit="items" if each.found.unit == "items" else "users",
        p_value=each.found.p,
        p_adjusted=each.adjusted,
        smallest_detectable=each.found.detectable,
        method=method,
        settings={"rows": each.found.n},
    )


def _row(each: Checked, spoken: Spoken) -> tuple[Cell, ...]:
    a, b, given = _names(each.claim, spoken)
    pair = f"{a} – {b}"
    known = given or phrase("graph.nothing")
    if isinstance(each.found, str):
        return (pair, known, phrase(f"graph.fit.{each.found}", a=a, b=b), None, None)
    says = phrase("graph.fit.says_no" if each.fails else "graph.fit.says_yes")
    return (pair, known, says, _strength(each.found, each.fails), _p(each.adjusted))


def _strength(found: Independence, fails: bool) -> Phrase | str:
    if fails:
        return amount(found.strength, "ratio")
    return phrase("graph.fit.at_most", strength=amount(found.strength, "ratio"), seen=amount(found.detectable, "ratio"))


def _names(claim: Implication, spoken: Spoken) -> tuple[str, str, Phrase | str]:
    def said(name: str) -> str:
        return spoken.get(name, name)

    return said(claim.a), said(claim.b), listed(map(said, claim.given))


def _p(p: float) -> str:
    return amount(p, "p")
