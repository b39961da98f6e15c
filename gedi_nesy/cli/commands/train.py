"""`train RULE.pl --queries FILE --images DIR|FILE.npy --out RUN`: symbols from a rule of one's own."""

import argparse
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from gedi_nesy.cli.cluster_inputs import ENCODERS
from gedi_nesy.cli.cluster_outcome import said_first
from gedi_nesy.cli.pretrain_flags import add_pretrain_flags, pretrain_asked
from gedi_nesy.cli.program_file import seconds_of
from gedi_nesy.cli.run_folder import without_resume
from gedi_nesy.cli.task_runs import folder as task_folder
from gedi_nesy.cli.task_runs.inputs import TaskInputs, read_inputs
from gedi_nesy.cli.task_runs.page import write_with_cards
from gedi_nesy.cli.task_runs.results import say_outcome, write_results
from gedi_nesy.cli.task_runs.settings import ON_FEATURES, TrainSettings, task_config
from gedi_nesy.cli.top_level import INTERRUPTED, versions
from gedi_nesy.errors import ConfigError
from gedi_nesy.features import encoders
from gedi_nesy.tasks.learn import learn_task
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.durability.checkpoint_manager import CheckpointConfig, CheckpointManager
from gedi_nesy.training.durability.lock import locked
from gedi_nesy.training.durability.stopping import CTRL_C, TIME_LIMIT

SUMMARY = "networks that read images, from a rule and queries that hold of them, without labels"
DEFAULTS = TrainSettings()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    parser.add_argument(
        "rule", type=Path, metavar="RULE.pl", help="a ProbLog program whose networks are to be trained"
    )
    parser.add_argument(
        "--queries",
        required=True,
        type=Path,
        metavar="FILE",
        help="what holds: a table (.csv) whose columns are a query's variables, or facts (.pl) that quote the names of"
        " images, such as addition('a.png', 'b.png', 7).",
    )
    parser.add_argument(
        "--images",
        required=True,
        action="append",
        metavar="[NETWORK=]DIR|FILE",
        help="a folder of images, or .npy, .npz, IDX, whose rows queries then name by number; again with NETWORK= for"
        " images that only this network reads",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="RUN", help="the folder of the run")
    parser.add_argument("--query", metavar="GOAL", help="of a table, such as 'sum(A, B, N)' (default: found)")
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE.csv",
        help="the few symbols that are known: image, symbol[, network]",
    )
    parser.add_argument(
        "--features",
        nargs="?",
        const=encoders.DEFAULT,
        metavar="ENCODER",
        help=f"for photographs: networks read the features of a frozen encoder, {ENCODERS}",
    )
    parser.add_argument(
        "--steps",
        type=int,
        help=f"of a run of one restart (default: {DEFAULTS.steps:,}, and {ON_FEATURES.steps:,} on features)",
    )
    parser.add_argument(
        "--restarts",
        type=int,
        help="random restarts at the most, until one convinces (default:"
        f" {DEFAULTS.restarts}, and {ON_FEATURES.restarts} on features)",
    )
    add_pretrain_flags(parser)
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn (default: 0)")
    parser.add_argument(
        "--size",
        type=int,
        nargs=2,
        metavar=("HEIGHT", "WIDTH"),
        help="images are scaled to it (default: found)",
    )
    parser.add_argument(
        "--time-limit",
        type=seconds_of,
        metavar="SECONDS",
        help="train anew, longer, until something is learned or this is over; the best counts",
    )
    parser.add_argument("--resume", action="store_true", help="go on where the run in --out was stopped")
    parser.add_argument(
        "--allow-python", action="store_true", help="let the rule load Python: it can run anything"
    )


def run(arguments: argparse.Namespace) -> int:
    """Read, decide, train, judge, write; Ctrl-C and a time limit end training early and lose nothing."""
    # what cannot be is said before anything is read
    _settings_asked(arguments, DEFAULTS)
    _check_out(arguments)
    inputs = read_inputs(arguments)
    for note in inputs.notes:
        print(note)
    settings = _settings_asked(arguments, ON_FEATURES if inputs.photographs else DEFAULTS)
    if settings.pretrain and inputs.num_features is not None:
        raise ConfigError(
            "--pretrain trains an encoder, and photographs are read by a frozen one: --features none"
        )
    config = task_config(settings, inputs.shapes, inputs.num_features)
    if inputs.photographs:
        print(
            "networks: linear heads; positive pairs are nearest neighbours; L_GEN is not trained on features"
        )
    if settings.pretrain:
        print(said_first(settings.pretrain))
    print(
        f"training: {settings.steps:,} steps, more where the first restart does not convince (at most"
        f" {settings.restarts}); seed {arguments.seed}"
    )
    with locked(arguments.out):
        return _trained_and_written(arguments, settings, config, inputs)


