"""One seed of one row of the shortcuts benchmark: data, training, and what became of the concepts on unseen images."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from rich.console import Console
from rich.progress import Progress
from torch import Generator, Tensor

from benchmarks.runner import audit as audits
from benchmarks.runner import fault_tolerance
from benchmarks.runner.progress import Bar
from benchmarks.runner.record import RunRecord, heard_by
from benchmarks.shortcuts.config import Budgeted
from benchmarks.shortcuts.tasks import ROWS, Pattern, Task
from gedi_nesy.audit.shortcuts import Audit
from gedi_nesy.data.dataset import Dataset, Split
from gedi_nesy.data.queries import QuerySet, draw_tuples
from gedi_nesy.learn import learn, query_log_prob
from gedi_nesy.metrics import clustering, concepts
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.report import plots
from gedi_nesy.training import distributed
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.durability.manager import CheckpointManager
from gedi_nesy.training.learner import QueryLogProb
from gedi_nesy.training.step import Weights


@dataclass(frozen=True, kw_only=True)
class Run:
    """What results.json keeps of a seed; `learned` is the map of the audit that the network landed on."""

    task: str
    row: str
    seed: int
    metrics: dict[str, float]
    learned: dict
    survival: dict = field(default_factory=dict)


def settings(row: str, budget: Budgeted) -> TrainConfig:
    """The library's defaults with the row's weights.

    Rows without L_INV have no clusters that could be renamed, so for them training is one attempt without any search,
    with as many steps: what others do.
    """
    weights = replace(Weights(), **ROWS[row])
    if weights.inv > 0:
        return TrainConfig(
            weights=weights, explore=budget.explore, refine=budget.refine, attempts=budget.attempts
        )
    return TrainConfig(
        weights=weights,
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


def audited(task: Task) -> tuple[Audit | None, str]:
    """The audit of what training shows: every pattern of the task."""
    names = [*task.images, *([task.answer] if task.answer else [])]
    rows = [(*pattern, *([task.answer_of(pattern)] if task.answer else [])) for pattern in task.shown]
    return audits.audited(task.program, audits.written_queries(task.query, names, rows))


def training_data(task: Task, split: Split, seed: int, budget: Budgeted) -> QuerySet:
    """Queries, their answers, and the labels of some of their images; the symbols of all others end here."""
    generator = Generator().manual_seed(seed)
    tuples = draw_tuples(generator, split.labels, task.shown, budget.queries)
    answers = torch.empty(0, dtype=torch.long)
    if task.answer:
        answers = torch.tensor([task.answer_of(tuple(row)) for row in split.labels[tuples].tolist()])
    images = tuples.unique()
    labelled = images[torch.randperm(len(images), generator=generator)[: budget.labels]]
    return QuerySet(
        split.images, tuples, torch.empty(0, dtype=torch.long), answers, labelled, split.labels[labelled]
    )


def run(
    name: str,
    row: str,
    seed: int,
    task: Task,
    audit: Audit | None,
    dataset: Dataset,
    budget: Budgeted,
    device: torch.device,
    folder: Path,
    saver: CheckpointManager,
    record: RunRecord,
    progress: Progress,
    console: Console,
) -> Run | None:
    """Train, report on unseen images, and keep the model and a picture of its symbols in `folder`.

    Of several ranks all train, and the first does the rest; the others return None.
    """
    config = settings(row, budget)
    data = QuerySet(*(part.to(device) for part in training_data(task, dataset.train, seed, budget)))
    log_prob = compiled(task)
    title = f"{name}, {row}, seed {seed}"
    bar = Bar(progress, console, title, config)
    outcome = learn(
        data,
        log_prob,
        task.symbols,
        config=config,
        make_backbone=partial(ConvNet, *data.images.shape[1:3], width=budget.width),
        seed=seed,
        on_step=heard_by(bar, record),
        saver=saver,
        on_resume=fault_tolerance.resumer(saver, bar, record, console, title),
    )
    seconds = saver.seconds
    bar.close()
    record.close(outcome.history, outcome.recoveries)
    fault_tolerance.say_recoveries(outcome, console, title)
    if not distributed.first():
        return None
    test = _of_the_task(dataset.test, task)
    probabilities = predicted(outcome.model, test.images.to(device))
    metrics = _concepts(test.labels.numpy(), probabilities) | _queries(task, test, probabilities, name)
    outcome.model.save(folder / "model")
    predictions = probabilities.argmax(axis=1)
    labels = test.labels.numpy()
    plots.confusion(clustering.confusion_matrix(labels, predictions, task.symbols), folder / "confusion.png")
    learned = audits.learned(audit, labels, predictions, task.symbols)
    return Run(
        task=name,
        row=row,
        seed=seed,
        metrics=metrics | {"attempts": float(len(outcome.attempts)), "seconds": seconds},
        learned=learned,
        survival=fault_tolerance.record(saver, outcome),
    )


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
    tuples = draw_tuples(Generator().manual_seed(0), split.labels, patterns, num)
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


def _queries(task: Task, test: Split, probabilities: np.ndarray, name: str) -> dict[str, float]:
    _, num, num_unseen = task.large
    found = {"label_accuracy": label_accuracy(task, task.shown, test, probabilities, num)}
    if task.unseen:
        found["ood_label_accuracy"] = label_accuracy(task, task.unseen, test, probabilities, num_unseen)
    return found
