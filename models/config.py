"""Settings of every kind of recommender, one frozen class a kind; `RecommenderSettings` is any of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from words import Unfit

Propensity = Literal["popularity", "additive", "features", "position", "given"]
Change = Literal["crop", "mask", "reorder"]


class Settings(BaseModel):
    """Common ground: unknown names are refused and nothing changes after it is made."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Adversary(Settings):
    """Remove a sensitive attribute from the user's vector while training (models.fair)."""

    attribute: str
    """Name of an attribute of `Interactions.profile`."""
    strength: float = Field(0.1, ge=0, le=1000)
    """How much the recommender gives up to hide the attribute; 0 hides nothing, 1 costs much accuracy."""
    ramp: float = Field(0.0, ge=0, le=1)
    """Share of all epochs over which the strength rises from 0 (models.schedule.risen); 0: full from the start."""


class Weighting(Settings):
    """Remove the log's bias by weights: a row that was unlikely to get into the log counts more (models.debias)."""

    correction: Literal["none", "ips", "snips"] = "none"
    """ips: each row over its propensity; snips: the same, divided by the sum of the weights of each batch."""
    propensity: Propensity = "additive"
    """Where the chance of being seen comes from (models.exposure): popularity: a power of the item's rows; additive: a
    level for each user and item; features: these and the crosses of what is known of both; position: examination by
    place in the list; given: logged."""
    power: float = Field(0.5, ge=0, le=2)
    """Of `popularity`: the propensity is proportional to the item's rows to this power."""
    parts: int = Field(5, ge=2, le=20)
    """Parts of cross-fitting: the propensity of a cell comes from a model that did not see the cell."""
    most_weight: float = Field(20.0, ge=1)
    """A weight above this many times the mean weight is cut to that."""


class Debias(Weighting):
    """All that removes the log's bias where the loss is a sum over rows."""

    correction: Literal["none", "ips", "snips", "dr", "joint", "mrdr"] = "none"  # type: ignore[assignment]
    """dr: doubly robust with an imputation model fitted beforehand; joint: with one learned along; mrdr: the same,
    with the imputation model that makes the variance small."""
    confounder: bool = False
    """Add the substitute confounder of the deconfounded recommender (models.confounder)."""
    factors: int = Field(10, ge=1, le=512)
    """Factors of the Poisson factorisation of exposure behind it."""


ROBUST = frozenset({"dr", "joint", "mrdr"})
"""Corrections with an imputation model (models.robustly)."""


class Erasure(Settings):
    """Erase a sensitive attribute from the users' vectors once they are trained (models.fair.erase)."""

    attribute: str
    """Name of an attribute of `Interactions.profile`."""
    strength: float = Field(1.0, ge=0, le=1)
    """Share of what a fresh probe reads above a coin that is taken out; 0 leaves the vectors as they are."""


class Penalty(Settings):
    """Train against one figure of unfairness between groups of users (models.fair.terms)."""

    figure: Literal["parity", "value", "absolute", "under", "over", "worst_group", "twins"]
    """parity: mean predictions differ. value, absolute, under, over: errors by item differ (Yao & Huang 2017).
    worst_group: the group that is served worst counts more with every step (Sagawa et al. 2020). twins: users are
    scored otherwise than their twins of another group."""
    attribute: str
    """Name of an attribute of `Interactions.profile`."""
    strength: float = Field(1.0, ge=0, le=1000)
    """Weight of the figure beside the loss; of worst_group, the step size of the groups' weights. 0: plain training."""


class Gradient(Settings):
    """What the kinds trained by gradient steps share."""

    epochs: int = Field(100, ge=1, le=10_000)
    """Most passes over the training data."""
    batch: int = Field(4096, ge=1, le=1_000_000)
    """Rows (or users, for kinds that read histories) of one step, over all processes; halved when the GPU runs out
    of memory."""
    accumulate: int = Field(1, ge=1, le=1024)
    """Parts in which a step's batch is computed, one after the other: less memory, the same step but for what is drawn
    in it (dropout). Refused with what compares the rows of a batch: adversary, penalties, attacks, snips, augment."""
    learning_rate: float = Field(0.01, gt=0, le=1e9)
    """Step size of Adam."""
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    """How the step size goes from `learning_rate` to 0 over the epochs; constant: it stays."""
    warmup: float = Field(0.0, ge=0, lt=1)
    """Share of all epochs over which the step size rises straight from 0 to `learning_rate`."""
    weight_decay: float = Field(0.0, ge=0)
    """Pull of all weights towards nothing, per step and unit of learning rate."""
    clip: float = Field(0.0, ge=0)
    """Longest gradient of a step, as a Euclidean norm over all weights; longer ones are shortened. 0: none is."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Numbers that training computes with; weights are float32 always, and all of it with `epsilon`. auto: bfloat16 on
    a GPU, else float32."""
    patience: int = Field(8, ge=1)
    """Epochs without a better validation figure before training stops; the best epoch is kept."""
    stop_on: Literal["ndcg", "loss"] = "ndcg"
    """The validation figure: NDCG@10 over the whole catalogue, or the loss on the validation rows."""
    adversary: Adversary | None = None
    """Hide a sensitive attribute, or None. With it all epochs are run and the last one is kept."""
    debias: Weighting = Weighting()
    """How the log's bias is removed."""
    erasure: Erasure | None = None
    """Erase a sensitive attribute from the trained vectors of users, or None."""
    penalty: Penalty | None = None
    """Train against a figure of unfairness, or None."""


