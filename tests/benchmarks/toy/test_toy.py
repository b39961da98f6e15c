"""The toy benchmark: the rows' settings, and the command from end to end on a few steps."""

import json
import math
from contextlib import nullcontext

import numpy as np
import pytest
import torch

from benchmarks.runner import loop
from benchmarks.runner.loop import FailedRunsError
from benchmarks.toy import data as toy_data
from benchmarks.toy import methods as toy_methods
from benchmarks.toy.config import ToyConfig
from benchmarks.toy.run import BENCHMARK
from benchmarks.toy.trained.swav import SETTINGS, Setting
from gedi_nesy import GEDI


def run(out, **changes) -> list[dict]:
    """The runs in results.json."""
    few = {"iterations": 20, "points": 400, "test_points": 100, "seeds": (0,), "threads": 1}
    loop.run(BENCHMARK, ToyConfig(out=out, **{**few, **changes}))
    return json.loads((out / "results.json").read_text())["runs"]


def test_rows_leave_out_their_terms():
    weights = toy_methods.WEIGHTS["paper"]
    assert toy_methods.weights_of("GEDI", weights) == (1.0, 50.0, 10.0)
    assert toy_methods.weights_of("JEM", weights) == (1.0, 0.0, 0.0)
    assert toy_methods.weights_of("GEDI no gen", weights) == (0.0, 50.0, 10.0)


def test_the_papers_preset_is_its_table():
    config, jem = (toy_methods.config_of(method, "paper") for method in ("GEDI", "JEM"))
    assert (config.iterations, config.batch_size, config.learning_rate, config.betas) == (
        20_000,
        400,
        1e-3,
        (0.9, 0.999),
    )
    assert (config.sgld.num_steps, config.sgld.step_size, config.sgld.noise) == (1, 0.01**2 / 2, 0.01)
    assert (config.buffer_size, config.reinit, config.augmentation) == (10_000, 0.05, 0.03)
    assert jem.sgld.num_steps == 10
    assert sum(value.numel() for value in toy_methods.network("paper", 2, 2).parameters()) == 10_602 + 22


def test_seeds_draw_their_own_points():
    task = toy_data.task("moons", None)
    first, again, other = (toy_data.sets(task, 50, 20, 0.05, seed) for seed in (0, 0, 1))
    assert torch.equal(first.train.inputs, again.train.inputs)
    assert not torch.equal(first.train.inputs, other.train.inputs)
    assert not torch.equal(first.train.inputs[:20], first.test.inputs)


def test_the_command_runs_is_resumed_and_keeps_what_is_there(tmp_path):
    out, methods = tmp_path / "out", ("SwAV", "GEDI no gen", "GEDI", "k-means")
    runs = run(out, methods=methods)
    expected = {(dataset, method) for dataset in ("moons", "circles") for method in methods}
    assert {(each["dataset"], each["method"]) for each in runs} == expected
    gedi = next(each for each in runs if each["method"] == "GEDI")
    named = {"nmi", "clustering_accuracy", "samples_near", "share_0", "share_1", "seconds"}
    assert named <= gedi["metrics"].keys()
    swav = [each for each in runs if each["method"] == "SwAV"]
    assert [{"objective", *Setting._fields}] * len(SETTINGS) == [set(each) for each in swav[0]["attempts"]]
    assert {each["search"] for each in swav} == {f"{len(SETTINGS)} settings"}
    for picture in ("regions", "samples", "energies", "curves"):
        assert (out / f"{picture}.png").stat().st_size > 5000
    more = run(out, methods=methods, seeds=(0, 1), resume=True)
    assert [each for each in more if each["seed"] == 0] == runs
    assert len(more) == 16
    with pytest.raises(ValueError, match=r"already holds results\.json"):
        run(out, methods=methods)


