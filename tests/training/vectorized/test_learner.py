"""Networks side by side against one at a time, torch.func, torch's own Adam, and the loss of a single network."""

import math
from dataclasses import replace

import pytest
import torch
from torch.func import functional_call, stack_module_state, vmap

from gedi_nesy.data import points
from gedi_nesy.models.encoders import MLP
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives import table
from gedi_nesy.objectives.term import Seen
from gedi_nesy.sampling import sgld
from gedi_nesy.training.vectorized.adam import Moving, adam
from gedi_nesy.training.vectorized.config import VectorizedConfig, WalkConfig
from gedi_nesy.training.vectorized.learner import VectorizedLearner
from gedi_nesy.training.vectorized.loss import vectorized_loss
from gedi_nesy.training.vectorized.networks import Forward, stack, unstack

CONFIG = VectorizedConfig(
    iterations=60, batch_size=16, batch_samples=16, buffer_size=40, walk=WalkConfig(walkers=32)
)
PAPERLIKE = replace(
    CONFIG, walk=None, decay=False, ema=0.0, both_views=False, blur=0.0, start="uniform", max_move=math.inf
)


def network(seed: int, hidden: int | None = None) -> GEDI:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        features = None if hidden is None else 2
        return GEDI(MLP(hidden=(12, 12), num_features=features, activation="silu"), 3, tau=0.5, hidden=hidden)


def learner(seeds: list[int], config: VectorizedConfig, gen: float = 1.0) -> VectorizedLearner:
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    data = torch.stack([points.make("moons", 80, 0.05, generator).inputs for generator in generators])
    # weights differ from network to network, as in the cells of a heat map
    given = {"gen": gen, "inv": 1.0, "prior": 2.0}
    weights = {name: torch.tensor([w + 0.1 * s for s in seeds]) for name, w in given.items()}
    return VectorizedLearner([network(seed) for seed in seeds], data, weights, config, generators)


def finish(one: VectorizedLearner) -> VectorizedLearner:
    while one.step < one.config.iterations:
        one.run_block()
    return one


@pytest.mark.parametrize("hidden", [None, 4])
def test_forward_is_that_of_torch_func(generator, hidden):
    models = [network(seed, hidden) for seed in range(3)]
    x = torch.randn(3, 7, 2, generator=generator)
    expected = vmap(lambda p, x: functional_call(models[0], p, (x,)))(stack_module_state(models)[0], x)
    parameters = stack(models)
    torch.testing.assert_close(Forward(models[0])(parameters, x), expected)
    torch.testing.assert_close(unstack(models[0], parameters, 2)(x[2]), models[2](x[2]))


@pytest.mark.parametrize("config", [CONFIG, PAPERLIKE], ids=["walks", "noise"])
def test_a_stack_gives_the_same_bits_as_one_at_a_time(config):
    together = finish(learner([0, 1, 2], config))
    for index in range(3):
        alone = finish(learner([index], config))
        for name, value in alone.average.items():
            assert torch.equal(value[0], together.average[name][index]), name
        assert torch.equal(alone.chains[0], together.chains[index])
        assert torch.equal(torch.stack(alone.history)[:, :, 0], torch.stack(together.history)[:, :, index])


def test_one_that_diverges_leaves_the_others_as_they_are():
    together, alone = learner([0, 1, 2], CONFIG), finish(learner([2], CONFIG))
    with torch.no_grad():
        together.parameters["output.bias"][1, 0] = math.nan
    together.run_block()
    assert together.diverged.tolist() == [False, True, False]
    again = learner([0, 1, 2], CONFIG)
    again.load_state(together.state())
    for one in (finish(together), finish(again)):
        assert one.diverged_at.tolist() == [0, 50, 0]
        for name, value in alone.average.items():
            assert torch.equal(value[0], one.average[name][2]), name
        assert torch.equal(alone.chains[0], one.chains[2])


def test_resumed_learning_gives_the_same_bits():
    whole = finish(learner([3, 4], CONFIG))
    first = learner([3, 4], CONFIG)
    first.run_block()
    second = learner([3, 4], CONFIG)
    second.load_state(first.state())
    finish(second)
    assert all(torch.equal(value, second.average[name]) for name, value in whole.average.items())
    assert torch.equal(whole.walks, second.walks)
    assert torch.equal(torch.stack(whole.history), torch.stack(second.history))


@pytest.mark.parametrize("entropy_weight", [1.0, -0.5])
def test_loss_is_that_of_single_networks(generator, entropy_weight):
    views = [torch.randn(2, 9, 3, generator=generator) for _ in range(3)]
    views.append(views[0])
    given = {"gen": [1.0, 0.5], "inv": [2.0, 3.0], "prior": [0.1, 4.0], "entropy": [0.3, 0.7]}
    weights = {name: torch.tensor(each) for name, each in given.items()}
    weights["energy_l2"] = 0.2 * weights["gen"]
    losses, terms = vectorized_loss(views, weights, entropy_weight)
    for index in range(2):
        single = {name: each[index] for name, each in given.items()} | {"energy_l2": 0.2}
        plain, augmented, samples = (view[index] for view in views[:3])
        seen = Seen(plain=plain, augmented=augmented, samples=samples, entropy_weight=entropy_weight)
        loss, reported = table.losses(single, seen)
        assert losses[index].item() == pytest.approx(loss.item(), rel=1e-5)
        expected = [-reported[name].item() for name in ("gen", "inv", "prior")]
        assert terms[:, index].tolist() == pytest.approx(expected, rel=1e-5)


