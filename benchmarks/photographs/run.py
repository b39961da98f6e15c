"""One seed of a rule over photographs: triples, training on frozen features, the verdict, unseen images."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from benchmarks.photographs.config import PROGRAM, PhotographsConfig
from benchmarks.photographs.references import Labelled, References, references
from benchmarks.photographs.report import body, report
from benchmarks.runner import fault_tolerance
from benchmarks.runner.benchmark import Benchmark, Job, Place, Run
from benchmarks.runner.training import attempts, train_task
from gedi_nesy.cluster import assign
from gedi_nesy.data.dataset import Collection, Split
from gedi_nesy.data.images import load
from gedi_nesy.data.queries import addition_triples
from gedi_nesy.features import encoders
from gedi_nesy.features.compute import backbone_of, cache_folder, compute
from gedi_nesy.features.encoders import FrozenEncoder
from gedi_nesy.features.images import lazy_array
from gedi_nesy.features.neighbours import nearest, num_neighbours
from gedi_nesy.metrics import clustering
from gedi_nesy.models.encoders import FrozenFeatures
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.progress import progress
from gedi_nesy.tasks import FeaturePool, Queries, Task

NETWORK, SLOTS, DIGITS = "digit_net", ("A", "B", "C"), 10


class Data(NamedTuple):
    """Features of a data set, with the labels that make triples and judge what was read."""

    train: Labelled
    test: Labelled
    backbone: FrozenFeatures
    references: References


@cache
def prepared(dataset: str, root: Path | None, encoder_name: str, images: int) -> Data:
    """Once in every process: features come from the cache, or are computed with a bar."""
    encoder, found = encoders.load(encoder_name), load(dataset, root)
    train = _encoded(encoder, spread(found.train, images))
    test = _encoded(encoder, found.test)
    backbone = backbone_of(encoder, min(found.train.images.shape[2:]))
    return Data(train, test, backbone, references(train, test, DIGITS))


def spread(split: Split, count: int) -> Split:
    """So many images, evenly over all; or all of them, if there are no more."""
    if len(split.labels) <= count:
        return split
    rows = torch.arange(count) * len(split.labels) // count
    return Split(split.images[rows], split.labels[rows])


def _encoded(encoder: FrozenEncoder, split: Split) -> Labelled:
    names = [str(number) for number in range(len(split.images))]
    lazy, words = lazy_array(Collection(split.images, names, [])), f"images encoded by {encoder.name}"
    with progress(len(names)) as shown:
        found = compute(
            lazy, encoder, encoder.side_for(lazy.side), lambda done: shown(done, words), cache_folder()
        )
    return Labelled(found.values, split.labels)


@cache
def _neighbours(config: PhotographsConfig) -> Tensor:
    """Of all images, for the runs that look at all of them."""
    features = _data(config).train.features
    return nearest(features, num_neighbours(len(features), DIGITS))


def _data(config: PhotographsConfig) -> Data:
    return prepared(config.dataset, config.data_root, config.features, config.images)


def jobs(config: PhotographsConfig) -> list[Job]:
    """A job a seed, once everything that can be wrong has been checked."""
    config.settings(1)
    encoders.load(config.features)
    labels = spread(load(config.dataset, config.data_root).train, config.images).labels
    addition_triples(Generator().manual_seed(0), labels, config.triples)
    return [
        Job(name=f"photographs, seed {seed}", folder=f"seed-{seed}", runs=({"seed": seed},))
        for seed in config.seeds
    ]


class Given(NamedTuple):
    """The task, and the labels of its pool, which training does not see."""

    task: Task
    labels: Tensor


def task_of(config: PhotographsConfig, data: Data, seed: int, device: str | torch.device = "cpu") -> Given:
    """Features, and triples of them."""
    triples = addition_triples(Generator().manual_seed(seed), data.train.labels, config.triples)
    if config.extra:
        near = _neighbours(config).to(device)
        pool, labels = FeaturePool(data.train.features.to(device), data.backbone, near), data.train.labels
    else:
        shown, triples = triples.unique(return_inverse=True)
        pool = FeaturePool(data.train.features[shown].to(device), data.backbone)
        labels = data.train.labels[shown]
    images = {slot: triples[:, place] for place, slot in enumerate(SLOTS)}
    task = Task(pools={"images": pool}, queries=[Queries(PROGRAM, "addition(A, B, C)", images)])
    return Given(task, labels)


def run_one(config: PhotographsConfig, job: Job, place: Place) -> list[Run]:
    """Train without labels, judge, and only then look at the labels of unseen images."""
    (identity,) = job.runs
    seed, data = identity["seed"], _data(config)
    settings = config.settings(data.backbone.num_features)
    saver = fault_tolerance.saver_of(config, place.checkpoints, identity, place.device)
    given = task_of(config, data, seed, place.device)
    outcome = train_task(job, place, given.task, settings, saver)
    seconds = saver.seconds
    model, verdict = outcome.models[NETWORK], outcome.verdict
    model.save(place.folder / "model")
    metrics = _metrics(model, Labelled(data.test.features.to(place.device), data.test.labels)) | {
        **data.references._asdict(),
        "accuracy_held_out": outcome.judged.held_out_accuracy({NETWORK: given.labels}),
        "restarts": float(len(outcome.training.attempts)),
        "seconds": seconds,
    }
    if verdict.estimated_accuracy is not None:
        metrics["estimated_accuracy"] = verdict.estimated_accuracy
    place.say(f"{job.name}: accuracy {metrics['accuracy']:.3f}. {verdict.sentence}")
    return [
        {
            **identity,
            "metrics": metrics,
            "verdict": verdict.to_document(),
            "evidence": outcome.judged.evidence.to_document(),
            "attempts": attempts(outcome.training),
            "chosen": outcome.training.chosen,
            "survival": fault_tolerance.record(saver, outcome.training),
        }
    ]


@torch.no_grad()
def _metrics(model: GEDI, test: Labelled) -> dict[str, float]:
    read = assign(model, test.features).probabilities.argmax(dim=1).cpu().numpy()
    labels = test.labels.numpy()
    return {
        "accuracy": clustering.accuracy(labels, read),
        "clustering_accuracy": clustering.clustering_accuracy(labels, read, DIGITS),
        "nmi": clustering.nmi(labels, read),
    }


BENCHMARK = Benchmark(
    name="photographs", config=PhotographsConfig, jobs=jobs, run_one=run_one, body=body, report=report
)
