"""One search by causal-learn, as links; constraints are made to hold by `orient`."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np

from analysis.causal.discovery.columns import MIN_ROWS, Codes, Columns, Numbers
from analysis.causal.discovery.independence import Independence
from analysis.causal.discovery.knowledge import Knowledge
from analysis.causal.discovery.links import Links, Mark
from analysis.causal.discovery.orient import constrained
from analysis.causal.discovery.settings import Method
from words import Refusal

TEST = "evenhand_covariance"
SCORED_BINS = 3
"""Quantile bins of a number where GES scores categories."""
SCORED_ROWS = 5_000
"""Most rows that GES scores and DirectLiNGAM reads, one a user."""


Pair = tuple[int, int]
MARKS: dict[int, Mark] = {-1: "tail", 1: "arrow", 2: "circle"}


@dataclass(frozen=True)
class Search:
    """A method with what it needs; `links(number)` runs it on resample `number` (0: the data)."""

    method: Method
    columns: Columns
    known: Knowledge
    independence: Independence
    significance: float
    conditioning: int
    seed: int

    def links(self, number: int) -> Links:
        """The links found, with all constraints holding. Raises Refusal where the method cannot read the columns."""
        with contextlib.redirect_stdout(io.StringIO()):  # causal-learn prints every edge that it colours
            found = {"pc": self._pc, "fci": self._fci, "ges": self._ges, "lingam": self._lingam}[self.method](number)
        return constrained(self.columns.names, found, self.known, hidden=self.method == "fci")

    def _pc(self, number: int) -> Links:
        """Colliders by the set with the highest p (PC-Max, Ramsey 2016): the first set found is often not the right
        one, and directed the SACHS sample 12 links wrong, none this way."""
        from causallearn.search.ConstraintBased.PC import pc

        names = self.columns.names
        graph = pc(
            _shape_only(names),
            self.significance,
            _registered(),
            background_knowledge=_background(names, self.known),
            node_names=list(names),
            show_progress=False,
            max_k=self.conditioning,
            uc_rule=1,
            uc_priority=3,
            **self._asked(number, once=False),
        )
        return _links(names, graph.G.graph)

    def _fci(self, number: int) -> Links:
        """No knowledge is handed over: causal-learn would read "not b -> a" as a -> b without a hidden cause."""
        from causallearn.search.ConstraintBased.FCI import fci

        names = self.columns.names
        graph, _ = fci(
            _shape_only(names),
            _registered(),
            self.significance,
            depth=self.conditioning,
            show_progress=False,
            node_names=list(names),
            **self._asked(number, once=True),
        )
        return _links(names, graph.graph)

    def _asked(self, number: int, once: bool) -> dict[str, Any]:
        """What the test is made of; see `_registered`."""
        kept, asking = _required(self.columns.names, self.known), (self.significance, self.conditioning, once)
        return {"tests": self.independence, "number": number, "kept": kept, "asking": asking}

    def _ges(self, number: int) -> Links:
        """BIC of normal scores where all are numbers, else BDeu of categories (numbers in three quantile bins)."""
        from causallearn.search.ScoreBased.GES import ges

        columns = self._independent_rows(number)
        varying = _varying(columns)
        if len(varying) < 3:  # BDeu's prior of causal-learn is log 0 with two columns
            raise Refusal("discover.ges_few")
        data = columns.matrix()[:, varying]
        numbers = all(columns.columns[one].kind == "number" for one in varying)
        if numbers:
            data = _scores(data)
        else:
            data = np.column_stack([_binned(columns, one) for one in varying])
        found = ges(data, "local_score_BIC" if numbers else "local_score_BDeu", maxP=float(self.conditioning))
        return _links(tuple(columns.names[one] for one in varying), found["G"].graph)

    def _lingam(self, number: int) -> Links:
        from causallearn.search.FCMBased.lingam import DirectLiNGAM

        columns = self._independent_rows(number)
        usable = [one for one in _varying(columns) if columns.columns[one].ordered]
        if len(usable) < 2:
            raise Refusal("discover.lingam_few")
        data = columns.matrix()[:, usable]
        names = tuple(columns.names[one] for one in usable)
        prior = np.full((len(names), len(names)), -1)
        time = dict(self.known.tier)
        for i, j in ((i, j) for i in range(len(names)) for j in range(len(names))):
            if time.get(names[i], 0) < time.get(names[j], 0) and {names[i], names[j]} <= set(time):
                prior[i, j] = 0
        model = DirectLiNGAM(random_state=self.seed, prior_knowledge=prior if (prior == 0).any() else None)
        model.fit((data - data.mean(axis=0)) / data.std(axis=0))
        strengths = np.nan_to_num(model.adjacency_matrix_)
        return {
            (names[i], names[j]): ("tail", "arrow") if strengths[j, i] else ("arrow", "tail")
            for i, j in combinations(range(len(names)), 2)
            if strengths[i, j] or strengths[j, i]
        }

    def _independent_rows(self, number: int) -> Columns:
        """One row, without a gap, of each user drawn; at most 5,000 of them."""
        rng = np.random.default_rng([self.seed, number])
        whole = np.flatnonzero(np.isfinite(self.columns.matrix()).all(axis=1))
        user = self.columns.user[whole]
        first, rows = np.unique(user, return_index=True)[1], np.bincount(user, minlength=self.columns.users)
        start = np.zeros(self.columns.users, np.int64)
        start[user[first]] = first
        times = self.independence.weights[number].astype(np.int64)
        drawn = np.repeat(np.arange(self.columns.users), np.where(rows > 0, times, 0))
        if len(drawn) < MIN_ROWS:
            raise Refusal("discover.few_whole", n=len(drawn), least=MIN_ROWS)
        if len(drawn) > SCORED_ROWS:
            drawn = np.sort(rng.choice(drawn, SCORED_ROWS, replace=False))
        chosen: Codes = whole[start[drawn] + (rng.random(len(drawn)) * rows[drawn]).astype(np.int64)]
        return self.columns.take(chosen)


@cache
def _registered() -> str:
    """Our test under a name that causal-learn knows."""
    from causallearn.utils.cit import CIT_Base, register_ci_test

    class _Test(CIT_Base):
        """One resample's p-values; 0 for pairs in `kept` and for sets of more than `most`.

        A pair once separated is asked again only for sets at most one larger, which is where a collider shows; with
        `once` for no other set, so that the first set found is the pair's separating set (the union of all found,
        which causal-learn would take, need not separate).
        """

        def __init__(
            self,
            data: Numbers,
            tests: Independence,
            number: int,
            kept: frozenset[Pair],
            asking: tuple[float, int, bool],
        ) -> None:
            super().__init__(data)
            self.method = TEST
            self.tests, self.number, self.kept = tests, number, kept
            self.level, self.most, self.once = asking
            self.separated: dict[Pair, tuple[int, ...]] = {}

        def __call__(self, x: int, y: int, given: Any = None) -> float:
            pair, held = (min(int(x), int(y)), max(int(x), int(y))), tuple(sorted(int(one) for one in given or ()))
            first = self.separated.get(pair, held)
            if pair in self.kept or len(held) > min(self.most, len(first) + 1) or (self.once and first != held):
                return 0.0
            p = float(self.tests.p_values(*pair, held)[self.number])
            if p > self.level:
                self.separated.setdefault(pair, held)
            return p

    register_ci_test(TEST, _Test)
    return TEST


def _shape_only(names: tuple[str, ...]) -> Numbers:
    """What causal-learn counts the columns by; the test reads its own data."""
    return np.zeros((len(names) + 1, len(names)))


def _required(names: tuple[str, ...], known: Knowledge) -> frozenset[Pair]:
    """Pairs that no test may separate, by their places."""
    places = [(names.index(cause), names.index(consequence)) for cause, consequence in known.required]
    return frozenset((min(pair), max(pair)) for pair in places)


def _background(names: tuple[str, ...], known: Knowledge) -> Any:
    """Knowledge that leaves each pair one direction, in causal-learn's form.

    Pairs forbidden both ways are kept from it: it would take them for independent, and every common consequence of
    the two for a collider that the data showed.
    """
    from causallearn.graph.GraphNode import GraphNode
    from causallearn.utils.PCUtils.BackgroundKnowledge import BackgroundKnowledge

    told, nodes = BackgroundKnowledge(), {name: GraphNode(name) for name in names}
    for one in names:
        for other in names:
            if one != other and known.allows(one, other) and not known.allows(other, one):
                told.add_forbidden_by_node(nodes[other], nodes[one])
    return told


def _links(names: tuple[str, ...], graph: Any) -> Links:
    """Links of causal-learn's matrix, where [i, j] is the mark at i of the link to j."""
    return {
        (names[i], names[j]): (MARKS[int(graph[i, j])], MARKS[int(graph[j, i])])
        for i, j in combinations(range(len(names)), 2)
        if graph[i, j] and graph[j, i]
    }


def _varying(columns: Columns) -> list[int]:
    """Places of the columns with at least two values."""
    return [place for place, column in enumerate(columns.columns) if np.ptp(column.values) > 0]


def _scores(data: Numbers) -> Numbers:
    """Normal scores of every column."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    return np.asarray(ndtri((rankdata(data, axis=0) - 0.5) / len(data)))


def _binned(columns: Columns, place: int) -> Numbers:
    """Codes of categories as they are; of a number, its quantile bin."""
    column = columns.columns[place]
    if column.kind == "categories":
        return column.values
    cuts = np.unique(np.quantile(column.values, np.linspace(0, 1, SCORED_BINS + 1)[1:-1]))
    return np.searchsorted(cuts, column.values, side="right").astype(float)
