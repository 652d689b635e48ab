"""Everything that is computed about one contrast: who gains, can they be found, and what a rule would do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.causal import propensity
from analysis.causal.analyse import MAX_GROUPS
from analysis.causal.doubly_robust import nuisances
from analysis.causal.estimate import Estimate
from analysis.causal.people.covariates import Design, design
from analysis.causal.people.groups import Gains, gains
from analysis.causal.people.judged import Judged, Treated, judged, treated_by_group
from analysis.causal.people.peers import Peers, peers
from analysis.causal.people.projection import Slope, predicted, projection
from analysis.causal.people.rule import Questions, questions
from analysis.causal.people.scores import Scores, estimated, mean_over, scores
from analysis.causal.people.settings import PeopleSettings
from analysis.causal.people.targeting import Targeting, targeting
from analysis.causal.propensity import Overlap
from analysis.causal.study import Numbers, Stratified, Study, stratified
from words import Refusal, listed, phrase

Tell = Callable[..., None]
FEWEST = 50
"""Users of each kind, treated and not, without whom nothing is estimated."""
PERMUTATIONS = 2000


@dataclass(frozen=True)
class People:
    """Numbers of one contrast.

    expected: float64 [rows], the gain that the folds before foresee for each row; NaN in the first fold.
    """

    study: Study
    scores: Scores
    average: Estimate | None
    overlap: Overlap
    design: Design
    groups: tuple[Gains, ...]
    slopes: tuple[Slope, ...]
    expected: Numbers
    targeting: Targeting
    rule: Judged
    asked: Questions
    shares: tuple[Treated, ...]
    peers: Peers | None

    @property
    def judged_users(self) -> int:
        """People by whom the order and the rule are judged: those of all folds but the first."""
        return len(np.unique(self.scores.user[self.scores.fold > 0]))

    def too_small(self, k: int) -> bool:
        """Whether an answer of the rule rests on fewer than `k` people."""
        held = [self.asked.leaf_rows(leaf) for leaf in self.rule.rule.leaves]
        return min(len(np.unique(self.study.user[rows])) for rows in held) < k


def analyse(
    study: Study,
    covariates: tuple[str, ...],
    by: tuple[str, ...],
    sensitive: tuple[str, ...],
    settings: PeopleSettings,
    seed: int,
    tell: Tell = lambda *_, **__: None,
    k: int = 0,
) -> People:
    """Scores, groups, projection, ranking, rule and peers. `study` has `covariates` and `by` among its confounders.

    Raises Refusal where fewer than 50 users received, or did not receive, the treatment, and where more than 10% of
    the rows have no counterpart.
    """
    for arm in (0, 1):
        if len(np.unique(study.user[study.treated == arm])) < FEWEST:
            raise Refusal("people.few_users", least=FEWEST)  # not how many: it may be under k
    tell(0.05, "people.progress.scores")
    fitted = nuisances(study, seed)
    overlap = propensity.overlap_by_model(study, fitted.propensity, "ATE")
    if overlap.lacking > propensity.WITHHELD:
        names = listed(one.name for one in study.confounders) or phrase("effects.nothing")
        raise Refusal("effects.no_overlap", share=f"{overlap.lacking:.1%}", names=names)
    known = scores(study, fitted, seed)
    tell(0.3, "people.progress.groups")
    splits = tuple(_split(study, name) for name in by)
    found = tuple(gains(study, known, fitted.propensity, split, PERMUTATIONS, seed, k) for split in splits)
    tell(0.4, "people.progress.ranking")
    columns = design(study, covariates)
    expected = predicted(known, columns)
    allowed = tuple(name for name in covariates if not (settings.blind and name in sensitive))
    asked = questions(study, allowed)
    rule = judged(known, asked, settings.worth, settings.depth)
    ranked = targeting(known, expected, settings.replicates, seed)
    beside = peers(study, known, columns, expected, settings, seed, tell) if settings.forest and columns.terms else None
    return People(
        study=study,
        scores=known,
        average=estimated(mean_over(known.gain, np.ones(study.rows, bool), study.user), study.user, study.users),
        overlap=overlap,
        design=columns,
        groups=found,
        slopes=projection(known, columns),
        expected=expected,
        targeting=ranked,
        rule=rule,
        asked=asked,
        shares=tuple(treated_by_group(known, rule.chosen, split) for split in splits),
        peers=beside,
    )


def _split(study: Study, name: str) -> Stratified:
    split = stratified(study.table[name], bins=4)
    if len(split.labels) > MAX_GROUPS:
        raise Refusal("effects.many_groups", name=name, n=len(split.labels), limit=MAX_GROUPS)
    return split
