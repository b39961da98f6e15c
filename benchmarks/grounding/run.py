"""One run of the grounding benchmark: a task without labels, its verdict, and unseen images."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import torch
from torch import Tensor

from benchmarks.grounding.config import GroundingConfig
from benchmarks.grounding.report import body, report
from benchmarks.grounding.tasks import PROBLEMS
from benchmarks.grounding.tasks.problem import Given, Sources
from benchmarks.runner import fault_tolerance
from benchmarks.runner.benchmark import Benchmark, Job, Place, Run
from benchmarks.runner.progress import Bar
from gedi_nesy.data.dataset import Split
from gedi_nesy.data.images import load
from gedi_nesy.metrics import clustering
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.tasks import NetworkSpec
from gedi_nesy.tasks.ask import WorthLabelling, worth_labelling
from gedi_nesy.tasks.learn import TaskOutcome, learn_task
from gedi_nesy.tasks.programs import domains
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.durability.checkpoint_manager import CheckpointManager

_load = cache(load)
"""Once in every process."""


def settings(config: GroundingConfig) -> TrainConfig:
    """Of every task."""
    return config.training()


def jobs(config: GroundingConfig) -> list[Job]:
    """Tasks x seeds, once everything that can be wrong has been checked."""
    config.check()
    settings(config)
    _load(config.dataset, config.data_root)
    return [
        Job(
            name=f"{task}, seed {seed}",
            folder=f"{task.replace(',', '').replace(' ', '-')}/seed-{seed}",
            runs=({"task": task, "seed": seed},),
        )
        for task in config.tasks
        for seed in config.seeds
    ]


def run_one(config: GroundingConfig, job: Job, place: Place) -> list[Run]:
    """Train without labels, judge, and only then look at the labels.

    With --labels and several readings left, a second training is told the symbols of the images that it asks for.
    """
    (identity,) = job.runs
    dataset = _load(config.dataset, config.data_root)
    sources = Sources(dataset.train, dataset.test)
    given = PROBLEMS[identity["task"]].make(sources, config.num_queries(identity["task"]), identity["seed"])
    saver = fault_tolerance.saver_of(config, place.checkpoints, identity, place.device)
    outcome = _trained(config, job, place, given, saver)
    metrics = judged(outcome.models, given.unseen, place.device) | {
        "accuracy_held_out": outcome.judged.held_out_accuracy(given.labels),
        "restarts": float(len(outcome.training.attempts)),
        "seconds": saver.seconds,
    }
    if outcome.verdict.estimated_accuracy is not None:
        metrics["estimated_accuracy"] = outcome.verdict.estimated_accuracy
    place.say(f"{job.name}: accuracy {metrics['accuracy']:.3f}. {outcome.verdict.sentence}")
    found = {
        **identity,
        "metrics": metrics,
        "queries": config.num_queries(identity["task"]),
        "verdict": outcome.verdict.to_document(),
        "evidence": outcome.judged.evidence.to_document(),
        "survival": fault_tolerance.record(saver, outcome.training),
    }
    asked = worth_labelling(given.task, outcome)[: config.labels]
    if asked and outcome.verdict.verdict == "ambiguous":
        again = _trained(config, job, place, told(given, asked), saver.numbered(1))
        accuracy = judged(again.models, given.unseen, place.device)["accuracy"]
        place.say(f"{job.name}, {len(asked)} labels: accuracy {accuracy:.3f}. {again.verdict.sentence}")
        metrics |= {"labels": float(len(asked)), "accuracy_with_labels": accuracy}
        found["verdict_with_labels"] = again.verdict.to_document()
    return [found]


def told(given: Given, asked: Sequence[WorthLabelling]) -> Given:
    """The same task, with the symbols of the images that are asked for."""
    known = domains(given.task.queries)
    networks = dict(given.task.networks)
    for each in asked:
        spec = networks.get(each.network, NetworkSpec())
        symbol = known[each.network].values[int(given.labels[each.network][each.index])]
        networks[each.network] = replace(spec, labels={**spec.labels, each.index: symbol})
    return given._replace(task=replace(given.task, networks=networks))


def _trained(
    config: GroundingConfig, job: Job, place: Place, given: Given, saver: CheckpointManager
) -> TaskOutcome:
    train_config = settings(config)
    bar = Bar(place.progress, place.console, job.name, train_config)
    pools = {
        name: pool.to(place.device) for name, pool in given.task.pools.items() if isinstance(pool, Tensor)
    }
    outcome = learn_task(
        replace(given.task, pools=pools), train_config, job.runs[0]["seed"], bar, saver, bar.resumed
    )
    bar.close()
    return outcome


def judged(models: Mapping[str, GEDI], unseen: Mapping[str, Split], device: torch.device) -> dict[str, float]:
    """Of each network and on average: how many images are read right, and under the best renaming; NMI."""
    by_network = {name: _judged(models[name], split, device) for name, split in unseen.items()}
    kinds = next(iter(by_network.values()))
    found = {kind: sum(each[kind] for each in by_network.values()) / len(by_network) for kind in kinds}
    if len(by_network) > 1:
        found |= {
            f"{kind}_{name}": value for name, each in by_network.items() for kind, value in each.items()
        }
    return found


@torch.no_grad()
def _judged(model: GEDI, split: Split, device: torch.device) -> dict[str, float]:
    parts = [model.log_probs(part.to(device)).argmax(dim=1).cpu() for part in split.images.split(1000)]
    labels, read = split.labels.numpy(), torch.cat(parts).numpy()
    return {
        "accuracy": clustering.accuracy(labels, read),
        "clustering_accuracy": clustering.clustering_accuracy(labels, read, model.num_clusters),
        "nmi": clustering.nmi(labels, read),
    }


BENCHMARK = Benchmark(
    name="grounding", config=GroundingConfig, jobs=jobs, run_one=run_one, body=body, report=report
)