def _settings_asked(arguments: argparse.Namespace, usual: TrainSettings) -> TrainSettings:
    """How long and how often, as told or as usual."""
    return TrainSettings(
        steps=usual.steps if arguments.steps is None else arguments.steps,
        restarts=usual.restarts if arguments.restarts is None else arguments.restarts,
        pretrain=pretrain_asked(arguments),
    )


def _trained_and_written(
    arguments: argparse.Namespace, settings: TrainSettings, config: TrainConfig, inputs: TaskInputs
) -> int:
    out: Path = arguments.out
    saver = _saver(arguments, settings, inputs)
    described = _settings(arguments, settings, config, inputs)
    outcome = learn_task(
        inputs.task,
        config,
        arguments.seed,
        saver=saver,
        on_resume=lambda history: print(f"goes on after step {len(history):,}"),
        time_limit=arguments.time_limit,
        progress=True,
        pretrain=settings.pretrain,
    )
    # what a limit ended between two trainings is as finished as it will be
    finished = outcome.stopped is None or (outcome.stopped == TIME_LIMIT and outcome.training.finished)
    written = write_results(out, inputs, outcome, described | {"finished": finished})
    written.append(write_with_cards(out, inputs, outcome.judged.rivals))
    say_outcome(outcome, written, out)
    if finished:
        saver.remove()
        return 0
    print(
        f"stopped by {outcome.stopped}, with the best networks so far; the same command with --resume goes on"
    )
    return INTERRUPTED if outcome.stopped == CTRL_C else 0


def _check_out(arguments: argparse.Namespace) -> None:
    out: Path = arguments.out
    if (out / "run.json").exists():
        raise ConfigError(f"--out {out}: a run of `cluster` is there; choose another folder")
    if task_folder.is_task(out):
        finished = task_folder.read_settings(out).get("finished")
        if finished or not arguments.resume:
            what = "is finished" if finished else "was stopped: --resume goes on with it"
            raise ConfigError(f"--out {out}: the run there {what}; choose another folder for a new one")


def _saver(arguments: argparse.Namespace, settings: TrainSettings, inputs: TaskInputs) -> CheckpointManager:
    """Checkpoints in the run's folder; a run that begins anew deletes those that lie there."""
    encoders_used = {name: each.backbone.config for name, each in inputs.photographs.items() if each.backbone}
    features = {"features": encoders_used} if encoders_used else {}
    shared = {
        **asdict(settings),
        "seed": arguments.seed,
        "program": sha256(inputs.program.source.text.encode()).hexdigest(),
        "pools": {name: list(inputs.pools.collections[name].inputs.shape) for name in inputs.task.pools},
        **features,
        "templates": [[each.query.text, len(each.rows)] for each in inputs.templates],
        "rows": sha256(repr([each.rows for each in inputs.templates]).encode()).hexdigest(),
        "labels": {
            name: {str(index): str(value) for index, value in spec.labels.items()}
            for name, spec in inputs.task.networks.items()
        },
    }
    saver = CheckpointManager(
        CheckpointConfig(folder=arguments.out / task_folder.CHECKPOINTS, settings=shared)
    )
    if not arguments.resume:
        saver.remove()
    return saver


def _settings(
    arguments: argparse.Namespace, settings: TrainSettings, config: TrainConfig, inputs: TaskInputs
) -> dict[str, Any]:
    """What settings.json says of the command line and its files."""
    return {
        "rule": str(arguments.rule),
        "queries": str(arguments.queries),
        "query": arguments.query,
        "images": list(arguments.images),
        "labels": str(arguments.labels) if arguments.labels else None,
        "allow_python": arguments.allow_python,
        "seed": arguments.seed,
        **asdict(settings),
        "objective": dict(config.objective),
        "features": arguments.features,
        "notes": inputs.notes,
        "left_out": {
            source: [list(each) for each in inputs.pools.collections[name].left_out]
            for name, source in inputs.pools.sources.items()
        },
        "command": without_resume(arguments.command_line),
        "versions": versions(),
    }
