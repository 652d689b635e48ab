"""Step `feedback`: recommend, click, learn, again and again, with a mitigation and without. Does the mend last?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from analysis.document import Section
from audit.compose import Composed
from models.data import Interactions
from words import Refusal, phrase

if TYPE_CHECKING:
    from analysis.feedback.worlds import Ints, World
    from audit.methods import Ground
    from audit.run import Run

QUICK = ("popularity", "ease", "mf", "vae")
"""Kinds that are trained anew in every round."""
Teach = Callable[[Composed, int], np.ndarray]
"""(what is known by now, seed) -> int32 [users, K], everybody's list."""


def feedback_section_of(run: Run) -> Section:
    """The loop with the chosen mitigation and without, on the same luck, once a repetition."""
    from analysis.feedback.section import Followed, feedback_section
    from audit.methods import ground_of

    settings = run.settings.feedback
    ground = ground_of(run)
    _refuse_slow(ground)
    run.tell(0.0, "feedback.progress.clicks")
    groups = _groups(ground, run.settings.k)
    world = _world(ground, tuple(groups), run.settings.seed)
    values = []
    for repetition in range(settings.repetitions):
        seed = run.settings.seed + repetition
        for arm, teach in enumerate((_plain(ground), _mended(ground, run))):
            share = (2 * repetition + arm) / (2 * settings.repetitions)
            run.tell(0.1 + 0.9 * share, "feedback.progress.loop", repetition=float(repetition + 1))
            values.append(list(loop(ground.composed, teach, world, settings.rounds, seed)))
    shape = (settings.repetitions, 2, settings.rounds, -1)
    users = len(ground.composed.attributes)
    arrays = np.array(values).reshape(shape)
    return feedback_section(Followed(arrays, settings.mend, settings.mend_strength, groups, users, run.settings.seed))


def loop(start: Composed, teach: Teach, world: World, rounds: int, seed: int) -> Iterator[np.ndarray]:
    """The figures of each round's lists [rounds x figures]; what is clicked is learnt from in the next.

    Luck depends on the seed and the round alone: two recommenders that list the same item to the same user in the same
    round see the same click.
    """
    known = start
    for number in range(rounds):
        lists = teach(known, seed)
        if not world.served(lists):
            raise Refusal("feedback.exhausted", round=number + 1)
        yield world.figures(lists)
        luck = np.random.default_rng([seed, number, 811]).random(world.chance.shape)
        known = clicked(known, *world.clicked(lists, luck))


def clicked(known: Composed, user: Ints, item: Ints) -> Composed:
    """What is known after these clicks."""
    data, final = (_grown(rows, user, item) for rows in (known.data, known.final))
    return replace(known, data=data, final=final)


def _grown(data: Interactions, user: Ints, item: Ints) -> Interactions:
    """The rows and one more for each click, wanted, of mean weight, shown as is usual, later than all others.

    The item counts as seen.
    """
    import scipy.sparse as sp

    new = len(user)
    marks = sp.csr_matrix((np.ones(new, bool), (user, item)), shape=data.seen.shape)
    rating = data.rating
    if rating is not None:
        wanted = rating[data.label > 0]
        rating = np.append(rating, np.full(new, wanted.mean(), np.float32))
    return replace(
        data,
        user=np.append(data.user, user),
        item=np.append(data.item, item),
        label=np.append(data.label, np.ones(new, np.float32)),
        rating=rating,
        weight=None if data.weight is None else np.append(data.weight, np.ones(new, np.float32)),
        time=None if data.time is None else np.append(data.time, np.full(new, data.time.max() + 1)),
        seen=sp.csr_matrix(data.seen + marks, dtype=bool),
        **data.shown_as_usual(new),
    )


def _refuse_slow(ground: Ground) -> None:
    if ground.model is None:
        raise Refusal("audit.needs_training")
    if ground.model.kind not in QUICK:
        names = ", ".join(QUICK)
        raise Refusal("feedback.slow", kind=phrase(f"models.name.{ground.model.kind}"), quick=names)


def _groups(ground: Ground, k: int) -> dict[str, int]:
    """The two largest groups of known value with their users, the larger first. Raises Refusal where one is small."""
    from analysis.fairness.partition import partition

    found = partition(ground.composed.attributes, (ground.attribute,))
    sizes = {found.names[code]: int(found.size[code]) for code in found.known[:2]}
    if len(sizes) < 2 or min(sizes.values()) < k:
        raise Refusal("feedback.groups", attribute=ground.attribute, k=k)
    return sizes


def _world(ground: Ground, names: tuple[str, ...], seed: int) -> World:
    """Chances of a click as an additive logistic regression of the whole log but the test part tells them."""
    from analysis.feedback.worlds import World
    from models.config import AdditiveSettings
    from models.train import fit

    composed = ground.composed
    model = fit(composed.final, AdditiveSettings(strengths=(0.1,), folds=2), seed)
    users = np.arange(composed.data.n_users, dtype=np.int32)
    group = np.select([ground.group == names[0], ground.group == names[1]], [1, 0], -1)
    tail = composed.item_groups["tail"].to_numpy(str) == "tail"
    return World(expit(model.score(users).astype(np.float64)), group, tail)


def _plain(ground: Ground) -> Teach:
    """The recommender as it is, taught anew."""
    from audit.recommend import scored
    from models.config import Gradient
    from models.train import fit

    model = ground.model
    assert model is not None, "refused before"

    def teach(known: Composed, seed: int) -> np.ndarray:
        rows = known.data if isinstance(model, Gradient) else known.final
        return scored(fit(rows, model, seed), known, ground.top).codes

    return teach


def _mended(ground: Ground, run: Run) -> Teach:
    """The recommender with the mitigation, taught anew."""
    from analysis.mitigation.methods import METHODS
    from audit.methods import made
    from audit.recommend import trained

    chosen = run.settings.feedback
    dose = (chosen.mend, chosen.mend_strength)
    if METHODS[chosen.mend].serves[0] == "selection":
        raise Refusal("feedback.no_lists")

    def teach(known: Composed, seed: int) -> np.ndarray:
        kept = ground.kept
        if METHODS[chosen.mend].place == "after":
            assert ground.model is not None, "refused before"
            kept = trained(known, ground.model, seed)[1]
        settings = ground.settings.model_copy(update={"seed": seed})
        variant = made(replace(ground, composed=known, kept=kept, settings=settings), [dose])
        if variant.ranking is None:
            raise Refusal("feedback.no_lists")
        return variant.ranking.lists

    return teach
