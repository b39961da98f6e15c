"""One run of the grounding benchmark: a task without labels, its verdict, and unseen images."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from benchmarks.grounding.config import GroundingConfig
from benchmarks.grounding.measures import doubtful, judged, of_wrong_queries, rare_accuracy
from benchmarks.grounding.protocol import drawn
from benchmarks.grounding.report import body, report
from benchmarks.grounding.tasks.problem import Given, Sources
from benchmarks.grounding.train import by_learn_task, searched
from benchmarks.runner import fault_tolerance
from benchmarks.runner.benchmark import Benchmark, Job, Place, Run
from gedi_nesy.data.images import load
from gedi_nesy.tasks import NetworkSpec
from gedi_nesy.tasks.ask import WorthLabelling, worth_labelling
from gedi_nesy.tasks.programs import domains

_load = cache(load)
"""Once in every process."""


def jobs(config: GroundingConfig) -> list[Job]:
    """Tasks x seeds, once everything that can be wrong has been checked."""
    config.check()
    config.training()
    dataset = _load(config.dataset, config.data_root)
    if config.wrong or config.rare > 1:
        for task in config.tasks:
            drawn(config, task, Sources(dataset.train, dataset.test), config.seeds[0])
    return [
        Job(
            name=f"{task}, {method}, seed {seed}",
            folder=_folder(task, method, seed),
            runs=({"task": task, "method": method, "seed": seed},),
        )
        for task in config.tasks
        for method in config.methods
        for seed in config.seeds
    ]


def _folder(task: str, method: str, seed: int) -> str:
    within = "" if method == "gedi" else f"{method}/"
    return f"{task.replace(',', '').replace(' ', '-')}/{within}seed-{seed}"


def run_one(config: GroundingConfig, job: Job, place: Place) -> list[Run]:
    """Train without labels, judge, and only then look at the labels; `supervised` alone is given them.

    With --labels and several readings left, a second training is told the symbols of the images that it asks for.
    """
    (identity,) = job.runs
    dataset = _load(config.dataset, config.data_root)
    sources = Sources(dataset.train, dataset.test)
    made = drawn(config, identity["task"], sources, identity["seed"])
    given = made.given
    saver = fault_tolerance.saver_of(config, place.checkpoints, identity, place.device)
    best = searched(config, config.training(), job, place, given, saver)
    metrics = judged(best.models, given.unseen, place.device) | {
        "accuracy_held_out": best.judged.held_out_accuracy(given.labels),
        "restarts": float(best.restarts),
        "seconds": best.seconds,
    }
    if best.verdict.estimated_accuracy is not None:
        metrics["estimated_accuracy"] = best.verdict.estimated_accuracy
    if made.rare is not None:
        metrics["rare_accuracy"] = rare_accuracy(best.models, given.unseen, made.rare, place.device)
    if config.wrong:
        metrics |= of_wrong_queries(best.judged, best.verdict, made.wrong)
    place.say(f"{job.name}: accuracy {metrics['accuracy']:.3f}. {best.verdict.sentence}")
    found = {
        **identity,
        "metrics": metrics,
        "setting": dict(best.setting),
        "queries": config.num_queries(identity["task"]),
        "verdict": best.verdict.to_document(),
        "evidence": best.judged.evidence.to_document(),
        "survival": best.survival,
    }
    if made.rare is not None:
        found["rare"] = made.rare._asdict()
    if config.wrong:
        found["doubtful"] = doubtful(best.judged, made.wrong)
    if identity["method"] == "gedi" and best.outcome is not None and best.verdict.verdict == "ambiguous":
        asked = worth_labelling(given.task, best.outcome)[: config.labels]
        if asked:
            again = by_learn_task(
                config.training(), job, place, told(given, asked), saver.numbered(1), config.first_stage()
            )
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


BENCHMARK = Benchmark(
    name="grounding",
    config=GroundingConfig,
    jobs=jobs,
    run_one=run_one,
    body=body,
    report=report,
    width=160,
)
