"""What begins each attempt: fresh networks, in streams of random numbers of their own."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Generator, Tensor, nn

from gedi_nesy.data.queries import TaskData
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives import table
from gedi_nesy.training.batches import QueryLogProb
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.seeds import streams

FITTED_IMAGES, FITTED_SIZE = 10_000, 28 * 28
"""Images to which the start of Langevin chains is fitted: more show its directions no better, and an SVD grows fast."""


def _num_fitted(size: int) -> int:
    """How many images of `size` numbers: of larger ones as many as make the SVD's work, n d min(n, d), no larger."""
    work = FITTED_IMAGES * FITTED_SIZE**2
    return min(FITTED_IMAGES, max(work // size**2, math.isqrt(work // size)))


class Untrained(NamedTuple):
    """What a network is made of."""

    make_backbone: Callable[[], nn.Module]
    num_clusters: int
    start_rank: int
    begin: Callable[[GEDI, int], None] = lambda network, attempt: None
    """what a fresh network of a restart takes over: nothing, or what was trained before"""
    hidden: int | None = None
    """units of the head's hidden layer; None: a linear head"""


def learners(
    data: TaskData,
    untrained: Mapping[str, Untrained],
    log_prob: QueryLogProb | None,
    config: TrainConfig,
    seed: int,
) -> Callable[[int], Learner]:
    """What begins each restart."""

    def model(name: str) -> tuple[GEDI, Tensor]:
        """A fresh network, and the inputs to which the start of its chains is fitted."""
        made, inputs, indices = untrained[name], data.networks[name].inputs, data.train_indices(name)
        shown = indices[:: 1 + len(indices) // _num_fitted(inputs[0].numel())]
        rank = min(made.start_rank, len(indices) - 1, len(shown), inputs[0].numel())
        network = GEDI(made.make_backbone(), made.num_clusters, hidden=made.hidden, start_rank=rank)
        network = network.to(data.device)
        return network, inputs[shown]

    def make_learner(attempt: int) -> Learner:
        initialisation, training = streams(seed, attempt)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(initialisation)
            made = {name: model(name) for name in untrained}
        for name, (network, shown) in made.items():
            untrained[name].begin(network, attempt)
            if network.start_rank:
                network.fit_start(shown)
        models = {name: network for name, (network, _) in made.items()}
        facts = log_prob.state_dict() if isinstance(log_prob, nn.Module) else {}
        generator = Generator(data.device).manual_seed(training)
        heads = {
            name: table.modules(config.objective, network, generator) for name, network in models.items()
        }
        return Learner(models, data, config.step, generator, facts, heads)

    return make_learner
