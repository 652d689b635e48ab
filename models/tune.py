"""Search for settings by validation NDCG: Optuna's TPE proposes, and stops trials that fall behind the median.

Every trial's outcome is written before the next begins, and what is proposed as trial n depends on the seed, n and
the outcomes so far alone; so a search that was killed goes on as the unbroken one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.base import Tell, part, silent
from models.config import Private, RecommenderSettings, SequentialSettings
from models.data import Interactions
from models.devices import follows
from models.evaluate import validation_ndcg
from models.stamp import stamp
from models.train import fit
from storage import write_atomic
from words import Refusal

if TYPE_CHECKING:
    import optuna

Value = float | int | str
LEAST_BEFORE_PRUNING = 4
"""Trials that run in full, and epochs that each runs, before one is held against the median."""
AT_RANDOM = 6
"""Trials drawn at random before TPE models what is good."""
FILE = "search.json"


@dataclass(frozen=True)
class Between:
    """From `low` to `high`, evenly in the logarithm; whole numbers evenly."""

    low: float
    high: float

    def distribution(self) -> optuna.distributions.BaseDistribution:
        from optuna.distributions import FloatDistribution, IntDistribution

        if isinstance(self.low, int) and isinstance(self.high, int):
            return IntDistribution(self.low, self.high)
        return FloatDistribution(self.low, self.high, log=True)


@dataclass(frozen=True)
class OneOf:
    """One of these."""

    values: tuple[Value, ...]

    def distribution(self) -> optuna.distributions.BaseDistribution:
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.values)


Range = Between | OneOf

DIMENSIONS = (32, 64, 128)
"""Of a reader of histories; those that its heads divide."""
_READER: dict[str, Range] = {
    "dimensions": OneOf(DIMENSIONS),
    "layers": Between(1, 3),
    "dropout": Between(0.1, 0.6),
    "learning_rate": Between(5e-4, 1e-2),
    "weight_decay": Between(1e-3, 0.3),
}
RANGES: dict[str, dict[str, Range]] = {
    "ease": {"l2": Between(5.0, 5000.0)},
    "mf": {
        "dimensions": OneOf((16, 32, 64, 128)),
        "learning_rate": Between(2e-3, 5e-2),
        "l2": Between(5e-4, 0.3),
    },
    "vae": {
        "dimensions": OneOf((50, 100, 200)),
        "dropout": Between(0.2, 0.8),
        "beta": Between(0.02, 1.0),
        "learning_rate": Between(3e-4, 5e-3),
    },
    "sequence": _READER,
    "language": _READER,
}
"""What is searched for each kind; a kind that is not named has nothing to search."""


def searched(settings: RecommenderSettings) -> dict[str, Range]:
    """What is searched beside these settings: of RANGES, what can stand beside what is not searched."""
    ranges = dict(RANGES[settings.kind])
    if isinstance(settings, SequentialSettings):
        ranges["dimensions"] = OneOf(tuple(d for d in DIMENSIONS if d % settings.heads == 0) or (settings.dimensions,))
    return ranges


@dataclass(frozen=True)
class Trial:
    """One choice of settings and what came of it.

    chosen: the searched settings by name. value: NDCG@10 on the validation rows, None where the trial was stopped.
    steps: the validation figure as it was told, best so far, by epoch; empty for kinds without epochs.
    """

    chosen: dict[str, Value]
    value: float | None
    steps: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Searched:
    """The best settings found, and every trial; the first is the settings as they were given."""

    settings: RecommenderSettings
    trials: tuple[Trial, ...]
    best: int
    """Number of the best trial, from 0."""


def search(
    data: Interactions,
    settings: RecommenderSettings,
    trials: int,
    seed: int,
    folder: Path | None = None,
    tell: Tell = silent,
    cache: Path | None = None,
) -> Searched:
    """Try `trials` settings of the kind that `settings` name and keep the best by validation NDCG@10.

    The first trial is `settings` as given, so what is found is never worse on the validation rows. folder: where
    the outcomes are kept; a search that was stopped goes on from there. Raises Refusal where the kind has nothing to
    search, there are no validation rows to judge by, or training is private: each trial would spend its epsilon anew,
    and the choice would tell of those who made the validation rows.
    """
    if isinstance(settings, Private) and settings.epsilon > 0:
        raise Refusal("models.search.private")
    if settings.kind not in RANGES:
        raise Refusal("models.search.nothing", kind=settings.kind)
    if len(data.valid_user) == 0:
        raise Refusal("models.search.no_validation")
    file = None if folder is None else folder / FILE
    mark = stamp(data, settings, seed)
    done = _kept(file, mark)[:trials]
    while len(done) < trials:
        at = len(done)
        tell(at / trials, "models.search.trial", trial=float(at + 1), trials=float(trials))
        done.append(_tried(data, settings, seed, done, part(tell, at / trials, (at + 1) / trials), cache))
        if file is not None and not follows():
            body = json.dumps({"stamp": mark, "trials": [asdict(trial) for trial in done]}).encode()
            write_atomic(file, _seal(body) + b"\n" + body)
    best = max(range(len(done)), key=lambda at: (-1.0 if done[at].value is None else done[at].value, -at))
    return Searched(_with(settings, done[best].chosen), tuple(done), best)


class _Behind(Exception):
    """A trial that Optuna's pruner gave up."""


