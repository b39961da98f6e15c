"""One seed of the addition benchmark: data, training, evaluation on unseen images, pictures, the saved model."""

from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress
from torch import Generator, Tensor

from benchmarks.addition.config import AdditionConfig, Engine
from benchmarks.runner import audit as audits
from benchmarks.runner import fault_tolerance
from benchmarks.runner.folder import CHECKPOINTS
from benchmarks.runner.progress import Bar
from benchmarks.runner.record import RunRecord, heard_by
from benchmarks.runner.results import about as head
from gedi_nesy.data.dataset import Dataset
from gedi_nesy.data.pixels import to_float
from gedi_nesy.data.queries import QuerySet, addition_triples, with_unlabelled
from gedi_nesy.learn import learn, query_log_prob
from gedi_nesy.metrics import clustering
from gedi_nesy.metrics.collapse import verdict
from gedi_nesy.metrics.ood import auroc
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.report import plots
from gedi_nesy.training import distributed
from gedi_nesy.training.learner import QueryLogProb
from gedi_nesy.training.loop import Outcome
from gedi_nesy.training.step import Terms

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
    audit: dict = field(default_factory=dict)
    learned: dict = field(default_factory=dict)
    survival: dict = field(default_factory=dict)


def compile_query(config: AdditionConfig, engine: Engine) -> QueryLogProb:
    """The program's query; ProgramError says what is wrong with it."""
    return query_log_prob(config.program, config.query, SLOTS, DIGITS, NETWORK, engine)


def run(
    config: AdditionConfig,
    dataset: Dataset,
    seed: int,
    device: torch.device,
    folder: Path,
    progress: Progress,
    console: Console,
    name: str,
) -> Run | None:
    """Train on one seed, report on the test images, write pictures, history and the model to `folder`.

    Of several ranks all train, and the first does the rest; the others return None.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = _data(config, dataset, seed, device)
    symbols = dataset.train.labels[data.tuples.cpu()].tolist()
    queries = audits.written_queries(config.query, SLOTS, symbols)
    audit, sentence = audits.audited(config.program, queries)
    console.print(f"{name}: {sentence}", highlight=False, soft_wrap=True)
    saver = fault_tolerance.saver_of(config, folder / CHECKPOINTS, {"seed": seed}, device)
    settings = config.train_config()
    search = compile_query(config, "circuit")
    bar = Bar(progress, console, name, settings)
    about = head("addition", asdict(config), device) | {"seed": seed}
    record = RunRecord(folder, about, config.tensorboard)
    outcome = learn(
        data,
        search if config.engine == "circuit" else compile_query(config, config.engine),
        DIGITS,
        config=settings,
        make_backbone=partial(ConvNet, *data.images.shape[1:3], width=config.width),
        seed=seed,
        start_rank=config.start_rank,
        on_step=heard_by(bar, record),
        search_log_prob=search,
        saver=saver,
        on_resume=fault_tolerance.resumer(saver, bar, record, console, name),
    )
    seconds = saver.seconds
    bar.close()
    record.close(outcome.history, outcome.recoveries)
    fault_tolerance.say_recoveries(outcome, console, name)
    if not distributed.first():
        return None

    predictions = _predict(outcome.model, dataset.test.images.to(device))
    judged = verdict(dataset.test.labels.numpy(), predictions, DIGITS)
    outcome.model.save(folder / "model")
    _pictures(folder, dataset, predictions, outcome)
    return Run(
        seed=seed,
        row="",
        metrics=_metrics(dataset, predictions)
        | {
            "p_constraint": _held_out(outcome.model, search, dataset, device),
            "ood_auroc": _blends_told_apart(outcome.model, dataset, device),
            "seconds": seconds,
        },
        kind=judged.kind,
        sentence=judged.sentence,
        attempts=[
            {
                "prior_weight": attempt.prior_weight,
                "objective": attempt.objective,
                "held": attempt.held,
                **attempt.terms._asdict(),
            }
            for attempt in outcome.attempts
        ],
        chosen=outcome.chosen,
        audit=audits.as_results(audit, sentence),
        learned=audits.learned(audit, dataset.test.labels.numpy(), predictions, DIGITS),
        survival=fault_tolerance.record(saver, outcome),
    )


def _data(config: AdditionConfig, dataset: Dataset, seed: int, device: torch.device) -> QuerySet:
    """What the learner is given: images and triples of them. The labels end here."""
    generator = Generator().manual_seed(seed)
    triples = addition_triples(generator, dataset.train.labels, config.triples)
    data = with_unlabelled(generator, dataset.train.images, triples, config.num_unlabelled())
    return QuerySet(*(part.to(device) for part in data))


def _metrics(dataset: Dataset, predictions: np.ndarray) -> dict[str, float]:
    labels = dataset.test.labels.numpy()
    return {
        "accuracy": clustering.accuracy(labels, predictions),
        "clustering_accuracy": clustering.clustering_accuracy(labels, predictions, DIGITS),
        "nmi": clustering.nmi(labels, predictions),
        "symbols_in_use": float(clustering.symbols_in_use(predictions, DIGITS)),
    }


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


@torch.no_grad()
def _blends_told_apart(model: GEDI, dataset: Dataset, device: torch.device) -> float:
    """AUROC of -E(x), unseen images against averages of two of them: what the energy knows of likely inputs."""
    images = to_float(dataset.test.images)
    blends = (images + images[torch.randperm(len(images), generator=Generator().manual_seed(0))]) / 2
    likely, unlikely = (
        -torch.cat([model.energy(part.to(device)) for part in each.split(1000)]).cpu().numpy()
        for each in (images, blends)
    )
    return auroc(likely, unlikely)


def _pictures(folder: Path, dataset: Dataset, predictions: np.ndarray, outcome: Outcome) -> None:
    images, labels = to_float(dataset.test.images).numpy(), dataset.test.labels.numpy()
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
                "training images": to_float(
                    learner.data.images[learner.pool[:: max(1, len(learner.pool) // 16)][:16]]
                )
                .cpu()
                .numpy(),
            },
            folder / "samples.png",
        )
