"""One row on one seed: training without labels, then everything that is measured on unseen images."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from rich.console import Console
from torch import Tensor

from benchmarks.images.agreement import (
    calibration_metrics,
    clustering_metrics,
    clusters_of,
    representation_metrics,
)
from benchmarks.images.config import ImagesConfig
from benchmarks.images.data import dataset_of
from benchmarks.images.generation import NUM, encoder_named, evolving, nearest_training, quality, samples_of
from benchmarks.images.learned import cluster_config, learn_frozen, learn_row
from benchmarks.images.others import Others, others_of
from benchmarks.images.outside import Outside, medians, told_apart
from benchmarks.images.report import closing as tables
from benchmarks.images.report.pictures import SHOWN_SAMPLES, clusters, folder_of, save_arrays
from benchmarks.images.rows import ROWS, Row
from benchmarks.images.study import report as study_tables
from benchmarks.images.study import run as study
from benchmarks.runner.benchmark import Benchmark, Job, Place, Run
from benchmarks.runner.devices import forget_peak, peak_memory
from gedi_nesy.errors import ConfigError
from gedi_nesy.features.encoders import FrozenEncoder
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.training import distributed


def jobs(config: ImagesConfig) -> list[Job]:
    """Rows x seeds, once everything that can be wrong has been checked."""
    config.check()
    dataset = dataset_of(config)
    if config.study is not None:
        return study.jobs(config)
    for name in config.rows():
        row = ROWS[name]
        if row.reads == "features":
            _encoder(config, name)
            cluster_config(config, dataset.num_classes, config.seeds[0])
        elif row.objective is not None:
            config.recipe(row, dataset).make_backbone()
    return [
        Job(
            name=f"{name}, seed {seed}",
            folder=str(folder_of(name, seed)),
            runs=({"row": name, "seed": seed},),
        )
        for name in config.rows()
        for seed in config.seeds
    ]


def preface(config: ImagesConfig) -> Iterator[str]:
    """A line for each thing that is not measured, and why."""
    if config.study is not None:
        return
    yield from _others(config).left_out
    encoder = encoder_named(config.encoder)
    if isinstance(encoder, str):
        yield f"distances of samples, precision and recall: left out, {encoder}"


def run_one(config: ImagesConfig, job: Job, place: Place) -> list[Run]:
    """Train on one seed and measure; of several ranks all train, and the first does the rest."""
    if config.study is not None:
        return study.run_one(config, job, place)
    (identity,) = job.runs
    dataset, row = dataset_of(config), ROWS[identity["row"]]
    measured = forget_peak(place.device)
    if row.reads == "features":
        learned = learn_frozen(config, job, place, row, dataset, _encoder(config, identity["row"]))
    else:
        learned = learn_row(config, job, place, row, dataset)
    if not distributed.first():
        return []
    peak = {"peak_mb": peak_memory(place.device) / 1e6} if measured and learned.model else {}
    seed, model = identity["seed"], learned.model
    found = clusters_of(learned, dataset.num_classes, seed)
    metrics = clustering_metrics(found, dataset)
    metrics |= representation_metrics(learned, dataset) | calibration_metrics(learned, dataset)
    made = _generated(config, model, row, seed, place) if model is not None else Generated()
    outside = _outside(config, model, place) if model is not None else Outside({}, {})
    if model is not None:
        model.save(place.folder / "model")
    labels = dataset.test.labels.numpy()
    save_arrays(place.folder, learned.test, labels, made.pictures, outside.scores.get("energy", {}))
    clusters(place.folder, dataset.test.images, found.assigned, dataset.num_classes)
    return [
        {
            **identity,
            "metrics": {
                **metrics,
                **made.metrics,
                **medians(outside.figures),
                **peak,
                "seconds": learned.seconds,
            },
            "clusters_by": found.by,
            "ood": outside.figures,
            "survival": dict(learned.survival),
        }
    ]


def _encoder(config: ImagesConfig, name: str) -> FrozenEncoder:
    """That of the rows that read features; ConfigError if it cannot be had."""
    found = encoder_named(config.encoder)
    if isinstance(found, str):
        raise ConfigError(f"--methods {name!r}: {found}")
    return found


def _others(config: ImagesConfig) -> Others:
    root = config.others_root or config.data_root
    return others_of(config.others, root, config.dataset, dataset_of(config).test.images)


def _outside(config: ImagesConfig, model: GEDI, place: Place) -> Outside:
    dataset, others = dataset_of(config), _others(config).found
    return told_apart(model, dataset.train.images, dataset.test.images, others, place.device)


class Generated(NamedTuple):
    """Samples, as pictures show them, and how good they are; empty for a row without an energy of its own."""

    pictures: Mapping[str, Tensor] = MappingProxyType({})
    metrics: Mapping[str, float] = MappingProxyType({})


def _generated(config: ImagesConfig, model: GEDI, row: Row, seed: int, place: Place) -> Generated:
    if not row.generates:
        return Generated()
    dataset, encoder = dataset_of(config), encoder_named(config.encoder)
    unseen = dataset.test.images
    samples = samples_of(model, min(NUM, len(unseen) // 2), seed, place.device)
    pictures = {
        "samples": samples[:SHOWN_SAMPLES],
        "chains": evolving(model, seed, place.device),
        "near": nearest_training(samples[:SHOWN_SAMPLES], dataset.train.images),
    }
    if isinstance(encoder, str):
        return Generated(pictures)
    return Generated(pictures, quality(samples, unseen, encoder)._asdict())


def body(config: ImagesConfig, runs: Sequence[Run]) -> dict[str, Any]:
    """Of the table, or of the study."""
    return (tables if config.study is None else study_tables).body(config, runs)


def report(config: ImagesConfig, runs: Sequence[Run], console: Console, folder: Path) -> None:
    """The same, for a person."""
    (tables if config.study is None else study_tables).report(config, runs, console, folder)


BENCHMARK = Benchmark(
    name="images",
    config=ImagesConfig,
    jobs=jobs,
    run_one=run_one,
    body=body,
    report=report,
    preface=preface,
    ranks=True,
    width=120,
)