@pytest.mark.parametrize("restarts", [1, 2])
def test_a_seed_that_diverges_is_restarted_or_a_failed_row(tmp_path, monkeypatch, restarts):
    """One of two networks is broken when it is made: the other's numbers are as if it were alone."""
    flags = {"dataset": ("moons",), "methods": ("GEDI",), "attempts": restarts}
    (alone,) = run(tmp_path / "alone", seeds=(1,), **flags)
    network, made = toy_methods.network, []

    def broken_first(*arguments):
        made.append(network(*arguments))
        if len(made) == 1:
            torch.nn.init.constant_(made[0].output.bias, math.nan)
        return made[-1]

    monkeypatch.setattr(toy_methods, "network", broken_first)
    out = tmp_path / "out"
    with nullcontext() if restarts == 2 else pytest.raises(FailedRunsError, match="1 of 2 runs failed"):
        run(out, seeds=(0, 1), **flags)
    document = json.loads((out / "results.json").read_text())
    of_one = [each for each in document["runs"] if each["seed"] == 1]
    assert [each["metrics"] | {"seconds": 0} for each in of_one] == [alone["metrics"] | {"seconds": 0}]
    if restarts == 2:
        (of_zero,) = [each for each in document["runs"] if each["seed"] == 0]
        assert of_zero["attempts"][0] == {"diverged_at": 20}
        assert of_zero["attempts"][1].keys() == {"objective", "inv"}
    else:
        reason = "training diverged in its only restart, by step 20: the loss is not finite"
        assert document["failures"] == [{"seed": 0, "dataset": "moons", "method": "GEDI", "reason": reason}]


def test_a_users_points_without_labels(tmp_path):
    inputs = np.random.default_rng(0).normal(size=(300, 3)) + np.repeat([[0, 0, 0], [9, 9, 9]], 150, axis=0)
    np.save(tmp_path / "mine.npy", inputs)
    mine = {"dataset": (str(tmp_path / "mine.npy"),), "methods": ("GEDI", "k-means")}
    with pytest.raises(ValueError, match="--num-clusters"):
        run(tmp_path / "out", **mine)
    runs = run(tmp_path / "out", num_clusters=2, **mine)
    assert "nmi" not in runs[0]["metrics"]
    assert runs[1]["metrics"]["clusters_in_use"] == 2


def test_a_saved_model_takes_points_in_the_units_of_their_file(tmp_path):
    """Its energies are those of training, where points had been standardised."""
    random, file = np.random.default_rng(0), tmp_path / "odd.csv"
    inputs = (
        random.normal(size=(200, 2)) * [1e-3, 50.0]
        + [1e4, -7.0]
        + np.repeat([[0, 0], [0.02, 0]], 100, axis=0)
    )
    np.savetxt(file, inputs, delimiter=",", header="a,b", comments="")
    run(tmp_path / "out", dataset=(str(file),), num_clusters=2, methods=("GEDI",))
    place = tmp_path / "out" / "odd" / "GEDI" / "seed-0"
    arrays, sets = np.load(place / "arrays.npz"), toy_data.sets(toy_data.task(str(file), 2), 0, 0, 0, 0)
    assert sets.scaling is not None
    model = GEDI.load(place / "model")
    grid = sets.scaling.invert(sets.grid())
    assert np.allclose(model.energy(grid).detach().numpy(), arrays["energies"], atol=1e-3)
    assert (model(sets.scaling.invert(sets.test.inputs)).argmax(dim=1).numpy() == arrays["predictions"]).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"noise": -1.0}, "--noise -1.0"),
        ({"accept": float("nan")}, "--accept-inv nan must be a number"),
        ({"dataset": ("mons",)}, "--dataset mons"),
        ({"dataset": ("none.csv",)}, "none.csv"),
        ({"weight_inv": float("nan")}, "--weight-inv nan"),
        ({"iterations": 0}, "iterations=0"),
        ({"dataset": ("moons", "moons")}, "--dataset"),
        ({"num_clusters": 3}, "num_clusters=3"),
    ],
)
def test_bad_flags_are_named_before_anything_runs(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        loop.run(BENCHMARK, ToyConfig(out=tmp_path / "out", **changes))
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_gedi_solves_moons_and_circles_and_draws_them(tmp_path):
    runs = run(
        tmp_path / "out", methods=("GEDI",), seeds=(20, 21), iterations=None, points=1000, test_points=500
    )
    assert len(runs) == 4
    for each in runs:
        assert each["metrics"]["nmi"] >= 0.98
        assert each["metrics"]["samples_near"] >= 0.9
        assert 0.25 <= each["metrics"]["share_0"] <= 0.75
