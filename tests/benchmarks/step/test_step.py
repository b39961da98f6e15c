"""The step benchmark: the plain step computes what ours does, and the ratios are those of the times."""

import json
import sys

import pytest
import torch

from benchmarks.step import __main__ as step
from benchmarks.step import growth, timing
from benchmarks.step.case import Case
from benchmarks.step.config import StepBenchmarkConfig
from benchmarks.step.plain import PlainStep, plain
from gedi_nesy.training.learner import Learner
from tests.training.blobs import objective

CPU = torch.device("cpu")


def case(network: str, **settings) -> Case:
    given = {"width": 8, "batch_size": 4, "sgld_steps": 3, "precision": "float32", "compile": False}
    return Case(network=network, **given | settings)


@pytest.mark.parametrize("network", ["convnet", "resnet8"])
@pytest.mark.parametrize("gradient", ["grad", "backward"])
def test_the_plain_step_computes_the_same_terms_and_gradients(network, gradient, generator):
    """Equal draws, so equal samples, terms and gradients of the loss; three passes or one, frozen or not."""
    small, weights = case(network), objective(gen=1.0, energy_l2=0.5)
    images = torch.rand(12, *small.model(CPU).input_shape, generator=generator)
    ours = Learner(small.model(CPU), timing.images_only(images), small.step_config(), generator.clone_state())
    theirs = PlainStep(small.model(CPU), images, small.step_config(), generator.clone_state(), gradient)
    for _ in range(2):
        found, expected = ours.step(None, weights, ours.config.learning_rate), theirs.step(weights)
        assert found["gen"] is not None
        for name in ("gen", "inv", "prior"):
            assert found[name] == pytest.approx(expected[name], rel=1e-4, abs=1e-5)
    for mine, other in zip(ours.model.parameters(), theirs.model.parameters(), strict=True):
        assert mine.grad is not None
        assert other.grad is not None
        assert torch.allclose(mine.grad, other.grad, rtol=1e-3, atol=1e-5)
    assert torch.allclose(ours.only.replay.chains, theirs.buffer, atol=1e-4)
    # not weight by weight: Adam makes a whole step of rounding where the gradient is 0, as before a GroupNorm
    assert torch.allclose(ours.average(images), theirs.average(images), atol=1e-3)


def test_the_plain_network_has_torchs_own_layers_and_the_same_outputs(generator):
    for network in ("convnet", "resnet8"):
        model = case(network).model(CPU)
        twin = plain(model)
        assert {type(module).__name__ for module in twin.modules()}.isdisjoint({"FirstConv2d"})
        assert all(parameter.is_contiguous() for parameter in twin.parameters())
        x = torch.rand(3, *model.input_shape, generator=generator)
        assert torch.allclose(model(x), twin(x), atol=1e-6)


def test_the_floor_counts_k_chain_passes_and_one_joint_pass():
    times = {
        "step": [90.0, 100.0, 500.0],
        "plain grad": [150.0],
        "plain backward": [200.0],
        "chain pass": [2.0, 4.0, 9.0],
        "joint pass": [10.0],
    }
    found = timing.summary(times, sgld_steps=20)
    assert found["floor_ms"] == 90.0
    assert found["step_over_floor"] == pytest.approx(100 / 90)
    assert found["times_faster_than_plain_grad"] == 1.5
    assert found["times_faster_than_plain_backward"] == 2.0


def test_results(monkeypatch, tmp_path, capsys):
    flags = ["--networks", "convnet", "--width-convnet", "8", "--batch-size", "2", "--sgld-steps", "1", "2"]
    flags += [
        "--repeat",
        "1",
        "--precisions",
        "float32",
        "bfloat16",
        "--device",
        "cpu",
        "--out",
        str(tmp_path),
    ]
    monkeypatch.setattr(sys, "argv", ["step", *flags])
    step.cli()
    results = json.loads((tmp_path / "results.json").read_text())
    assert [(row["sgld_steps"], row["precision"]) for row in results["rows"]] == [
        (1, "float32"),
        (1, "bfloat16"),
        (2, "float32"),
        (2, "bfloat16"),
    ]
    row = results["rows"][0]
    assert row["floor_ms"] == pytest.approx(row["chain_pass_ms"] + row["joint_pass_ms"])
    assert results["runs"][0]["metrics"]["convnet_8_k1_float32_step_over_floor"] == row["step_over_floor"]
    assert "step/floor" in capsys.readouterr().out


def test_one_quantity_grows_and_the_others_stay():
    usual = case("convnet")
    for point in growth.grown(usual, ("images", "chains", "clusters")):
        step, model = point.case.step_config(), point.case.model(CPU)
        sizes = {
            "images": step.batch_unlabelled,
            "chains": step.batch_samples,
            "clusters": model.num_clusters,
        }
        assert sizes.pop(point.quantity) == point.value
        assert sizes.items() <= {"images": 4, "chains": 4, "clusters": 10}.items()


@pytest.mark.parametrize("power", [0.0, 1.0, 2.5])
def test_the_exponent_is_that_of_a_power_law(power):
    assert growth.exponent([(value, 3 * value**power) for value in (1, 2, 8)]) == pytest.approx(power)


def test_growth_leaves_a_table_and_curves(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(growth.VALUES, "chains", (2, 4))
    flags = ["--networks", "convnet", "--width-convnet", "8", "--batch-size", "2", "--sgld-steps", "1"]
    flags += ["--repeat", "1", "--against", "chains", "--device", "cpu", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["step", *flags])
    step.cli()
    results = json.loads((tmp_path / "results.json").read_text())
    assert [(row["value"], row["chains"], row["batch_size"]) for row in results["rows"]] == [
        (2, 2, 2),
        (4, 4, 2),
    ]
    assert all(row["step_ms"] > 0 for row in results["rows"])
    assert (tmp_path / "cost.png").exists()
    assert "exponent" in capsys.readouterr().out


@pytest.mark.parametrize(("native", "expected"), [(True, ["float32", "bfloat16"]), (False, ["float32"])])
def test_auto_is_a_row_where_it_is_another_precision(monkeypatch, native, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": native})
    rows = list(StepBenchmarkConfig().cases(CPU))
    assert [(row.network, row.sgld_steps) for row in rows if row.precision == "float32"] == [
        ("convnet", 5),
        ("convnet", 20),
        ("resnet8", 5),
        ("resnet8", 20),
    ]
    assert list(dict.fromkeys(row.precision for row in rows)) == expected


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--repeat", "0"], "--repeats 0 must be at least 1"),
        (["--batch-size", "0"], "batch_samples=0 must be at least 1"),
        (["--sgld-steps", "0"], "num_steps=0 must be at least 1"),
    ],
)
def test_wrong_values_are_named(monkeypatch, tmp_path, capsys, flags, message):
    monkeypatch.setattr(sys, "argv", ["step", *flags, "--out", str(tmp_path)])
    with pytest.raises(SystemExit):
        step.cli()
    assert message in capsys.readouterr().err
