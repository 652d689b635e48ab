"""From a Dataset (frames, `analysis`) to what recommenders and fairness figures read (codes, `models`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from analysis.causal.strata import label
from analysis.log import NO_ITEMS, UNKNOWN, Dataset
from audit.recommending import Recommending
from models.data import Interactions
from words import Fact, Phrase, Refusal, phrase

if TYPE_CHECKING:
    from analysis.fairness.ranking import Decisions, Ranking
    from analysis.fairness.rating import Ratings

HEAD_SHARE = 0.2
"""The most popular fifth of the catalogue is the head; the rest is the long tail (stated with every figure)."""
MOST_LEVELS = 60
"""Columns of users or items with more distinct values than this are not coded as features."""


@dataclass(frozen=True)
class Composed:
    """One dataset, coded once for every recommender and every figure.

    data: the training rows, with the validation rows beside them; final: training and validation rows as one, for
        kinds that do not need validation rows to know when to stop.
    relevant: csr float32 [users, items], 1 for held-out positives that were not seen before.
    test: one row a held-out (user, item): columns user, item (int32 codes), label (float32).
    candidates: csr bool [users, items] of the items ranked for each user; None where the whole catalogue is.
    excluded: held-out pairs left out because training saw them too.
    asked: bool [users], whose lists are judged; None: everybody's.
    """

    data: Interactions
    final: Interactions
    relevant: sp.csr_matrix
    test: pd.DataFrame
    candidates: sp.csr_matrix | None
    excluded: int
    protocol: Phrase
    attributes: pd.DataFrame
    item_groups: pd.DataFrame
    asked: np.ndarray | None = None

    def ranking(self, name: str, codes: np.ndarray, scores: np.ndarray | None) -> Ranking:
        """A recommender's lists [users, K] with all that the figures need, of the users whose lists are judged."""
        from analysis.fairness.ranking import Ranking

        judged = np.arange(len(codes)) if self.asked is None else np.flatnonzero(self.asked)
        return Ranking(
            name=name,
            user_ids=np.asarray(self.data.user_ids)[judged],
            item_ids=np.asarray(self.data.item_ids),
            lists=codes[judged],
            scores=None if scores is None else scores[judged],
            relevant=self.relevant[judged],
            popularity=self.final.popularity,
            attributes=self.attributes.iloc[judged].reset_index(drop=True),
            item_groups=self.item_groups,
            protocol=self.protocol,
            profile=self.profile[judged],
        )

    @property
    def profile(self) -> sp.csr_matrix:
        """csr float32 [users, items]: what each user took before the test part."""
        data, taken = self.final, self.final.label > 0
        shape = (data.n_users, data.n_items)
        return sp.csr_matrix((data.label[taken], (data.user[taken], data.item[taken])), shape=shape)

    def blocked(self, users: np.ndarray) -> sp.csr_matrix:
        """csr bool [len(users), items]: what may not be ranked for them: seen before the test part, or no candidate."""
        seen = self.final.seen[users]
        return seen if self.candidates is None else sp.csr_matrix(~self.candidates[users].toarray()).maximum(seen)

    def decisions(self, rows: pd.DataFrame, scores: np.ndarray | None) -> Decisions | None:
        """Scored rows (user, item, label) as decisions; None without scores, or where all rows have one label."""
        from analysis.fairness.ranking import Decisions

        if scores is None or rows["label"].nunique() < 2:
            return None
        return Decisions(
            user=rows["user"].to_numpy(np.int32), label=rows["label"].to_numpy(np.int8), score=np.asarray(scores, float)
        )

    @cached_property
    def rehearsal(self) -> Composed:
        """The same with the validation part in the place of the test part, ranked and judged after training rows alone.

        What methods are tuned on, so that the test part only judges. Without validation rows nothing is relevant.
        """
        seen = self.data.seen
        rows = self.validation()
        fresh = rows[np.asarray(seen[rows["user"], rows["item"]]).ravel() == 0].reset_index(drop=True)
        return replace(
            self,
            final=self.data,
            relevant=_pairs(fresh[fresh["label"] > 0], seen.shape).astype(np.float32),
            test=fresh,
            candidates=None if self.candidates is None else _pairs(fresh, seen.shape),
        )

    def ratings(self, scores: np.ndarray | None, valid: np.ndarray | None) -> Ratings | None:
        """Held-out ratings and the scores of their rows on the scale of ratings; None where there is no such scale.

        One line for everybody, fitted on the validation rows (`valid`: their scores), and kept inside the scale.
        """
        from analysis.fairness.rating import Ratings

        known = self.data.valid_rating
        if scores is None or valid is None or known is None or len(known) < 2 or not np.ptp(valid) > 0:
            return None
        true = self.test["rating"].to_numpy(float)
        centred = valid - valid.mean()
        slope = float(centred @ known) / float(centred @ centred)
        predicted = known.mean() + slope * (scores - valid.mean())
        binary = bool(np.isin(true, (0.0, 1.0)).all())
        return Ratings(
            user=self.test["user"].to_numpy(np.int32),
            item=self.test["item"].to_numpy(np.int32),
            true=true,
            predicted=np.clip(predicted, known.min(), known.max()).astype(float),
            unit="share" if binary else "rating",
            protocol=phrase("figures.protocol.ratings", rows=len(known)),
        )

    def validation(self) -> pd.DataFrame:
        """The validation rows in the form of `test`."""
        data = self.data
        return pd.DataFrame({"user": data.valid_user, "item": data.valid_item, "label": data.valid_label})


