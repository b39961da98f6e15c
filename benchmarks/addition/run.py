"""One seed of the addition benchmark: data, training, evaluation on unseen images, pictures, the saved model."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor

from benchmarks.addition.config import AdditionConfig, Engine
from benchmarks.addition.page import page_of
from benchmarks.addition.report import body, draw, report
from benchmarks.runner.benchmark import Benchmark, Job, Place, Run
from benchmarks.runner.flags import command_line
from benchmarks.runner.training import attempts, backbone, train
from benchmarks.shortcuts import audit as audits
from gedi_nesy.cluster import assign
from gedi_nesy.data.dataset import Dataset
from gedi_nesy.data.images import load
from gedi_nesy.data.pixels import to_float
from gedi_nesy.data.queries import QuerySet, addition_triples, with_extra_images
from gedi_nesy.learn import query_log_prob
from gedi_nesy.metrics import clustering
from gedi_nesy.metrics.collapse import verdict
from gedi_nesy.metrics.ood import auroc
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.report.page.write import write_page
from gedi_nesy.training import distributed
from gedi_nesy.training.batches import QueryLogProb

NETWORK = "digit_net"
SLOTS = ("A", "B", "C")
DIGITS = 10


def compile_query(config: AdditionConfig, engine: Engine) -> QueryLogProb:
    """The program's query; ProgramError says what is wrong with it."""
    return query_log_prob(config.program, config.query, SLOTS, DIGITS, NETWORK, engine)


_load = cache(load)
"""Once in every process."""


def jobs(config: AdditionConfig) -> list[Job]:
    """Rows of the ablation x seeds, once everything that can be wrong has been checked."""
    for row in config.rows():
        config.variant(row).settings()
    dataset = _load(config.dataset, config.data_root)
    compile_query(config, config.engine)
    _data(config, dataset, config.seeds[0])
    backbone(dataset.train.images, config.width, DIGITS, config.start_rank)
    return [
        Job(
            name=f"{row or 'addition'}, seed {seed}",
            folder=str(Path(row.replace(" + ", "-").replace(" ", "-")) / f"seed-{seed}"),
            runs=({"seed": seed, "row": row},),
        )
        for row in config.rows()
        for seed in config.seeds
    ]


def run_one(config: AdditionConfig, job: Job, place: Place) -> list[Run]:
    """Train on one seed, report on the test images; pictures, history and the model go to the job's folder.

    Of several ranks all train, and the first does the rest.
    """
    (identity,) = job.runs
    asked, seed, config = config, identity["seed"], config.variant(identity["row"])
    dataset = _load(config.dataset, config.data_root)
    data = QuerySet(*(part.to(place.device) for part in _data(config, dataset, seed)))
    symbols = dataset.train.labels[data.query_indices.cpu()].tolist()
    audit, sentence = audits.audited(config.program, audits.written_queries(config.query, SLOTS, symbols))
    place.say(f"{job.name}: {sentence}")
    search = compile_query(config, "circuit")
    log_prob = search if config.engine == "circuit" else compile_query(config, config.engine)
    trained = train(
        config,
        job,
        place,
        data,
        log_prob,
        DIGITS,
        config.settings(),
        {"seed": seed},
        seed=seed,
        make_backbone=backbone(data.images, config.width, DIGITS),
        start_rank=config.start_rank,
        search_log_prob=search,
        pretrain=config.first_stage(),
    )
    if not distributed.first():
        return []
    outcome, model = trained.outcome, trained.outcome.model
    predictions = _predict(model, dataset.test.images.to(place.device))
    judged = verdict(dataset.test.labels.numpy(), predictions, DIGITS)
    learned = audits.learned(audit, dataset.test.labels.numpy(), predictions, DIGITS)
    model.save(place.folder / "model")
    draw(place.folder, dataset, predictions, outcome)
    place.say(f"{job.name}: {judged.sentence}")
    place.say(f"{job.name}: {learned.get('sentence', 'no audit')}")
    metrics = _metrics(dataset, predictions) | {
        "p_constraint": _held_out(model, search, dataset, place.device),
        "ood_auroc": _blends_told_apart(model, dataset, place.device),
        "seconds": trained.seconds,
    }
    run = {
        **identity,
        "metrics": metrics,
        "kind": judged.kind,
        "sentence": judged.sentence,
        "attempts": attempts(outcome),
        "chosen": outcome.chosen,
        "audit": audits.as_results(audit, sentence),
        "learned": learned,
        "survival": trained.survival,
    }
    found = assign(model, dataset.test.images.to(place.device))
    page = page_of(config, dataset, outcome, found, judged, audit, run)
    command = command_line(replace(asked, seeds=(seed,)), "python -m benchmarks.addition")
    write_page(place.folder / "page.html", replace(page, command=command))
    return [run]


def _data(config: AdditionConfig, dataset: Dataset, seed: int) -> QuerySet:
    """What the learner is given: images and triples of them. The labels end here."""
    generator = Generator().manual_seed(seed)
    triples = addition_triples(generator, dataset.train.labels, config.triples)
    return with_extra_images(generator, dataset.train.images, triples, config.num_unlabelled())


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


BENCHMARK = Benchmark(
    name="addition", config=AdditionConfig, jobs=jobs, run_one=run_one, body=body, report=report, ranks=True
)
