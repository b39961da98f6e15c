"""Theorem 1: the paper's Table 1 from measured losses, each against a closed form or brute force; and the command."""

import json
import math
import sys

import numpy as np
import pytest
import torch

from benchmarks.failure_modes import __main__ as failure_modes
from benchmarks.failure_modes import build, evaluate
from benchmarks.failure_modes.build import CONFIDENT, GOOD, MODES
from benchmarks.failure_modes.evaluate import TERMS
from benchmarks.failure_modes.report import PAPER, differences
from gedi_nesy.data import points

NAMES = list(points.NUM_CLASSES)


def scene(name: points.PointsName, seed: int = 0, num: int = 300, noise: float = 0.1):
    generator = torch.Generator().manual_seed(seed)
    return build.scene(name, num, noise, 0.03, generator), generator


@pytest.mark.parametrize(
    ("name", "noise"), [("moons", 0.05), ("circles", 0.05), *((name, 0.1) for name in NAMES)]
)
def test_the_answers_are_the_papers_table(name, noise):
    losses = evaluate.measure(*scene(name, noise=noise))
    found = evaluate.penalises(losses, 1e-4)
    assert {term: tuple(found[term][mode] for mode in MODES[:3]) for term in PAPER} == PAPER
    assert differences([found]).startswith("The first four rows are the paper's Table 1")


def test_what_the_paper_does_not_tabulate():
    """Each pair of terms leaves what the third is for, but no constant encoder satisfies L_INV and L_PRIOR at once."""
    found = evaluate.penalises(evaluate.measure(*scene("circles")), 1e-4)
    yes = {term: [mode for mode in MODES if found[term][mode]] for term in TERMS}
    assert yes["L_GEN + L_PRIOR"] == list(MODES[:2])
    assert yes["L_GEN + L_INV"] == [MODES[0], *MODES[2:]]
    assert yes["L_INV + L_PRIOR"] == list(MODES)
    assert yes["SwAV, swapped prediction"] == list(MODES)
    assert yes["Eq. (2), L_DI"][:2] == list(MODES[1:3])


def test_a_difference_from_the_paper_is_said():
    answers = {term: dict.fromkeys(MODES, True) for term in TERMS}
    said = differences([answers])
    assert said.startswith("The paper's Table 1 says otherwise: L_GEN penalises clus. collapse in a run; ")
    assert "L_GEN penalises repr. collapse" not in said
    assert "Eq. (5)" not in said
    assert "L_PRIOR admits clus. collapse" in differences(
        [{term: dict.fromkeys(MODES, False) for term in TERMS}]
    )


def test_on_noisy_spirals_the_objective_prefers_a_cut():
    """Where true clusters nearly touch, Eq. (5) itself is better at wrong ones; no optimiser would help."""
    losses = evaluate.measure(*scene("spirals", num=1000))["Eq. (5), all three"]
    assert losses["cut across"] > losses[GOOD]


