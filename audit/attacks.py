"""Step `attacks`: the recommender trained anew on logs with noise and with fake profiles, judged on the real users."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.charts.labels import exact
from analysis.document import Section
from models.data import Interactions
from words import Refusal, phrase

if TYPE_CHECKING:
    from analysis.fairness.attacks import Kind
    from audit.run import Run

Tamper = Callable[[Interactions], Interactions]


def attacks_section_of(run: Run) -> Section:
    """The recommender as it is beside itself on every log that was tampered with."""
    from analysis.fairness.attacks import Tampered, attacks_section
    from audit.kept import audited_ranking
    from models.robust import usual_target, with_fakes, with_noise

    settings, seed, data = run.settings.attacks, run.settings.seed, run.composed.data
    if run.settings.recommender.lists_alone or run.settings.recommender.saved is not None:
        raise Refusal("audit.needs_training")
    target = usual_target(data) if settings.target is None else _item(data, settings.target)
    pushing: dict[str, Any] = {"target": target, "filler": settings.filler, "seed": seed}
    plan: list[tuple[Kind, float, Tamper]] = [
        *(("noise", share, partial(with_noise, share=share, seed=seed)) for share in settings.noise),
        *(("fakes", share, partial(with_fakes, share=share, **pushing)) for share in settings.fakes),
    ]
    tampered = []
    for at, (kind, share, tamper) in enumerate(plan):
        run.say(at / len(plan), phrase("attacks.progress", at=at + 1, of=len(plan)))
        ranking = run.composed.ranking(f"{kind} {exact(share)}", _lists(run, tamper), None)
        tampered.append(Tampered(kind, share, ranking))
    top = run.settings.recommender.top
    return attacks_section(audited_ranking(run), tampered, target, settings, run.settings.k, top, seed)


def _item(data: Interactions, name: str) -> int:
    if name not in data.item_ids:
        raise Refusal("attacks.no_item", item=name)
    return data.item_ids.index(name)


def _lists(run: Run, tamper: Tamper) -> np.ndarray:
    """int32 [users, K]: lists of the real users, by the audited settings fitted to the log that was tampered with."""
    from audit.kept import trained_model
    from audit.recommend import ranked
    from models.config import Gradient
    from models.train import fit

    composed, chosen = run.composed, trained_model(run).settled()
    rows = composed.data if isinstance(chosen, Gradient) else composed.final
    model = fit(tamper(rows), chosen, run.settings.seed, cache=run.folder.cache)
    return ranked(model, composed, run.settings.recommender.top)[0]
