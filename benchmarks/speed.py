"""Lists, accuracy and a training epoch beside the libraries that do the same, in one run.

    python -m benchmarks.speed [topk|metrics|epoch|all] [--rounds 5] [--share 1.0]

Peers are optional (`pip install -r requirements-bench.txt`); one that is absent is named and left out. Everybody has
one thread and takes turns; figures are processor seconds, so that other work on the machine counts little. The first
round, in which machine code is made, is not counted. `--share` makes every task smaller.

topk: exact top-10 of 20,000 items for 50,000 users, vectors of 64. metrics: NDCG@10 and recall@10 of 100,000 users x
100 scored candidates; ranx is timed on 2,000 users and multiplied, as to make its input
alone takes minutes. epoch: one epoch of BPR, 892,000 interactions of 6,000 users with 3,700 items, vectors of 64.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib.util import find_spec
from time import process_time
from types import SimpleNamespace

import numpy as np
import scipy.sparse as sp
import torch
from threadpoolctl import threadpool_limits

from benchmarks.machine import machine
from benchmarks.peruser import per_user
from models.base import top_k
from models.config import FactorSettings
from models.data import Interactions
from models.factorization import FactorLearner
from models.loop import learn
from models.ranking import best_unseen, discounts, gains, ideal

K = 10
RANX_USERS = 2000
Way = Callable[[], object]


def seconds(way: Way) -> float:
    began = process_time()
    way()
    return process_time() - began


def compare(task: str, ways: dict[str, Way], rounds: int, times: dict[str, float] | None = None) -> None:
    """A row for each way: median seconds, and the median over rounds of its time over ours (the first way)."""
    for way in ways.values():
        way()
    took = np.array([[seconds(way) for way in ways.values()] for _ in range(rounds)])  # [rounds, ways]
    took *= [(times or {}).get(name, 1.0) for name in ways]
    for name, spent in zip(ways, took.T, strict=True):
        ratio = np.median(spent / took[:, 0])
        print(f"| {task} | {name} | {np.median(spent):.3f} | {ratio:.2f} |", flush=True)


def there(library: str) -> bool:
    if find_spec(library):
        return True
    print(f"| | {library}: absent (pip install -r requirements-bench.txt) | | |")
    return False


def topk(share: float, rounds: int) -> None:
    rng = np.random.default_rng(0)
    users = rng.standard_normal((int(50_000 * share), 64), np.float32)
    items = rng.standard_normal((20_000, 64), np.float32)
    data = SimpleNamespace(n_users=len(users), seen=sp.csr_matrix((len(users), len(items)), dtype=bool))
    model = SimpleNamespace(score=lambda chosen: users[chosen] @ items.T)
    ways: dict[str, Way] = {"ours": lambda: top_k(model, data, K)[0]}

    def by_torch() -> np.ndarray:
        given, goods = torch.from_numpy(users), torch.from_numpy(items)
        return torch.cat([torch.topk(part @ goods.T, K).indices for part in given.split(256)]).numpy()

    ways["torch"] = by_torch
    if there("faiss"):
        import faiss

        faiss.omp_set_num_threads(1)

        def by_faiss() -> np.ndarray:
            index = faiss.IndexFlatIP(64)
            index.add(items)
            return index.search(users, K)[1]

        ways["faiss"] = by_faiss
    if there("implicit"):
        from implicit.cpu.topk import topk as by_implicit

        ways["implicit"] = lambda: by_implicit(items, users, K, num_threads=1)[0]
    compare("top-10", ways, rounds)
    same_lists(ways, users, items)


def same_lists(ways: dict[str, Way], users: np.ndarray, items: np.ndarray) -> None:
    """Where the lists of others differ from ours, and by how much in score, in double precision, at most."""
    own = np.asarray(ways["ours"]())
    for name in list(ways)[1:]:
        other = np.asarray(ways[name]())
        row, place = np.nonzero(own != other)
        gap = np.abs(np.einsum("nd,nd->n", users[row].astype(float), items[own[row, place]] - items[other[row, place]]))
        print(f"| top-10 | {name}: {len(np.unique(row))} lists differ, scores by {gap.max(initial=0):.1e} | | |")


def metrics(share: float, rounds: int) -> None:
    rng = np.random.default_rng(0)
    n, candidates = int(100_000 * share), 100
    scores = rng.standard_normal((n, candidates), np.float32)
    wanted = rng.random((n, candidates)) < 0.1
    relevant, nothing = sp.csr_matrix(wanted, dtype=np.float64), sp.csr_matrix((n, candidates), dtype=bool)
    discount = torch.from_numpy(discounts(K))
    given, grades = torch.from_numpy(scores), torch.from_numpy(wanted.astype(np.float64))

    def by_torch() -> tuple[torch.Tensor, torch.Tensor]:
        hits, total = grades.gather(1, given.topk(K).indices), grades.sum(1)
        ideal = discount.cumsum(0)[(total.clamp(1, K) - 1).long()]
        return hits @ discount / ideal, hits.sum(1) / total.clamp(min=1)

    def ours() -> tuple[np.ndarray, np.ndarray]:
        (gain, hits), total = gains(scores, nothing, relevant, K), np.maximum(np.diff(relevant.indptr), 1)
        return gain / ideal(total, K), hits / total

    def by_lists() -> object:
        return per_user(best_unseen(scores, nothing, K)[0], relevant, K)

    def sorted_before() -> object:
        return per_user(lists, relevant, K)

    lists = best_unseen(scores, nothing, K)[0]
    ways: dict[str, Way] = {
        "ours, from scores": ours,
        "ours, lists and seven figures": by_lists,
        "ours, seven figures of lists": sorted_before,
        "torch, from scores": by_torch,
    }
    if there("ranx"):
        ways["ranx, from scores"] = by_ranx(scores, wanted)
    compare("NDCG, recall", ways, rounds, {"ranx, from scores": n / min(n, RANX_USERS)})
    found = per_user(lists, relevant, K)
    for name, (ndcg, recall) in {"torch": by_torch(), "our lists": (found.ndcg, found.recall)}.items():
        apart = np.abs(np.array(ours()) - np.array([ndcg, recall])).max()
        print(f"| NDCG, recall | largest difference to {name}: {apart:.0e} | | |")


def by_ranx(scores: np.ndarray, wanted: np.ndarray) -> Way:
    import numba
    from ranx import Qrels, Run, evaluate

    numba.set_num_threads(1)
    users = np.flatnonzero(wanted[:RANX_USERS].any(axis=1))
    names = [f"item {item}" for item in range(scores.shape[1])]
    truth = Qrels({f"user {u}": {names[item]: 1 for item in np.flatnonzero(wanted[u])} for u in users})
    run = Run({f"user {u}": dict(zip(names, scores[u].tolist(), strict=True)) for u in users})
    return lambda: evaluate(truth, run, [f"ndcg@{K}", f"recall@{K}"], make_comparable=False)


def taken(share: float) -> sp.csr_matrix:
    """About 892,000 x share cells of a log with popular and rare items and busy and quiet users."""
    rng = np.random.default_rng(0)
    users, items = 6000, 3700
    busy, popular = rng.lognormal(0, 1, users), rng.lognormal(0, 1.5, items)
    chance = np.outer(busy, popular).ravel()
    chosen = rng.choice(users * items, int(892_000 * share), replace=False, p=chance / chance.sum())
    return sp.csr_matrix((np.ones(len(chosen), np.float32), np.divmod(chosen, items)), shape=(users, items))


def epoch(share: float, rounds: int) -> None:
    log = taken(share)
    rows = log.tocoo()
    none = np.zeros(0, np.int32)
    data = Interactions(
        user=rows.row.astype(np.int32),
        item=rows.col.astype(np.int32),
        label=np.ones(log.nnz, np.float32),
        user_ids=tuple(f"{user:05}" for user in range(log.shape[0])),
        item_ids=tuple(f"{item:05}" for item in range(log.shape[1])),
        seen=log.astype(bool),
        valid_user=none,
        valid_item=none,
        valid_label=none.astype(np.float32),
    )
    settings = FactorSettings(epochs=1, dimensions=64)
    ways: dict[str, Way] = {"ours": lambda: learn(FactorLearner(data, settings, 0), settings, 0, "", None, quiet)}
    if there("implicit"):
        from implicit.cpu.bpr import BayesianPersonalizedRanking

        ways["implicit"] = lambda: BayesianPersonalizedRanking(
            factors=64, iterations=1, num_threads=1, random_state=0
        ).fit(log, show_progress=False)
    if there("cornac"):
        ways["cornac"] = by_cornac(rows)
    compare("BPR epoch", ways, rounds)
    print("| BPR epoch | RecBole 1.2.1: not run, it crashes on current numpy (elsewhere ten times implicit's) | | |")


def by_cornac(rows: sp.coo_matrix) -> Way:
    from cornac.data import Dataset
    from cornac.models import BPR

    made = Dataset.build(list(zip(rows.row.tolist(), rows.col.tolist(), rows.data.tolist(), strict=True)), seed=0)
    return lambda: BPR(k=64, max_iter=1, num_threads=1, seed=0, verbose=False).fit(made)


def quiet(fraction: float, note: str, **figures: float) -> None:
    """News of training, which nobody reads here."""


TASKS = {"topk": topk, "metrics": metrics, "epoch": epoch}


def table(what: str, share: float, rounds: int) -> None:
    """One of TASKS, or all."""
    torch.set_num_threads(1)
    print(f"{machine()}; one thread each, median of {rounds} rounds, share {share:g}\n")
    print("| work | by | processor seconds | times ours |\n|---|---|---|---|")
    for name, task in TASKS.items():
        if what in (name, "all"):
            with threadpool_limits(1):
                task(share, rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=(*TASKS, "all"), default="all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--share", type=float, default=1.0)
    asked = parser.parse_args()
    table(asked.what, asked.share, asked.rounds)


if __name__ == "__main__":
    main()
