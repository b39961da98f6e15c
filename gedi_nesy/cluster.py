"""Clusters of images or points without labels: what `gedi-nesy cluster` and the estimator share."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from jaxtyping import Float, UInt8
from torch import Generator, Tensor

from gedi_nesy.augmentation.warp import WarpConfig
from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.pixels import num_at_once
from gedi_nesy.data.queries import QuerySet
from gedi_nesy.errors import ConfigError
from gedi_nesy.learn import learn
from gedi_nesy.models.encoders import MLP
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives.inv import loss_inv
from gedi_nesy.objectives.prior import loss_prior
from gedi_nesy.objectives.table import METHODS
from gedi_nesy.training.config import StepConfig, TrainConfig
from gedi_nesy.training.durability.checkpoint_manager import CheckpointManager
from gedi_nesy.training.records import Record
from gedi_nesy.training.vectorized.config import VectorizedConfig
from gedi_nesy.training.vectorized.learner import VectorizedLearner

IMAGE_STEPS, POINT_STEPS = 1350, 2000
IMAGE_RESTARTS, POINT_RESTARTS = 1, 3
EXPLORE_SHARE = 0.26
"""Of the steps for images, what each restart takes at the most; the rest refines the best."""
WEIGHTS = {"gen": 1.0, "inv": 2.0, "prior": 8.0}
"""Of the terms for points: those of the toy benchmark."""
BRIGHT = 192
"""Median of the outermost pixels from which a background counts as white."""

OnProgress = Callable[[int, str], None]
"""Called with the steps done, and the terms in words."""


@dataclass(frozen=True, kw_only=True)
class ClusterConfig:
    """How many clusters, for how long, and from which seed."""

    num_clusters: int
    steps: int
    """of all restarts and the refinement together"""
    restarts: int
    """random initialisations; the best by the training objective is kept"""
    seed: int = 0
    weight_gen: float = 0.0
    """of L_GEN, for images: without it energies are what the clusters make of them, and no measure of likelihood"""

    def __post_init__(self) -> None:
        if self.num_clusters < 2:
            raise ConfigError(f"num_clusters={self.num_clusters} must be at least 2")
        if self.restarts < 1:
            raise ConfigError(f"restarts={self.restarts} must be at least 1")
        if self.steps < 2 * self.restarts:
            raise ConfigError(
                f"steps={self.steps} must be at least 2 for each of the {self.restarts} restarts"
            )


class Clustered(NamedTuple):
    """The network, in eval mode, whether it was trained to the end, and how the terms went."""

    model: GEDI
    finished: bool
    history: Sequence[Record] = ()


class Assignments(NamedTuple):
    """p(y|x) and E(x) of each input."""

    probabilities: Float[Tensor, "input cluster"]
    energies: Float[Tensor, " input"]


@torch.no_grad()
def assign(model: GEDI, inputs: Tensor) -> Assignments:
    """Both from the same logits, a part at a time."""
    parts = [model(part) for part in inputs.split(num_at_once(inputs))]
    logits = torch.cat(parts) if parts else torch.empty(0, model.num_clusters)
    return Assignments(logits.softmax(dim=1), -logits.logsumexp(dim=1))


def white_background(images: UInt8[Tensor, "image channel height width"]) -> bool:
    """Whether what is outside of an image, 0 for an augmentation, is white in these: dark ink on paper."""
    some = images[:: 1 + len(images) // 1000]
    edges = [some[..., 0, :], some[..., -1, :], some[..., 0], some[..., -1]]
    return bool(torch.cat([edge.flatten() for edge in edges]).median() >= BRIGHT)


def train_config(config: ClusterConfig, image_shape: tuple[int, ...]) -> TrainConfig:
    """The recipe for images without queries, its shifts in proportion to their size."""
    scale = min(image_shape[1:]) / 28
    usual = WarpConfig()
    warp = replace(usual, translate=usual.translate * scale, elastic=usual.elastic * scale)
    share = min(EXPLORE_SHARE, 0.5 / config.restarts)
    explore = max(1, round(share * config.steps))
    return TrainConfig(
        objective={**METHODS["GEDI"], "gen": config.weight_gen},
        step=StepConfig(warp=warp),
        attempts_without_queries=config.restarts,
        explore=explore,
        refine=config.steps - config.restarts * explore,
    )


def cluster_images(
    images: UInt8[Tensor, "image channel height width"],
    config: ClusterConfig,
    on_progress: OnProgress = lambda step, terms: None,
    saver: CheckpointManager | None = None,
    on_resume: Callable[[int], None] = lambda steps: None,
    stop: Callable[[], bool] | None = None,
) -> Clustered:
    """Train a ConvNet by `learn`, without queries, on bytes whose background is 0."""
    _check_enough(len(images), config)
    done = 0

    def counted(record: Record) -> None:
        nonlocal done
        done += 1
        said = (f"{name} {value:.2f}" for name, value in record.terms.items() if value is not None)
        on_progress(done, f"{record.phase}  {'  '.join(said)}")

    def resumed(history: list[Record]) -> None:
        nonlocal done
        done = len(history)
        on_resume(done)

    none = torch.empty(0, 1, dtype=torch.long)
    outcome = learn(
        QuerySet(images, none, torch.arange(len(images))),
        None,
        config.num_clusters,
        train_config(config, tuple(images.shape[1:])),
        seed=config.seed,
        on_step=counted,
        saver=saver,
        on_resume=resumed,
        stop=stop,
    )
    return Clustered(outcome.model, outcome.finished, outcome.history)


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
    _check_enough(len(points), config)
    mean, std = points.double().mean(dim=0), points.double().std(dim=0, correction=0)
    std = torch.where(std > 0, std, 1.0)
    learner = _stack((points.double() - mean).div(std).float(), config)
    state = saver.load() if saver else None
    if state is not None:
        learner.load_state(state)
        on_resume(learner.step)
    with saver.catching_signals() if saver and stop is None else nullcontext():
        while learner.step < config.steps and not (stop and stop()):
            learner.run_block()
            on_progress(learner.step, "")
            if saver:
                saver.step(learner.state)
    finished = learner.step >= config.steps
    if saver and not finished:
        saver.save(learner.state)
    best = int(_objective(learner).argmax())
    model = learner.models()[best].eval()
    model.standardise_by(mean, std)
    return Clustered(model, finished, learner.records(best, f"restart {best}"))


def _check_enough(count: int, config: ClusterConfig) -> None:
    if count < config.num_clusters:
        raise DataError(f"{count} inputs cannot be in num_clusters={config.num_clusters} clusters")


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
