"""Who is near to whom in feature space: exact nearest neighbours, in blocks of bounded memory."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gedi_nesy.errors import ConfigError

NEAR = 25
"""How many count as near, at the most."""
QUERIES, KEYS = 1024, 4096
"""Rows and columns of the block of similarities that is held at once."""


def num_neighbours(items: int, num_clusters: int) -> int:
    """How many are near: 25 at the most, of few items a quarter of what a cluster has on average."""
    return max(1, min(NEAR, items // (4 * num_clusters)))


def nearest_among(
    features: Float[Tensor, "item feature"], shown: Int[Tensor, " shown"], count: int
) -> Int[Tensor, "item neighbour"]:
    """For each of the items `shown` the others of them with the largest cosine; any other item is its own neighbour."""
    near = torch.arange(len(features), dtype=torch.int32, device=features.device)[:, None].repeat(1, count)
    near[shown] = shown.int()[nearest(features[shown], count).long()]
    return near


@torch.no_grad()
def nearest(
    features: Float[Tensor, "item feature"], count: int, on_items: Callable[[int], None] = lambda done: None
) -> Int[Tensor, "item neighbour"]:
    """The `count` others with the largest cosine to each item, nearest first; ConfigError if there are not as many.

    All pairs are looked at: a number of multiplications that grows with the square of the items.
    """
    items = len(features)
    if not 1 <= count < items:
        raise ConfigError(f"count={count} neighbours must be at least 1, and fewer than the {items} items")
    lengths = torch.cat([part.float().norm(dim=1) for part in features.split(KEYS)]).clamp_min(1e-12)
    found = torch.empty(items, count, dtype=torch.int32, device=features.device)
    for start in range(0, items, QUERIES):
        queries = features[start : start + QUERIES].float()
        found[start : start + QUERIES] = _nearest_of(queries, start, features, lengths, count)
        on_items(min(items, start + QUERIES))
    return found


def _nearest_of(
    queries: Float[Tensor, "query feature"],
    first: int,
    features: Float[Tensor, "item feature"],
    lengths: Float[Tensor, " item"],
    count: int,
) -> Int[Tensor, "query neighbour"]:
    """Those of the items from `first` on, without themselves; the best so far are kept from block to block."""
    device = queries.device
    best = torch.full((len(queries), count), -torch.inf, device=device)
    indices = torch.zeros(len(queries), count, dtype=torch.long, device=device)
    own = torch.arange(first, first + len(queries), device=device)
    for start in range(0, len(features), KEYS):
        keys = features[start : start + KEYS].float()
        cosines = queries @ keys.T / lengths[start : start + KEYS]
        here = (own >= start) & (own < start + len(keys))
        cosines[here.nonzero()[:, 0], own[here] - start] = -torch.inf
        both = torch.cat([best, cosines], dim=1)
        best, chosen = both.topk(count, dim=1)
        before = chosen < count
        indices = torch.where(before, indices.gather(1, chosen.clamp_max(count - 1)), chosen - count + start)
    return indices.int()
