"""Clusters of points by MLPs that are trained side by side."""

from collections.abc import Callable
from contextlib import nullcontext

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from gedi_nesy.cluster.config import ClusterConfig, Clustered, OnProgress, check_enough
from gedi_nesy.models.encoders import MLP
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives.inv import loss_inv
from gedi_nesy.objectives.prior import loss_prior
from gedi_nesy.training.divergence import DivergedError
from gedi_nesy.training.durability import checkpoint
from gedi_nesy.training.durability.checkpoint_manager import CheckpointManager
from gedi_nesy.training.vectorized.config import VectorizedConfig
from gedi_nesy.training.vectorized.learner import VectorizedLearner

WEIGHTS = {"gen": 1.0, "inv": 2.0, "prior": 8.0}
"""Of the terms for points: those of the toy benchmark."""


def cluster_points(
    points: Float[Tensor, "point dim"],
    config: ClusterConfig,
    on_progress: OnProgress = lambda step, terms: None,
    saver: CheckpointManager | None = None,
    on_resume: Callable[[int], None] = lambda steps: None,
    stop: Callable[[], bool] | None = None,
) -> Clustered:
    """Train MLPs on standardised points by the toy benchmark's recipe, the restarts side by side; the best is kept.

    A column that does not vary is the same for all points, and says nothing.
    """
    check_enough(len(points), config)
    mean, std = points.double().mean(dim=0), points.double().std(dim=0, correction=0)
    std = torch.where(std > 0, std, 1.0)
    learner = _stack((points.double() - mean).div(std).float(), config)
    state = saver.load() if saver else None
    if state is not None:
        with checkpoint.restoring():
            learner.load_state(state)
        on_resume(learner.step)
    with saver.catching_signals() if saver and stop is None else nullcontext():
        while learner.step < config.steps and not learner.diverged.all() and not (stop and stop()):
            learner.run_block()
            on_progress(learner.step, "")
            if saver:
                saver.step(learner.state)
    finished = learner.step >= config.steps
    if saver and not finished:
        saver.save(learner.state)
    if learner.diverged.all():
        raise DivergedError(
            f"training diverged in all of its {config.restarts} restarts, by step {learner.step}: the loss is not"
            f" finite; try another seed than {config.seed}"
        )
    best = int(torch.where(learner.diverged, -torch.inf, _objective(learner)).argmax())
    model = learner.models()[best].eval()
    model.standardise_by(mean, std)
    return Clustered(model, finished, learner.records(best, f"restart {best}"))


def _stack(points: Float[Tensor, "point dim"], config: ClusterConfig) -> VectorizedLearner:
    models, generators = [], []
    for attempt in range(config.restarts):
        own_seed = 1000 * config.seed + attempt
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(own_seed)
            backbone = MLP(
                points.shape[1], hidden=(64, 64), num_features=None, activation="silu", input_gain=4.0
            )
            models.append(GEDI(backbone, config.num_clusters))
        generators.append(Generator().manual_seed(own_seed))
    weights = {name: torch.full((config.restarts,), value) for name, value in WEIGHTS.items()}
    data = points.expand(config.restarts, -1, -1).contiguous()
    return VectorizedLearner(models, data, weights, VectorizedConfig(iterations=config.steps), generators)


@torch.no_grad()
def _objective(learner: VectorizedLearner) -> Float[Tensor, " restart"]:
    """w_inv L_INV + w_prior L_PRIOR of the averaged networks on all points; no label is seen."""
    noise = torch.randn(learner.data.shape[1:], generator=Generator().manual_seed(0))
    plain, paired = (
        learner.forward(learner.average, x).log_softmax(dim=2)
        for x in (learner.data, learner.data + learner.config.augmentation * noise)
    )
    return -WEIGHTS["inv"] * loss_inv(plain, paired) - WEIGHTS["prior"] * loss_prior(plain)