def test_the_papers_loss_takes_one_direction(generator):
    plain, paired = torch.randn(2, 1, 9, 3, generator=generator).unbind()
    weights = {"gen": torch.zeros(1), "inv": torch.tensor([50.0]), "prior": torch.tensor([10.0])}
    loss, terms = vectorized_loss([plain, paired], weights, both_views=False)
    p, q = plain[0].softmax(dim=1), paired[0].softmax(dim=1)
    inv, prior = -(q * p.log()).sum(dim=1).mean(), -p.mean(dim=0).log().mean()
    assert loss.item() == pytest.approx((50 * inv + 10 * prior).item(), rel=1e-5)
    assert math.isnan(terms[0, 0])


def test_the_update_is_adams():
    ours = learner([0], PAPERLIKE)
    theirs = {name: value.detach().clone().requires_grad_() for name, value in ours.parameters.items()}
    optimizer = torch.optim.Adam(theirs.values(), lr=ours.config.learning_rate, betas=ours.config.betas)
    for number in range(3):
        gradients = {name: torch.sin(value.detach() + number) for name, value in theirs.items()}
        moving = Moving(ours.parameters, ours.average, ours.first, ours.second)
        adam(moving, {name: value.clone() for name, value in gradients.items()}, ours.config, number)
        for name, value in theirs.items():
            value.grad = gradients[name]
        optimizer.step()
    for name, value in theirs.items():
        torch.testing.assert_close(ours.parameters[name], value, rtol=1e-5, atol=1e-7)


def test_langevin_is_that_of_sgld():
    ours = learner([5, 6], PAPERLIKE)
    noise = torch.randn(1, 2, 8, 2, generator=torch.Generator().manual_seed(1))
    start = ours.data[:, :8]
    moved = ours.langevin(ours.parameters, start, noise, 0.01, 0.1)
    for index, model in enumerate(ours.models()):
        config = sgld.SGLDConfig(num_steps=1, step_size=0.01, noise=0.0)
        state, _ = sgld.step(torch.Generator(), sgld.init(start[index]), model.energy, config)
        torch.testing.assert_close(moved[index], state.position + 0.1 * noise[0, index])


def test_a_gradient_moves_a_chain_no_further_than_allowed():
    ours = learner([5], replace(CONFIG, max_move=0.01))
    start = ours.data[:, :8]
    moved = ours.langevin(ours.parameters, start, torch.zeros(1, 1, 8, 2), 1e6, 0.0)
    assert (moved - start).norm(dim=2).max().item() == pytest.approx(0.01, rel=1e-3)


def test_chains_without_a_bound_beside_chains_with_one():
    """inf in a column of bounds, and gradients of 0, are no NaN."""
    ours = learner([5, 6], CONFIG)
    start = ours.data[:, :8]
    bounds = torch.tensor([math.inf, 0.01])[:, None, None]
    noise = torch.zeros(1, 2, 8, 2)
    moved = ours.langevin(ours.parameters, start, noise, 0.5, 0.0, max_move=bounds)
    free = ours.langevin(ours.parameters, start, noise, 0.5, 0.0, max_move=math.inf)
    assert torch.equal(moved[0], free[0])
    assert (moved[1] - start[1]).norm(dim=1).max() <= 0.01 + 1e-6
    still = ours.langevin(ours.parameters, start, noise, 0.0, 0.0, max_move=bounds)
    torch.testing.assert_close(still, start)


def test_walks_without_a_bound_learn():
    walk = WalkConfig(walkers=32, max_move=math.inf)
    one = finish(learner([7], replace(CONFIG, walk=walk, max_move=math.inf)))
    assert all(value.isfinite().all() for value in one.average.values())


def test_new_walks_begin_at_training_points():
    ours = learner(
        [7], replace(CONFIG, walk=WalkConfig(walkers=32, reborn=1.0, step_size=1e-12, max_move=1e-9))
    )
    ours.run_block()
    begun = ours.data[ours.rows, ours.origins]
    assert (ours.walks - begun).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_samples": 8}, "batch_samples=8"),
        ({"iterations": 0}, "iterations=0"),
        ({"learning_rate": -1.0}, "learning_rate=-1.0"),
        ({"max_move": 0.0}, "max_move=0.0"),
        ({"max_move": math.nan}, "max_move=nan"),
        ({"batch_size": 64, "batch_samples": 64}, "batch_samples=64"),
    ],
)
def test_bad_settings_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(CONFIG, **changes)
