"""The command line of nested configs: flat, with the old names, and results.json with the keys it always had."""

import shlex

import pytest

from benchmarks.addition.config import ABLATION, AdditionConfig
from benchmarks.runner.flags import command_line, flat, parse
from benchmarks.shortcuts.config import ShortcutsConfig
from gedi_nesy.training.config import TrainConfig

SHARED = {
    "device": "auto",
    "threads": 0,
    "out": None,
    "overwrite": False,
    "seeds": (0,),
    "resume": False,
    "save_every": 30.0,
    "tensorboard": False,
    "dataset": "mnist5k",
    "data_root": None,
    "iterations": 1000,
    "attempts": 8,
    "width": 32,
}
"""What results.json has held since the first version: folders made then are gone on with."""
ADDITION = SHARED | {
    "program": "programs/addition.pl",
    "query": "addition(A, B, C)",
    "triples": 1000,
    "unlabelled": "0",
    "weight_gen": 0.1,
    "weight_inv": 1.0,
    "weight_prior": 2.0,
    "weight_nesy": 1.0,
    "weight_magnitude": 0.1,
    "explore": None,
    "hold": 0.85,
    "accept": -1.0,
    "entropy_start": -1.0,
    "naming_every": 50,
    "reconsider": 100,
    "batch_size": 32,
    "batch_unlabelled": 128,
    "batch_samples": 32,
    "learning_rate": 0.001,
    "ema": 0.998,
    "rotate": 15.0,
    "scale": 0.15,
    "shear": 10.0,
    "translate": 2.0,
    "elastic": 1.0,
    "sgld_steps": 5,
    "sgld_step_size": 1.0,
    "sgld_noise": 0.01,
    "buffer_size": 2000,
    "reinit": 0.05,
    "start_rank": 60,
    "precision": "float32",
    "compile": False,
    "engine": "circuit",
    "ablation": False,
    "pretrain": "none",
    "pretrain_steps": 800,
}
SHORTCUTS = SHARED | {
    "tasks": ("half", "even_odd", "triples", "sums", "xor"),
    "rows": ("constraint alone", "+ entropy", "+ prior", "+ inv and prior", "all four"),
    "labels": 0,
    "queries": None,
    "explore": 350,
}
ADDED = {"workers": 1, "backend": "loky", "scheduler": None}
RENAMED = {
    "attempts": "max-restarts",
    "hold": "accept-prob",
    "accept": "accept-objective",
    "naming-every": "permute-every",
    "reconsider": "verify-steps",
    "explore": "restart-steps",
    "iterations": "refine-steps",
    "weight-magnitude": "weight-energy-l2",
    "unlabelled": "extra-images",
    "batch-unlabelled": "extra-batch-size",
    "batch-samples": "sgld-batch-size",
    "sgld-noise": "sgld-std",
    "start-rank": "init-rank",
    "reinit": "reinit-freq",
    "ema": "ema-decay",
    "save-every": "checkpoint-seconds",
    **{name: f"aug-{name}" for name in ("rotate", "scale", "shear", "translate", "elastic")},
}


@pytest.mark.parametrize(("config", "expected"), [(AdditionConfig, ADDITION), (ShortcutsConfig, SHORTCUTS)])
def test_results_hold_the_keys_and_defaults_they_always_had(config, expected):
    assert flat(config()) == expected | ADDED


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_a_renamed_flag_has_both_names_and_the_old_key(old, new):
    value = "0.5" if isinstance(ADDITION[old.replace("-", "_")], float) else "7"
    configs = [parse(AdditionConfig, "addition", [f"--{name}", value]) for name in (old, new)]
    assert configs[0] == configs[1]
    changed = {key for key, setting in flat(configs[0]).items() if setting != (ADDITION | ADDED)[key]}
    assert changed == {old.replace("-", "_")}


def test_flags_reach_the_library_s_configs():
    arguments = ["--sgld-steps", "3", "--aug-shear", "0", "--learning-rate", "0.01", "--explore", "9"]
    settings = parse(AdditionConfig, "addition", arguments).settings()
    assert settings.step.sgld.num_steps == 3
    assert settings.step.warp.shear == 0
    assert settings.step.warp.rotate == TrainConfig().step.warp.rotate
    assert settings.step.learning_rate == 0.01
    assert settings.explore == 9


def test_a_config_can_be_typed_again():
    typed = ["--triples", "7", "--seeds", "1", "2", "--ablation", "--weight-inv", "3.5", "--sgld-steps", "2"]
    config = parse(AdditionConfig, "x", typed)
    words = shlex.split(command_line(config, "x"))
    assert sorted(words[1:]) == sorted(typed)
    assert parse(AdditionConfig, "x", words[1:]) == config
    assert command_line(AdditionConfig(), "x") == "x"


def test_every_row_of_the_ablation_has_the_same_search():
    config = parse(AdditionConfig, "addition", ["--ablation", "--max-restarts", "3"])
    rows = [flat(config.variant(row)) for row in ABLATION]
    weights = {key for key in rows[0] if key.startswith("weight_")}
    assert len({str({key: value for key, value in row.items() if key not in weights}) for row in rows}) == 1


def test_help_leads_with_what_people_use_and_the_new_names(capsys):
    with pytest.raises(SystemExit):
        parse(AdditionConfig, "addition", ["--help"])
    text = capsys.readouterr().out
    for old, new in RENAMED.items():
        assert 0 < text.index(f"--{new} ") < text.index(f"--{old} ")
    groups = [
        *("--help", "program options", "objective options", "restarts and permutation"),
        "network and optimisation options",
        *("sampler options", "augmentation options", "run and output options"),
    ]
    places = [text.index(group) for group in groups]
    assert places == sorted(places)
    first = text[places[0] : places[1]]
    for flag in ("triples", "extra-images", "dataset", "data-root", "seeds", "out", "resume", "device"):
        assert f"--{flag} " in first


def test_a_bad_value_names_its_setting():
    with pytest.raises(ValueError, match=r"weight_gen=-1\.0 must be finite and not negative"):
        parse(AdditionConfig, "addition", ["--weight-gen", "-1"])


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--seeds", "x"], "Error parsing --seeds: Could not find valid parse for arguments: ['x']"),
        (["--tripels", "3"], "Unrecognized options: --tripels, 3; did you mean '--triples'?"),
        (
            ["--dataset", "nope"],
            "invalid choice 'nope' for argument '--dataset'. Expected one of ('cifar10', ",
        ),
        (["--width"], "Missing value for argument '--width'. Expected 1 values."),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments, line, capsys):
    with pytest.raises(SystemExit) as stop:
        parse(AdditionConfig, "addition", arguments)
    assert stop.value.code == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"error: {line}")
    assert said.endswith("(addition --help says what there is)")
