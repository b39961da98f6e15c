"""The first stage of a run, and what the second begins with: encoders, heads on them, neighbours as pairs."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from gedi_nesy.augmentation import photographs
from gedi_nesy.augmentation.warp import warp
from gedi_nesy.data.pixels import num_at_once
from gedi_nesy.data.queries import ONLY, QuerySet, Shown, TaskData, as_task
from gedi_nesy.errors import ConfigError
from gedi_nesy.features.neighbours import nearest, num_neighbours
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives import table
from gedi_nesy.pretraining.config import CLUSTERS, PretrainConfig
from gedi_nesy.pretraining.heads import HeadLearner, Heads
from gedi_nesy.training.config import StepConfig, TrainConfig
from gedi_nesy.training.durability.checkpoint_manager import CheckpointManager
from gedi_nesy.training.durability.rollback import Recovery
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.loop import Outcome, train
from gedi_nesy.training.records import Record
from gedi_nesy.training.restarts import Untrained, learners
from gedi_nesy.training.seeds import streams

PHASE = "features"
"""What the records of the first stage are called by; with several networks, `features of NAME`."""

SEEDS = 1_000_000
"""Added to the number of a network, the key of its streams of random numbers: restarts have smaller numbers."""


ANNEALED_SHARE = 0.26
"""Of the steps in which clusters come first, those in which the weight of the entropy rises."""

OnResume = Callable[[list[Record]], None]


class First(NamedTuple):
    """What the second stage begins with, and how the first one went."""

    data: TaskData
    """as it was, with neighbours as the positive pairs of L_INV"""
    untrained: dict[str, Untrained]
    """networks that are no longer untrained"""
    history: list[Record]
    recoveries: list[Recovery]
    finished: bool
    """False where it was stopped: the encoders are what there was then, and the second stage must not be saved"""

    def saver(self, saver: CheckpointManager | None) -> CheckpointManager | None:
        """Where the second stage is saved: nowhere, if the first was stopped and is to go on."""
        return saver if self.finished else None

    def on_resume(self, on_resume: OnResume) -> OnResume:
        """To be told where the second stage goes on: after all steps of the first one."""
        return lambda history: on_resume([*self.history, *history])

    def joined(self, second: Outcome) -> Outcome:
        """Both stages as one run."""
        shift = len(self.history)
        later = [each._replace(after=each.after + shift) for each in second.recoveries]
        return second._replace(
            history=[*self.history, *second.history],
            recoveries=[*self.recoveries, *later],
            finished=self.finished and second.finished,
        )


class Calls(NamedTuple):
    """Whom the first stage tells what, and whom it asks, as `train` does."""

    on_step: Callable[[Record], None] = lambda record: None
    on_resume: OnResume = lambda history: None
    saver: CheckpointManager | None = None
    stop: Callable[[], bool] | None = None


def second_config(config: TrainConfig) -> TrainConfig:
    """Clusters are there already: nothing is annealed, and the logic names them before it trains them."""
    return replace(config, cluster=max(1, config.cluster), entropy_start=1.0)


def features_first(
    data: TaskData,
    untrained: Mapping[str, Untrained],
    config: TrainConfig,
    pretrain: PretrainConfig,
    seed: int,
    calls: Calls,
) -> First:
    """Train each network's encoder by what `pretrain` puts first on all images that the network may look at.

    Then linear heads on the embeddings, by L_INV on pairs of near neighbours and L_PRIOR (`heads.HeadLearner`), with
    which restarts begin. ConfigError for a network that reads something else than images. Resumed from `calls.saver`,
    the stage has the same numbers.
    """
    history: list[Record] = []
    recoveries: list[Recovery] = []
    networks, begun, finished = {}, {}, True
    for number, (name, shown) in enumerate(data.networks.items()):
        if shown.inputs.ndim != 4:
            raise ConfigError(f"pretrain: features are learned first of images, and '{name}' reads none")
        phase = PHASE if len(data.networks) == 1 else f"{PHASE} of {name}"
        indices = data.train_indices(name)
        told = _renamed(calls, phase, history, number)
        outcome = _encoder(shown, indices, untrained[name], config, pretrain, (seed, number), told)
        if calls.saver and told.saver:
            calls.saver.go_on_from(told.saver)
        shift = len(history)
        history += [record._replace(phase=phase) for record in outcome.history]
        recoveries += [each._replace(phase=phase, after=each.after + shift) for each in outcome.recoveries]
        finished = finished and outcome.finished
        num_clusters, key = untrained[name].num_clusters, streams(seed, SEEDS + number, 1)[1]
        near, heads = _clusters(outcome.model, shown, indices, num_clusters, pretrain, key)
        networks[name] = shown
        if pretrain.pairs_are_neighbours:
            augment = shown.augment or partial(warp, config=config.step.warp)
            networks[name] = shown._replace(neighbours=near, augment=augment)
        begun[name] = untrained[name]._replace(begin=partial(_begin, outcome.model, heads))
    return First(data._replace(networks=networks), begun, history, recoveries, finished)


def _renamed(calls: Calls, phase: str, before: list[Record], number: int) -> Calls:
    """The same for one network: records of its own name, after those of the networks before it."""
    earlier = list(before)

    def on_resume(history: list[Record]) -> None:
        calls.on_resume([*earlier, *(record._replace(phase=phase) for record in history)])

    return Calls(
        lambda record: calls.on_step(record._replace(phase=phase)),
        on_resume,
        calls.saver and calls.saver.within(f"run-{PHASE}-{number + 1}", stage=f"{PHASE} {number}"),
        calls.stop,
    )


def _encoder(
    shown: Shown,
    indices: Int[Tensor, " image"],
    untrained: Untrained,
    config: TrainConfig,
    pretrain: PretrainConfig,
    key: tuple[int, int],
    calls: Calls,
) -> Outcome:
    """Train one encoder by what comes first alone."""
    alone = as_task(QuerySet(shown.inputs, indices.new_empty(0, 1), indices))
    made = _annealed if pretrain.term == CLUSTERS else _alone
    alone_shown, settings = made(alone.networks[ONLY], shown, config, pretrain)
    alone = alone._replace(networks={ONLY: alone_shown})
    seed, number = key
    make = learners(alone, {ONLY: untrained._replace(start_rank=0)}, None, settings, seed)

    def make_learner(attempt: int) -> Learner:
        return make(SEEDS + number)

    return train(make_learner, None, settings, calls.on_step, None, calls.saver, calls.on_resume, calls.stop)


def _alone(
    own: Shown, shown: Shown, config: TrainConfig, pretrain: PretrainConfig
) -> tuple[Shown, TrainConfig]:
    """One self-supervised term, both views of an image made anew in each step."""
    views = partial(photographs.augment, config=pretrain.views(shown.inputs.shape[1]))
    settings = TrainConfig(
        objective={pretrain.term: 1.0},
        step=_step_without_chains(config, pretrain),
        explore=1,
        refine=pretrain.steps - 1,
        warmup=config.warmup,
    )
    return own._replace(augment=views, augment_both=True), settings


def _annealed(
    own: Shown, shown: Shown, config: TrainConfig, pretrain: PretrainConfig
) -> tuple[Shown, TrainConfig]:
    """L_INV + L_PRIOR: annealed, the entropy's weight rising from `entropy_start` to 1, and then as they are."""
    explore = max(1, round(ANNEALED_SHARE * pretrain.steps))
    weights = {name: table.weight(config.objective, name) or table.GEDI[name] for name in (CLUSTERS, "prior")}
    settings = TrainConfig(
        objective=weights,
        step=_step_without_chains(config, pretrain),
        explore=explore,
        refine=pretrain.steps - explore,
        entropy_start=config.entropy_start,
        warmup=config.warmup,
    )
    return own._replace(augment=shown.augment), settings


