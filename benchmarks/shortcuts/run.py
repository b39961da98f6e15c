"""One run of the shortcuts benchmark: data, training, and what became of the concepts on unseen images."""

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from benchmarks.runner.benchmark import Benchmark, Job, Place, Run
from benchmarks.runner.training import backbone, train
from benchmarks.shortcuts import audit as audits
from benchmarks.shortcuts.config import Budgeted, ShortcutsConfig
from benchmarks.shortcuts.report import body, report
from benchmarks.shortcuts.tasks import ROWS, TASKS, Pattern, Task
from gedi_nesy.data.dataset import Split
from gedi_nesy.data.images import load
from gedi_nesy.data.queries import QuerySet, draw_queries
from gedi_nesy.learn import query_log_prob
from gedi_nesy.metrics import clustering, concepts
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives.table import METHODS
from gedi_nesy.report import plots
from gedi_nesy.training import distributed
from gedi_nesy.training.batches import QueryLogProb
from gedi_nesy.training.config import TrainConfig

_load = cache(load)
"""Once in every process."""


def settings(row: str, budget: Budgeted) -> TrainConfig:
    """The library's defaults with the row's weights; a row without search has one run, with as many steps."""
    objective = {**METHODS["GEDI"], **ROWS[row].weights}
    if ROWS[row].searched:
        return TrainConfig(
            objective=objective, explore=budget.explore, refine=budget.refine, attempts=budget.attempts
        )
    return TrainConfig(
        objective=objective,
        explore=budget.explore,
        refine=budget.refine,
        attempts=1,
        naming_every=0,
        reconsider=0,
        entropy_start=1.0,
    )


def compiled(task: Task) -> QueryLogProb:
    """The task's query; ProgramError says what is wrong with its program."""
    return query_log_prob(
        task.program, task.query, task.images, task.symbols, task.network, answer=task.answer
    )


def training_data(task: Task, split: Split, seed: int, budget: Budgeted) -> QuerySet:
    """Queries, their answers, and the labels of some of their images; the symbols of all others end here."""
    generator = Generator().manual_seed(seed)
    tuples = draw_queries(generator, split.labels, task.shown, budget.queries)
    answers = torch.empty(0, dtype=torch.long)
    if task.answer:
        answers = torch.tensor([task.answer_of(tuple(row)) for row in split.labels[tuples].tolist()])
    images = tuples.unique()
    labelled = images[torch.randperm(len(images), generator=generator)[: budget.labels]]
    return QuerySet(
        split.images, tuples, torch.empty(0, dtype=torch.long), answers, labelled, split.labels[labelled]
    )


def jobs(config: ShortcutsConfig) -> list[Job]:
    """Tasks x rows x seeds, once everything that can be wrong has been checked."""
    config.check()
    for task in config.tasks:
        for row in config.rows:
            settings(row, config.budget(task))
    backbone(_load(config.dataset, config.data_root).train.images, config.width, 10)
    return [
        Job(
            name=f"{task}, {row}, seed {seed}",
            folder=f"{task}/{row.replace(',', '').replace(' ', '-').replace('+-', '')}/seed-{seed}",
            runs=({"task": task, "row": row, "seed": seed},),
        )
        for task in config.tasks
        for row in config.rows
        for seed in config.seeds
    ]


def preface(config: ShortcutsConfig) -> Iterator[str]:
    """What the audit says of every task before training."""
    for task in config.tasks:
        yield f"{task}: {audits.of_task(task)[1]}"