def test_the_likelihood_of_blobs_and_of_a_constant():
    """E log p = -log(2 pi e s^2) - log 3 for Gaussians that do not meet; a constant is uniform over the domain."""
    noise, num = 0.05, 5000
    found, generator = scene("blobs", num=num, noise=noise)
    losses = evaluate.measure(found, generator)["L_GEN"]
    expected = -math.log(2 * math.pi * math.e * noise**2) - math.log(3)
    assert losses[GOOD] == pytest.approx(expected, abs=5 / math.sqrt(num)), "r^2 / 2 s^2 has deviation 1"
    area = (1.5 + 2) * (2 * math.sin(2 * math.pi / 3) + 2)
    assert losses["repr. collapse"] == pytest.approx(-math.log(area), abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_good_solution_is_normalised(name):
    found, _ = scene(name)
    candidate = build.good(found)
    log_gamma = -evaluate.log_likelihood(found.joint, candidate.grid, found.cell)
    log_gamma += found.joint.logsumexp(dim=1).mean().item()
    # what lies outside of the domain: ten deviations away, but three for anisotropic blobs
    assert log_gamma == pytest.approx(0, abs=0.01 if name == "anisotropic" else 1e-5)


@pytest.mark.parametrize("name", ["moons", "blobs"])
def test_values_at_collapse_in_closed_form(name):
    losses = evaluate.measure(*scene(name))
    clusters = points.NUM_CLASSES[name]
    assert losses["L_INV"]["repr. collapse"] == pytest.approx(0, abs=1e-12)
    assert losses["L_PRIOR"]["repr. collapse"] == pytest.approx(-math.log(clusters))
    assert losses["L_INV"]["clus. collapse"] == pytest.approx(0, abs=1e-12)
    assert losses["L_PRIOR"]["clus. collapse"] == pytest.approx(-CONFIDENT * (clusters - 1) / clusters)
    assert losses["L_GEN"]["clus. collapse"] == pytest.approx(losses["L_GEN"][GOOD], abs=1e-12)


@pytest.mark.parametrize("name", ["moons", "blobs"])
def test_no_constant_encoder_is_better_than_those_tried(name):
    """Brute force over the simplex of constant answers p: L_INV + L_PRIOR = -H(p) - CE(uniform, p)."""
    clusters = points.NUM_CLASSES[name]
    p = np.random.default_rng(0).dirichlet([0.7] * clusters, size=200_000) + 1e-12
    best = ((p * np.log(p)).sum(axis=1) + np.log(p).mean(axis=1)).max()
    losses = evaluate.measure(*scene(name))["L_INV + L_PRIOR"]
    assert losses["repr. collapse"] == pytest.approx(best, abs=2e-3)
    assert losses[GOOD] - best > 0.9 * math.log(clusters)


def test_permuted_assignments_by_loops():
    found, generator = scene("moons", num=40)
    (candidate,) = build.candidates("perm. inv.", found, generator)
    assert np.sort(candidate.plain.numpy(), axis=0) == pytest.approx(np.sort(found.joint.numpy(), axis=0))
    assert not torch.allclose(candidate.plain, found.joint)
    assert torch.allclose(candidate.augmented, found.joint_augmented)
    value = evaluate.values(candidate, found.cell)
    cross = []
    for t, t_augmented in zip(candidate.plain.numpy(), candidate.augmented.numpy(), strict=True):
        log_p, log_p_augmented = t - np.logaddexp(*t), t_augmented - np.logaddexp(*t_augmented)
        cross.append(sum(np.exp(log_p_augmented) * log_p))
    assert value.inv == pytest.approx(np.mean(cross))


@pytest.mark.parametrize("sharpness", [0.5, 2.0])
def test_sharper_answers_leave_the_energy_alone(sharpness):
    found, _ = scene("circles", num=50)
    candidate = build.good(found, sharpness)
    assert torch.allclose(candidate.plain.logsumexp(dim=1), found.joint.logsumexp(dim=1))
    powers = found.joint.softmax(dim=1) ** sharpness
    assert torch.allclose(candidate.plain.softmax(dim=1), powers / powers.sum(dim=1, keepdim=True))


def test_cuts_are_even_and_cut():
    found, generator = scene("circles", num=400)
    family = build.candidates("cut across", found, generator)
    for candidate in family:
        assert candidate.plain.argmax(dim=1).bincount().tolist() == pytest.approx([200, 200], abs=1)
        assert torch.allclose(candidate.plain.logsumexp(dim=1), found.joint.logsumexp(dim=1))
    truth = found.joint.argmax(dim=1)
    assert (family[0].plain.argmax(dim=1) == truth).double().mean().item() == pytest.approx(0.5, abs=0.1)


def test_the_swapped_prediction_by_loops():
    """Assignments of x' with columns, then rows, scaled three times; cross-entropy and divergence to p(y|x)."""
    found, _ = scene("circles", num=60)
    candidate = build.good(found, 0.05)
    targets = candidate.augmented.softmax(dim=1).numpy().copy()
    for _ in range(3):
        targets /= targets.sum(axis=0, keepdims=True)
        targets /= targets.sum(axis=1, keepdims=True)
    p = candidate.plain.softmax(dim=1).numpy()
    value = evaluate.values(candidate, found.cell)
    assert value.swapped == pytest.approx((targets * np.log(p)).sum(axis=1).mean())
    assert value.divergence == pytest.approx(-(targets * np.log(targets / p)).sum(axis=1).mean())


def test_the_slope_at_a_constant_encoder_is_a_difference_quotient():
    """d/dt mean log p_t(x) at t = 0 for E_t = t E, with the domain's integral in place of samples."""
    found, generator = scene("moons", num=4000)
    step = 1e-6
    energies = -found.joint.logsumexp(dim=1), -found.joint_grid.logsumexp(dim=1)

    def likelihood(t: float) -> float:
        on_data, on_grid = (-t * energy[:, None] for energy in energies)
        return evaluate.log_likelihood(on_data, on_grid, found.cell)

    quotient = (likelihood(step) - likelihood(-step)) / (2 * step)
    error = energies[1].std().item() / math.sqrt(4000)
    assert evaluate.contrast(found, generator).slope == pytest.approx(quotient, abs=5 * error)


def run(monkeypatch, *arguments: object) -> int:
    """The exit code of `python -m benchmarks.failure_modes ARGUMENTS`."""
    monkeypatch.setattr(sys, "argv", ["failure_modes", *map(str, arguments)])
    try:
        failure_modes.cli()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


SMALL = ("--num", 100, "--noise", 0.1, "--device", "cpu", "--threads", 1)


def test_the_command(monkeypatch, tmp_path, capsys):
    assert run(monkeypatch, *SMALL, "--seeds", 0, "--out", tmp_path) == 0
    first = json.loads((tmp_path / "results.json").read_text())
    assert run(monkeypatch, *SMALL, "--seeds", 0, 1, "--out", tmp_path, "--resume") == 0
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["benchmark"] == "failure_modes"
    places = [(run["dataset"], run["seed"]) for run in results["runs"]]
    assert sorted(places) == [(name, seed) for name in ("circles", "moons") for seed in (0, 1)]
    assert first["runs"][0] in results["runs"], "what was done is kept"
    values = [r["metrics"]["L_INV, cut across"] for r in results["runs"] if r["dataset"] == "moons"]
    assert results["datasets"]["moons"]["L_INV, cut across"]["min"] == min(values)
    assert results["runs"][0]["penalises"]["L_GEN"]["repr. collapse"] is True
    for name in ("assignments.png", "energies.png"):
        assert (tmp_path / name).stat().st_size > 0
    text = " ".join(capsys.readouterr().out.split())
    assert "L_PRIOR No Yes No No" in text
    assert "circles: nats a point, 2 seeds, means" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--noise", 0], "--noise 0.0 must be finite and positive"),
        (["--augment", "nan"], "--augment nan must be finite and positive"),
        (["--num", 1], "--points 1 must be at least 2"),
        (["--tolerance", -1], "--tolerance -1.0"),
        (["--dataset"], "--dataset: each once, and at least one"),
        (["--device", "gpu"], "--device gpu"),
    ],
)
def test_bad_input_is_one_line(monkeypatch, tmp_path, capsys, arguments, message):
    assert run(monkeypatch, *SMALL, "--out", tmp_path / "out", *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