def _step_without_chains(config: TrainConfig, pretrain: PretrainConfig) -> StepConfig:
    """No chain is moved: one is the fewest there can be."""
    return replace(config.step, batch_unlabelled=pretrain.batch_size, batch_samples=1, buffer_size=1)


def _clusters(
    model: GEDI,
    shown: Shown,
    indices: Int[Tensor, " image"],
    num_clusters: int,
    pretrain: PretrainConfig,
    seed: int,
) -> tuple[Int[Tensor, "input neighbour"], list[Heads]]:
    """Who is near to each input, among those that are shown; and heads, the best by the objective first."""
    rows = indices.unique()
    features = embed(model, shown.inputs[rows]).cpu()
    near = nearest(features, num_neighbours(len(rows), num_clusters))
    learner = HeadLearner(features, near, num_clusters, pretrain.heads, pretrain.head_steps, seed)
    while learner.step < pretrain.head_steps:
        learner.take_step()
    order = learner.objective().argsort(descending=True, stable=True)
    # whoever is shown to nobody is near to itself alone
    table = torch.arange(len(shown.inputs), dtype=torch.int32)[:, None].repeat(1, near.shape[1])
    table[rows.cpu()] = rows.cpu().int()[near.long()]
    return table.to(shown.inputs.device), [learner.head(index) for index in order.tolist()]


@torch.no_grad()
def embed(model: GEDI, images: Tensor) -> Float[Tensor, "image feature"]:
    """enc(x) of all images, a part at a time."""
    return torch.cat([model.embed(part) for part in images.split(num_at_once(images))])


@torch.no_grad()
def _begin(pretrained: GEDI, heads: list[Heads], network: GEDI, attempt: int) -> None:
    """A fresh network takes over the encoder, and the head of its restart."""
    head = heads[attempt % len(heads)]
    network.backbone.load_state_dict(pretrained.backbone.state_dict())
    network.output.weight.copy_(network.tau * head.weight.T)
    network.output.bias.copy_(network.tau * head.bias)