def run_one(config: ShortcutsConfig, job: Job, place: Place) -> list[Run]:
    """Train, report on unseen images, and keep the model and a picture of its symbols in the job's folder.

    Of several ranks all train, and the first does the rest.
    """
    (identity,) = job.runs
    name, task, budget = identity["task"], TASKS[identity["task"]], config.budget(identity["task"])
    dataset = _load(config.dataset, config.data_root)
    data = training_data(task, dataset.train, identity["seed"], budget)
    data = QuerySet(*(part.to(place.device) for part in data))
    trained = train(
        config,
        job,
        place,
        data,
        compiled(task),
        task.symbols,
        settings(identity["row"], budget),
        identity,
        seed=identity["seed"],
        make_backbone=backbone(data.images, budget.width, task.symbols),
    )
    if not distributed.first():
        return []
    model = trained.outcome.model
    test = _of_the_task(dataset.test, task)
    probabilities = predicted(model, test.images.to(place.device))
    metrics = _concepts(test.labels.numpy(), probabilities) | _queries(task, test, probabilities)
    model.save(place.folder / "model")
    predictions, labels = probabilities.argmax(axis=1), test.labels.numpy()
    matrix = clustering.confusion_matrix(labels, predictions, task.symbols)
    plots.confusion(matrix, place.folder / "confusion.png")
    learned = audits.learned(audits.of_task(name)[0], labels, predictions, task.symbols)
    place.say(f"{job.name}: {learned.get('sentence', 'no audit')}")
    restarts = float(len(trained.outcome.attempts))
    return [
        {
            **identity,
            "metrics": metrics | {"attempts": restarts, "seconds": trained.seconds},
            "learned": learned,
            "survival": trained.survival,
        }
    ]


def _of_the_task(split: Split, task: Task) -> Split:
    """The images whose class is a symbol of the task."""
    here = split.labels < task.symbols
    return Split(split.images[here], split.labels[here])


@torch.no_grad()
def predicted(model: GEDI, images: Tensor) -> Float[np.ndarray, "image symbol"]:
    """p(y|x) of every image."""
    return torch.cat([model.log_probs(part).exp() for part in images.split(1000)]).cpu().numpy()


def _concepts(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    classes, predictions = probabilities.shape[1], probabilities.argmax(axis=1)
    return {
        "concept_accuracy": clustering.accuracy(labels, predictions),
        "concept_f1": concepts.macro_f1(labels, predictions, classes),
        "clustering_accuracy": clustering.clustering_accuracy(labels, predictions, classes),
        "collapse": concepts.collapse(predictions, classes),
        "concept_ece": concepts.calibration_error(labels, probabilities),
    }


def label_accuracy(
    task: Task, patterns: Sequence[Pattern], split: Split, probabilities: np.ndarray, num: int
) -> float:
    """How often the most probable answer of a query on unseen images is right, over `num` queries.

    Where queries have no answer: how often they hold for the most probable symbols.
    """
    tuples = draw_queries(Generator().manual_seed(0), split.labels, patterns, num)
    true = [tuple(row) for row in split.labels[tuples].tolist()]
    if task.answer is None:
        read = probabilities.argmax(axis=1)[tuples.numpy()].tolist()
        return float(np.mean([task.holds(tuple(row), None) for row in read]))
    log_probs = torch.from_numpy(probabilities).log()[tuples.T]
    log_prob = compiled(task)
    answers = sorted({task.answer_of(pattern) for pattern in (*task.shown, *task.unseen)})
    columns = [log_prob(log_probs, torch.full((num,), answer)) for answer in answers]
    best = torch.stack(columns, dim=1).argmax(dim=1).tolist()
    return float(np.mean([task.answer_of(row) == answers[b] for row, b in zip(true, best, strict=True)]))


def _queries(task: Task, test: Split, probabilities: np.ndarray) -> dict[str, float]:
    _, num, num_unseen = task.large
    found = {"label_accuracy": label_accuracy(task, task.shown, test, probabilities, num)}
    if task.unseen:
        found["ood_label_accuracy"] = label_accuracy(task, task.unseen, test, probabilities, num_unseen)
    return found


BENCHMARK = Benchmark(
    name="shortcuts",
    config=ShortcutsConfig,
    jobs=jobs,
    run_one=run_one,
    body=body,
    report=report,
    preface=preface,
    ranks=True,
)
