"""Attempts: who is restarted, by what the best is found, and what the likelihood of an energy is."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Generator

from benchmarks.toy import data as toy_data
from benchmarks.toy import methods as toy_methods
from benchmarks.toy.config import ToyConfig
from benchmarks.toy.outcome import Attempt, Outcome
from benchmarks.toy.trained import search
from benchmarks.toy.trained.likelihood import Box, log_likelihood, log_partition
from benchmarks.toy.trained.stack import Cell, learn, objectives, stack_of
from benchmarks.toy.trained.swav import SETTINGS

CONFIG = ToyConfig()


def outcome(objective: float, inv: float) -> Outcome:
    return Outcome(*[np.empty(0)] * 6, seconds=1.0, attempts=(Attempt(objective, inv),))


def test_the_best_attempt_is_kept_by_its_objective():
    first, second = outcome(-2.0, -0.3), outcome(-1.0, -0.01)
    assert search.better(None, first) is first
    kept = search.better(first, second)
    assert kept.attempts == (first.attempts[0], second.attempts[0])
    assert kept.seconds == 2.0
    assert search.better(second, first).attempts[0].objective == -1.0


def test_l_inv_ends_restarts_where_there_is_one():
    cut, whole = outcome(-2.0, -0.3), outcome(-1.0, -0.01)
    for method in ("GEDI", "GEDI no gen", "GEDI no prior"):
        assert search.worth_another(cut, method, CONFIG)
        assert not search.worth_another(whole, method, CONFIG)
    for method in ("JEM", "GEDI no inv", "SwAV"):
        assert search.worth_another(whole, method, CONFIG)


def test_every_row_says_what_it_may_try():
    said = {method: search.described(method, CONFIG) for method in toy_methods.METHODS}
    assert said["GEDI"] == said["GEDI no gen"] == "up to 3 restarts"
    assert said["JEM"] == said["GEDI no inv"] == "3 restarts"
    assert said["SwAV"] == f"{len(SETTINGS)} settings"
    assert said["k-means"] == "10 restarts"
    paper = replace(CONFIG, preset="paper")
    assert {search.described(method, paper) for method in toy_methods.TRAINED} == {"1 run"}
    assert search.limit("SwAV", paper) == search.limit("GEDI", paper) == 1
    assert search.limit("GEDI", CONFIG) == search.limit("JEM", CONFIG) == 3


@pytest.mark.parametrize("dim", [1, 2, 4])
def test_the_partition_function_of_gaussians_is_known(dim):
    """E(x) = |x - m|^2 / 2 s^2 in a box of many s: log Z = d/2 log(2 pi s^2), for two networks at once."""
    data = (
        torch.randn(2, 300, dim, generator=Generator().manual_seed(0))
        * torch.tensor([0.5, 1.0])[:, None, None]
    )
    scale, mean = torch.tensor([0.6, 0.4]), torch.tensor([0.3, -0.5])

    def energy(x: torch.Tensor) -> torch.Tensor:
        return (x - mean[:, None, None]).square().sum(dim=2) / (2 * scale[:, None].square())

    box = Box(torch.full((2, 1, dim), -6.0), torch.full((2, 1, dim), 6.0))
    found = log_partition(energy, data, 0.3 * data.std(dim=1, keepdim=True), box, 20_000)
    expected = dim * (scale * math.sqrt(2 * math.pi)).log()
    assert torch.allclose(found, expected, atol=0.05)


def test_draws_outside_the_box_do_not_count():
    """E = 0 has Z = the volume of the box, though half of the draws are around points at its border."""
    data = torch.ones(1, 200, 2)
    box = Box(torch.full((1, 1, 2), -1.0), torch.full((1, 1, 2), 1.0))
    found = log_partition(lambda x: torch.zeros(x.shape[:2]), data, torch.full((1, 1, 2), 0.3), box, 20_000)
    assert found.item() == pytest.approx(math.log(4.0), abs=0.03)


def test_the_objective_without_l_inv_is_the_likelihood_and_better_after_training():
    """Each network as alone: draws are the same in any company."""
    config = toy_methods.config_of("JEM", "default", 200)
    sets = [toy_data.sets(toy_data.task("moons", None), 200, 50, 0.05, seed) for seed in (0, 1)]
    weights = toy_methods.WEIGHTS["default"]
    rows = [toy_methods.weights_of(method, weights) for method in ("JEM", "GEDI no inv")]
    cells = [Cell(seed, 0, each, row) for seed, (each, row) in enumerate(zip(sets, rows, strict=True))]
    stack = stack_of(cells, "default", config, 2, torch.device("cpu"))
    before = log_likelihood(stack)
    learn(stack)
    after = log_likelihood(stack)
    assert (after > before + 0.1).all()
    alone = stack_of(cells[1:], "default", config, 2, torch.device("cpu"))
    alone.average = {name: value[1:] for name, value in stack.average.items()}
    assert torch.allclose(log_likelihood(alone)[0], after[1], atol=1e-5)
    found, _ = objectives(stack)
    assert found[0].item() == pytest.approx(after[0].item(), rel=1e-6)
    assert found[1].item() < after[1].item()


def test_a_restart_that_diverged_is_void():
    void = Outcome(*[np.empty(0)] * 6, seconds=1.0, attempts=(Attempt(-math.inf, -math.inf, None, 50),))
    healthy = outcome(-2.0, -0.3)
    assert search.worth_another(void, "GEDI", CONFIG)
    for kept in (search.better(void, healthy), search.better(healthy, void)):
        assert kept.failure is None
        assert kept._replace(attempts=healthy.attempts, seconds=1.0) == healthy
    assert search.better(void, void).failure == (
        "training diverged in all of its 2 restarts, by step 50, 50: the loss is not finite"
    )
    assert void.attempts[0].as_results() == {"diverged_at": 50}