class Embedded(Gradient):
    """Kinds with a vector for each item, which an attack may push while training."""

    attack: Literal["none", "fgsm", "pgd"] = "none"
    """Train against the worst small change of the vectors (He et al. 2018): one step along the gradient (fgsm) or
    several, each brought back into the ball (pgd)."""
    attack_size: float = Field(0.5, gt=0, le=1000)
    """Radius of that change: the Euclidean length by which each vector is pushed."""
    attack_weight: float = Field(1.0, ge=0, le=1000)
    """Weight of the loss under the attack, beside the loss without it."""


class Private(Gradient):
    """Kinds whose rows are users, so that what one user did can be kept from being read out of the weights."""

    epsilon: float = Field(0.0, ge=0, le=1000)
    """Train with differential privacy (models.private): what the weights tell of any one user, as a bound; smaller
    hides more and costs more accuracy. 0: train without. All epochs are run and the last one is kept."""
    delta: float | None = Field(None, gt=0, lt=1)
    """Chance that the bound of `epsilon` does not hold; below one over the number of users. None: 1e-5, and a tenth of
    one over the users where they are more than 10,000."""

    @model_validator(mode="after")
    def _users_stand_alone(self) -> Self:
        if self.epsilon == 0:
            return self
        if self.adversary is not None and self.adversary.strength > 0:
            raise Unfit("private_adversary")
        if self.penalty is not None and self.penalty.strength > 0 and self.penalty.figure != "twins":
            raise Unfit("private_penalty")
        if self.debias.correction != "none":
            raise Unfit("private_debias")
        return self


class SequentialSettings(Embedded, Private):
    """What the kinds that read a user's history in order share."""

    epochs: int = Field(60, ge=1, le=10_000)
    """Most passes over the users."""
    batch: int = Field(128, ge=1, le=1_000_000)
    """Users of one step, over all processes; halved when the GPU runs out of memory."""
    learning_rate: float = Field(0.002, gt=0, le=1e9)
    """Step size of AdamW."""
    weight_decay: float = Field(0.05, ge=0)
    """Pull of all weights towards nothing, per step and unit of learning rate."""
    stop_on: Literal["ndcg"] = "ndcg"
    """The validation figure: NDCG@10 over the whole catalogue."""
    attack_size: float = Field(0.1, gt=0, le=1000)
    """Radius of an attack's change: the Euclidean length by which each item's vector is pushed."""
    dimensions: int = Field(64, ge=4, le=4096, multiple_of=4)
    """Length of the vectors of users and items."""
    layers: int = Field(1, ge=1, le=48)
    """Transformer blocks."""
    heads: int = Field(2, ge=1, le=64)
    """Attention heads of a block; a divisor of `dimensions`."""
    history: int = Field(50, ge=1, le=2048)
    """How many of a user's latest items are read."""
    dropout: float = Field(0.3, ge=0, lt=1)
    """Share of units silenced while training."""
    buckets: bool = True
    """Users with histories of like length share a batch, so that little padding is computed."""
    augment: tuple[Change, ...] = ()
    """Changes of histories, two of which must be told to be of the same user (CL4SRec, Xie et al. 2022): keep one
    stretch (crop), hide some items (mask), shuffle a stretch (reorder). None: no such task."""
    contrast: float = Field(0.1, ge=0, le=1000)
    """Weight of that task's loss."""
    profile: tuple[str, ...] | None = None
    """Attributes read as profile tokens. None: all of the data's, but the adversary's; none with an erasure."""

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.dimensions % self.heads:
            raise Unfit("heads", heads=self.heads, dimensions=self.dimensions)
        return self

    @model_validator(mode="after")
    def _histories_stand_alone(self) -> Self:
        if self.epsilon > 0 and (self.augment or self.attack != "none"):
            raise Unfit("private_histories")
        return self


