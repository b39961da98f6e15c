"""One seed of the addition benchmark: data, training, evaluation on unseen images, pictures, the saved model."""

import json
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress
from torch import Generator, Tensor, nn

from benchmarks.progress import Bar
from gedi_nesy.data.images import Dataset
from gedi_nesy.data.queries import QuerySet, addition_triples, with_unlabelled
from gedi_nesy.logic import Program
from gedi_nesy.metrics import clustering
from gedi_nesy.metrics.collapse import verdict
from gedi_nesy.model import GEDI
from gedi_nesy.networks import ConvNet
from gedi_nesy.report import plots
from gedi_nesy.training.learner import Learner, QueryLogProb
from gedi_nesy.training.loop import Outcome, TrainConfig, new_model, train
from gedi_nesy.training.step import Terms

if TYPE_CHECKING:
    from benchmarks.addition import AdditionConfig

NETWORK = "digit_net"
SLOTS = ("A", "B", "C")
DIGITS = 10


@dataclass(frozen=True, kw_only=True)
class Run:
    """What results.json keeps of a seed."""

    seed: int
    row: str
    metrics: dict[str, float]
    kind: str
    sentence: str
    attempts: list[dict]
    chosen: int


class _Outputs(nn.Module):
    """Stands in for the network while a program is compiled: training hands over log-probabilities itself."""

    num_clusters = DIGITS

    def log_probs(self, x: Tensor) -> Tensor:
        raise AssertionError("the query is evaluated from log-probabilities")


def check_program(path: Path, query: str, engine: str) -> QueryLogProb:
    """The compiled query as a function of the images' log-probabilities; ProgramError says what is wrong with it."""
    program = Program.from_file(path, networks={NETWORK: _Outputs()})
    compiled = program.compile(query, images=list(SLOTS), engine=engine)  # pyright: ignore[reportArgumentType]

    def log_prob(blocks: Tensor) -> Tensor:
        return compiled.log_prob_of(**dict(zip(SLOTS, blocks, strict=True)))

    return log_prob


def run(
    config: "AdditionConfig",
    dataset: Dataset,
    seed: int,
    device: torch.device,
    folder: Path,
    progress: Progress,
    console: Console,
    name: str,
) -> Run:
    """Train on one seed, report on the test images, write pictures, history and the model to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    generator = Generator().manual_seed(seed)
    triples = addition_triples(generator, dataset.train.labels, config.triples)
    data = with_unlabelled(generator, dataset.train.images, triples, config.num_unlabelled())
    data = QuerySet(*(part.to(device) for part in data))

    settings = config.train_config()
    search = check_program(config.program, config.query, "circuit")
    log_prob = (
        search if config.engine == "circuit" else check_program(config.program, config.query, config.engine)
    )
    bar = Bar(progress, console, name, settings)
    outcome = train(partial(_learner, config, settings, data, seed), log_prob, settings, bar, search)
    seconds = time.perf_counter() - begun
    bar.close()

    model = outcome.learner.average
    test = dataset.test
    labels, predictions = test.labels.numpy(), _predict(model, test.images.to(device))
    judged = verdict(labels, predictions, DIGITS)
    metrics = {
        "accuracy": clustering.accuracy(labels, predictions),
        "clustering_accuracy": clustering.clustering_accuracy(labels, predictions, DIGITS),
        "nmi": clustering.nmi(labels, predictions),
        "symbols_in_use": float(clustering.symbols_in_use(predictions, DIGITS)),
        "p_constraint": _held_out(model, search, dataset, device),
        "seconds": seconds,
    }
    model.save(folder / "model")
    _pictures(folder, dataset, predictions, outcome)
    _history(folder, outcome)
    attempts = [
        {"prior_weight": attempt.prior_weight, "objective": attempt.objective, **attempt.terms._asdict()}
        for attempt in outcome.attempts
    ]
    return Run(
        seed=seed,
        row="",
        metrics=metrics,
        kind=judged.kind,
        sentence=judged.sentence,
        attempts=attempts,
        chosen=outcome.chosen,
    )


def _learner(
    config: "AdditionConfig", settings: TrainConfig, data: QuerySet, seed: int, attempt: int
) -> Learner:
    """A fresh network and generator for one attempt, both from the seed and the attempt's number."""
    device = data.images.device
    own_seed = 1000 * seed + attempt
    backbone = partial(
        ConvNet, channels=data.images.shape[1], image_size=data.images.shape[2], width=config.width
    )
    model = new_model(backbone, DIGITS, own_seed, data, config.start_rank)
    return Learner(model, data, settings.step, Generator(device).manual_seed(own_seed))


@torch.no_grad()
def _predict(model: GEDI, images: Tensor) -> np.ndarray:
    return torch.cat([model.log_probs(part).argmax(dim=1) for part in images.split(1000)]).cpu().numpy()


@torch.no_grad()
def _held_out(
    model: GEDI, log_prob: QueryLogProb, dataset: Dataset, device: torch.device, num: int = 1000
) -> float:
    """Mean P(query) over triples of test images, the same ones for every seed."""
    triples = addition_triples(Generator().manual_seed(0), dataset.test.labels, num)
    images = dataset.test.images[triples.T.flatten()].to(device)
    log_probs = torch.cat([model.log_probs(part) for part in images.split(1000)])
    return log_prob(log_probs.unflatten(0, (len(SLOTS), num))).exp().mean().item()


def _pictures(folder: Path, dataset: Dataset, predictions: np.ndarray, outcome: Outcome) -> None:
    images, labels = dataset.test.images.numpy(), dataset.test.labels.numpy()
    order = np.random.default_rng(0).permutation(len(labels))
    plots.symbol_rows(images[order], labels[order], predictions[order], DIGITS, folder / "symbols.png")
    plots.confusion(clustering.confusion_matrix(labels, predictions, DIGITS), folder / "confusion.png")
    steps = outcome.history
    series = {name: [getattr(step.terms, name) for step in steps] for name in Terms._fields}
    terms = {
        name: [np.nan if value is None else value for value in values]
        for name, values in series.items()
        if values.count(None) < len(values)
    }
    phases = {
        index: step.phase.removeprefix("attempt ")
        for index, step in enumerate(steps)
        if index == 0 or steps[index - 1].phase != step.phase
    }
    plots.curves(terms, phases, folder / "curves.png")
    if any(step.terms.gen is not None for step in steps):
        learner = outcome.learner
        plots.gallery(
            {
                "generated: persistent chains after training": learner.replay.chains[:48].cpu().numpy(),
                "where chains begin": learner.model.start(learner.generator, 16).cpu().numpy(),
                "training images": learner.data.images[learner.pool[:: max(1, len(learner.pool) // 16)][:16]]
                .cpu()
                .numpy(),
            },
            folder / "samples.png",
        )


def _history(folder: Path, outcome: Outcome) -> None:
    """One line of JSON a step."""
    lines = (
        json.dumps({"phase": step.phase, "step": step.step, **step.terms._asdict()})
        for step in outcome.history
    )
    (folder / "history.jsonl").write_text("\n".join(lines) + "\n")
