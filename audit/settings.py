"""audit.toml: all that decides an audit's figures, one frozen model."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from analysis.causal.effects import EffectSettings
from analysis.causal.graph import Graph
from analysis.document import canonical, digest
from analysis.fairness.disparity import DisparitySettings
from analysis.ingest import Source
from analysis.log import Roles
from analysis.mitigation.compare import MitigationSettings
from analysis.quality import Cleaning
from analysis.split import Split
from audit import __version__
from models.config import EaseSettings, RecommenderSettings

Step = Literal["data", "graph", "effects", "recommender", "disparity", "mitigation", "report"]

DEPENDS: dict[Step, tuple[Step, ...]] = {
    "data": (),
    "graph": ("data",),
    "effects": ("graph",),
    "recommender": ("data",),
    "disparity": ("recommender",),
    "mitigation": ("disparity",),
    "report": ("effects", "mitigation"),
}
"""Each step and those whose results it reads; in the order in which they run."""
STEPS: tuple[Step, ...] = tuple(DEPENDS)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GraphChoice(_Frozen):
    """The causal graph: drawn, or a template by name."""

    template: str | None = None
    """Name of a template that fits the data; None: the first that does."""
    drawn: Graph | None = None
    """The analyst's own graph; wins over the template."""


class Recommending(_Frozen):
    """The recommender under audit, and what counts as a good recommendation."""

    model: RecommenderSettings = Field(default_factory=EaseSettings)
    """Kind and settings of the recommender to train."""
    saved: str | None = None
    """Folder of a saved model of ours to audit instead of training one."""
    lists: str | None = None
    """File of recommendation lists (user, item, rank or score) to audit instead of a model."""
    positive_from: float | None = None
    """An outcome at or above this is a positive. None: 1 for 0/1 outcomes, the middle of the scale for ratings."""
    candidates: Literal["auto", "all", "rated"] = "auto"
    """Items ranked for a user: the whole catalogue less what was seen, or only the held-out rated items.
    auto: `rated` where the test part was randomised (its unrated items say nothing), else `all`."""
    top: int = Field(10, ge=1, le=100)
    """Length of the recommendation lists (the K of NDCG@K)."""


class AuditSettings(_Frozen):
    """Everything that decides the figures of an audit; the same settings and data give the same audit.json."""

    title: str = "Audit"
    """Printed on the report."""
    language: Literal["en", "zh"] = "en"
    """Language of the report."""
    seed: int = Field(1, ge=0)
    """Seed of every random choice."""
    k: int = Field(10, ge=5)
    """Disclosure threshold: cells with fewer people are suppressed."""
    data: Source = Field(default_factory=Source)
    """Where the log comes from."""
    roles: Roles | None = None
    """Which column is what; None: guessed."""
    cleaning: Cleaning = Field(default_factory=Cleaning)
    """What is removed or merged before anything is computed."""
    split: Split = Field(default_factory=Split)
    """Train, validation and test part."""
    graph: GraphChoice = Field(default_factory=GraphChoice)
    """The causal graph."""
    effects: EffectSettings = Field(default_factory=EffectSettings)
    """The causal question."""
    recommender: Recommending = Field(default_factory=Recommending)
    """The recommender under audit."""
    disparity: DisparitySettings = Field(default_factory=DisparitySettings)
    """Groups, figures and margins."""
    mitigation: MitigationSettings = Field(default_factory=MitigationSettings)
    """Methods to try and how strong."""


_PARTS: dict[Step, tuple[str, ...]] = {
    "data": ("seed", "k", "data", "roles", "cleaning", "split"),
    "graph": ("graph",),
    "effects": ("effects",),
    "recommender": ("recommender",),
    "disparity": ("disparity",),
    "mitigation": ("mitigation",),
    "report": ("title", "language"),
}
"""The settings that each step reads itself."""


def step_digest(settings: AuditSettings, step: Step) -> str:
    """What a step's result depends on, as one digest: its settings, those of the steps before it, our version."""
    own = canonical(_Part(parts={name: settings.model_dump(mode="json")[name] for name in _PARTS[step]}))
    return digest(__version__, step, own, *(step_digest(settings, before) for before in DEPENDS[step]))


class _Part(BaseModel):
    parts: dict[str, object]
