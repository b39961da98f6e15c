"""Training by labels, and by the semantic loss: what no objective of the library is.

A run is not saved on its way: one that is ended begins anew.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Generator, Tensor, nn

from gedi_nesy.data.queries import TaskData, Template
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.tasks.hold_out import Split, hold_out
from gedi_nesy.tasks.prepare import Prepared, prepare
from gedi_nesy.tasks.programs import CompiledTemplate
from gedi_nesy.tasks.task import Task
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.restarts import learners
from gedi_nesy.training.schedule import cosine
from gedi_nesy.training.seeds import streams
from gedi_nesy.types import Scalar

HIDDEN = 64
"""Units of the head that guesses answers."""

Loss = Callable[[Generator], Scalar]
"""Of a batch that is drawn from the generator."""


class Given(NamedTuple):
    """A task as a learner is given it, the held-out queries apart, and the networks that begin."""

    found: Prepared
    split: Split
    learner: Learner


def begin(task: Task, config: TrainConfig, seed: int) -> Given:
    """As `learn_task` begins: the same networks, and the same held-out queries."""
    found = prepare(task, config.step.sgld.bounds)
    split = hold_out(Generator().manual_seed(streams(seed)[1]), found.data)
    return Given(found, split, learners(split.training, found.untrained, found.log_prob, config, seed)(0))


def supervised(given: Given, labels: Mapping[str, Int[Tensor, " image"]], config: TrainConfig) -> Loss:
    """Cross-entropy of the labels of what each network is shown, as many images a step as its queries have."""
    data, learner = given.split.training, given.learner

    def loss(generator: Generator) -> Scalar:
        parts = []
        for name, network in learner.networks.items():
            shown = data.train_indices(name)
            num = config.step.batch_size * _readings(data, name)
            num += config.step.batch_unlabelled if len(data.networks[name].extra_indices) else 0
            rows = shown[torch.randint(len(shown), (num,), generator=generator, device=generator.device)]
            known = labels[name].to(rows.device)[rows]
            for view in network.views(generator, rows):
                parts.append(nn.functional.nll_loss(network.model.log_probs(view), known))
        return torch.stack(parts).mean()

    return loss


class AnswerHeads(nn.Module):
    """For each template with answers, an MLP from what is read of its images to log-probabilities of the answers."""

    def __init__(self, data: TaskData, templates: tuple[CompiledTemplate, ...], clusters: Mapping[str, int]):
        super().__init__()
        self.of = nn.ModuleDict()
        for place, (template, compiled) in enumerate(zip(data.templates, templates, strict=True)):
            if len(template.answers):
                size = sum(clusters[each.network] for each in template.readings)
                answers = nn.Linear(HIDDEN, len(compiled.query.answers))
                self.of[str(place)] = nn.Sequential(
                    nn.Linear(size, HIDDEN), nn.ReLU(), answers, nn.LogSoftmax(1)
                )


def semantic(given: Given, heads: AnswerHeads, weight: float, config: TrainConfig) -> Loss:
    """-log p(answer) of the head, and w times the semantic loss (Xu et al., 2018) of its guess.

    -log sum_y p(y | head) P(y | program, networks): the probability that the answer is the one that the rule gives.
    Where queries have no answer it is -log P(query).
    """
    data, learner = given.split.training, given.learner
    compiled = given.found.log_prob.templates

    def loss(generator: Generator) -> Scalar:
        drawn = torch.randint(
            data.num_queries, (config.step.batch_size,), generator=generator, device=generator.device
        )
        found = []
        for place, rows in enumerate(data.by_template(drawn)):
            if len(rows):
                for blocks in _views(learner, data.templates[place], rows, generator):
                    log_p = compiled[place].log_distribution(blocks)
                    if str(place) not in heads.of:
                        found.append(-weight * log_p[:, 0])
                        continue
                    guess = heads.of[str(place)](torch.cat([each.exp() for each in blocks], dim=1))
                    told = data.templates[place].answers[rows]
                    wrong = nn.functional.nll_loss(guess, told, reduction="none")
                    found.append(wrong - weight * torch.logsumexp(guess + log_p, dim=1))
        return torch.cat(found).mean()

    return loss


def trained(given: Given, loss: Loss, modules: nn.Module, config: TrainConfig) -> dict[str, GEDI]:
    """The averaged networks after as many steps as a run without restarts has; AdamW, warmed up, a cosine to 0."""
    networks, rate = given.learner.networks, config.step.learning_rate
    parameters = [*modules.parameters(), *(p for each in networks.values() for p in each.model.parameters())]
    # as a learner's
    optimizer = torch.optim.AdamW(parameters, lr=rate, betas=config.step.betas, weight_decay=0.0)
    steps = config.first_steps + config.refine
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * cosine(step, steps, config.warmup)
        optimizer.zero_grad()
        loss(given.learner.generator).backward()
        optimizer.step()
        for network in networks.values():
            network.move_average(step)
    return {name: network.average for name, network in networks.items()}


def _readings(data: TaskData, name: str) -> int:
    """How many images of a query a network reads, on average, at least one."""
    read = sum(len(template.indices) * len(template.columns(name)) for template in data.templates)
    return max(1, round(read / max(1, data.num_queries)))


def _views(
    learner: Learner, template: Template, rows: Int[Tensor, " query"], generator: Generator
) -> list[list[Tensor]]:
    """log-probabilities of queries' images, and of the augmented ones: a block a reading."""
    views: list[list[Tensor]] = [[], []]
    for reading in template.readings:
        network = learner.networks[reading.network]
        images = network.views(generator, template.indices[rows, reading.argument])
        for blocks, image in zip(views, images, strict=True):
            blocks.append(network.model.log_probs(image))
    return views
