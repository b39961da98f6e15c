"""`cluster DIR|FILE --clusters K --out RUN`: images, photographs or points in clusters, without labels."""

import argparse
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from gedi_nesy.cli import run_folder
from gedi_nesy.cli.cluster_inputs import ENCODERS, NONE, ClusterInputs, read_inputs
from gedi_nesy.cli.cluster_number import STEPS, count_or_range, find_number
from gedi_nesy.cli.cluster_outcome import say_decisions, say_outcome
from gedi_nesy.cli.pretrain_flags import add_pretrain_flags, pretrain_asked
from gedi_nesy.cli.program_file import seconds_of
from gedi_nesy.cli.run_page import card_of, draw_rows, page_of
from gedi_nesy.cli.top_level import INTERRUPTED, versions
from gedi_nesy.cluster import (
    FEATURE_RESTARTS,
    FEATURE_STEPS,
    FIRST_SHARE,
    IMAGE_RESTARTS,
    IMAGE_STEPS,
    POINT_RESTARTS,
    POINT_STEPS,
    ClusterConfig,
    assign,
    check_enough,
    cluster_features,
    cluster_images,
    cluster_points,
    clusters_first,
)
from gedi_nesy.errors import ConfigError
from gedi_nesy.features import encoders
from gedi_nesy.models.card import write_card
from gedi_nesy.progress import progress
from gedi_nesy.report.page.write import write_page
from gedi_nesy.training.durability.checkpoint_manager import CheckpointConfig, CheckpointManager
from gedi_nesy.training.durability.lock import locked
from gedi_nesy.training.durability.stopping import CTRL_C, stopping

NUMBER = (
    "how many clusters; of a range, such as 5-15, the largest number about which independent trainings agree"
)
SUMMARY = "images of a folder, or points of a file, in clusters, without labels"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    parser.add_argument(
        "source",
        type=Path,
        metavar="DIR|FILE",
        help="images or points: a folder, .npy, .npz, .csv, .parquet, IDX",
    )
    parser.add_argument("--clusters", required=True, type=count_or_range, metavar="K|LOW-HIGH", help=NUMBER)
    parser.add_argument("--out", required=True, type=Path, metavar="RUN", help="the folder of the run")
    both = f"{IMAGE_STEPS:,} for images, {POINT_STEPS:,} for points, {FEATURE_STEPS:,} for features"
    parser.add_argument("--steps", type=int, help=f"of training (default: {both})")
    both = f"{IMAGE_RESTARTS} for images, {POINT_RESTARTS} for points, {FEATURE_RESTARTS} for features"
    parser.add_argument("--restarts", type=int, help=f"of which the best is kept (default: {both})")
    parser.add_argument(
        "--features",
        nargs="?",
        const=encoders.DEFAULT,
        metavar="ENCODER",
        help=f"for photographs: cluster the features of a frozen encoder, {ENCODERS}",
    )
    parser.add_argument(
        "--weight-gen",
        type=float,
        default=0.0,
        help="of L_GEN for images, such as 0.1: slower; energies then say how likely an image is (default: 0)",
    )
    add_pretrain_flags(parser, usual=f"inv for images with one restart, in {FIRST_SHARE:.0%}% of --steps")
    both = ", ".join(f"{count:,} for {kind}" for kind, count in STEPS.items())
    parser.add_argument(
        "--search-steps", type=int, help=f"with a range: of each of the short trainings (default: {both})"
    )
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn (default: 0)")
    parser.add_argument(
        "--size",
        type=int,
        nargs=2,
        metavar=("HEIGHT", "WIDTH"),
        help="images are scaled to it (default: found)",
    )
    parser.add_argument(
        "--image-shape",
        type=int,
        nargs=3,
        metavar=("CHANNELS", "HEIGHT", "WIDTH"),
        help="rows of numbers are images of this shape (default: points)",
    )
    parser.add_argument(
        "--time-limit", type=seconds_of, metavar="SECONDS", help="end training after it, with what there is"
    )
    parser.add_argument("--resume", action="store_true", help="go on where the run in --out was stopped")
    parser.add_argument("--sort-into", type=Path, metavar="DIR", help="copy images into a folder a cluster")
    parser.add_argument("--link", action="store_true", help="with --sort-into: link instead of copying")


def run(arguments: argparse.Namespace) -> int:
    """Read, decide, train, write; Ctrl-C and a time limit end training early and lose nothing."""
    _check(arguments)
    inputs = read_inputs(
        arguments.source,
        arguments.features,
        tuple(arguments.size) if arguments.size else None,
        tuple(arguments.image_shape) if arguments.image_shape else None,
        may_use_features=not arguments.weight_gen and pretrain_asked(arguments) is None,
    )
    if pretrain_asked(arguments) and not inputs.is_images:
        raise ConfigError(f"--pretrain learns features of images, and {arguments.source} holds points")
    config = _config(arguments, inputs)
    # before the folder of the run is made
    check_enough(len(inputs.values), config)
    with locked(arguments.out):
        config = replace(config, num_clusters=_number(arguments, inputs))
        say_decisions(config, inputs)
        return _trained_and_written(arguments, config, inputs)


