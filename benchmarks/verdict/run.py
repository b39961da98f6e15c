"""One run of the verdict benchmark: a task without labels, its verdict, and what labels say of it."""

from dataclasses import replace
from functools import cache

import torch
from torch import Tensor

from benchmarks.runner import fault_tolerance
from benchmarks.runner.benchmark import Benchmark, Job, Place, Run
from benchmarks.runner.training import train_task
from benchmarks.verdict.build import NETWORK, build, chosen_images, settings
from benchmarks.verdict.config import VerdictConfig
from benchmarks.verdict.report import body, report
from benchmarks.verdict.rows import ROWS, is_right
from gedi_nesy.data.dataset import Split
from gedi_nesy.data.images import load
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.tasks.ask import worth_labelling
from gedi_nesy.tasks.learn import TaskOutcome
from gedi_nesy.tasks.readings import Readings, holds
from gedi_nesy.tasks.rivals import rivals

DIGITS = 10
"""Symbols of every rule."""

_load = cache(load)
"""Once in every process."""


def jobs(config: VerdictConfig) -> list[Job]:
    """Rows x seeds, once everything that can be wrong has been checked."""
    config.check()
    for row in config.rows:
        settings(config, ROWS[row])
    _load(config.dataset, config.data_root)
    return [
        Job(
            name=f"{row}, seed {seed}",
            folder=f"{row.replace('%', '').replace(' ', '-')}/seed-{seed}",
            runs=({"row": row, "seed": seed},),
        )
        for row in config.rows
        for seed in config.seeds
    ]


def run_one(config: VerdictConfig, job: Job, place: Place) -> list[Run]:
    """Train without labels, judge, and only then look at the labels of unseen images.

    With --labels and several readings left, a second training is told the symbols of the images that it asks for.
    """
    (identity,) = job.runs
    row, seed = ROWS[identity["row"]], identity["seed"]
    dataset = _load(config.dataset, config.data_root)
    split = chosen_images(config, dataset.train, seed)
    split = Split(split.images.to(place.device), split.labels)
    test = Split(dataset.test.images.to(place.device), dataset.test.labels)
    given = build(config, row, split, seed)
    saver = fault_tolerance.saver_of(config, place.checkpoints, identity, place.device)
    outcome = train_task(job, place, given, settings(config, row), saver)
    accuracy = _accuracy(outcome.models[NETWORK], test)
    verdict, asked = outcome.verdict, worth_labelling(given, outcome)
    readings = true_readings(outcome, split.labels)
    place.say(f"{job.name}: accuracy {accuracy:.3f}. {verdict.sentence}")
    metrics = {
        "accuracy": accuracy,
        "accuracy_held_out": outcome.judged.held_out_accuracy({NETWORK: split.labels}),
        "right": float(is_right(row, verdict.verdict, accuracy, readings)),
        "restarts": float(len(outcome.training.attempts)),
        "seconds": saver.seconds,
    }
    if verdict.estimated_accuracy is not None:
        metrics["estimated_accuracy"] = verdict.estimated_accuracy
    found = {
        **identity,
        "metrics": metrics,
        "verdict": verdict.to_document(),
        "evidence": outcome.judged.evidence.to_document(),
        "true_readings": readings,
        "worth_labelling": [each._asdict() for each in asked],
        "survival": fault_tolerance.record(saver, outcome.training),
    }
    told = {each.index: int(split.labels[each.index]) for each in asked[: config.labels]}
    if told and verdict.verdict == "ambiguous":
        specs = {NETWORK: replace(given.networks[NETWORK], labels=told)}
        again = train_task(
            job, place, replace(given, networks=specs), settings(config, row), saver.numbered(1)
        )
        accuracy = _accuracy(again.models[NETWORK], test)
        place.say(f"{job.name}, {len(told)} labels: accuracy {accuracy:.3f}. {again.verdict.sentence}")
        metrics |= {"labels": float(len(told)), "accuracy_with_labels": accuracy}
        found["verdict_with_labels"] = again.verdict.to_document()
    return [found]


def true_readings(outcome: TaskOutcome, labels: Tensor) -> int | None:
    """How many readings the training queries admit, by the true symbols of their images; None: not counted."""
    data = outcome.judged.split.training
    read = []
    for template, compiled in zip(data.templates, outcome.log_prob.templates, strict=True):
        symbols = torch.stack(
            [labels[template.indices[:, each.argument].cpu()] for each in template.readings]
        )
        known, sizes = torch.ones(symbols.shape), [DIGITS] * len(symbols)
        answers = template.answers.cpu() if len(template.answers) else None
        held = holds(compiled, symbols, sizes, answers)
        read.append(Readings(symbols, known, known, known[0], held))
    return rivals(data, outcome.log_prob, read).readings


@torch.no_grad()
def _accuracy(model: GEDI, split: Split) -> float:
    parts: list[Tensor] = [model.log_probs(part).argmax(dim=1).cpu() for part in split.images.split(1000)]
    return float((torch.cat(parts) == split.labels).float().mean())


BENCHMARK = Benchmark(
    name="verdict", config=VerdictConfig, jobs=jobs, run_one=run_one, body=body, report=report
)
