"""One cell on one seed: training, in which the bound is measured, then what the embeddings know."""

import json
import time
from dataclasses import replace
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.images.agreement import representation_metrics
from benchmarks.images.config import ImagesConfig
from benchmarks.images.data import dataset_of
from benchmarks.images.learned import Learned, embed
from benchmarks.images.rows import ROWS
from benchmarks.images.study.cells import Cell, cells, methods, steps_of
from benchmarks.images.study.measure import measured
from benchmarks.runner.benchmark import Job, Place, Run
from gedi_nesy.augmentation.warp import warp
from gedi_nesy.data.pixels import to_float
from gedi_nesy.data.queries import ONLY, Augment, QuerySet, as_task
from gedi_nesy.errors import ConfigError
from gedi_nesy.objectives.self_supervised.byol import Bootstrap
from gedi_nesy.objectives.self_supervised.dino import CentredTeacher
from gedi_nesy.training import distributed
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.loop import train
from gedi_nesy.training.records import Record
from gedi_nesy.training.restarts import Untrained, learners

IMAGES, POINTS = 512, 20
"""Unseen images by which the bound is estimated, and how often it is, evenly over the training."""
ITERATIONS = 500
"""Steps of 128 images, where `--iterations` says nothing."""
CURVE_FILE = "bound.json"


def jobs(config: ImagesConfig) -> list[Job]:
    """Cells x seeds."""
    if config.preset != "fast":
        raise ConfigError(f"--study has sizes of its own: leave out --preset {config.preset}")
    if not methods(config):
        raise ConfigError(f"--study: none of --methods {' '.join(config.methods)} is trained on images")
    return [
        Job(
            name=f"{cell.name}, seed {seed}",
            folder=f"{cell.name.replace(', ', '-').replace(' ', '-')}/seed-{seed}",
            runs=({"row": cell.row, "batch_size": cell.batch_size, "momentum": cell.momentum, "seed": seed},),
            task=cell,
        )
        for seed in config.seeds
        for cell in cells(config)
    ]


def run_one(config: ImagesConfig, job: Job, place: Place) -> list[Run]:
    """Train and measure; a cell that was ended on its way begins anew."""
    (identity,), dataset = job.runs, dataset_of(config)
    cell: Cell = job.task
    if distributed.size() > 1:
        raise ConfigError(f"--study: one process, not {distributed.size()} ranks")
    place.say(f"{job.name} ...")
    images = dataset.train.images.to(place.device)
    nothing = torch.empty(0, 1, dtype=torch.long, device=place.device)
    data = QuerySet(images, nothing, torch.arange(len(images), device=place.device))
    recipe = config.recipe(ROWS[cell.row], dataset)
    step = replace(recipe.train.step, batch_unlabelled=cell.batch_size)
    steps = steps_of(cell, config.iterations or ITERATIONS)
    explore = recipe.train.explore * steps // (recipe.train.explore + recipe.train.refine)
    settings = replace(recipe.train, step=step, explore=max(1, explore), refine=steps - max(1, explore))
    task = as_task(data)
    task = task._replace(networks={ONLY: task.networks[ONLY]._replace(augment=recipe.augment)})
    untrained = {ONLY: Untrained(recipe.make_backbone, recipe.num_clusters, recipe.start_rank)}
    begun = time.process_time()
    views = recipe.augment or partial(warp, config=step.warp)
    unseen = to_float(dataset.test.images[:IMAGES].to(place.device))
    watched = Watched(cell, unseen, views, identity["seed"], max(1, steps // POINTS))
    make = learners(task, untrained, None, settings, identity["seed"])
    outcome = train(lambda attempt: watched.begin(make(attempt)), None, settings, watched)
    watched.measure(steps)
    seconds = time.process_time() - begun
    place.folder.mkdir(parents=True, exist_ok=True)
    (place.folder / CURVE_FILE).write_text(json.dumps(watched.curve) + "\n")
    train_set, test_set = (
        F.normalize(embed(outcome.model, split.images, place.device), dim=1).numpy()
        for split in (dataset.train, dataset.test)
    )
    found = representation_metrics(Learned(train_set, test_set), dataset)
    first, last = watched.curve[0], watched.curve[-1]
    parts = {name: last[name] for name in ("entropy", "reconstruction")}
    raised = {f"{name}_raised": last[name] - first[name] for name in parts}
    bound = {"bound": sum(parts.values())}
    metrics = {**found, **parts, **raised, **bound, "cpu_seconds": seconds}
    return [{**identity, "metrics": metrics, "curve": watched.curve}]


class Watched:
    """Hears every step, and measures now and then."""

    def __init__(self, cell: Cell, images: Tensor, views: Augment, seed: int, every: int):
        self.cell, self.images, self.views, self.seed, self.every = cell, images, views, seed, every
        self.steps = 0
        self.curve: list[dict[str, float]] = []
        self.learner: Learner | None = None

    def begin(self, learner: Learner) -> Learner:
        """The learner that is to be watched, with the cell's momentum; measured before it has learned."""
        for head in learner.only.network.heads.values():
            if self.cell.momentum is not None:
                assert isinstance(head, Bootstrap | CentredTeacher)
                head.momentum = self.cell.momentum
        self.learner = learner
        self.measure(0)
        return learner

    def __call__(self, record: Record) -> None:
        self.steps += 1
        if self.steps % self.every == 0:
            self.measure(self.steps)

    def measure(self, step: int) -> None:
        """One point of the curve, unless it is there."""
        assert self.learner is not None
        if self.curve and self.curve[-1]["step"] == step:
            return
        network = self.learner.only
        head = next(iter(network.network.heads.values()), None)
        found = measured(network.model, head, self.images, self.views, self.seed)
        self.curve.append({"step": step, "images": step * self.cell.batch_size, **found._asdict()})
