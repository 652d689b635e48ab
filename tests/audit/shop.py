"""A small simulated shop, coded for recommenders, and the ground that mitigations start from."""

from functools import cache

from analysis.ingest import Tables
from analysis.mitigation.compare import MitigationSettings
from analysis.prepare import prepare
from analysis.quality import Cleaning
from analysis.simulate import Shop, simulate
from analysis.split import Split
from audit.compose import Composed, compose
from audit.kept import Scored
from audit.methods.ground import Ground
from audit.recommend import trained
from audit.recommending import Recommending
from audit.settings import AuditSettings
from models.config import EaseSettings, RecommenderSettings


@cache
def shop(users: int = 200, items: int = 60, seed: int = 1) -> Composed:
    """A shop's log, split by time, for any recommender."""
    made = simulate(Shop(users=users, items=items, seed=seed))
    prepared = prepare(Tables(made.log, made.users, made.items, "d"), made.roles, Cleaning(), Split(), seed, 10)
    return compose(prepared.dataset, Recommending())


@cache
def kept(model: RecommenderSettings) -> Scored:
    return trained(shop(), model, 1)[1]


def ground(model: RecommenderSettings | None = None, **mitigation: object) -> Ground:
    """The small shop with a recommender of that kind (EASE unless said)."""
    model = model or EaseSettings(l2=50.0)
    settings = AuditSettings(
        recommender=Recommending(model=model), mitigation=MitigationSettings.model_validate(mitigation)
    )
    return Ground(settings, shop(), kept(model), model)
