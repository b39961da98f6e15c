"""Clusters of frozen features: ten linear heads side by side, of which the best by the objective is kept."""

from collections.abc import Callable
from contextlib import nullcontext

import torch
from jaxtyping import Float
from torch import Tensor

from gedi_nesy.cluster.config import ClusterConfig, Clustered, OnProgress, check_enough
from gedi_nesy.features.neighbours import nearest, num_neighbours
from gedi_nesy.models.encoders import FrozenFeatures
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.pretraining.heads import HeadLearner
from gedi_nesy.training.durability.checkpoint import restoring
from gedi_nesy.training.durability.checkpoint_manager import CheckpointManager


def cluster_features(
    features: Float[Tensor, "item feature"],
    config: ClusterConfig,
    backbone: FrozenFeatures,
    on_progress: OnProgress = lambda step, terms: None,
    saver: CheckpointManager | None = None,
    on_resume: Callable[[int], None] = lambda steps: None,
    stop: Callable[[], bool] | None = None,
) -> Clustered:
    """Train linear heads on features, of 16 bits or 32, as `backbone` says they were made; restarts side by side.

    Positive pairs are an item and one of its nearest neighbours. All `config.steps` are taken by all restarts.
    """
    check_enough(len(features), config)
    neighbours = nearest(features, num_neighbours(len(features), config.num_clusters))
    learner = HeadLearner(
        features, neighbours, config.num_clusters, config.restarts, config.steps, config.seed
    )
    state = saver.load() if saver else None
    if state is not None:
        with restoring():
            learner.load_state(state)
        on_resume(learner.step)
    with saver.catching_signals() if saver and stop is None else nullcontext():
        while learner.step < config.steps and not (stop and stop()):
            inv, prior = learner.take_step()
            on_progress(learner.step, f"inv {inv:.2f}  prior {prior:.2f}")
            if saver:
                saver.step(learner.state)
    finished = learner.step >= config.steps
    if saver and not finished:
        saver.save(learner.state)
    best = int(learner.objective().argmax())
    head = learner.head(best)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        model = GEDI(backbone, config.num_clusters)
        model.output.weight.copy_(head.weight.T)
        model.output.bias.copy_(head.bias)
    return Clustered(model.eval(), finished, learner.records(best))
