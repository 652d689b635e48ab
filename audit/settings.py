"""audit.toml: all that decides an audit's figures, one frozen model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from analysis.causal.discovery.settings import DiscoverySettings
from analysis.causal.gap.settings import GapSettings, MediationSettings
from analysis.causal.graph import Graph
from analysis.causal.people.settings import PeopleSettings
from analysis.causal.robustness.settings import RobustnessSettings
from analysis.causal.settings import EffectSettings
from analysis.causal.structure.settings import StructureSettings
from analysis.causal.trust.settings import TrustSettings
from analysis.cohorts import Cohort
from analysis.document import Template, canonical, digest
from analysis.fairness.attacks import AttackSettings
from analysis.fairness.choices.settings import ChoiceSettings
from analysis.fairness.disparity import DisparitySettings
from analysis.fairness.leakage import LeakageSettings
from analysis.feedback.settings import FeedbackSettings
from analysis.ingest import Source
from analysis.log import Roles
from analysis.mitigation.chosen import ChosenSettings
from analysis.mitigation.compare import MitigationSettings
from analysis.mitigation.shrinking import ShrinkSettings
from analysis.quality import Cleaning
from analysis.split import Split
from audit import __version__
from audit.asking import PromptedAudit
from audit.recommending import Recommending
from models.topics import TopicSettings
from words import Unfit

Step = Literal[
    "data",
    "discovery",
    "graph",
    "effects",
    "people",
    "robustness",
    "structure",
    "mediation",
    "trust",
    "recommender",
    "shrink",
    "disparity",
    "gap",
    "leakage",
    "attacks",
    "prompted",
    "choices",
    "mitigation",
    "chosen",
    "feedback",
    "report",
]

DEPENDS: dict[Step, tuple[Step, ...]] = {
    "data": (),
    "discovery": ("data",),
    "graph": ("data",),
    "effects": ("graph",),
    "people": ("graph",),
    "robustness": ("graph",),
    "structure": ("graph",),
    "mediation": ("graph",),
    "trust": ("graph",),
    "recommender": ("data",),
    "shrink": ("recommender",),
    "disparity": ("recommender",),
    "gap": ("graph", "recommender"),
    "leakage": ("recommender",),
    "attacks": ("recommender",),
    "prompted": ("data",),
    "choices": ("recommender",),
    "mitigation": ("disparity",),
    "chosen": ("mitigation",),
    "feedback": ("recommender",),
    "report": ("effects", "mitigation"),
}
"""Each step and those whose results it reads; in the order in which they run."""
FURTHER: dict[Step, Step] = {
    "discovery": "graph",
    "people": "effects",
    "robustness": "effects",
    "structure": "effects",
    "mediation": "effects",
    "choices": "disparity",
    "shrink": "recommender",
    "gap": "disparity",
    "leakage": "disparity",
    "attacks": "recommender",
    "prompted": "disparity",
    "trust": "effects",
    "chosen": "mitigation",
    "feedback": "mitigation",
}
"""Analyses beyond the way through, each with the page that it stands on. The report has those that
`AuditSettings.further` names."""
STEPS: tuple[Step, ...] = tuple(step for step in DEPENDS if step not in FURTHER)
"""The way through: one page each."""


MOST_SEED = 2**32 - 1
"""The largest seed that every library takes."""
ABOUT_ROWS: tuple[Step, ...] = ("effects", "people", "robustness", "structure", "mediation", "trust")
"""Steps about the rows of `AuditSettings.population`, or of the people of its `scope`."""
ABOUT_SCOPE: tuple[Step, ...] = ("disparity", "gap", "leakage", "choices", "mitigation", "chosen")
"""Steps that judge the people of `AuditSettings.scope` alone. All others but those of ABOUT_ROWS are about everybody:
the recommender serves everybody, and so does a log."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GraphChoice(_Frozen):
    """The causal graph: drawn, or a template by name."""

    template: str | None = None
    """Name of a template that fits the data; None: the first that does."""
    drawn: Graph | None = None
    """The analyst's own graph; wins over the template."""


