"""Points as they come: mean and deviation travel with the model."""

import pytest
import torch

from gedi_nesy import GEDI
from gedi_nesy.data.points import Scaling
from gedi_nesy.models.encoders import MLP
from gedi_nesy.sampling.sgld import SGLDConfig


@pytest.fixture
def points(generator) -> torch.Tensor:
    """Two columns of very different units, one of them far from zero."""
    spread = torch.tensor([1e-3, 40.0], dtype=torch.float64)
    return torch.rand(50, 2, generator=generator, dtype=torch.float64) * spread + torch.tensor([1e6, -3.0])


def test_the_answers_are_those_for_standardised_points_bit_for_bit(points, tmp_path):
    model, scaling = GEDI(MLP(), 3), Scaling.fit(points)
    answers = model(scaling.apply(points))
    model.standardise_by(scaling.mean, scaling.std)
    assert torch.equal(model(points), answers)
    model.save(tmp_path)
    again = GEDI.load(tmp_path)
    assert torch.equal(again(points), answers)
    assert again(points).dtype == torch.float32


def test_samples_are_in_the_units_of_the_points(points):
    plain = GEDI(MLP(), 3)
    scaling = Scaling.fit(points)
    config = SGLDConfig(num_steps=5, step_size=0.1, noise=0.01)
    start = scaling.apply(points[:4])
    expected = plain.sample(4, torch.Generator().manual_seed(1), config, start=start)
    plain.standardise_by(scaling.mean, scaling.std)
    found = plain.sample(4, torch.Generator().manual_seed(1), config, start=points[:4])
    assert torch.allclose(found, scaling.invert(expected), rtol=0, atol=1e-6 * 40)


def test_chains_begin_in_the_units_of_the_points(points):
    model, scaling = GEDI(MLP(), 3), Scaling.fit(points)
    inner = model.start(torch.Generator().manual_seed(1), 6)
    model.standardise_by(scaling.mean, scaling.std)
    outer = model.start(torch.Generator().manual_seed(1), 6)
    assert torch.allclose(model.standardise(outer), inner, atol=1e-5)


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        ([0.0, 0.0], [1.0, 0.0], "std=0 must be positive: a constant column is left out"),
        ([0.0, torch.nan], [1.0, 1.0], r"mean of shape \(2,\) must be \(2,\) finite numbers"),
        ([0.0], [1.0], r"mean of shape \(1,\) must be \(2,\) finite numbers"),
    ],
)
def test_what_standardises_nothing_is_refused(mean, std, message):
    with pytest.raises(ValueError, match=message):
        GEDI(MLP(), 3).standardise_by(torch.tensor(mean), torch.tensor(std))


def test_a_constant_column_is_named(points):
    points[:, 1] = 7.0
    with pytest.raises(ValueError, match="column 2 is 7 in every row: leave it out"):
        Scaling.fit(points)
