"""python -m benchmarks.addition"""

from dataclasses import asdict, replace

from benchmarks.addition import run as addition_run
from benchmarks.addition.config import ABLATION, AdditionConfig
from benchmarks.addition.report import report, write
from benchmarks.runner.command_line import console as new_console
from benchmarks.runner.command_line import run_cli
from benchmarks.runner.folder import CHECKPOINTS
from benchmarks.runner.progress import bars
from benchmarks.runner.results import finished_runs
from gedi_nesy.data.images import load
from gedi_nesy.training import distributed
from gedi_nesy.training.durability import checkpoint


def main(config: AdditionConfig) -> None:
    """Check everything that can be wrong, then run, report and write."""
    device = config.prepare(ranks=True)
    variants = {"": config}
    if config.ablation:
        variants = {row: replace(config, **weights) for row, weights in ABLATION.items()}
    for variant in variants.values():
        variant.train_config()
    config.num_unlabelled()
    dataset = load(config.dataset, config.data_root)
    addition_run.compile_query(config, config.engine)
    folder = config.folder("addition")
    finished = finished_runs(folder, asdict(config)) if config.resume else []

    console = new_console()
    runs = [addition_run.Run(**run) for run in finished]
    done = {(run.row, run.seed) for run in runs}
    with bars(console) as progress:
        for row, variant in variants.items():
            for seed in config.seeds:
                place = folder / row.replace(" + ", "-").replace(" ", "-") / f"seed-{seed}"
                if (row, seed) in done:
                    checkpoint.remove(place / CHECKPOINTS)
                    continue
                name = f"{row or 'addition'}, seed {seed}"
                run = addition_run.run(variant, dataset, seed, device, place, progress, console, name)
                if run is None:
                    continue
                runs.append(replace(run, row=row))
                console.print(f"{name}: {run.sentence}", highlight=False)
                learned = run.learned.get("sentence", "no audit")
                console.print(f"{name}: {learned}", highlight=False, soft_wrap=True)
                write(folder, config, device, variants, runs)
                checkpoint.remove(place / CHECKPOINTS)
    if distributed.first():
        report(console, config, variants, runs, folder)


def cli() -> None:
    run_cli(AdditionConfig, main, "addition")


if __name__ == "__main__":
    cli()