class AuditSettings(_Frozen):
    """Everything that decides the figures of an audit; the same settings and data give the same audit.json."""

    title: str = "Audit"
    """Printed on the report."""
    language: Literal["en", "zh"] = "en"
    """Language of the report."""
    template: Template = "general"
    """What the report is laid out along: a general audit, a law or a rule of thumb."""
    seed: int = Field(1, ge=0, le=MOST_SEED)
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
    topics: TopicSettings = Field(default_factory=TopicSettings)
    """Topics of the item texts and intents of the users, as columns of the data."""
    discovery: DiscoverySettings = Field(default_factory=DiscoverySettings)
    """How links for the graph are searched in the data."""
    graph: GraphChoice = Field(default_factory=GraphChoice)
    """The causal graph."""
    effects: EffectSettings = Field(default_factory=EffectSettings)
    """The causal question."""
    people: PeopleSettings = Field(default_factory=PeopleSettings)
    """For whom the treatment works, and the rule that is tried."""
    structure: StructureSettings = Field(default_factory=StructureSettings)
    """The structural model: what is compared, and how sure."""
    mediation: MediationSettings = Field(default_factory=MediationSettings)
    """What the effect runs through."""
    trust: TrustSettings = Field(default_factory=TrustSettings)
    """The trial of estimators on simulated logs."""
    recommender: Recommending = Field(default_factory=Recommending)
    """The recommender under audit."""
    disparity: DisparitySettings = Field(default_factory=DisparitySettings)
    """Groups, figures and margins."""
    gap: GapSettings = Field(default_factory=GapSettings)
    """Which gap is taken apart, and along what."""
    attacks: AttackSettings = Field(default_factory=AttackSettings)
    """How the log is tampered with to see whether the recommender holds."""
    leakage: LeakageSettings = Field(default_factory=LeakageSettings)
    """Which attributes a stranger may try to read from lists and vectors."""
    shrink: ShrinkSettings = Field(default_factory=ShrinkSettings)
    """Which smaller forms of the model are tried."""
    choices: ChoiceSettings = Field(default_factory=ChoiceSettings)
    """Which verdict is asked in every defensible way, and what is varied."""
    prompted: PromptedAudit = Field(default_factory=PromptedAudit)
    """The same question put to a language model as different people."""
    mitigation: MitigationSettings = Field(default_factory=MitigationSettings)
    """Methods to try and how strong."""
    chosen: ChosenSettings = Field(default_factory=ChosenSettings)
    """The mitigation that the report tells in full."""
    feedback: FeedbackSettings = Field(default_factory=FeedbackSettings)
    """The mitigation that is followed through rounds of recommending, clicking and learning."""
    robustness: RobustnessSettings = Field(default_factory=RobustnessSettings)
    """Which other defensible ways of answering are tried, and what should show no effect."""
    cohorts: tuple[Cohort, ...] = ()
    """People named by conditions: groups that Disparity compares, and what `population` and `scope` may name."""
    population: str | None = None
    """The cohort whose rows the causal questions are about; None: those of the scope's people."""
    scope: str | None = None
    """The cohort that the report is about: the steps of ABOUT_SCOPE judge its people alone; None: everybody."""
    further: tuple[Step, ...] = ()
    """Analyses beyond the way through that a whole run makes and the report shows."""

    @model_validator(mode="after")
    def _finite(self) -> AuditSettings:
        """TOML has nan and inf, and no figure comes of them."""
        if strange := next(_not_finite(self.model_dump()), None):
            raise Unfit("not_finite", field=strange)
        return self

    @model_validator(mode="after")
    def _known_by_pseudonyms(self) -> AuditSettings:
        replaced = self.data.pseudonyms
        if replaced is not None and self.roles is not None and self.roles.user != replaced:
            raise Unfit("other_ids", user=self.roles.user, column=replaced)
        return self

    @field_validator("further")
    @classmethod
    def _known_further(cls, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        wrong = [step for step in steps if step not in FURTHER]
        if wrong:
            raise Unfit("no_step", name=wrong[0], names=", ".join(FURTHER))
        return tuple(step for step in FURTHER if step in steps)

    @model_validator(mode="after")
    def _known_cohorts(self) -> AuditSettings:
        names = [cohort.name for cohort in self.cohorts]
        if len(set(names)) < len(names):
            raise Unfit("equal_names")
        for field in ("population", "scope"):
            if getattr(self, field) not in (None, *names):
                raise Unfit("no_cohort", field=field, names=", ".join(names) or "–")
        return self

    def cohort(self, name: str | None) -> Cohort | None:
        """The cohort of that name."""
        return next((cohort for cohort in self.cohorts if cohort.name == name), None)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step of a whole run, in order."""
        return tuple(step for step in DEPENDS if step in STEPS or step in self.further)

    def including(self, steps: Iterable[Step]) -> AuditSettings:
        """The settings with the further analyses among `steps` added."""
        added = (*self.further, *(step for step in steps if step in FURTHER))
        return self.model_copy(update={"further": tuple(step for step in FURTHER if step in added)})


def _not_finite(node: object, place: str = "") -> Iterator[str]:
    """Names of the settings below `node` that are numbers without end, or none."""
    if isinstance(node, float) and not math.isfinite(node):
        yield place
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, (list, tuple)) else ()
    for name, entry in entries:
        yield from _not_finite(entry, f"{place}.{name}".removeprefix("."))


_PARTS: dict[Step, tuple[str, ...]] = {
    "data": ("seed", "k", "data", "roles", "cleaning", "split", "topics"),
    "discovery": ("discovery",),
    "graph": ("graph",),
    "effects": ("effects", "population"),
    "people": ("effects", "people", "population"),
    "robustness": ("effects", "robustness", "population"),
    "structure": ("structure", "population"),
    "mediation": ("mediation", "population"),
    "gap": ("gap", "scope"),
    "leakage": ("leakage", "scope"),
    "attacks": ("attacks",),
    "prompted": ("prompted",),
    "choices": ("choices", "scope", "cohorts"),
    "shrink": ("shrink",),
    "trust": ("effects", "trust", "population"),
    "recommender": ("recommender",),
    "disparity": ("disparity", "scope", "cohorts"),
    "mitigation": ("mitigation",),
    "chosen": ("chosen",),
    "feedback": ("mitigation", "feedback"),
    "report": ("title", "language", "template", "further"),
}
"""The settings that each step reads itself."""


def before(settings: AuditSettings, step: Step) -> tuple[Step, ...]:
    """The steps whose results `step` reads; the report also reads the further analyses."""
    return (*DEPENDS[step], *settings.further) if step == "report" else DEPENDS[step]


def with_all_before(*steps: Step) -> tuple[Step, ...]:
    """The steps and everything that they build on, in the order in which they run."""
    needed, todo = set(steps), list(steps)
    while todo:
        fresh = [one for one in DEPENDS[todo.pop()] if one not in needed]
        needed.update(fresh)
        todo.extend(fresh)
    return tuple(one for one in DEPENDS if one in needed)


def step_digest(settings: AuditSettings, step: Step) -> str:
    """What a step's result depends on, as one digest: its settings, those of the steps before it, our version."""
    return step_digests(settings)[step]


def step_digests(settings: AuditSettings) -> dict[Step, str]:
    """`step_digest` of every step."""
    parts = settings.model_dump(mode="json") | _cohorts_in_use(settings)
    done: dict[Step, str] = {}
    for step in DEPENDS:
        own = canonical(_Part(parts={name: parts[name] for name in _PARTS[step]}))
        done[step] = digest(__version__, step, own, *(done[one] for one in before(settings, step)))
    return done


def _cohorts_in_use(settings: AuditSettings) -> dict[str, object]:
    """Cohorts as what they are where they are used, so that naming one more makes no result stale."""
    population, scope = settings.cohort(settings.population), settings.cohort(settings.scope)
    people = [] if scope is None else [scope.model_dump(mode="json")]
    return {
        "population": [{"all_rows_of": one} for one in people]
        if population is None
        else [population.model_dump(mode="json")],
        "scope": people,
        "cohorts": [cohort.model_dump(mode="json") for cohort in settings.cohorts if cohort.compared],
    }


class _Part(BaseModel):
    parts: dict[str, object]