class PopularitySettings(Settings):
    """Everyone gets the items that most people took."""

    kind: Literal["popularity"] = "popularity"


class AdditiveSettings(Settings):
    """Logistic regression on user, item and the crosses of their known features."""

    kind: Literal["additive"] = "additive"
    crosses: bool = True
    """Cross user features x item features, user x item features and item x user features, where known."""
    strengths: tuple[float, ...] = (0.01, 0.03, 0.1, 0.2, 0.5, 1.0)
    """Values of C (the inverse of the L2 penalty) to choose from, by log loss over the folds."""
    folds: int = Field(5, ge=2, le=20)
    """Folds of that choice, over training rows only."""
    negatives: int = Field(4, ge=1, le=100)
    """Items drawn at random as not wanted, for each wanted one, where the log holds no unwanted rows."""
    debias: Weighting = Weighting()
    """How the log's bias is removed."""


class EaseSettings(Settings):
    """EASE (Steck 2019): item-to-item weights in closed form."""

    kind: Literal["ease"] = "ease"
    l2: float = Field(400.0, gt=0)
    """Ridge penalty on the item-to-item weights."""


class FactorSettings(Embedded):
    """Matrix factorisation: a vector for each user and item, their product is the score."""

    kind: Literal["mf"] = "mf"
    loss: Literal["bpr", "logistic", "squared"] = "bpr"
    """bpr: wanted above not wanted; logistic: probability of wanted; squared: the rating itself."""
    dimensions: int = Field(64, ge=1, le=4096)
    """Length of the vectors."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Share of the vectors' entries silenced while training."""
    biases: bool = True
    """A level for each item (and, where rows have labels, for each user) beside the product."""
    l2: float = Field(0.01, ge=0)
    """Penalty on the squared length of the vectors of each row."""
    negatives: int = Field(4, ge=1, le=100)
    """Items drawn at random as not wanted, for each wanted one, where the log holds no unwanted rows."""
    debias: Debias = Debias()
    """How the log's bias is removed."""

    @property
    def levels_of_users(self) -> bool:
        """Whether users have a level of their own; between two items of one user it would cancel out."""
        return self.biases and self.loss != "bpr"

    @model_validator(mode="before")
    @classmethod
    def _is_not_private(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("epsilon"):
            raise Unfit("private_factors")
        return given

    @model_validator(mode="after")
    def _pairs_have_no_row_loss(self) -> Self:
        if self.loss == "bpr" and self.stop_on == "loss":
            raise Unfit("pairs_stop")
        if self.loss == "bpr" and (self.debias.correction in ROBUST or self.debias.confounder):
            raise Unfit("pairs_debias")
        return self

    @model_validator(mode="after")
    def _parts_that_fit_together(self) -> Self:
        if self.debias.propensity == "position" and self.debias.correction in ROBUST:
            raise Unfit("positions_robust")
        if self.adversary is not None and self.debias.confounder:
            raise Unfit("adversary_confounder")
        return self


class VaeSettings(Private):
    """Mult-VAE (Liang et al. 2018): what a user took, squeezed through a few numbers and told again."""

    kind: Literal["vae"] = "vae"
    epochs: int = Field(40, ge=1, le=10_000)
    """Most passes over the users; the best was the 10th on the demo shop and the 24th on MovieLens-100K."""
    batch: int = Field(128, ge=1, le=1_000_000)
    """Users of one step; halved when the GPU runs out of memory."""
    learning_rate: float = Field(0.001, gt=0, le=1e9)
    """Step size of Adam."""
    stop_on: Literal["ndcg"] = "ndcg"
    """The validation figure: NDCG@10 over the whole catalogue."""
    dimensions: int = Field(200, ge=1, le=4096)
    """Length of the latent vector."""
    hidden: int = Field(600, ge=1, le=16_384)
    """Units of the layer before and of the layer after the latent vector."""
    dropout: float = Field(0.5, ge=0, lt=1)
    """Share of a user's items that are hidden from the encoder while training."""
    beta: float = Field(0.2, ge=0, le=100)
    """Weight of the latent vector's divergence from a standard normal, once annealed; 1 is the plain bound."""
    anneal: int = Field(20, ge=0, le=10_000)
    """Epochs over which that weight rises from 0 to `beta`; 0: `beta` from the start."""


class SequenceSettings(SequentialSettings):
    """A transformer over the ids of what the user took, oldest first."""

    kind: Literal["sequence"] = "sequence"
    profile: tuple[str, ...] | None = ()
    """Attributes read as profile tokens; none. None: all of `Interactions.profile`, but the adversary's."""


class Tuning(Settings):
    """Fine-tuning of a text encoder while the recommender trains (models.tuning)."""

    how: Literal["lora", "full"] = "lora"
    """lora: small matrices beside the queries and values, all else frozen; full: every weight of the tuned layers."""
    layers: int | None = Field(2, ge=1, le=96)
    """The uppermost layers that are tuned; what lies below is computed once. None: all."""
    rank: int = Field(8, ge=1, le=256)
    """Rank of the matrices of LoRA."""
    tokens: int = Field(32, ge=4, le=512)
    """Tokens of a text that are read."""
    texts: int = Field(64, ge=1, le=100_000)
    """Texts that are read anew in each step, of the items in its batch; the others stand as after the last epoch."""


class LanguageSettings(SequentialSettings):
    """A transformer over the texts of what the user took, with tokens for the user's attributes."""

    kind: Literal["language"] = "language"
    encoder: str | None = None
    """What reads the texts: a folder in Hugging Face form, `owner/model@revision` of the hub, or None: MiniLM."""
    ids: bool = True
    """Whether an item has a vector of its own beside its text's."""
    id_dropout: float = Field(0.2, ge=0, lt=1)
    """Share of items whose own vector is hidden in a step of training, so that new items can be ranked by text."""
    tuning: Tuning | None = None
    """Fine-tune the encoder too; None: it is frozen, and each text is read once."""

    @model_validator(mode="after")
    def _attack_needs_vectors(self) -> Self:
        if self.attack != "none" and not self.ids:
            raise Unfit("attack_ids")
        return self


class PairwiseSettings(Gradient):
    """A classifier that reads profile, history and candidate together: the costly reference."""

    kind: Literal["pairwise"] = "pairwise"
    epochs: int = Field(3, ge=1, le=10_000)
    """Most passes, each over `pairs` pairs."""
    batch: int = Field(32, ge=1, le=1_000_000)
    """Pairs of one step; halved when the GPU runs out of memory."""
    learning_rate: float = Field(0.002, gt=0, le=1e9)
    """Step size of AdamW."""
    patience: int = Field(2, ge=1)
    """Epochs without a better validation figure before training stops; the best epoch is kept."""
    stop_on: Literal["loss"] = "loss"
    """The validation figure: the log loss of held-out pairs and as many that were not taken."""
    candidates: int = Field(20, ge=1, le=1000)
    """Items ranked for each user: the most popular ones that the user has not seen. The cost grows with it."""
    pairs: int = Field(4000, ge=2, le=10_000_000)
    """Pairs read in each epoch: half were taken, half drawn from what was not."""
    history: int = Field(5, ge=1, le=100)
    """How many of a user's latest items stand in the text."""
    tokens: int = Field(96, ge=8, le=512)
    """Tokens of a pair that are read; longer texts are cut."""
    encoder: str | None = None
    """What reads the pairs: a folder in Hugging Face form, `owner/model@revision` of the hub, or None: MiniLM."""
    finished: bool = False
    """`encoder` is a folder with a classifier that was trained elsewhere: it is read as it came, nothing is trained."""
    layers: int = Field(2, ge=1, le=96)
    """The uppermost layers of the encoder that are tuned, by LoRA."""
    rank: int = Field(8, ge=1, le=256)
    """Rank of the matrices of LoRA."""
    profile: tuple[str, ...] | None = None
    """Attributes named in the text. None: all of `Interactions.profile`, but the adversary's."""


RecommenderSettings = Annotated[
    PopularitySettings
    | AdditiveSettings
    | EaseSettings
    | FactorSettings
    | VaeSettings
    | SequenceSettings
    | LanguageSettings
    | PairwiseSettings,
    Field(discriminator="kind"),
]
"""Settings of any kind; the field `kind` says which."""

Kind = Literal["popularity", "additive", "ease", "mf", "vae", "sequence", "language", "pairwise"]

SETTINGS: TypeAdapter[RecommenderSettings] = TypeAdapter(RecommenderSettings)
"""Reads settings of any kind from plain data: ``SETTINGS.validate_python({"kind": "ease"})``."""


def finished(folder: Path, like: RecommenderSettings) -> PairwiseSettings:
    """Settings that read the classifier in `folder`; of how many candidates and how much text is as in `like`, where
    that is of this kind."""
    settings = like if isinstance(like, PairwiseSettings) else PairwiseSettings()
    return settings.model_copy(update={"encoder": str(folder), "finished": True})