def positive_from(dataset: Dataset, settings: Recommending) -> float:
    """The outcome from which a row is positive: as set, else 1 for 0/1 outcomes, else the middle of the scale."""
    if settings.positive_from is not None:
        return settings.positive_from
    outcome = dataset.log["outcome"]
    if outcome.isin((0.0, 1.0)).all():
        return 1.0
    return float((outcome.min() + outcome.max()) / 2)


def _wanted(dataset: Dataset, settings: Recommending) -> Phrase:
    """What counts as wanted, in words."""
    if "outcome" not in dataset.log or positive_from(dataset, settings) <= dataset.log["outcome"].min():
        return phrase("audit.protocol.wanted_all")
    return phrase("audit.protocol.wanted", bound=label(positive_from(dataset, settings)))


def compose(dataset: Dataset, settings: Recommending, telling: tuple[str, ...] = ()) -> Composed:
    """Code users and items, label rows, and set the held-out positives apart.

    telling: columns of the users that were made of outcomes, held-out ones among them; no model is given these.

    Raises Refusal(data.without.items | audit.no_positives | audit.no_test) where there is nothing to recommend, to
    learn from or to measure on.
    """
    if dataset.roles.item == NO_ITEMS:
        raise Refusal("data.without.items")
    rows = _coded(dataset, settings)
    train, valid, test = (rows[rows["part"] == part] for part in ("train", "validation", "test"))
    if not (train["label"] > 0).any():
        raise Refusal("audit.no_positives", bound=label(positive_from(dataset, settings)))
    if test.empty:
        raise Refusal("audit.no_test")
    shape = (len(dataset.users), len(dataset.items))
    known = dataset.users.drop(columns=list(telling), errors="ignore")
    final = _interactions(dataset, known, pd.concat([train, valid]), valid.iloc[:0])
    fresh = test[np.asarray(final.seen[test["user"], test["item"]]).ravel() == 0]
    rated = settings.candidates == "rated" or (settings.candidates == "auto" and _randomised_test(dataset))
    facts: dict[str, Fact] = {
        "top": settings.top,
        "excluded": len(test) - len(fresh),
        "wanted": _wanted(dataset, settings),
    }
    return Composed(
        data=_interactions(dataset, known, train, valid),
        final=final,
        relevant=_pairs(fresh[fresh["label"] > 0], shape).astype(np.float32),
        test=fresh.reset_index(drop=True),
        candidates=_pairs(fresh, shape) if rated else None,
        excluded=len(test) - len(fresh),
        protocol=phrase("audit.protocol.rated" if rated else "audit.protocol.all", **facts),
        attributes=dataset.users[list(dataset.sensitive)].astype(str).reset_index(drop=True),
        item_groups=_item_groups(dataset, pd.concat([train, valid])),
    )


def _coded(dataset: Dataset, settings: Recommending) -> pd.DataFrame:
    """One row a (part, user, item): codes, label (any positive), rating (mean), time (last), propensity (mean),
    position (the best), randomised (every time)."""
    log = dataset.log
    rows = pd.DataFrame(
        {
            "part": log["part"].astype(str),
            "user": dataset.users.index.get_indexer(pd.Index(log["user"])).astype(np.int32),
            "item": dataset.items.index.get_indexer(pd.Index(log["item"])).astype(np.int32),
        }
    )
    rows["label"], rows["rating"] = np.float32(1.0), np.nan
    if "outcome" in log:
        rows["rating"] = log["outcome"].to_numpy(float)
        rows["label"] = (rows["rating"] >= positive_from(dataset, settings)).astype(np.float32)
    rows["time"] = log["time"].astype("int64").to_numpy() // 1_000_000 if "time" in log else 0
    rows["propensity"] = log["propensity"].to_numpy(float) if "propensity" in log else np.nan
    rows["position"] = log["position"].to_numpy(float) if "position" in log else np.nan
    rows["randomised"] = log["randomised"].to_numpy(bool) if "randomised" in log else False
    how = {
        "label": "max",
        "rating": "mean",
        "time": "max",
        "propensity": "mean",
        "position": "min",
        "randomised": "min",
    }
    return rows.groupby(["part", "user", "item"], sort=True, observed=True).agg(how).reset_index()


