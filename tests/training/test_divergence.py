"""What counts as diverging: made-up signs around the thresholds, and chains that were put where they should not be."""

import math

import pytest
import torch

from gedi_nesy.training import divergence as guard
from gedi_nesy.training.divergence import Extent, GuardConfig, GuardState, StepStatistics

HEALTHY = StepStatistics(loss=1.0, gradient_norm=2.0, energy_data=-5.0, energy_samples=-4.0, out_of_range=0.0)
CONFIG = GuardConfig()


def after(steps: int, signs: StepStatistics = HEALTHY) -> GuardState:
    state = GuardState()
    for step in range(steps):
        # a little unrest, so that spreads are not zero
        moved = signs._replace(energy_data=signs.energy_data + 0.1 * (step % 5))
        assert guard.reason(state, moved, CONFIG) is None
        state = guard.remember(state, moved, CONFIG)
    return state


@pytest.mark.parametrize("name", ["loss", "gradient_norm", "energy_data", "energy_samples"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("steps", [0, 50])
def test_what_is_not_finite_is_named(name, value, steps):
    found = guard.reason(after(steps), HEALTHY._replace(**{name: value}), CONFIG)
    assert found == f"the {name.replace('_', ' ')} is {value}"


def test_a_gradient_explodes_against_its_recent_median():
    state = after(50)
    assert guard.reason(state, HEALTHY._replace(gradient_norm=199.0), CONFIG) is None
    found = guard.reason(state, HEALTHY._replace(gradient_norm=201.0), CONFIG)
    assert found == "the gradient explodes: its norm is 201, and 2 is its recent median"
    assert guard.reason(after(10), HEALTHY._replace(gradient_norm=201.0), CONFIG) is None
    calm = after(50, HEALTHY._replace(gradient_norm=1e-4))
    assert guard.reason(calm, HEALTHY._replace(gradient_norm=9.0), CONFIG) is None


@pytest.mark.parametrize(("name", "of"), [("energy_data", "data"), ("energy_samples", "samples")])
def test_energies_run_away_from_their_recent_range(name, of):
    state = after(50)
    near, far = getattr(HEALTHY, name) - 45.0, getattr(HEALTHY, name) - 55.0
    assert guard.reason(state, HEALTHY._replace(**{name: near}), CONFIG) is None
    found = guard.reason(state, HEALTHY._replace(**{name: far}), CONFIG)
    assert found is not None
    assert found.startswith(f"the energy of the {of} runs away: it is {far:.3g}")
    at_once = guard.reason(GuardState(), HEALTHY._replace(**{name: 1001.0}), CONFIG)
    assert at_once == f"the energy of the {of} is 1e+03, beyond 1e+03 nats"


def test_a_steady_trend_is_no_run_away_and_doubling_is():
    """Energies may drift by three nats a step for as long as they stay below the limit, not double every five steps."""
    state = GuardState()
    for step in range(300):
        signs = HEALTHY._replace(energy_data=3.0 * step)
        assert guard.reason(state, signs, CONFIG) is None
        state = guard.remember(state, signs, CONFIG)
    state = GuardState()
    for step in range(100):
        signs = HEALTHY._replace(energy_samples=-(2.0 ** (step / 5)))
        if guard.reason(state, signs, CONFIG):
            break
        state = guard.remember(state, signs, CONFIG)
    assert 2.0 ** (step / 5) < 400


def test_chains_must_be_out_of_range_for_a_while():
    saturated = HEALTHY._replace(out_of_range=0.75)
    state = after(50)
    for _ in range(CONFIG.patience - 1):
        assert guard.reason(state, saturated, CONFIG) is None
        state = guard.remember(state, saturated, CONFIG)
    found = guard.reason(state, saturated, CONFIG)
    assert found is not None
    assert found.startswith("75% of the chains are saturated or have left the data")
    assert guard.remember(state, HEALTHY, CONFIG).out_of_range == 0


def test_steps_without_samples_say_nothing_of_them():
    signs = StepStatistics(loss=1.0, gradient_norm=2.0, energy_data=-5.0)
    assert guard.reason(after(50), signs, CONFIG) is None
    assert len(guard.remember(after(150), signs, CONFIG).energy_samples) == CONFIG.window


def test_saturated_chains(generator):
    """Of ten images, three black, three white, one black and white: seven are saturated."""
    data = torch.rand(50, 1, 8, 8, generator=generator)
    data[:, :, :, :4] = 0
    where = guard.extent(data, (0.0, 1.0))
    assert where == Extent(0.0, data.max().item(), pytest.approx(0.5))
    chains = data[:10].clone()
    chains[:3], chains[3:6], chains[6] = 0, 1, data[6].round()
    assert guard.share_out_of_range(chains, where, (0.0, 1.0)).item() == pytest.approx(0.7)
    binary = guard.extent(data.round(), (0.0, 1.0))
    assert guard.share_out_of_range(chains, binary, (0.0, 1.0)) == 0, (
        "data that are saturated themselves forbid nothing"
    )


def test_chains_that_left(generator):
    data = torch.rand(50, 2, generator=generator) * 2 - 1
    where = guard.extent(data, None)
    chains = torch.tensor([[0.0, 0.0], [9.0, 0.0], [11.0, 0.0], [0.0, -1e6]])
    assert guard.share_out_of_range(chains, where, None).item() == 0.5


def test_data_that_are_not_finite_are_named():
    images = torch.zeros(5, 1, 4, 4)
    guard.check_finite(images)
    images[3, 0, 1, 2] = math.nan
    with pytest.raises(ValueError, match=r"^image 3 holds nan at \[0, 1, 2\]: fix the data"):
        guard.check_finite(images)
    images[4] = -math.inf
    with pytest.raises(ValueError, match=r"^image 3 holds nan at \[0, 1, 2\], and 1 more are not finite"):
        guard.check_finite(images)


@pytest.mark.parametrize(("name", "value"), [("window", 0), ("settle", 0), ("good_every", 0), ("tries", -1)])
def test_bad_settings_are_named(name, value):
    with pytest.raises(ValueError, match=f"{name}={value}"):
        GuardConfig(**{name: value})
