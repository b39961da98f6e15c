"""One row on one seed: training without labels, then everything that is measured on unseen images."""

from collections.abc import Iterator

from benchmarks.images.agreement import (
    calibration_metrics,
    clustering_metrics,
    clusters_of,
    representation_metrics,
)
from benchmarks.images.config import ImagesConfig
from benchmarks.images.data import dataset_of
from benchmarks.images.generation import NUM, encoder_named, quality, samples_of
from benchmarks.images.learned import Learned, learn_row
from benchmarks.images.others import Others, others_of
from benchmarks.images.outside import Outside, medians, told_apart
from benchmarks.images.presets import backbone, train_config
from benchmarks.images.report import body, report
from benchmarks.images.rows import ROWS, Row
from benchmarks.runner.benchmark import Benchmark, Job, Place, Run
from benchmarks.runner.devices import forget_peak, peak_memory
from gedi_nesy.errors import ConfigError
from gedi_nesy.training import distributed


def jobs(config: ImagesConfig) -> list[Job]:
    """Rows x seeds, once everything that can be wrong has been checked."""
    config.check()
    dataset = dataset_of(config)
    shape = tuple(dataset.train.images.shape[1:])
    backbone(config.size, shape)()
    if config.features and isinstance(missing := encoder_named(config.encoder), str):
        raise ConfigError(f"--features: {missing}")
    for name in config.rows():
        if ROWS[name].objective is not None:
            train_config(ROWS[name], config.size, shape)
    return [
        Job(
            name=f"{name}, seed {seed}",
            folder=f"{folder_of(name)}/seed-{seed}",
            runs=({"row": name, "seed": seed},),
        )
        for name in config.rows()
        for seed in config.seeds
    ]


def folder_of(name: str) -> str:
    """Of a row, below --out."""
    return name.replace(" + ", "-").replace(" ", "-")


def preface(config: ImagesConfig) -> Iterator[str]:
    """A line for each thing that is not measured, and why."""
    yield from _others(config).left_out
    encoder = encoder_named(config.encoder)
    if isinstance(encoder, str):
        yield f"distances of samples, precision and recall: left out, {encoder}"


def run_one(config: ImagesConfig, job: Job, place: Place) -> list[Run]:
    """Train on one seed and measure; of several ranks all train, and the first does the rest."""
    (identity,) = job.runs
    dataset, row = dataset_of(config), ROWS[identity["row"]]
    measured = forget_peak(place.device)
    learned = learn_row(config, job, place, row, dataset)
    if not distributed.first():
        return []
    peak = {"peak_mb": peak_memory(place.device) / 1e6} if measured and learned.model else {}
    found = clusters_of(learned, dataset.num_classes, identity["seed"])
    metrics = clustering_metrics(found, dataset)
    metrics |= representation_metrics(learned, dataset) | calibration_metrics(learned, dataset)
    if learned.model is not None:
        learned.model.save(place.folder / "model")
    generated = _generated(config, learned, row, identity["seed"], place)
    outside = _outside(config, learned, place)
    return [
        {
            **identity,
            "metrics": {
                **metrics,
                **generated,
                **medians(outside.figures),
                **peak,
                "seconds": learned.seconds,
            },
            "clusters_by": found.by,
            "ood": outside.figures,
            "survival": dict(learned.survival),
        }
    ]


def _others(config: ImagesConfig) -> Others:
    root = config.others_root or config.data_root
    return others_of(config.others, root, config.dataset, dataset_of(config).test.images)


def _outside(config: ImagesConfig, learned: Learned, place: Place) -> Outside:
    """Nothing for rows without a network that reads images."""
    if learned.model is None:
        return Outside({}, {})
    dataset, others = dataset_of(config), _others(config).found
    return told_apart(learned.model, dataset.train.images, dataset.test.images, others, place.device)


def _generated(config: ImagesConfig, learned: Learned, row: Row, seed: int, place: Place) -> dict[str, float]:
    encoder = encoder_named(config.encoder)
    if learned.model is None or not row.generates or isinstance(encoder, str):
        return {}
    unseen = dataset_of(config).test.images
    samples = samples_of(learned.model, min(NUM, len(unseen) // 2), seed, place.device)
    return quality(samples, unseen, encoder)._asdict()


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