def _interactions(dataset: Dataset, users: pd.DataFrame, train: pd.DataFrame, valid: pd.DataFrame) -> Interactions:
    """`train` as training rows; users: the columns of users that a model may know.

    Where the log has a treatment its propensities are that of the treatment, not of being shown, and stay away.
    """
    texts = dataset.items.get("text")
    user_features, user_names = _one_hot(users)
    item_features, item_names = _one_hot(dataset.items.drop(columns="text", errors="ignore"))
    rated = "outcome" in dataset.log
    known = train if _is_rating(dataset) else train[train["label"] > 0]
    return Interactions(
        user=train["user"].to_numpy(np.int32),
        item=train["item"].to_numpy(np.int32),
        label=train["label"].to_numpy(np.float32),
        user_ids=tuple(dataset.users.index),
        item_ids=tuple(dataset.items.index),
        seen=_pairs(known, (len(dataset.users), len(dataset.items))),
        valid_user=valid["user"].to_numpy(np.int32),
        valid_item=valid["item"].to_numpy(np.int32),
        valid_label=valid["label"].to_numpy(np.float32),
        rating=train["rating"].to_numpy(np.float32) if rated else None,
        valid_rating=valid["rating"].to_numpy(np.float32) if rated else None,
        propensity=_known(train, "propensity") if "treatment" not in dataset.log else None,
        valid_propensity=_known(valid, "propensity") if "treatment" not in dataset.log else None,
        position=_known(train, "position"),
        randomised=train["randomised"].to_numpy(bool) if "randomised" in dataset.log else None,
        time=train["time"].to_numpy(np.int64) if "time" in dataset.log else None,
        user_features=user_features,
        item_features=item_features,
        user_feature_names=user_names,
        item_feature_names=item_names,
        item_texts=tuple(texts.astype(str)) if texts is not None else None,
        profile={name: dataset.users[name].to_numpy(str) for name in dataset.sensitive},
    )


def _known(rows: pd.DataFrame, column: str) -> np.ndarray | None:
    """A column as float32, or None where a row lacks it."""
    values = rows[column].to_numpy(np.float32)
    return None if np.isnan(values).any() else values


def _one_hot(frame: pd.DataFrame) -> tuple[sp.csr_matrix | None, tuple[str, ...] | None]:
    """Columns of few distinct values as one indicator a value, and their names ``column=value``; None without any."""
    kept = [name for name in frame.columns if 1 < frame[name].nunique() <= MOST_LEVELS]
    if not kept:
        return None, None
    coded = pd.get_dummies(frame[kept].astype(str), dtype=np.float32, prefix_sep="=")
    return sp.csr_matrix(coded.to_numpy(np.float32)), tuple(coded.columns)


def _pairs(rows: pd.DataFrame, shape: tuple[int, int]) -> sp.csr_matrix:
    marks = sp.csr_matrix((np.ones(len(rows), bool), (rows["user"], rows["item"])), shape=shape, dtype=bool)
    marks.sum_duplicates()
    return marks


def _is_rating(dataset: Dataset) -> bool:
    """Whether training rows are choices of the user (ratings, purchases alone) rather than things merely shown."""
    return "outcome" not in dataset.log or not dataset.log["outcome"].isin((0.0, 1.0)).all()


def _randomised_test(dataset: Dataset) -> bool:
    if "randomised" not in dataset.log:
        return False
    return bool(dataset.log.loc[dataset.log["part"] == "test", "randomised"].all())


def _item_groups(dataset: Dataset, train: pd.DataFrame) -> pd.DataFrame:
    """category and provider where known, and head or tail by training popularity."""
    groups = pd.DataFrame(index=dataset.items.index)
    for name in ("category", "provider"):
        if name in dataset.items:
            groups[name] = dataset.items[name].astype(str).replace("", UNKNOWN)
    popularity = np.bincount(train["item"], weights=train["label"], minlength=len(groups))
    rank = np.argsort(np.argsort(-popularity, kind="stable"), kind="stable")
    groups["tail"] = np.where(rank < HEAD_SHARE * len(groups), "head", "tail")
    return groups.reset_index(drop=True)