def _config(arguments: argparse.Namespace, inputs: ClusterInputs) -> ClusterConfig:
    """As asked for, with the highest number of clusters."""
    steps, restarts = _defaults(inputs)
    config = ClusterConfig(
        num_clusters=arguments.clusters[1],
        steps=steps if arguments.steps is None else arguments.steps,
        restarts=restarts if arguments.restarts is None else arguments.restarts,
        seed=arguments.seed,
        weight_gen=arguments.weight_gen,
        pretrain=pretrain_asked(arguments),
    )
    usual = inputs.is_images and inputs.backbone is None and arguments.pretrain is None
    return clusters_first(config) if usual else config


def _number(arguments: argparse.Namespace, inputs: ClusterInputs) -> int:
    """As told; or found in a range, unless the run that is gone on with has found it."""
    low, high = arguments.clusters
    if low == high:
        return low
    if arguments.resume and (arguments.out / run_folder.SETTINGS).exists():
        return run_folder.read_settings(arguments.out)["num_clusters"]
    return find_number(inputs, low, high, arguments.seed, arguments.search_steps, arguments.out)


def _defaults(inputs: ClusterInputs) -> tuple[int, int]:
    """Steps and restarts."""
    if inputs.backbone is not None:
        return FEATURE_STEPS, FEATURE_RESTARTS
    return (IMAGE_STEPS, IMAGE_RESTARTS) if inputs.is_images else (POINT_STEPS, POINT_RESTARTS)


def _trained_and_written(arguments: argparse.Namespace, config: ClusterConfig, inputs: ClusterInputs) -> int:
    out: Path = arguments.out
    saver = _saver(arguments, config, inputs)
    train = cluster_images if inputs.is_images else cluster_points
    if inputs.backbone is not None:
        train = partial(cluster_features, backbone=inputs.backbone)
    with stopping(arguments.time_limit) as stop, progress(config.all_steps) as on_progress:
        found = train(
            inputs.values,
            config,
            on_progress=on_progress,
            saver=saver,
            on_resume=lambda steps: print(f"goes on after step {steps:,}"),
            stop=stop,
        )
    assigned = assign(found.model, inputs.values)
    found.model.save(out / run_folder.MODEL)
    run_folder.write_table(out / run_folder.TABLE, inputs.names, assigned)
    settings = {
        "format": run_folder.FORMAT,
        "source": str(arguments.source),
        "inverted": inputs.inverted,
        "finished": found.finished,
        **asdict(config),
        "features": inputs.backbone and inputs.backbone.config,
        "sizes": run_folder.cluster_sizes(assigned),
        "unlike_above": run_folder.energy_bound(assigned.energies),
        "left_out": [list(each) for each in inputs.left_out],
        "command": run_folder.without_resume(arguments.command_line),
        "versions": versions(),
    }
    run_folder.write_json(out / run_folder.SETTINGS, settings)
    run_folder.write_history(out / run_folder.HISTORY, found.history)
    say_outcome(assigned, out)
    if inputs.has_pictures:
        draw_rows(inputs, assigned, out / "clusters.png")
    page = page_of(run_folder.RunFolder(found.model, settings, {}), inputs, assigned, found.history)
    write_page(out / run_folder.PAGE, page)
    card = card_of(page, inputs)
    write_card(out / run_folder.MODEL, found.model.config, found.model.input_shape, card)
    print(f"written: {out / run_folder.PAGE}")
    if arguments.sort_into:
        clusters = assigned.probabilities.argmax(dim=1)
        run_folder.sort_into(arguments.sort_into, arguments.source, inputs.names, clusters, arguments.link)
    if found.finished:
        saver.remove()
        return 0
    print(f"stopped by {stop.reason}, with the best network so far; the same command with --resume goes on")
    return INTERRUPTED if stop.reason == CTRL_C else 0


def _check(arguments: argparse.Namespace) -> None:
    """What can be wrong before anything is read."""
    pretrain_asked(arguments)
    if arguments.features not in (None, NONE):
        for flag, value in (("--weight-gen", arguments.weight_gen), ("--size", arguments.size)):
            if value:
                raise ConfigError(f"{flag} belongs to networks trained from scratch: not with --features")
    if arguments.link and not arguments.sort_into:
        raise ConfigError("--link belongs to --sort-into")
    if arguments.sort_into and not arguments.source.is_dir():
        raise ConfigError(f"--sort-into {arguments.sort_into}: {arguments.source} is no folder of images")
    if arguments.sort_into and arguments.sort_into.exists() and any(arguments.sort_into.iterdir()):
        raise ConfigError(f"--sort-into {arguments.sort_into}: the folder is not empty; choose another")
    if (arguments.out / run_folder.SETTINGS).exists():
        finished = run_folder.read_settings(arguments.out).get("finished")
        if finished or not arguments.resume:
            what = "is finished" if finished else "was stopped: --resume goes on with it"
            raise ConfigError(
                f"--out {arguments.out}: the run there {what}; choose another folder for a new one"
            )


def _saver(arguments: argparse.Namespace, config: ClusterConfig, inputs: ClusterInputs) -> CheckpointManager:
    """Checkpoints in the run's folder; a run that begins anew deletes those that lie there."""
    settings = {**asdict(config), "inputs": list(inputs.values.shape)}
    if inputs.backbone is not None:
        settings["features"] = inputs.backbone.config
    saver = CheckpointManager(CheckpointConfig(folder=arguments.out / "checkpoints", settings=settings))
    if not arguments.resume:
        saver.remove()
    return saver