def _tried(
    data: Interactions, settings: RecommenderSettings, seed: int, done: list[Trial], tell: Tell, cache: Path | None
) -> Trial:
    """The next trial, fitted and judged."""
    proposed = _proposed(settings, seed, done)
    steps: dict[int, float] = {}

    def watched(fraction: float, note: str, **figures: float) -> None:
        tell(fraction, note, **{name: value for name, value in figures.items() if name not in ("epoch", "epochs")})
        if "validation" in figures:
            epoch = int(figures["epoch"])
            steps[epoch] = max(figures["validation"], *steps.values()) if steps else figures["validation"]
            proposed.report(steps[epoch], epoch)
            if proposed.should_prune():
                raise _Behind

    chosen = dict(proposed.params)
    try:
        model = fit(data, _with(settings, chosen), seed, None, watched, cache)
    except _Behind:
        return Trial(chosen, None, steps)
    return Trial(chosen, validation_ndcg(model.score, data), steps)


def _proposed(settings: RecommenderSettings, seed: int, done: list[Trial]) -> optuna.Trial:
    """Optuna's next trial after those that are done; the first is the settings as they are."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    own = {name: getattr(settings, name) for name in RANGES[settings.kind]}
    ranges = {name: _holding(one.distribution(), own[name]) for name, one in searched(settings).items()}
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(n_startup_trials=AT_RANDOM, seed=seed + 1009 * len(done)),
        pruner=optuna.pruners.MedianPruner(LEAST_BEFORE_PRUNING, LEAST_BEFORE_PRUNING),
    )
    study.add_trials([_past(trial, ranges) for trial in done])
    if not done:
        study.enqueue_trial(own)
    return study.ask(ranges)


def _past(trial: Trial, ranges: Mapping[str, optuna.distributions.BaseDistribution]) -> optuna.trial.FrozenTrial:
    from optuna.trial import TrialState, create_trial

    stopped = trial.value is None
    return create_trial(
        state=TrialState.PRUNED if stopped else TrialState.COMPLETE,
        value=list(trial.steps.values())[-1] if stopped else trial.value,
        params=trial.chosen,
        distributions=dict(ranges),
        intermediate_values=trial.steps,
    )


def _holding(range_: Any, value: Value) -> Any:
    """The range, widened to hold a value that the analyst chose outside it."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(range_, CategoricalDistribution):
        return range_ if value in range_.choices else CategoricalDistribution((*range_.choices, value))
    if isinstance(range_, IntDistribution):
        return IntDistribution(min(range_.low, int(value)), max(range_.high, int(value)))
    low, high = min(range_.low, float(value)), max(range_.high, float(value))
    return FloatDistribution(low, high, log=low > 0)


def _with(settings: RecommenderSettings, chosen: Mapping[str, Value]) -> Any:
    return type(settings).model_validate({**settings.model_dump(), **chosen})


def _seal(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _kept(file: Path | None, mark: str) -> list[Trial]:
    """The outcomes of an earlier run of the same search; none where they are damaged: tried anew, they are the same."""
    if file is None or not file.exists():
        return []
    seal, _, content = file.read_bytes().partition(b"\n")
    if seal != _seal(content):
        return []
    body = json.loads(content)
    if body["stamp"] != mark:
        return []
    return [
        Trial(one["chosen"], one["value"], {int(epoch): figure for epoch, figure in one["steps"].items()})
        for one in body["trials"]
    ]
