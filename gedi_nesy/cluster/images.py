"""Clusters of images by a small network of their own, by `learn` without queries."""

from collections.abc import Callable
from dataclasses import replace

import torch
from jaxtyping import UInt8
from torch import Tensor

from gedi_nesy.augmentation.warp import WarpConfig
from gedi_nesy.cluster.config import ClusterConfig, Clustered, OnProgress, check_enough
from gedi_nesy.data.queries import QuerySet
from gedi_nesy.learn import learn
from gedi_nesy.objectives.table import METHODS
from gedi_nesy.pretraining.config import CLUSTERS, PretrainConfig
from gedi_nesy.training.config import StepConfig, TrainConfig
from gedi_nesy.training.durability.checkpoint_manager import CheckpointManager
from gedi_nesy.training.records import Record

EXPLORE_SHARE = 0.26
"""Of the steps for images, what each restart takes at the most; the rest refines the best."""
FIRST_SHARE = 0.57
"""Of the steps for images, those in which clusters are found, before heads are trained anew."""
BRIGHT = 192
"""Median of the outermost pixels from which a background counts as white."""


def white_background(images: UInt8[Tensor, "image channel height width"]) -> bool:
    """Whether what is outside of an image, 0 for an augmentation, is white in these: dark ink on paper."""
    some = images[:: 1 + len(images) // 1000]
    edges = [some[..., 0, :], some[..., -1, :], some[..., 0], some[..., -1]]
    return bool(torch.cat([edge.flatten() for edge in edges]).median() >= BRIGHT)


def clusters_first(config: ClusterConfig) -> ClusterConfig:
    """The usual way with one restart: clusters by L_INV + L_PRIOR, heads anew on the embedding, the rest from there.

    Heads that are trained with the encoder may mix two classes that the embedding tells apart; new ones do not
    (docs/features-first.md).
    """
    if config.pretrain is not None or config.restarts > 1 or config.steps < 4:
        return config
    steps = max(2, round(FIRST_SHARE * config.steps))
    first = PretrainConfig(term=CLUSTERS, steps=steps, batch_size=StepConfig().batch_unlabelled)
    return replace(config, steps=config.steps - steps, pretrain=first)


def train_config(config: ClusterConfig, image_shape: tuple[int, ...], refined: bool = True) -> TrainConfig:
    """The recipe for images without queries, its shifts in proportion to their size.

    Unless `refined`, all steps are the restarts', and the best of them is not trained on.
    """
    scale = min(image_shape[1:]) / 28
    usual = WarpConfig()
    warp = replace(usual, translate=usual.translate * scale, elastic=usual.elastic * scale)
    share = min(EXPLORE_SHARE, 0.5 / config.restarts)
    explore = max(1, round(share * config.steps)) if refined else config.steps // config.restarts
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
    refined: bool = True,
) -> Clustered:
    """Train a ConvNet by `learn`, without queries, on bytes whose background is 0."""
    check_enough(len(images), config)
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
        train_config(config, tuple(images.shape[1:]), refined),
        seed=config.seed,
        on_step=counted,
        saver=saver,
        on_resume=resumed,
        stop=stop,
        pretrain=config.pretrain,
    )
    return Clustered(outcome.model, outcome.finished, outcome.history)
