"""Position bias: how likely a place in a list is to be looked at, apart from what stands there.

The position-based model (Richardson et al. 2007; Joachims et al. 2017): a row is taken when its place was examined,
with chance theta of the place, and the item is wanted, with chance gamma of user and item.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from models.data import Interactions
from words import Refusal

Numbers = npt.NDArray[np.float64]

MOST_PLACES = 200
"""Places from this one on share one chance of being examined."""
ENOUGH = 10
"""Taken rows that each place needs among the randomised ones; with fewer the model below is fitted instead."""
PULL = 1.0
"""L2 penalty, over the number of rows, on the levels of users and items: without it rare ones go to 0 or 1."""
STEPS = 200
"""Most steps of the quasi-Newton method (L-BFGS); it stops earlier where nothing gains any more."""


@dataclass(frozen=True)
class Examination:
    """What the log says of places and of wants.

    places: float64 [places], theta relative to the place looked at most (1); chance: float64 [rows], that of each
    row's place; wanted: float64 [rows], gamma of each row's user and item; randomised: theta is from randomised rows.
    """

    places: Numbers
    chance: Numbers
    wanted: Numbers
    randomised: bool


def examination(data: Interactions) -> Examination:
    """Examination by place, from the training rows.

    Where rows with randomised places have at least ENOUGH taken rows in every place, theta is their share taken
    relative to the best place. Otherwise theta and gamma = sigmoid(level + user + item) maximise the likelihood of
    the log together, where regression EM (Wang et al. 2018) climbs to; that takes items shown in several places.
    Raises Refusal where fewer than two places occur, or nothing or everything was taken.
    """
    place = _places(data)
    taken = data.label > 0
    if place.max() == 0:
        raise Refusal("models.one_place")
    if taken.all() or not taken.any():
        raise Refusal("models.one_label")
    known = _by_lot(data, place, taken)
    theta, gamma = _likeliest(data, place, taken, known)
    return Examination(theta, theta[place], gamma, known is not None)


def _places(data: Interactions) -> npt.NDArray[np.int64]:
    """int64 [rows]: places as codes 0, 1, 2 ..., best first."""
    assert data.position is not None
    codes = np.unique(data.position, return_inverse=True)[1].astype(np.int64)
    return np.minimum(codes, MOST_PLACES - 1)


def _by_lot(data: Interactions, place: npt.NDArray[np.int64], taken: npt.NDArray[np.bool_]) -> Numbers | None:
    """float64 [places]: relative shares taken among randomised rows, or None with too few of them."""
    if data.randomised is None:
        return None
    drawn, places = data.randomised, int(place.max()) + 1
    clicks = np.bincount(place[drawn & taken], minlength=places)
    if clicks.min() < ENOUGH:
        return None
    share = clicks / np.bincount(place[drawn], minlength=places)
    return np.asarray(share / share.max())


def _likeliest(
    data: Interactions, place: npt.NDArray[np.int64], taken: npt.NDArray[np.bool_], known: Numbers | None
) -> tuple[Numbers, Numbers]:
    """theta [places] and gamma [rows] of largest penalised likelihood; theta stays where it is known."""
    rows = torch.from_numpy(place)
    user, item = torch.from_numpy(data.user.astype(np.int64)), torch.from_numpy(data.item.astype(np.int64))
    clicked = torch.from_numpy(taken.astype(np.float64))
    theta = torch.zeros(int(place.max()) + 1, dtype=torch.float64)
    users, items = (torch.zeros(count, dtype=torch.float64) for count in (data.n_users, data.n_items))
    level = torch.full((1,), float(np.log(taken.mean() / (1 - taken.mean()))), dtype=torch.float64)
    if known is not None:
        theta = torch.from_numpy(np.log(known))
    free = [users, items, level] if known is not None else [users, items, level, theta]
    for part in free:
        part.requires_grad_(True)
    search = torch.optim.LBFGS(free, max_iter=STEPS, line_search_fn="strong_wolfe", tolerance_change=1e-10)

    def log_chances() -> tuple[torch.Tensor, torch.Tensor]:
        examined = theta if known is not None else F.logsigmoid(theta)
        return examined - examined.max(), F.logsigmoid(level + users[user] + items[item])

    def loss() -> torch.Tensor:
        search.zero_grad()
        examined, wanted = log_chances()
        both = (examined[rows] + wanted).clamp(max=-1e-9)  # log of the chance to be taken
        likelihood = clicked * both + (1 - clicked) * torch.log(-torch.expm1(both))
        penalty = PULL * (users.square().sum() + items.square().sum()) / (2 * len(rows))
        total = penalty - likelihood.mean()
        total.backward()
        return total

    search.step(loss)
    with torch.no_grad():
        examined, wanted = log_chances()
        return examined.exp().numpy(), wanted.exp().numpy()
