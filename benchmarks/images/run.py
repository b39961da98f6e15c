"""One row on one seed: training without labels, then everything that is measured on unseen images."""

from benchmarks.images.agreement import clustering_metrics, clusters_of
from benchmarks.images.config import ImagesConfig
from benchmarks.images.data import dataset_of
from benchmarks.images.learned import learn_row
from benchmarks.images.presets import backbone, train_config
from benchmarks.images.report import body, report
from benchmarks.images.rows import ROWS
from benchmarks.runner.benchmark import Benchmark, Job, Place, Run
from gedi_nesy.training import distributed


def jobs(config: ImagesConfig) -> list[Job]:
    """Rows x seeds, once everything that can be wrong has been checked."""
    config.check()
    dataset = dataset_of(config)
    shape = tuple(dataset.train.images.shape[1:])
    backbone(config.size, shape)()
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


def run_one(config: ImagesConfig, job: Job, place: Place) -> list[Run]:
    """Train on one seed and measure; of several ranks all train, and the first does the rest."""
    (identity,) = job.runs
    dataset, row = dataset_of(config), ROWS[identity["row"]]
    learned = learn_row(config, job, place, row, dataset)
    if not distributed.first():
        return []
    found = clusters_of(learned, dataset.num_classes, identity["seed"])
    metrics = clustering_metrics(found, dataset)
    if learned.model is not None:
        learned.model.save(place.folder / "model")
    return [
        {
            **identity,
            "metrics": metrics | {"seconds": learned.seconds},
            "clusters_by": found.by,
            "survival": dict(learned.survival),
        }
    ]


BENCHMARK = Benchmark(
    name="images",
    config=ImagesConfig,
    jobs=jobs,
    run_one=run_one,
    body=body,
    report=report,
    ranks=True,
    width=120,
)
